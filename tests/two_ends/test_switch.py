"""A new version on PostgreSQL: the sender changes over on the day agreed, by itself; what comes after is rehearsed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

from exchange import journeys, wiring
from exchange.adapters.contracts_files import check, load_agreement
from exchange.cli import app
from exchange.cli.common import EXIT_FOUND, out
from exchange.domain.canonical import strict_json
from exchange.domain.content_rows import rows_at
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.steps.diff import diff
from exchange.steps.rehearse import PAGE
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


@dataclass(frozen=True, kw_only=True)
class Played:
    """Two quarters that went round, one begun before the day of the switch and released after it."""

    folder: Path
    court: Parts
    tax: Parts
    keys: tuple[str, str]

    def said(self, party: str, *words: str) -> Result:
        """What a command says at an end."""
        width, out.width = out.width, 200
        try:
            return CliRunner().invoke(app, [*words, "--home", str(self.folder / party)])
        finally:
            out.width = width


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, root: Path, postgres_server: PostgresServer) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("ends")
    told = {name: postgres_server.url(postgres_server.new_database()) for name in ("source", COURT, TAX)}
    for party in (COURT, TAX):
        (folder / party).mkdir()
        lines = f'party = "{party}"\nproject = "{root}"\nchecker = "plain"\nledger_url = "{told[party]}"\n'
        (folder / party / "exchange.toml").write_text(lines, encoding="utf-8")
    wiring.load_source(read_settings(home=folder / COURT, source_url=told["source"]), WORLDS / "sample2/court_db.sql")
    with homes(
        folder, COURT, {TAX: {"ledger_url": told[TAX]}}, project=root, today=BEFORE, source_url=told["source"],
        ledger_url=told[COURT],
    ) as ends:  # fmt: skip
        first = journeys.quarterly(ends[COURT], ROUTE, "2026Q2")
        later = {**ends, COURT: replace(ends[COURT], today=AFTER)}
        for key in (first, f"{ROUTE}.Q.2026Q3"):
            journeys.quarterly(later[COURT], ROUTE, key.rpartition(".")[2])
            release(later[COURT], key)
            settle(later, COURT, key)
        yield Played(folder=folder, court=later[COURT], tax=ends[TAX], keys=(first, key))


def follows(parts: Parts, key: str) -> str:
    """The version of the contract that the exchange's packet names."""
    return str(strict_json(parts.vault.get(key, "packet/manifest.json"))["contract"]["version"])


def test_the_sender_changes_over_on_the_day_agreed(played: Played) -> None:
    assert [follows(played.court, key) for key in played.keys] == ["1.0.0", "1.1.0"]
    landed = played.tax.ledger.landed(played.tax.agreement.route(ROUTE), "bankruptcy_case")
    assert set(landed[COLUMN_ADDED].dropna()) == {"甲"}
    assert journeys.audit(played.court) == journeys.audit(played.tax) == []


def test_what_was_received_under_the_version_before_says_so(played: Played) -> None:
    taken = [one.key for one in played.tax.ledger.exchanges(route=ROUTE)]
    for party, (old, new) in ((COURT, played.keys), (TAX, taken)):
        assert f"1.0.0  旧版，接收至 {UNTIL}" in played.said(party, "show", old).output
        assert "旧版" not in played.said(party, "show", new).output
    assert f"旧版 1.0.0 接收至 {UNTIL}" in played.said(TAX, "contracts", "list").output


def test_exchanges_of_two_versions_are_compared_and_looked_into(played: Played) -> None:
    """In the columns agreed now: a column that came is a change of every case that fills it."""
    taken = [one.key for one in played.tax.ledger.exchanges(route=ROUTE)]
    found = [
        journeys.call(diff, parts, keys[1], keys[0], actor="liaison-1")
        for parts, keys in ((played.court, played.keys), (played.tax, taken))
    ]
    assert found[0]["counts"] == found[1]["counts"]
    assert found[0]["counts"]["both"] == found[0]["counts"]["changed"] > 0
    one = found[0]["changed"][0]
    (told,) = (row for row in one["differences"] if row.get("column") == COLUMN_ADDED)
    assert (told["left"], told["right"]) == (None, "甲")
    back = journeys.call(diff, played.court, *played.keys, actor="liaison-1")
    assert back["counts"]["changed"] == found[0]["counts"]["changed"]

    now = played.court.agreement.route(ROUTE)
    place = one["subject"]
    (case,) = rows_at(partial(played.court.vault.open, played.keys[0]), now, place)["bankruptcy_case"]
    assert (case["case_no"], case[COLUMN_ADDED]) == (place, "")


def test_a_proposal_is_rehearsed_on_stored_rounds_and_has_a_page(played: Played, root: Path, tmp_path: Path) -> None:
    for name in ("contracts", "schemas"):
        copytree(root / name, tmp_path / "new" / name)
    dataset = tmp_path / "new/contracts/datasets/bankruptcy_case.odcs.yaml"
    head, _, tail = dataset.read_text("utf-8").partition("债权申报期长于三个月")
    dataset.write_text(head + "债权申报期长于三个月" + tail.replace("severity: warn", "severity: reject", 1), "utf-8")
    done = played.said(COURT, "contracts", "rehearse", str(tmp_path / "new"))
    assert done.exit_code == EXIT_FOUND
    assert all(key in done.output for key in played.keys)
    page = played.court.vault.get(played.keys[1], PAGE).decode()
    assert played.court.vault.where(played.keys[1], PAGE) in done.output
    assert "债权申报期长于三个月" in page
    assert all(key in page for key in played.keys)


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
