"""Fixtures every test may ask for. Servers live in `tests/servers.py` and start only when asked for."""

pytest_plugins = ("tests.servers", "tests.servers_sshd")
