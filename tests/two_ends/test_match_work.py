"""Officers and matches on real PostgreSQL: proposed, confirmed by two, remembered, shown where used, void, expired."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.pages import HtmlPages
from exchange.adapters.print_pdf import PdfPrints
from exchange.adapters.sheet_xlsx import XlsxSheets
from exchange.adapters.vault_fs import FsVault
from exchange.domain.break_view import seen
from exchange.domain.errors import NeedsPerson
from exchange.domain.match_book import Decision
from exchange.domain.match_view import of_claim
from exchange.domain.outcome_file import OUTCOME, outcome_json
from exchange.domain.sequence import PacketRecord
from exchange.steps.audit import audit
from exchange.steps.list_matches import list_matches
from exchange.steps.make_statement import make_statement
from exchange.steps.reconcile import reconcile
from exchange.steps.show_break import show_break
from exchange.steps.work_match import work_match
from tests.unit.reconcile_kit import AS_OF, CASE, CLAIM, USCC, World
from tests.unit.reconcile_worlds import COURT, TAX, agreed

NOW = datetime(2026, 10, 9, 4, 0, tzinfo=UTC)
OUT, BACK, KEY = "131100-cases", "131100-claims", "131100-cases.Q.2026Q3"
SECOND_CASE = "（2026）冀1103破2号"
TABLES = {
    OUT: {
        "cases": "bankruptcy_case", "debtors": "case_debtor", "reviews": "claim_review",
        "distributions": "distribution",
    },
    BACK: {"claims": "tax_claim", "lines": "tax_claim_line", "statuses": "tax_status"},
}  # fmt: skip
OFFICERS = {"wang": ["prepare"], "li": ["approve"], "zhao": []}
WHY = "电话核实，确为同一企业"


@dataclass
class End:
    """One end's ledger and vault, and what people do there."""

    ledger: SqlLedger
    vault: FsVault
    party: str = COURT
    today: date = AS_OF

    def land(self, world: World, number: int = 1) -> None:
        """What was sent and received, as of a later packet each time."""
        books = world.books()
        with self.ledger.transaction() as write:
            for route_id, tables in TABLES.items():
                route = agreed().route(route_id)
                for table, dataset in tables.items():
                    frame = getattr(books, table)
                    names = [*route.wire(dataset).names, *(["_record"] if "_record" in frame else [])]
                    write.land(
                        route, dataset, frame.reindex(columns=names).astype("str").where(lambda f: f.notna()),
                        number=number, packet_id=f"{route.lane}.{number:06d}.Q",
                    )  # fmt: skip

    def opened(self) -> None:
        """A quarter that went out."""
        self.vault.put(KEY, OUTCOME, outcome_json({"findings": []}))
        facts = {"content_hash": "0" * 64, "selected": 1, "held": 0, "sent": 1, "rows": {}}
        with self.ledger.transaction() as write:
            for kind, body in (
                ("exchange_opened", {"route": OUT, "direction": "out", "kind": "Q", "period": "2026Q3",
                                     "as_of": "2026-10-09", "batches": {}}),
                ("extracted", {}), ("checked", facts), ("prepared", {"by": "a", "content_hash": "0" * 64}),
                ("approved", {"by": "b", "content_hash": "0" * 64}),
                ("packed", {"packet_id": "p", "number": 1, "sealed_sha256": "0" * 64}), ("sent", {}),
            ):  # fmt: skip
                write.append(kind, exchange=KEY, actor="a", body=body)

    def listed(self, **more: Any) -> list[dict[str, Any]]:
        found = list_matches(
            agreement=agreed(), party=self.party, vault=self.vault, ledger=self.ledger, today=self.today, **more
        )
        assert found is not None
        return found

    def work(self, id_: str, act: Any, by: str, **more: Any) -> Decision | None:
        return work_match(
            id_, act, by=by, reason=more.pop("reason", WHY), agreement=agreed(), party=self.party, vault=self.vault,
            ledger=self.ledger, officers=OFFICERS, today=self.today, **more,
        )  # fmt: skip

    def reconcile(self) -> dict[str, Any]:
        reconcile(
            KEY, agreement=agreed(), party=self.party, vault=self.vault, ledger=self.ledger, pages=HtmlPages(),
            sheets=XlsxSheets(), clock=lambda: NOW, as_of=self.today,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(self.vault.get(KEY, "outcome.json"))
        return found

    def shown(self, code: str) -> dict[str, Any]:
        """The break of a code, as `exchange breaks show` has it."""
        [one] = [
            b for b in seen(self.ledger, agreed(), self.party) if b.record.code == code and b.record.claim_no == CLAIM
        ]
        return show_break(
            one.record.id, agreement=agreed(), party=self.party, vault=self.vault, ledger=self.ledger,
            today=self.today, actor="a",
        )  # fmt: skip

    def statement(self) -> str:
        """The page of the quarter's statement over what has landed."""
        with self.ledger.transaction() as write:
            for lane in (agreed().route(route_id).lane for route_id in TABLES):
                write.set_packet(
                    PacketRecord(
                        lane=lane, number=1, packet_id=f"{lane}.000001.Q", direction="out", kind="Q", exchange=None,
                        state="sent", at=NOW,
                    )
                )  # fmt: skip
        made = make_statement(
            "2026Q3", agreement=agreed(), party=self.party, vault=self.vault, ledger=self.ledger, pages=HtmlPages(),
            sheets=XlsxSheets(), prints=PdfPrints(folders=()), today=self.today, actor="a",
        )  # fmt: skip
        return self.vault.get(made.key, f"{made.name}.html").decode()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.ledger.events() if event.kind.startswith("match_")]


