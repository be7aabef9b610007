"""One break's page asks the database nothing twice about breaks, their work or landed rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from exchange.domain.break_desk import UNDONE, DeskQuery
from tests.console.kit import Console


@contextmanager
def asked() -> Iterator[list[tuple[str, str]]]:
    """Every statement with its values, while it lasts."""
    heard: list[tuple[str, str]] = []

    def hear(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        heard.append((statement, str(values)))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("code", ["LATE_FEE_DIFFERS", "NO_RESPONSE"])
def test_a_page_of_a_break_asks_nothing_twice(ends: tuple[Console, Console], code: str) -> None:
    for end in ends:
        rows = end.house.parts.ledger.break_desk(DeskQuery(today=end.house.today, stands=UNDONE, code=code), limit=1)
        person = end.as_("chief-1")
        for one in rows:
            with asked() as heard:
                assert person.get(f"/breaks/{one.id}", headers={"hx-request": "true"}).status_code == 200
            told = Counter(ask for ask in heard if "break_" in ask[0] or 'FROM "landed_' in ask[0])
            assert told
            assert [ask for ask, times in told.items() if times > 1] == []
