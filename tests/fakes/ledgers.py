"""What tests of a ledger do often: say one event, or write to its database by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from exchange.ports import Ledger


def say(ledger: Ledger, kind: str, body: Mapping[str, Any] | None = None, key: str | None = "k1") -> None:
    """One event in a transaction of its own."""
    with ledger.transaction() as write:
        write.append(kind, exchange=key, actor="wang", body=body or {})


def by_hand(url: str, *statements: str) -> None:
    """Raw SQL, as somebody with the database's password would write it."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def unguarded(url: str, name: str) -> str:
    """The statement that takes a guard off the events."""
    return f"DROP TRIGGER {name}" + (" ON event" if url.startswith("postgresql") else "")
