"""Extract, validate and assemble over real parts: a SQLite ledger, a vault on disk, the sample's database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.ledger_sql import open_ledger
from exchange.adapters.pages import HtmlPages
from exchange.adapters.source_sql import SqlSource
from exchange.adapters.vault_fs import FsVault
from exchange.domain.content import RECORDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.parquet import from_parquet
from exchange.domain.route import Route
from exchange.ports import Source
from exchange.steps.assemble import assemble
from exchange.steps.extract import extract
from exchange.steps.validate import validate

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "worlds" / "sample"
KEY = "131100-cases.Q.2026Q3"
AGREEMENT = load_agreement(ROOT)
CALENDAR = calendar(None)
NOW = datetime(2026, 10, 9, 1, tzinfo=UTC)


class Counted:
    """A source that counts its reads, and may give nothing at all."""

    def __init__(self, source: Source, *, nothing: bool = False) -> None:
        self.source, self.nothing, self.reads = source, nothing, 0

    def read(
        self, route: Route, *, courts: Sequence[str], since: date, beside: Mapping[str, Sequence[str]] | None = None
    ) -> Mapping[str, pd.DataFrame]:
        self.reads += 1
        frames = self.source.read(route, courts=courts, since=since, beside=beside or {})
        return {name: frame.iloc[:0] for name, frame in frames.items()} if self.nothing else frames


class End:
    """One court end in a folder."""

    def __init__(self, folder: Path, *, nothing: bool = False, world: str = "sample") -> None:
        database = folder / "court.db"
        connection = sqlite3.connect(database)
        connection.executescript((ROOT / "tests" / "worlds" / world / "court_db.sql").read_text("utf-8"))
        connection.close()
        self.database = database
        source = SqlSource(f"sqlite:///{database}", folder=ROOT / "sources" / "court-131100")
        self.source = Counted(source, nothing=nothing)
        self.vault = FsVault(f"file://{folder / 'vault'}")
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}", clock=lambda: NOW)
        courts = [court.id for court in AGREEMENT.parties["court-131100"].courts]
        self.batches = {f"b{n // 4 + 1:03d}": courts[n : n + 4] for n in range(0, len(courts), 4)}

    def open(self, key: str = KEY) -> None:
        body = {
            "route": "131100-cases", "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09",
            "batches": self.batches,
        }  # fmt: skip
        with self.ledger.transaction() as write:
            write.append("exchange_opened", exchange=key, actor="system", body=body)

    def extract(self, batch: str, key: str = KEY) -> None:
        extract(
            key, batch, agreement=AGREEMENT, party="court-131100", source=self.source, vault=self.vault,
            ledger=self.ledger,
        )  # fmt: skip

    def validate(self, batch: str, key: str = KEY) -> None:
        validate(
            key, batch, agreement=AGREEMENT, vault=self.vault, ledger=self.ledger,
            checker=PlainChecker(), is_workday=CALENDAR.is_workday,
        )  # fmt: skip

    def assemble(self, key: str = KEY) -> None:
        assemble(
            key, agreement=AGREEMENT, party="court-131100", vault=self.vault, ledger=self.ledger, pages=HtmlPages(),
            calendar=CALENDAR, clock=lambda: NOW,
        )  # fmt: skip

    def run(self, key: str = KEY) -> Any:
        self.open(key)
        for batch in self.batches:
            self.extract(batch, key)
            self.validate(batch, key)
        self.assemble(key)
        record = self.ledger.exchange(key)
        assert record is not None
        return record

    def records(self) -> dict[str, str]:
        """Record → case number of what was staged."""
        stored = from_parquet(self.vault.get(KEY, f"content/{RECORDS}"))
        return dict(zip(stored["_record"], stored["case_no"], strict=True))

    def outcome(self, key: str = KEY) -> dict[str, Any]:
        return json.loads(self.vault.get(key, "outcome.json"))  # type: ignore[no-any-return]


@pytest.fixture
def end(tmp_path: Path) -> End:
    return End(tmp_path)


def as_set(entries: list[Any]) -> set[str]:
    return {json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in entries}


def test_a_quarter_leads_to_its_answers_and_waits_for_review(end: End) -> None:
    record = end.run()
    answers = json.loads((SAMPLE / "answers.json").read_text("utf-8"))
    outcome = end.outcome()
    for name in ("selected", "sent", "normalised", "quarantined", "warned", "urgent"):
        assert as_set(outcome[name]) == as_set(answers[name]), name
    assert record.state == "checked"
    content = json.loads(end.vault.get(KEY, "content/content.json"))
    assert record.content_hash == content["hash"] == outcome["exchanges"][0]["content_hash"]
    assert len(end.records()) == len(answers["sent"])
    rows = {file["path"]: file["rows"] for file in content["files"]}
    assert rows["data/bankruptcy_case-0001.csv"] == rows["data/case_in_exchange-0001.csv"] == len(answers["sent"])
    page = end.vault.get(KEY, "report.html").decode()
    assert content["hash"][:4] in page
    assert "http" not in page.replace("http-equiv", "")


def test_no_name_and_no_identifier_stands_on_the_page(end: End) -> None:
    end.run()
    page = end.vault.get(KEY, "report.html").decode()
    connection = sqlite3.connect(end.database)
    values = [v for row in connection.execute("SELECT mc, tyshxydm, fddbr, cym FROM pc_zwr") for v in row if v]
    connection.close()
    assert [v for v in values if len(v) > 3 and v.strip() in page] == []


def test_every_step_again_changes_nothing(end: End) -> None:
    record = end.run()
    head, reads = end.ledger.head(), end.source.reads
    for batch in end.batches:
        end.extract(batch)
        end.validate(batch)
    end.assemble()
    assert end.ledger.head() == head
    assert end.source.reads == reads == 3
    assert end.ledger.exchange(KEY) == record


def test_a_batch_that_was_read_is_not_read_again(end: End) -> None:
    end.open()
    end.extract("b001")
    end.extract("b001")
    assert end.source.reads == 1


def test_killed_before_its_event_a_step_runs_again_to_the_same_end(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    expected = End(whole).run()
    end = End(broken)
    end.open()
    for batch in end.batches:
        end.extract(batch)
        end.validate(batch)
        end.vault.put(KEY, f"check/{batch}.json", b'{"files": {}, "contract_sha256": "", "findings": []}')
        end.validate(batch)
    end.vault.put(KEY, "content/data/bankruptcy_case-0001.csv", b"half a file")
    end.assemble()
    assert end.ledger.exchange(KEY).content_hash == expected.content_hash  # type: ignore[union-attr]


def test_a_batch_must_be_read_and_checked_first(end: End) -> None:
    end.open()
    with pytest.raises(NeedsPerson) as early:
        end.validate("b001")
    assert early.value.code == 914
    end.extract("b001")
    with pytest.raises(NeedsPerson) as unchecked:
        end.assemble()
    assert unchecked.value.code == 914
    with pytest.raises(NeedsPerson) as unknown:
        end.extract("b999")
    assert unknown.value.code == 914


def test_rows_changed_after_the_read_are_refused(end: End) -> None:
    end.open()
    end.extract("b001")
    name = "extract/b001/case_debtor.parquet"
    end.vault.put(KEY, name, end.vault.get(KEY, "extract/b001/case_event.parquet"))
    with pytest.raises(NeedsPerson) as changed:
        end.validate("b001")
    assert changed.value.code == 949


def test_a_quarter_without_cases_is_a_nil_exchange(tmp_path: Path) -> None:
    end = End(tmp_path, nothing=True)
    record = end.run()
    assert record.state == "checked"
    outcome = end.outcome()
    assert (outcome["selected"], outcome["sent"], outcome["quarantined"]) == ([], [], [])
    content = json.loads(end.vault.get(KEY, "content/content.json"))
    assert {file["rows"] for file in content["files"]} == {0}
    assert "零报告" in end.vault.get(KEY, "report.html").decode()


def test_too_many_held_cases_stop_the_exchange(end: End) -> None:
    connection = sqlite3.connect(end.database)
    connection.execute("UPDATE pc_aj SET ajzt_dm = NULL WHERE ajbs % 2 = 0")
    connection.commit()
    connection.close()
    record = end.run()
    assert record.state == "stopped"
    outcome = end.outcome()
    assert outcome["stopped"]
    assert len(outcome["sent"]) + len(outcome["held"]) == len(outcome["selected"])
    assert "整批停止" in end.vault.get(KEY, "report.html").decode()


def test_why_tells_new_from_changed_from_closed(end: End) -> None:
    end.run()
    first = pd.read_csv(end.database.parent / "vault" / KEY / "content/data/case_in_exchange-0001.csv", dtype=str)
    assert set(first["why"]) == {"new"}
    route = AGREEMENT.route("131100-cases")
    with end.ledger.transaction() as write:
        for dataset in (
            "bankruptcy_case",
            "case_debtor",
            "case_event",
            "asset_disposal",
            "claim_review",
            "distribution",
        ):
            path = end.database.parent / "vault" / KEY / f"content/data/{dataset}-0001.csv"
            rows = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""]).astype("str")
            write.land(route, dataset, rows, number=1, packet_id="court-131100.tax-131100.000001.Q")
    numbers = end.records()
    connection = sqlite3.connect(end.database)
    connection.execute("UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-10-01' WHERE ajbs = 7")
    connection.execute("UPDATE pc_aj SET cbr = '某某', gxsj = '2026-10-02 10:00:00' WHERE ajbs = 4")
    connection.execute("UPDATE pc_aj SET gxsj = '2026-10-02 10:00:00' WHERE ajbs = 16")
    connection.execute("DELETE FROM pc_jd WHERE ajbs = 18")
    connection.execute("UPDATE pc_zwr SET zcdz = '衡水市新址' WHERE ajbs = 22")
    connection.commit()
    connection.close()
    again = "131100-cases.Q.2026Q3.2"
    end.run(again)
    path = end.database.parent / "vault" / again / "content/data/case_in_exchange-0001.csv"
    second = pd.read_csv(path, dtype=str).set_index("case_no")
    assert second.loc[numbers["7"], "why"] == "closed"
    assert second.loc[numbers["7"], "changed_columns"] == "stage|terminated_on"
    assert tuple(second.loc[numbers["4"], ["why", "changed_columns"]]) == ("changed", "judge")
    assert second.loc[numbers["16"], "why"] == "unchanged"
    assert tuple(second.loc[numbers["18"], ["why", "changed_columns"]]) == ("changed", "case_event")
    assert tuple(second.loc[numbers["22"], ["why", "changed_columns"]]) == ("changed", "case_debtor.address")
    assert second["why"].value_counts()["unchanged"] == len(second) - 4
