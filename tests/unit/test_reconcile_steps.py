"""The answer and the comparison as steps: real ledger, vault, pages and sheets; what they leave behind."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.pages import HtmlPages
from exchange.adapters.sheet_xlsx import XlsxSheets
from exchange.adapters.vault_fs import FsVault
from exchange.domain.break_life import break_key, state_now
from exchange.domain.claims import canonical
from exchange.domain.errors import NeedsPerson
from exchange.domain.identifiers import normalise_id, sent_name
from exchange.domain.outcome_file import OUTCOME, outcome_json
from exchange.domain.points import standing
from exchange.domain.situations import RULES
from exchange.steps import reconcile as step
from exchange.steps.answer import answer
from exchange.steps.reconcile import reconcile
from exchange.steps.review import review
from tests.outcomes import assert_same
from tests.unit import reconcile_worlds as worlds

NOW = datetime(2026, 10, 9, 4, 0, tzinfo=UTC)
KEY = "131100-cases.Q.2026Q3"
OUT, BACK = "131100-cases", "131100-claims"


@dataclass
class End:
    """One end's own parts."""

    party: str
    vault: FsVault
    ledger: SqlLedger

    def answer(self, folder: Path) -> str:
        return answer(
            folder,
            agreement=worlds.agreed(),
            party=self.party,
            vault=self.vault,
            ledger=self.ledger,
            pages=HtmlPages(),
            clock=lambda: NOW,
            today=NOW.date(),
        )

    def reconcile(self, as_of: date | None = None) -> dict[str, Any]:
        reconcile(
            KEY,
            agreement=worlds.agreed(),
            party=self.party,
            vault=self.vault,
            ledger=self.ledger,
            pages=HtmlPages(),
            sheets=XlsxSheets(),
            clock=lambda: NOW,
            as_of=as_of,
        )
        outcome: dict[str, Any] = json.loads(self.vault.get(KEY, "outcome.json"))
        return outcome

    def land(self, route_id: str, frames: Mapping[str, pd.DataFrame], number: int = 1) -> None:
        route = worlds.agreed().route(route_id)
        with self.ledger.transaction() as write:
            for name, frame in frames.items():
                write.land(route, name, frame, number=number, packet_id=f"{route.lane}.{number:06d}.Q")


def make_end(party: str, folder: Path, url: str = "") -> End:
    folder.mkdir()
    ledger = open_ledger(url or f"sqlite:///{folder / 'ledger.db'}", clock=lambda: NOW)
    return End(party=party, vault=FsVault(f"file://{folder / 'vault'}"), ledger=ledger)


@pytest.fixture
def court(tmp_path: Path) -> Iterator[End]:
    end = make_end(worlds.COURT, tmp_path / "court")
    yield end
    end.ledger.close()


@pytest.fixture
def tax(tmp_path: Path) -> Iterator[End]:
    end = make_end(worlds.TAX, tmp_path / "tax")
    yield end
    end.ledger.close()


def sent_rows(folder: Path, world: str = "sample") -> dict[str, pd.DataFrame]:
    """The court's rows in wire form, as they are landed when sent."""
    route, frames = worlds.agreed().route(OUT), dict(worlds.court_rows(world, folder))
    ready = {}
    for name, frame in frames.items():
        wire = canonical(frame, route.contract(name))
        for column, change in {"uscc": normalise_id, "name": sent_name, "former_name": sent_name}.items():
            if name == "case_debtor":
                wire = wire.assign(**{column: change(wire[column])})
        ready[name] = wire
    return ready


def claims(world: str = "sample") -> dict[str, pd.DataFrame]:
    return {n: canonical(f, worlds.agreed().route(BACK).contract(n)) for n, f in worlds.tax_rows(world).items()}


