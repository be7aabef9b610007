"""A link to the officers' console in Airflow's menu, where `[console] address` says how browsers reach it.

A link and nothing else: no page in a frame, no session handed over, no rights. Without an address there is none. Every
component of Airflow loads this file: it stays light, and settings that can't be read leave the menu as it is.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

from exchange.domain.errors import ExchangeError
from exchange.settings import read_settings

NAME: Final = "控制台 Officers' console"


def links() -> list[dict[str, Any]]:
    """What Airflow's menu shows: one link, or none."""
    try:
        address = read_settings().console.address
    except ExchangeError:
        return []
    if urlsplit(address).scheme not in ("http", "https"):
        return []
    return [{"name": NAME, "href": address, "destination": "nav", "category": "browse"}]


class ConsoleLinkPlugin(AirflowPlugin):
    """Registers the link."""

    name = "console_link"
    external_views = links()
