"""Both ends install a new version at leisure: the sender changes over on the day agreed, by itself. On PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner

from exchange import journeys, wiring
from exchange.adapters.contracts_files import check, load_agreement
from exchange.cli import app
from exchange.cli.common import out
from exchange.domain.canonical import strict_json
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts
from exchange.settings import read_settings
from tests.fakes.ends import ROOT, case_frames, two_ends
from tests.outcomes import WORLDS
from tests.servers import PostgresServer
from tests.two_ends.by_data_kit import homes, release, settle
from tests.two_ends.test_overlap import COLUMN_ADDED, edit, new_version

COURT, TAX, ROUTE = "court-131100", "tax-131100", "131100-cases"
BEFORE, SWITCH, AFTER = date(2026, 7, 3), date(2026, 8, 1), date(2026, 10, 9)
UNTIL = date(2099, 12, 31)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose new version takes effect later, its query already reading the added column."""
    made = tmp_path_factory.mktemp("project")
    new_version(made, route=ROUTE, until=UNTIL.isoformat(), effective=SWITCH.isoformat())
    copytree(ROOT / "sources", made / "sources")
    edit(made / f"sources/{COURT}/bankruptcy_case.sql", ("SELECT\n", f"SELECT\n  '甲' AS {COLUMN_ADDED},\n"))
    return made


@pytest.fixture
def ends(tmp_path: Path, root: Path, postgres_server: PostgresServer) -> Iterator[dict[str, Parts]]:
    told = {name: postgres_server.url(postgres_server.new_database()) for name in ("source", COURT, TAX)}
    for party in (COURT, TAX):
        (tmp_path / party).mkdir()
        lines = f'party = "{party}"\nproject = "{root}"\nledger_url = "{told[party]}"\n'
        (tmp_path / party / "exchange.toml").write_text(lines, encoding="utf-8")
    wiring.load_source(read_settings(home=tmp_path / COURT, source_url=told["source"]), WORLDS / "sample2/court_db.sql")
    with homes(
        tmp_path, COURT, {TAX: {"ledger_url": told[TAX]}}, project=root, today=BEFORE, source_url=told["source"],
        ledger_url=told[COURT],
    ) as made:  # fmt: skip
        yield made


def follows(parts: Parts, key: str) -> str:
    """The version of the contract that the exchange's packet names."""
    return str(strict_json(parts.vault.get(key, "packet/manifest.json"))["contract"]["version"])


def shown(home: Path, key: str) -> str:
    width, out.width = out.width, 200
    try:
        return CliRunner().invoke(app, ["show", key, "--home", str(home)]).output
    finally:
        out.width = width


def test_the_sender_changes_over_on_the_day_agreed(ends: dict[str, Parts], tmp_path: Path) -> None:
    court, tax = ends[COURT], ends[TAX]
    key = journeys.quarterly(court, ROUTE, "2026Q2")
    late = {**ends, COURT: replace(court, today=AFTER)}
    release(late[COURT], key)
    settle(late, COURT, key)
    assert follows(court, key) == "1.0.0"
    (taken,) = tax.ledger.exchanges(route=ROUTE)
    for end, name in ((COURT, key), (TAX, taken.key)):
        told = shown(tmp_path / end, name)
        assert "1.0.0  旧版" in told
        assert UNTIL.isoformat() in told

    second = journeys.quarterly(late[COURT], ROUTE, "2026Q3")
    release(late[COURT], second)
    settle(late, COURT, second)
    assert follows(court, second) == "1.1.0"
    landed = tax.ledger.landed(tax.agreement.route(ROUTE), "bankruptcy_case")
    assert set(landed[COLUMN_ADDED].dropna()) == {"甲"}
    assert "旧版" not in shown(tmp_path / COURT, second)
    assert journeys.audit(court) == journeys.audit(tax) == []


def test_a_round_begun_under_the_version_before_is_not_sealed_when_that_is_refused(tmp_path: Path) -> None:
    new = load_agreement(new_version(tmp_path / "new", effective="2026-10-15"))
    court, _ = two_ends(tmp_path, start=datetime(2026, 10, 20, 16, 1, tzinfo=UTC))
    court.agreement = new.used_by(court.party, date(2026, 10, 14))
    court.approve("131103-cases.Q.2026Q3", "131103-cases", case_frames(1))
    with pytest.raises(NeedsPerson) as late:
        court.pack("131103-cases.Q.2026Q3")
    assert late.value.code == 950
    assert court.agreement.used_by(court.party, date(2026, 10, 15)).route("131103-cases").version == "1.0.0"
    assert new.used_by(court.party, date(2026, 10, 15)) is new
    assert new.used_by("tax-131103", date(2026, 10, 14)) is new


def test_a_switch_after_the_overlaps_end_is_a_flaw(tmp_path: Path) -> None:
    (told,) = [str(p) for p in check(new_version(tmp_path / "a", effective="2026-10-21"))]
    assert "supersedes.effective" in told
    assert any("supersedes.effective" in str(p) for p in check(new_version(tmp_path / "b", effective="2026-02-30")))
