"""The ledger's pages: filters, leafing, one event and its neighbours, the chain verified, a list as Excel."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook

from exchange.console.work import work_once
from tests.console.kit import Console, plain


def test_three_lists_with_their_filters(ends: tuple[Console, Console]) -> None:
    for end in ends:
        officer = end.as_("audit-1")
        assert "131100-" in officer.page("/ledger")
        assert "000001.U" in officer.page("/ledger?tab=packets&lane=court-131100.tax-131100")
        receipts = officer.page("/ledger?tab=packets&lane=tax-131100.court-131100&packet_kind=R")
        assert ".A<" not in receipts
        assert "000001.R" in receipts
        events = officer.page("/ledger?tab=events&kind=key_made")
        assert events.count("/ledger/events/") == 3


def test_leafing_meets_every_event_once(ends: tuple[Console, Console]) -> None:
    officer, seen, path = ends[0].as_("audit-1"), [], "/ledger?tab=events"
    while path:
        page = officer.page(path)
        seen += [int(n) for n in re.findall(r"/ledger/events/(\d+)", page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == sorted(set(seen), reverse=True)
    assert seen[-1] == 1


def test_days_narrow_to_what_happened_then(ends: tuple[Console, Console]) -> None:
    officer = ends[0].as_("audit-1")
    first = ends[0].house.parts.ledger.event(1)[1]
    assert first is not None
    assert "没有符合条件的记录" in officer.page("/ledger?tab=events&until=2001-01-01")
    assert "没有符合条件的记录" in officer.page("/ledger?tab=events&since=2999-01-01")
    assert '/ledger/events/1"' in officer.page("/ledger?tab=events&since=2001-01-01&kind=key_made")
    assert "/ledger/events/" in officer.page("/ledger?tab=events&since=not-a-day")


def test_one_event_says_what_it_holds_and_fits_its_neighbours(ends: tuple[Console, Console]) -> None:
    page = plain(ends[0].as_("audit-1").page("/ledger/events/5"))
    assert "前后相符" in page
    assert "前一条" in page
    assert ends[0].as_("audit-1").get("/ledger/events/999999999").status_code == 404
    assert ends[0].as_("audit-1").get(f"/ledger/events/{10**40}").status_code == 404


@pytest.mark.parametrize("tab", ["exchanges", "packets", "events"])
def test_a_list_goes_along_as_excel_and_that_is_recorded(ends: tuple[Console, Console], tab: str) -> None:
    answer = ends[1].as_("chief-1").get(f"/ledger/sheet.xlsx?tab={tab}")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == [{"exchanges": "交换批次", "packets": "数据包与回执", "events": "办理留痕"}[tab]]
    rows = list(book.active.iter_rows(values_only=True))
    assert len(rows) > 5
    looks = [e.body["what"] for e in ends[1].house.parts.ledger.events(kind="looked_at")]
    assert looks[-1] == f"ledger-{tab}"


def test_the_chain_is_verified_from_the_page_and_the_result_kept(fresh_ends: tuple[Console, Console]) -> None:
    court = fresh_ends[0]
    auditor = court.as_("audit-1")
    assert "尚未验链" in plain(auditor.page("/ledger"))
    asked = auditor.post("/ledger/verify")
    assert work_once(court.house).state == "done"  # type: ignore[union-attr]
    assert "台账完整" in plain(auditor.page(asked.headers["location"]))
    assert "赵敏" in plain(auditor.page("/ledger"))
    told = [event.body for event in court.house.parts.ledger.events(kind="chain_verified")]
    assert told[0]["problems"] == 0
    assert told[0]["by"] == "audit-1"
    spoil_a_text(court)
    again = auditor.post("/ledger/verify")
    work_once(court.house)
    assert "台账不完整" in plain(auditor.page(again.headers["location"]))


def spoil_a_text(court: Console) -> None:
    """Change what an officer said about a break, behind the ledger's back."""
    note = next((court.house.settings.home / "vault").glob("*.break.*/notes/*.txt"))
    note.chmod(0o600)
    note.write_text("其他", encoding="utf-8")