def without_id() -> World:
    """A claim that gives the debtor's name and no id, in its case and in another of the same debtor."""
    world = World().set("claims", debtor_uscc=None)
    world.add("cases", case_no=SECOND_CASE, _record="8").add("debtors", case_no=SECOND_CASE, _record="8")
    return world.add("claims", claim_no="T2", case_no=SECOND_CASE, debtor_uscc=None)


@pytest.fixture
def court(postgres_url: str, tmp_path: Path) -> Iterator[End]:
    ledger = open_ledger(postgres_url, clock=lambda: NOW)
    end = End(ledger=ledger, vault=FsVault(f"file://{tmp_path / 'vault'}"))
    end.land(without_id())
    yield end
    ledger.close()


def first(end: End) -> str:
    """The id of the first claim's candidate."""
    found: str = end.listed(case=CASE)[0]["candidates"][0]["id"]
    return found


def test_a_name_is_confirmed_by_two_and_shown_where_it_is_used(court: End) -> None:
    court.opened()
    assert [one["standing"] for one in court.listed()] == ["proposed", "proposed"]
    id_ = first(court)
    waiting = court.work(id_[:8], "confirm", "wang")
    assert waiting is not None
    assert waiting.waits
    assert court.reconcile()["matches"][0]["decided_by"] is None, "one officer is not enough"
    court.work(id_, "confirm", "wang")
    assert court.kinds() == ["match_decided"], "said again by the same officer it changes nothing"
    done = court.work(id_, "confirm", "li")
    assert done is not None
    assert (done.by, done.second, done.waits, done.until) == ("wang", "li", False, AS_OF + timedelta(days=365))

    outcome = court.reconcile()
    mine, other = sorted(outcome["matches"], key=lambda one: one["claim_no"])
    assert (mine["case_no"], mine["debtor_no"], mine["rule"]) == (CASE, "1", "name")
    assert (mine["standing"], mine["decided_by"]) == ("confirmed", id_)
    assert other["standing"] == "proposed", "this case alone"
    assert outcome["break_counts"]["DEBTOR_MISMATCH"] == 2, "a match takes no break away"
    page = court.vault.get(KEY, "breaks.html").decode()
    assert "2026-10-09 wang、li确认（仅本案，至 2027-10-09，已用 1 次）" in page
    assert "冀州金桥有限公司" not in page
    sheet = openpyxl.load_workbook(io.BytesIO(court.vault.get(KEY, "breaks.xlsx")))["差异 Breaks"]
    assert any("wang、li确认" in str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert audit(party=COURT, vault=court.vault, ledger=court.ledger) == []
    told = [event.body for event in court.ledger.events() if event.kind.startswith("match_")]
    assert WHY not in json.dumps(told, ensure_ascii=False)


def test_a_match_stands_with_its_break_and_on_the_statements_page(court: End) -> None:
    court.land(without_id())
    court.opened()
    court.reconcile()
    assert court.shown("DEBTOR_MISMATCH")["match"]["standing"] == "proposed"
    [one] = court.listed(case=CASE)
    for by in ("wang", "li"):
        court.work(one["candidates"][0]["id"], "confirm", by)
    match = court.shown("DEBTOR_MISMATCH")["match"]
    assert (match["standing"], match["rule"]) == ("confirmed", "name")
    assert "名称相同" in {piece["zh"].removeprefix("＋") for piece in match["candidates"][0]["evidence"]}
    page = court.statement()
    assert "以本户信用代码以外的依据认定债务人的申报" in page
    assert "＋名称相同" in page
    assert "wang、li确认" in page


def test_e09_a_mistyped_uscc_is_suggested_and_waits_for_an_officer(court: End) -> None:
    court.land(World().set("claims", debtor_uscc=USCC.replace("MA0", "MAO"), debtor_name="天津远洋运输有限公司"))
    court.opened()
    court.reconcile()
    [one] = court.listed()
    assert (one["standing"], one["rule"], one["case_no"]) == ("proposed", "near_uscc", "")
    told = court.shown("DEBTOR_MISMATCH")["match"]["candidates"][0]["evidence"]
    assert any("易混字符" in piece["zh"] for piece in told)
    assert USCC not in json.dumps(told, ensure_ascii=False)
    assert "以本户信用代码以外" not in court.statement()


def test_matches_are_made_once_for_what_has_landed_and_decisions_count_at_once(court: End) -> None:
    """A page need not wait: over more rows than it may, it is told that they are still to be made."""
    asked = {"agreement": agreed(), "party": COURT, "vault": court.vault, "ledger": court.ledger, "today": AS_OF}
    assert list_matches(**asked, at_once=1) is None
    whole = court.listed(every=True)
    assert list_matches(**asked, at_once=1, every=True) == whole
    (kept,) = court.vault.names(f"{OUT}.matches")
    court.work(first(court), "reject", "wang")
    assert [one["standing"] for one in list_matches(**asked, at_once=1, every=True) or ()] != [
        one["standing"] for one in whole
    ]
    court.land(without_id(), number=2)
    assert list_matches(**asked, at_once=1) is None
    court.listed()
    assert len(court.vault.names(f"{OUT}.matches")) == 2
    assert kept in court.vault.names(f"{OUT}.matches")


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"debtor_uscc": None}, {"debtor_name": "天津远洋运输有限公司"}, {"debtor_uscc": USCC.lower()},
        {"debtor_uscc": USCC.replace("MA0", "MAO")}, {"case_no": SECOND_CASE}, {"case_no": CASE.replace("（", "(")},
    ],
)  # fmt: skip
def test_one_claims_match_is_the_one_of_the_whole_list(court: End, changes: dict[str, Any]) -> None:
    """Also where it is seen without matching that a claim means its debtor by its own id."""
    court.land(World().set("claims", **changes), number=2)
    agreement = agreed()
    listed = {one["claim_no"]: one for one in court.listed(every=True)}
    found = of_claim(court.ledger, agreement, agreement.route(OUT), CLAIM, AS_OF)
    assert found == ({k: v for k, v in listed[CLAIM].items() if k != "route"} if CLAIM in listed else None)