def sent(end: End, folder: Path, claims_too: bool = True) -> End:
    """A quarterly exchange that went out, and its answer."""
    opened = {
        "route": OUT, "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09", "batches": {},
    }  # fmt: skip
    checked = {"content_hash": "0" * 64, "selected": 1, "held": 0, "sent": 1, "rows": {}}
    with end.ledger.transaction() as write:
        write.append("exchange_opened", exchange=KEY, actor="a", body=opened)
        for kind, body in (
            ("extracted", {}),
            ("checked", checked),
            ("prepared", {"by": "a", "content_hash": "0" * 64}),
            ("approved", {"by": "b", "content_hash": "0" * 64}),
            ("packed", {"packet_id": "court-131100.tax-131100.000001.Q", "number": 1, "manifest_sha256": "0" * 64}),
            ("sent", {"packet_id": "court-131100.tax-131100.000001.Q"}),
        ):
            write.append(kind, exchange=KEY, actor="a", body=body)
    if not end.vault.has(KEY, OUTCOME):
        end.vault.put(KEY, OUTCOME, outcome_json({"period": "2026Q3", "sent": [1], "findings": []}))
    end.land(OUT, sent_rows(folder))
    if claims_too:
        end.land(BACK, claims())
    return end


# answer


def test_an_answer_is_staged_up_to_its_approval(tax: End, tmp_path: Path) -> None:
    tax.land(OUT, sent_rows(tmp_path))
    key = tax.answer(worlds.WORLDS / "sample" / "tax_return")
    known = tax.ledger.exchange(key)
    assert known is not None
    assert (known.kind, known.direction, known.state, known.route) == ("A", "out", "checked", BACK)
    content = json.loads(tax.vault.get(key, "content/content.json"))
    assert known.content_hash == content["hash"]
    assert [f["path"] for f in content["files"]] == [
        "data/tax_claim-0001.csv", "data/tax_claim_line-0001.csv", "data/tax_payment-0001.csv",
        "data/tax_status-0001.csv",
    ]  # fmt: skip
    assert [e.kind for e in tax.ledger.events(exchange=key)] == [
        "exchange_opened", "batch_extracted", "extracted", "checked",
    ]  # fmt: skip
    assert b"true" in tax.vault.get(key, "content/data/tax_status-0001.csv")
    assert tax.ledger.verify() == []


def test_a_claim_on_a_debtor_without_any_id_waits_for_a_reason(tax: End, tmp_path: Path) -> None:
    rows = worlds.WORLDS / "sample/tax_return"
    shutil.copytree(rows, tmp_path / "return")
    claims = pd.read_csv(rows / "tax_claim.csv", dtype="str", keep_default_na=False)
    claims.loc[3, ["debtor_uscc", "debtor_old_taxpayer_id"]] = ""
    claims.to_csv(tmp_path / "return/tax_claim.csv", index=False)
    key = tax.answer(tmp_path / "return")
    now = standing(key, tax.ledger.events(exchange=key), partial(tax.vault.get, key))
    [point] = now.open
    place = "|".join(claims.loc[3, ["claim_no", "version"]])
    assert (point.rule, point.dataset, point.row_key) == ("debtor_without_id", "tax_claim", place)
    assert "待说明 1 项" in tax.vault.get(key, "report.html").decode()
    with pytest.raises(NeedsPerson) as waits:
        review(
            key, "prepare", by="li", agreement=worlds.agreed(), vault=tax.vault, ledger=tax.ledger,
            officers={"li": ["prepare"]}, clock=lambda: NOW,
        )  # fmt: skip
    assert waits.value.code == 921


def test_the_same_files_again_open_nothing_twice(tax: End, tmp_path: Path) -> None:
    tax.land(OUT, sent_rows(tmp_path))
    folder = tmp_path / "files"
    shutil.copytree(worlds.WORLDS / "sample" / "tax_return", folder)
    key = tax.answer(folder)
    head = tax.ledger.head()
    assert (tax.answer(folder), tax.ledger.head()) == (key, head)
    with (folder / "tax_status.csv").open("a") as out:
        out.write("91131103MA0ABCDE67,2026-10-09,normal,0,0\n")
    assert tax.answer(folder) != key


def test_the_status_of_a_debtor_never_received_is_refused_and_listed(tax: End, tmp_path: Path) -> None:
    rows = sent_rows(tmp_path)
    rows["case_debtor"] = rows["case_debtor"][rows["case_debtor"]["uscc"] != "911311264PD11H8LYF"]
    tax.land(OUT, rows)
    key = tax.answer(worlds.WORLDS / "sample" / "tax_return")
    outcome = json.loads(tax.vault.get(key, "outcome.json"))
    refused = [one for one in outcome["refused"] if one["code"] == 603]
    assert {"file": "tax_status.csv line 2", "column": "debtor_uscc"}.items() <= refused[0].items()
    assert b"911311264PD11H8LYF" not in tax.vault.get(key, "content/data/tax_status-0001.csv")
    assert "911311264PD11H8LYF" not in json.dumps(outcome["refused"])
    warned = [one for one in outcome["findings"] if one["rule"] == "case_never_received"]
    assert [one["severity"] for one in warned] == ["warn"]
    assert outcome["rows"]["tax_claim"] == 91


