"""What a sweep and a quarter ask of a ledger does not grow with its past."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bench.ends import both_ends, go_round
from bench.history import fill, land_past
from bench.world import build
from exchange import journeys


@dataclass
class Asked:
    """Statements sent to SQLite and rows that came back."""

    statements: int = 0
    rows: int = 0


@contextmanager
def counted() -> Iterator[Asked]:
    """Count what every database connection opened from now on is asked and gives back."""
    asked = Asked()

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> tuple[Any, ...]:
        asked.rows += 1
        return values

    def connected(connection: sqlite3.Connection, _: Any) -> None:
        connection.row_factory = row

    def executed(*_: Any) -> None:
        asked.statements += 1

    event.listen(Engine, "connect", connected)
    event.listen(Engine, "before_cursor_execute", executed)
    try:
        yield asked
    finally:
        event.remove(Engine, "connect", connected)
        event.remove(Engine, "before_cursor_execute", executed)


def asked_with_a_past_of(exchanges: int, folder: Path) -> dict[str, tuple[int, int]]:
    """(statements, rows) of an idle sweep at both ends and of a quarter that goes round."""
    folder.mkdir()
    source = build(folder / "court.db", 20)
    found: dict[str, tuple[int, int]] = {}
    with both_ends(folder, source, checker="plain") as (court, tax):
        fill(court, tax, exchanges)
        for parts in (court, tax):
            parts.ledger.close()  # type: ignore[attr-defined]
        with counted() as asked:
            for what, action in (
                ("sweep", lambda: (journeys.sweep(court), journeys.sweep(tax))),
                ("quarter", lambda: go_round(court, tax)),
            ):
                before = (asked.statements, asked.rows)
                action()
                found[what] = (asked.statements - before[0], asked.rows - before[1])
    return found


def test_a_long_past_asks_nothing_more(tmp_path: Path) -> None:
    short, long = (asked_with_a_past_of(n, tmp_path / str(n)) for n in (20, 200))
    assert long == short


@pytest.mark.parametrize("quarters", [1, 6])
def test_past_quarters_are_not_read_again(tmp_path: Path, quarters: int) -> None:
    source = build(tmp_path / "court.db", 20)
    with both_ends(tmp_path, source, checker="plain") as (court, tax):
        go_round(court, tax)
        route = court.agreement.route("131100-cases")
        frames = {c.dataset: court.ledger.landed(route, c.dataset)[[*c.names, "_record"]] for c in route.carries("Q")}
        now = {name: court.ledger.landed(route, name) for name in frames}
        land_past(court, frames, quarters, above=10)
        court.ledger.close()  # type: ignore[attr-defined]
        with counted() as asked:
            for name in frames:
                again = court.ledger.landed(route, name)
                assert again.drop(columns=["_number", "_packet"]).equals(now[name].drop(columns=["_number", "_packet"]))
                assert set(again["_number"]) <= {str(10 + quarters)}, name
        assert asked.rows < sum(map(len, frames.values())) + 100
        assert court.ledger.verify() == []