def test_the_scope_route_reaches_the_same_pair_in_another_case(court: End) -> None:
    id_ = first(court)
    for officer in ("wang", "li"):
        court.work(id_, "confirm", officer, scope="route")
    assert court.listed() == []
    both = court.listed(every=True)
    assert [one["standing"] for one in both] == ["confirmed", "confirmed"]
    assert {one["candidates"][0]["decision"]["uses"] for one in both} == {2}
    court.work(id_, "revoke", "li")
    assert len(court.listed()) == 2


def test_the_second_officer_says_what_the_first_did_or_is_refused(court: End) -> None:
    id_ = first(court)
    court.work(id_, "confirm", "wang", scope="route", until=date(2026, 10, 31))
    for more in ({"scope": "case"}, {"until": date(2027, 10, 31)}):
        with pytest.raises(NeedsPerson, match="E932"):
            court.work(id_, "confirm", "li", **more)
    done = court.work(id_, "confirm", "li")
    assert done is not None
    assert (done.scope, done.until, done.second) == ("route", date(2026, 10, 31), "li")
    with pytest.raises(NeedsPerson, match="E932"):
        court.work(id_, "confirm", "li", scope="case")
    assert court.kinds() == ["match_decided", "match_confirmed"]


def test_an_ambiguous_match_confirmed_by_one_and_refused_by_the_other(court: End) -> None:
    world = without_id().add("debtors", debtor_no="2", uscc=None)
    court.land(world, number=2)
    here, there = (one["id"] for one in court.listed(case=CASE)[0]["candidates"])
    assert court.listed(case=CASE)[0]["standing"] == "ambiguous"
    court.work(here, "confirm", "wang")
    court.work(here, "reject", "li")
    (left,) = court.listed(case=CASE)
    assert (left["standing"], left["case_no"]) == ("proposed", ""), "one is left, and confirms itself no more"
    assert left["candidates"][0]["decision"]["said"] == "rejected"
    waiting = court.work(here, "confirm", "wang")
    assert waiting is not None
    assert waiting.waits, "his first word does not count beside another's refusal: it is put forward anew"
    for by in ("wang", "li"):
        court.work(there, "confirm", by)
    court.work(here, "confirm", "li")
    (both,) = court.listed(case=CASE)
    assert (both["standing"], both["case_no"]) == ("ambiguous", ""), "two confirmed contradict each other"