def test_before_anything_was_received_no_status_goes(tax: End) -> None:
    key = tax.answer(worlds.WORLDS / "sample" / "tax_return")
    outcome = json.loads(tax.vault.get(key, "outcome.json"))
    assert outcome["rows"] == {"tax_claim": 91, "tax_claim_line": 704, "tax_payment": 0, "tax_status": 0}


def test_a_missing_file_is_named(tax: End, tmp_path: Path) -> None:
    shutil.copytree(worlds.WORLDS / "sample" / "tax_return", tmp_path / "files")
    (tmp_path / "files" / "tax_status.csv").unlink()
    with pytest.raises(NeedsPerson, match=r"E503.*tax_status\.csv"):
        tax.answer(tmp_path / "files")


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "column", "held"),
    [
        ("tax_claim", ",original,", ",first,", "kind_unknown", "kind", True),
        ("tax_claim_line", ",30216,", ",99999,", "levy_code_unknown", "levy_code", True),
        ("tax_claim_line", ",principal,", ",capital,", "component_unknown", "component", True),
        ("tax_claim_line", ",tax\n", ",first\n", "rank_unknown", "rank", True),
        ("tax_claim_line", "\n131103TSSB202600001,1,1,", "\nNONE,1,1,", "line_without_claim", "claim_no", False),
        ("tax_claim_line", ",636161.86,", ",-636161.86,", "amount_negative", "amount", False),
        ("tax_claim", ",1884635.97", ",1884635.98", "total_is_not_sum_of_lines", "total_amount", False),
    ],
)
def test_what_is_wrong_is_listed_with_file_line_and_column(
    tax: End, tmp_path: Path, file: str, old: str, new: str, rule: str, column: str, held: bool
) -> None:
    tax.land(OUT, sent_rows(tmp_path))
    folder = tmp_path / "files"
    shutil.copytree(worlds.WORLDS / "sample" / "tax_return", folder)
    path = folder / f"{file}.csv"
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    key = tax.answer(folder)
    outcome = json.loads(tax.vault.get(key, "outcome.json"))
    found = [one for one in outcome["findings"] if one["rule"] == rule]
    assert (found[0]["note"], found[0]["column"]) == (f"{file}.csv line 2", column)
    (checked,) = tax.ledger.events(exchange=key, kind="checked")
    assert checked.body["held"] == int(held)
    assert (b"131103TSSB202600001" in tax.vault.get(key, "content/data/tax_claim-0001.csv")) is not held


def test_an_unknown_column_is_refused(tax: End, tmp_path: Path) -> None:
    shutil.copytree(worlds.WORLDS / "sample" / "tax_return", tmp_path / "files")
    path = tmp_path / "files" / "tax_status.csv"
    path.write_text(path.read_text().replace("inspection_open", "inspection_open,employee", 1))
    with pytest.raises(NeedsPerson, match="E501"):
        tax.answer(tmp_path / "files")


def test_only_an_end_that_sends_claims_answers(court: End) -> None:
    with pytest.raises(NeedsPerson, match="E905"):
        court.answer(worlds.WORLDS / "sample" / "tax_return")


# reconcile


def test_the_outcome_equals_the_answers_and_keeps_what_was_there(court: End, tmp_path: Path) -> None:
    expected = worlds.answers("sample")
    there = {
        k: expected[k] for k in ("period", "as_of", "selected", "sent", "normalised", "quarantined", "warned", "urgent")
    }
    earlier = {"rule": "own_rule", "record": 1}
    court.vault.put(KEY, "outcome.json", json.dumps({**there, "breaks": [], "findings": [earlier]}).encode())
    outcome = sent(court, tmp_path).reconcile()
    assert_same(outcome, dict(expected))
    assert outcome["findings"][0] == earlier
    found = outcome["findings"][1:]
    assert {one["rule"] for one in found} == {
        "several_debtors_in_case", "table_holds_older_version", "answer_missing_near_deadline", "filed_late_admissible",
        "debtor_abnormal", "name_fits_other_id", "inspection_open", "taxpayer_not_in_register",
    }  # fmt: skip
    assert all(isinstance(one["record"], int) for one in found)


