"""债权对账单 in the console: where both sides differ value by value, why it was sent back, its forms."""

from __future__ import annotations

import io
import re

from playwright.sync_api import Browser
from pypdf import PdfReader

from exchange import journeys
from exchange.domain.break_desk import UNDONE, DeskQuery
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.statement_terms import REFUSED_THERE, compared_name, refusal_name
from tests.console.browsing import NARROW, WIDE, at, served
from tests.console.kit import Console, plain

ROUTE, QUARTER = "131100-cases", "2026Q3"
REASON = "第五十一笔与我方入库记录不符"


def differing(court: Console) -> str:
    """The court's statement as the other side's refusal leaves it: sixty values that differ, and the reason."""
    parts = court.house.parts
    made = journeys.statement(parts, QUARTER, ROUTE)
    found = [
        {"case_no": f"（2026）冀1103破{n}号", "claim_no": f"T{n:03d}", "rank": "tax", "column": "closing",
         "theirs": None if n == 1 else f"{n}.00", "ours": f"{n}1234.50"}
        for n in range(1, 61)
    ]  # fmt: skip
    kept = canonical_json({"theirs_sha256": "0" * 64, "differing": found})
    parts.vault.put(made.key, compared_name(made.version), kept)
    said = sha256_hex(REASON.encode())
    parts.vault.put(made.key, refusal_name(said), REASON.encode())
    body = {"sha256": made.sha256, "differing": 60, "compared_sha256": sha256_hex(kept), "reason_sha256": said}
    with parts.ledger.transaction() as write:
        write.append(REFUSED_THERE, exchange=made.key, actor="system", body=body)
    return f"/statements/{ROUTE}/{QUARTER}"


def test_where_both_sides_differ_is_shown_page_by_page_with_the_reason(
    chromium: Browser, fresh_ends: tuple[Console, Console]
) -> None:
    court, tax = fresh_ends
    path, auditor = differing(court), court.as_("audit-1")
    assert path in auditor.page("/statements")
    assert 'href="/statements"' in auditor.page("/ledger")
    first, second = auditor.page(path), auditor.page(f"{path}?page=2")
    assert REASON in plain(first)
    assert "（2026）冀1103破50号" in plain(first)
    assert "（2026）冀1103破51号" not in plain(first)
    assert "601,234.50" in plain(second)
    assert f"{path}/sign" not in first
    printed = auditor.get(f"{path}/statement.pdf")
    assert printed.headers["content-type"] == "application/pdf"
    assert len(PdfReader(io.BytesIO(printed.content)).pages) >= 1
    assert auditor.get(f"{path}/statement.exe").status_code == 404
    assert tax.as_("audit-1").get(f"/statements/{ROUTE}/2020Q1").status_code == 404
    with served(court) as address:
        for size, language in ((WIDE, "zh"), (NARROW, "en")):
            with at(chromium, address, size=size, language=language) as desk:
                desk.sign_in("chief-1").go("/statements")
                desk.check()
                desk.picture(f"statements-court-{language}-{size[0]}")
                desk.go(path)
                desk.check()
                desk.picture(f"statement-court-{language}-{size[0]}")


def test_case_and_break_lead_to_the_statement_and_to_their_part_of_it(ends: tuple[Console, Console]) -> None:
    for end in ends:
        officer, parts = end.as_("liaison-1"), end.house.parts
        asked = DeskQuery(today=end.house.today, stands=UNDONE, code="LATE_FEE_DIFFERS")
        [one] = parts.ledger.break_desk(asked, limit=1)
        for address in (f"/cases/{one.case_no}", f"/breaks/{one.id}"):
            [link] = re.findall(r'href="(/statements/[^"]+case=[^"]+)"', officer.page(address))
            told = plain(officer.page(link))
            assert f"本案 {one.case_no}" in told
            assert "本对账单中没有本案的债权" not in told
        none = officer.page(f"/statements/{ROUTE}/{QUARTER}?case=（2020）冀1103破999号")
        assert "本对账单中没有本案的债权" in plain(none)