def test_a_decision_is_void_when_a_name_changes_and_proposed_again_when_it_expires(court: End) -> None:
    id_ = first(court)
    for officer in ("wang", "li"):
        court.work(id_, "confirm", officer, until=date(2026, 10, 31))
    for court.today in (AS_OF, date(2026, 10, 31)):
        assert [one["claim_no"] for one in court.listed()] == ["T2"], "its last day is a day of its own"
    court.today = date(2026, 11, 1)
    again = court.listed(case=CASE)[0]
    assert (again["standing"], again["candidates"][0]["decision"]["holds"]) == ("proposed", False)
    assert "已过期" in again["candidates"][0]["decision"]["zh"]
    court.today = AS_OF
    renamed = without_id().set("claims", version="2", debtor_name="冀州金桥有限责任公司")
    court.land(renamed, number=2)
    (changed,) = court.listed(case=CASE)
    assert changed["candidates"][0]["id"] != id_
    assert changed["candidates"][0]["decision"] is None
    with pytest.raises(NeedsPerson, match="E933"):
        court.work(id_, "confirm", "wang")


def test_a_rejected_proposal_is_remembered(court: End) -> None:
    id_ = first(court)
    court.work(id_, "reject", "wang")
    assert [one["claim_no"] for one in court.listed()] == ["T2"]
    (mine,) = court.listed(case=CASE, every=True)
    assert (mine["standing"], mine["case_no"]) == ("rejected", "")


def test_what_is_refused_leaves_nothing(court: End) -> None:
    id_ = first(court)
    refused: list[tuple[str, str, dict[str, Any], int]] = [
        ("confirm", "zhao", {}, 910),
        ("confirm", "nobody", {}, 910),
        ("confirm", "wang", {"reason": "好"}, 947),
        ("confirm", "wang", {"reason": "联系人电话 13812345678 已核实"}, 926),
        ("confirm", "wang", {"until": date(2026, 10, 8)}, 932),
        ("revoke", "wang", {}, 933),
    ]
    for act, by, more, code in refused:
        with pytest.raises(NeedsPerson, match=f"E{code}"):
            court.work(id_, act, by, **more)
    with pytest.raises(NeedsPerson, match="E933"):
        court.work("", "confirm", "wang")
    assert court.kinds() == []


def test_a_claim_on_an_unsent_case_is_decided_for_itself_alone(court: End) -> None:
    court.land(without_id().set("claims", version="2", case_no="（2026）冀1103破77号"), number=2)
    strange = next(one for one in court.listed() if one["claim_no"] == "T1")
    assert strange["standing"] == "ambiguous", "the name is in two cases"
    with pytest.raises(NeedsPerson, match="E932"):
        court.work(strange["candidates"][0]["id"], "confirm", "wang", scope="route")
    court.party = TAX
    assert len(court.listed()) == 2, "the tax end matches what it received and sent"