def test_a_second_run_changes_nothing(court: End, tmp_path: Path) -> None:
    sent(court, tmp_path).reconcile()
    names = ("outcome.json", "breaks.html", "breaks.xlsx")
    before = ({n: court.vault.get(KEY, n) for n in names}, court.ledger.head(), court.ledger.breaks(route=OUT))
    court.reconcile()
    assert ({n: court.vault.get(KEY, n) for n in names}, court.ledger.head(), court.ledger.breaks(route=OUT)) == before
    assert len(list(court.ledger.events(exchange=KEY, kind="reconciled"))) == 1
    assert court.ledger.verify() == []


@pytest.mark.parametrize("keep", [0, 1, 1_000])
def test_a_damaged_outcome_needs_a_person_and_the_ledger_stays(court: End, tmp_path: Path, keep: int) -> None:
    sent(court, tmp_path).reconcile()
    whole, head = court.vault.get(KEY, "outcome.json"), court.ledger.head()
    assert len(whole) > keep
    court.vault.put(KEY, "outcome.json", whole[:keep])
    with pytest.raises(NeedsPerson, match=r"E946.*damaged.*outcome\.json"):
        court.reconcile()
    assert (court.vault.get(KEY, "outcome.json"), court.ledger.head()) == (whole[:keep], head)
    court.vault.put(KEY, "outcome.json", whole)
    court.reconcile()
    assert (court.vault.get(KEY, "outcome.json"), court.ledger.head()) == (whole, head)


def test_an_outcome_that_is_gone_is_damage_and_not_made_anew_without_the_checks(court: End, tmp_path: Path) -> None:
    sent(court, tmp_path)
    head = court.ledger.head()
    (tmp_path / "court" / "vault" / KEY / OUTCOME).unlink()
    with pytest.raises(NeedsPerson, match=r"E946.*outcome\.json"):
        court.reconcile()
    assert (list(court.vault.names(KEY)), court.ledger.head()) == ([], head)


def test_breaks_keep_their_identity_close_and_reopen(court: End, tmp_path: Path) -> None:
    sent(court, tmp_path).reconcile()
    first = {b.id: b for b in court.ledger.breaks(route=OUT)}
    total = next(b for b in first.values() if b.code == "TOTAL_DIFFERS")
    other = next(b for b in first.values() if b.code == "RANK_DIFFERS")
    for one, decision in ((total, "explained"), (other, "disputed")):
        body = {
            "route": OUT, "id": one.id, "as": decision, "two_people": False, "reason_sha256": "0" * 64,
            "figures": dict(one.amounts),
        }  # fmt: skip
        with court.ledger.transaction() as write:
            write.append("break_decided", exchange=break_key(OUT, one.id), actor="chief-1", body=body)

    def claims_with(amount: str, number: int) -> dict[str, str]:
        frames = claims()
        mask = frames["tax_claim"]["claim_no"] == total.claim_no
        frames["tax_claim"].loc[mask, "total_amount"] = amount
        court.land(BACK, frames, number)
        court.reconcile()
        assert court.ledger.verify() == []
        works = {work.id: work for work in court.ledger.break_works(route=OUT)}
        return {b.id: state_now(b, works.get(b.id)) for b in court.ledger.breaks(route=OUT)}

    states = claims_with(total.amounts["total"], 2)
    assert (states[total.id], states[other.id]) == ("explained", "disputed")
    states = claims_with("1.00", 3)
    assert (states[total.id], states[other.id]) == ("open", "disputed")
    states = claims_with(total.amounts["lines"], 4)
    assert states[total.id] == "closed"
    states = claims_with("1.00", 5)
    assert states[total.id] == "open"
    told = [(e.kind, e.body["why"]) for e in court.ledger.events(exchange=break_key(OUT, total.id)) if "why" in e.body]
    assert told == [
        ("break_reopened", "amounts_changed"), ("break_closed", "books_agree"), ("break_reopened", "came_again"),
    ]  # fmt: skip
    assert {b.first_exchange for b in court.ledger.breaks(route=OUT)} == {KEY}
    assert "TOTAL_DIFFERS" in json.loads(court.vault.get(KEY, "outcome.json"))["break_counts"]


