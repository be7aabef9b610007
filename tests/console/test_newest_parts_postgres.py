"""The desk's parts that read the ledger their own way, on PostgreSQL: sample, unsent cases, statements, matches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from exchange import journeys
from exchange.domain.break_desk import UNDONE, DeskQuery
from exchange.steps.check_sample import sample_of
from tests.console.kit import Console, console, copied, on_postgres, plain
from tests.servers import PostgresServer

KEY = "131100-cases.Q.2026Q3"


@pytest.fixture
def ends(gone_round: Path, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[tuple[Console, Console]]:
    world = copied(gone_round, tmp_path)
    on_postgres(world, lambda: postgres_server.url(postgres_server.new_database()))
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


def test_sample_unsent_statements_matches_and_meetings(ends: tuple[Console, Console]) -> None:
    court = ends[0]
    officer, chief = court.as_("liaison-1"), court.as_("chief-1")
    parts = court.house.parts
    record = journeys.record(parts, KEY)
    for place in sample_of(record, parts.agreement.route(record.route), parts.vault, 8)[:2]:
        assert place in plain(officer.page(f"/exchanges/{KEY}?tab=sample&place={place}"))
    found = officer.get("/cases", params={"q": "（2026）冀1103破03号"})
    assert "案号格式不正确" in plain(officer.page(unquote(found.headers["location"])))
    journeys.reconcile(parts, KEY)
    [link] = set(re.findall(r'href="(/breaks/matches\?claim=[^"]+)"', chief.page("/")))
    assert re.search(r"/breaks/matches/\w+/confirm", chief.page(link))
    for end in ends:
        asked = DeskQuery(today=end.house.today, stands=UNDONE, code="LATE_FEE_DIFFERS")
        [one] = end.house.parts.ledger.break_desk(asked, limit=1)
        who = end.as_("liaison-1")
        [to] = re.findall(r'href="(/statements/[^"]+case=[^"]+)"', who.page(f"/breaks/{one.id}"))
        assert f"本案 {one.case_no}" in plain(who.page(to))
    chief.post("/meetings/questions", {"kind": "interface", "text": "回执常在周五晚间才到"})
    assert "回执常在周五晚间才到" in plain(officer.page("/meetings"))
    for end in ends:
        assert list(end.house.parts.ledger.verify()) == []
