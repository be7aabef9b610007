"""How the console's own tables came to be; `tables.py` holds their newest form."""