def test_a_version_sent_again_replaces_its_lines(court: End, tmp_path: Path) -> None:
    sent(court, tmp_path).reconcile()
    frames = claims()
    alone = frames["tax_claim"].iloc[:1].assign(total_amount="1.00")
    line = frames["tax_claim_line"][frames["tax_claim_line"]["claim_no"] == alone["claim_no"].iloc[0]].iloc[:1]
    court.land(BACK, {"tax_claim": alone, "tax_claim_line": line.assign(amount="1.00")}, 2)
    outcome = court.reconcile()
    codes = {b["code"] for b in outcome["breaks"] if b["claim_no"] == alone["claim_no"].iloc[0]}
    assert "TOTAL_DIFFERS" not in codes
    assert "DECLARED_DIFFERS" in codes


def test_without_an_answer_every_case_past_its_deadline_waits(court: End, tmp_path: Path) -> None:
    outcome = sent(court, tmp_path, claims_too=False).reconcile()
    assert set(outcome["break_counts"]) == {"NO_RESPONSE"}


def test_what_cant_be_reconciled_is_refused(court: End, tax: End, tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson, match="E914"):
        court.reconcile()
    body = {"route": OUT, "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09", "batches": {}}
    with court.ledger.transaction() as write:
        write.append("exchange_opened", exchange=KEY, actor="a", body=body)
    with pytest.raises(NeedsPerson, match="E908"):
        court.reconcile()
    sent(tax, tmp_path, claims_too=False)
    with pytest.raises(NeedsPerson, match="E905"):
        tax.reconcile()


def test_page_and_sheet_hold_every_break(court: End, tmp_path: Path) -> None:
    outcome = sent(court, tmp_path).reconcile()
    page = court.vault.get(KEY, "breaks.html").decode()
    book = openpyxl.load_workbook(io.BytesIO(court.vault.get(KEY, "breaks.xlsx")))
    ids = {b.id for b in court.ledger.breaks(route=OUT)}
    assert all(one in page for one in ids)
    listed = list(book["差异 Breaks"].iter_rows(min_row=3, values_only=True))
    assert len(listed) == len(outcome["breaks"]) == 41
    assert len(list(book["提示 Infos"].iter_rows(min_row=3))) == 2
    heads = {name: [cell.value for cell in book[name][1]] for name in ("差异 Breaks", "提示 Infos")}
    assert [h for h in heads["差异 Breaks"] if h not in heads["提示 Infos"]] == [
        "状态",
        "经办人",
        "处理意见",
        "对方答复",
    ]
    assert {row[22] for row in listed} <= ids
    assert "http" not in page.replace("http-equiv", "")
    names = set(court.ledger.landed(worlds.agreed().route(OUT), "case_debtor")["name"])
    assert not [name for name in names if name in page]


def test_many_cases_are_compared_group_by_group(
    tmp_path: Path, database_url: str, court: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sent(court, tmp_path).reconcile()
    monkeypatch.setattr(step, "AT_ONCE", 10)
    monkeypatch.setattr(step, "KEYS_AT_ONCE", 40)
    end = make_end(worlds.COURT, tmp_path / "many", database_url)
    (tmp_path / "again").mkdir()
    parted = sent(end, tmp_path / "again").reconcile()
    for name in ("breaks", "infos", "break_counts"):
        assert parted[name] == whole[name], name
    assert Counter(map(str, parted["findings"])) == Counter(map(str, whole["findings"]))
    assert parted["findings"] == sorted(parted["findings"], key=lambda one: RULES.index(one["rule"]))
    before = end.vault.get(KEY, OUTCOME)
    end.reconcile()
    assert end.vault.get(KEY, OUTCOME) == before
    told = [{b.id: b for b in one.ledger.breaks(route=OUT)} for one in (end, court)]
    assert told[0] == told[1]
    end.ledger.close()
