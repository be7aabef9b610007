"""The officers' console: pages named by what an officer does, over the same journeys as the command line."""
