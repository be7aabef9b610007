"""Quarters' statements at two ends with real ledgers: PostgreSQL at the court, SQLite at the bureau."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from exchange import journeys
from exchange.adapters.print_pdf import PdfPrints
from exchange.domain.errors import NeedsPerson
from exchange.domain.sequence import PacketRecord
from exchange.ports import Parts
from tests.fakes.breaking import BACK, COURT, NOW, OUT, TAX, breaking_ends, frame
from tests.servers import PostgresServer

CASE, OTHER = "（2025）冀1103破1号", "（2025）冀1103破2号"
Ends = tuple[Parts, Parts]


@pytest.fixture
def ends(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Ends]:
    name = postgres_server.new_database()
    with breaking_ends(tmp_path, {COURT: postgres_server.url(name), TAX: f"sqlite:///{tmp_path}/tax.db"}) as made:
        yield made
    postgres_server.drop_database(name)


def claim(number: str, version: str, kind: str, case: str = CASE) -> dict[str, str]:
    return {
        "claim_no": number, "version": version, "kind": kind, "case_no": case, "debtor_name": "甲公司",
        "tax_authority": "131103", "filed_on": "2026-02-01", "cutoff_on": "2025-12-01", "total_amount": "0.00",
    }  # fmt: skip


def line(number: str, version: str, at: str, amount: str, rank: str) -> dict[str, str]:
    return {
        "claim_no": number, "version": version, "line_no": at, "levy_code": "10101", "period_start": "2024-01-01",
        "period_end": "2024-03-31", "due_on": "2024-04-15", "component": "principal", "amount": amount, "rank": rank,
    }  # fmt: skip


def case_row(number: str) -> dict[str, str]:
    return {
        "case_no": number, "court_code": "131103", "court_name": "=桃城区法院", "procedure": "liquidation",
        "stage": "claims_open", "filed_on": "2025-11-01", "judge": "乙", "is_major": "false",
        "source_updated_at": "2026-01-01T00:00:00+08:00",
    }  # fmt: skip


def review(number: str, rank: str, confirmed: str) -> dict[str, str]:
    return {
        "case_no": CASE, "claim_no": number, "rank": rank, "declared_amount": "0.00", "confirmed_amount": confirmed,
        "review_status": "confirmed", "reviewed_on": "2026-06-01",
    }  # fmt: skip


def paid(number: str, amount: str, on: str) -> dict[str, str]:
    return {
        "case_no": CASE, "claim_no": number, "rank": "tax", "payable_amount": amount, "paid_amount": amount,
        "paid_on": on,
    }  # fmt: skip


FIRST: Mapping[str, Any] = {
    "bankruptcy_case": [case_row(CASE), case_row(OTHER)],
    "claim_review": [review("A", "tax", "90.00")],
    "distribution": [paid("A", "10.00", "2026-06-20")],
    "tax_claim": [claim("A", "1", "original"), claim("B", "1", "original", OTHER)],
    "tax_claim_line": [
        line("A", "1", "1", "100.00", "tax"), line("A", "1", "2", "7.01", "ordinary"),
        line("B", "1", "1", "50.50", "tax"),
    ],
}  # fmt: skip
SECOND: Mapping[str, Any] = {
    "bankruptcy_case": [case_row(CASE), case_row(OTHER)],
    "claim_review": [review("A", "tax", "60.00")],
    "distribution": [paid("A", "10.00", "2026-06-20"), paid("A", "5.25", "2026-09-20")],
    "tax_claim": [claim("A", "2", "amendment"), claim("B", "2", "withdrawal", OTHER), claim("C", "1", "supplement")],
    "tax_claim_line": [
        line("A", "2", "1", "60.00", "tax"), line("A", "2", "2", "47.01", "ordinary"),
        line("C", "1", "1", "0.09", "tax"),
    ],
}  # fmt: skip


def landed(parts: Parts, period: str, number: int, rows: Mapping[str, Any], *, quarter: bool = True) -> None:
    """What an end knows once a quarter and its answer have gone round."""
    ours = parts.party == COURT
    with parts.ledger.transaction() as write:
        for name, given in rows.items():
            route = parts.agreement.route(BACK if name.startswith("tax") else OUT)
            text = frame(given).reindex(columns=list(route.wire(name).names)).astype("str")
            write.land(route, name, text, number=number, packet_id=f"{route.lane}.{number:06d}.Q")
        for route_id, out in ((OUT, ours), (BACK, not ours)):
            lane = parts.agreement.route(route_id).lane
            write.set_packet(
                PacketRecord(
                    lane=lane, number=number, packet_id=f"{lane}.{number:06d}.Q", direction="out" if out else "in",
                    kind="Q", exchange=None, state="sent" if out else "accepted", at=NOW,
                )
            )  # fmt: skip
        if quarter:
            opened = {
                "route": OUT, "direction": "out" if ours else "in", "kind": "Q", "period": period,
                "as_of": "2026-10-09", "batches": {}, "packet_id": f"{OUT}.{period}",
            }  # fmt: skip
            write.append(
                "exchange_opened" if ours else "taken_in", exchange=f"{OUT}.Q.{period}", actor="a", body=opened
            )


def sums(made: Any, rank: str) -> dict[str, str]:
    return {name: value for name, value in made.statement["ranks"][rank].items() if value != "0.00"}


def test_two_quarters_join_and_each_can_be_made_again(ends: Ends) -> None:
    court, _ = ends
    landed(court, "2026Q2", 1, FIRST)
    second = journeys.statement(court, "2026Q2")
    landed(court, "2026Q3", 2, SECOND)
    third = journeys.statement(replace(court, actor="liaison-1"), "2026Q3")
    assert sums(second, "tax") == {
        "new": "150.50", "closing": "150.50", "confirmed": "90.00", "disputed": "10.00", "unreviewed": "50.50",
        "payable": "10.00", "paid": "10.00", "outstanding": "80.00",
    }  # fmt: skip
    assert sums(third, "tax") == {
        "opening": "150.50", "supplement": "0.09", "amended_down": "-40.00", "withdrawn": "-50.50",
        "closing": "60.09", "confirmed": "60.00", "unreviewed": "0.09", "payable": "15.25", "paid_before": "10.00",
        "paid": "5.25", "outstanding": "44.75",
    }  # fmt: skip
    assert sums(third, "ordinary") == {
        "opening": "7.01", "amended_up": "40.00", "closing": "47.01", "unreviewed": "47.01",
    }  # fmt: skip
    assert court.ledger.exchange(second.key) is None
    again = journeys.statement(court, "2026Q2")
    assert (again.sha256, again.version) == (second.sha256, 1)
    with pytest.raises(NeedsPerson) as refused:
        journeys.statement(court, "2026Q2", again=True)
    assert refused.value.code == 934
    assert len(list(court.ledger.events(kind="statement_made"))) == 2
    assert court.ledger.verify() == []
    page = court.vault.get(third.key, "statement-v1.html").decode()
    assert [one in page for one in ("2026Q2", "2026Q3 ✓", third.sha256[:4], "<script")] == [True, True, True, False]
    assert third.unprinted is not None
    assert third.unprinted.code == 935
    book = openpyxl.load_workbook(io.BytesIO(court.vault.get(third.key, "statement-v1.xlsx")))
    formulas = {c.value for sheet in book for row in sheet for c in row if c.data_type == "f"}
    assert {str(one)[:5] for one in formulas} == {"=SUM("}


@pytest.mark.parametrize("table", [[], [review("Z", "tax", "90.00")]])
def test_a_quarter_without_claims_has_all_forms_also_where_the_table_lists_one(
    ends: Ends, table: list[dict[str, str]]
) -> None:
    court, _ = ends
    landed(court, "2026Q2", 1, {"bankruptcy_case": [case_row(CASE)], "claim_review": table})
    made = journeys.statement(court, "2026Q2")
    assert sums(made, "tax") if table else made.statement["rows"] == []
    page = court.vault.get(made.key, "statement-v1.html").decode()
    assert ("90.00" in page) == bool(table)
    assert '>Claims</span></dt><dd class="">0<' in page
    sheet = openpyxl.load_workbook(io.BytesIO(court.vault.get(made.key, "statement-v1.xlsx")))["明细 Lines"]
    listed = [[cell.value for cell in row[:4]] for row in sheet.iter_rows() if row[1].value == "Z"]
    assert [row[0] for row in listed] == [CASE] * len(table)
    assert signed(court)[1]


def test_both_ends_compute_the_same_and_what_comes_later_makes_a_new_version(ends: Ends) -> None:
    for parts in ends:
        landed(parts, "2026Q2", 1, FIRST)
    ours, theirs = (journeys.statement(parts, "2026Q2") for parts in ends)
    assert ours.sha256 == theirs.sha256
    landed(
        ends[0],
        "2026Q2",
        2,
        {"tax_claim": SECOND["tax_claim"], "tax_claim_line": SECOND["tax_claim_line"]},
        quarter=False,
    )
    assert journeys.statement(ends[0], "2026Q2").sha256 == ours.sha256
    later = journeys.statement(ends[0], "2026Q2", again=True)
    assert (later.version, later.statement["replaces"]) == (2, ours.sha256)
    assert journeys.statement(ends[0], "2026Q2", again=True).sha256 == later.sha256


def signed(parts: Parts, period: str = "2026Q2") -> tuple[bytes, bytes]:
    """Two officers sign; the statement's bytes and the signature."""
    assert [journeys.sign_statement(parts, period, OUT, by) for by in ("liaison-1", "chief-1")] == [
        "prepared",
        "signed",
    ]
    key = f"{OUT}.statement.{period}"
    return parts.vault.get(key, "statement-v1.json"), parts.vault.get(key, f"statement-v1.{parts.party}.p7s")


def told(parts: Parts) -> list[str]:
    return [e.kind for e in parts.ledger.events(exchange=f"{OUT}.statement.2026Q2")]


def test_both_sides_sign_the_same_bytes(ends: Ends, tmp_path: Path) -> None:
    court, tax = ends
    for parts in ends:
        landed(parts, "2026Q2", 1, FIRST)
    journeys.statement(court, "2026Q2")
    data, theirs = signed(court)
    landed(tax, "2026Q2", 2, {}, quarter=False)
    journeys.statement(tax, "2026Q2")
    refused(934, journeys.sign_statement, tax, "2026Q2", OUT, "liaison-1")
    assert journeys.compare_statement(tax, "2026Q2", OUT, data, theirs) == []
    same, ours = signed(tax)
    assert same == data
    assert journeys.compare_statement(court, "2026Q2", OUT, same, ours) == []
    assert told(court) == [
        "statement_made", "statement_prepared", "statement_signed", "statement_told", "statement_countersigned",
    ]  # fmt: skip
    assert told(tax)[-4:] == ["statement_checked", "statement_prepared", "statement_signed", "statement_told"]
    assert [parts.ledger.verify() for parts in ends] == [[], []]
    (tmp_path / "statement.json").write_bytes(data)
    for parts, signature in ((court, theirs), (tax, ours)):
        (tmp_path / "s.p7s").write_bytes(signature)
        _, certificate = parts.keys.signing()
        (tmp_path / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        command = "openssl cms -verify -binary -inform DER -in s.p7s -content statement.json -certfile c.pem"
        words = [*command.split(), "-nointern", "-noverify", "-out", "/dev/null"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_lines_that_differ_are_listed_and_nothing_is_signed(ends: Ends) -> None:
    court, tax = ends
    landed(court, "2026Q2", 1, FIRST)
    landed(tax, "2026Q2", 1, {**FIRST, "claim_review": [review("A", "tax", "90.01")]})
    journeys.statement(court, "2026Q2")
    data, signature = signed(court)
    found = journeys.compare_statement(tax, "2026Q2", OUT, data, signature)
    assert [(one["claim_no"], one["rank"], one["column"], one["theirs"], one["ours"]) for one in found] == [
        ("A", "tax", "confirmed", "90.00", "90.01"), ("A", "tax", "disputed", "10.00", "9.99"),
        ("A", "tax", "outstanding", "80.00", "80.01"),
    ]  # fmt: skip
    refused(934, journeys.sign_statement, tax, "2026Q2", OUT, "liaison-1")
    refused(201, journeys.compare_statement, tax, "2026Q2", OUT, data.replace(b"90.00", b"90.01"), signature)
    landed(court, "2026Q2", 2, {}, quarter=False)
    moved = SECOND["tax_claim"]
    landed(court, "2026Q2", 3, {"tax_claim": moved, "tax_claim_line": SECOND["tax_claim_line"]}, quarter=False)
    journeys.statement(court, "2026Q2", again=True)
    journeys.sign_statement(court, "2026Q2", OUT, "liaison-1")
    refused(910, journeys.sign_statement, court, "2026Q2", OUT, "liaison-1")
    journeys.sign_statement(court, "2026Q2", OUT, "chief-1")
    key = f"{OUT}.statement.2026Q2"
    second = [court.vault.get(key, f"statement-v2.{end}") for end in ("json", f"{COURT}.p7s")]
    refused(934, journeys.compare_statement, tax, "2026Q2", OUT, *second)


def refused(code: int, act: Callable[..., Any], *given: Any) -> None:
    with pytest.raises(NeedsPerson) as error:
        act(*given)
    assert error.value.code == code


def test_one_case_has_its_own_forms_and_a_quarter_never_exchanged_is_refused(ends: Ends) -> None:
    court, _ = ends
    landed(court, "2026Q2", 1, FIRST)
    printing = replace(court, prints=PdfPrints())
    part = journeys.statement(printing, "2026Q2", case="(2025)冀1103破2号")
    assert court.vault.get(part.key, f"{part.name}.pdf").startswith(b"%PDF-")
    assert part.statement["total"]["closing"] == "50.50"
    assert CASE not in court.vault.get(part.key, f"{part.name}.html").decode()
    for period, case, code in (("2026Q2", "（2025）冀1103破9号", 914), ("2026Q3", None, 934)):
        with pytest.raises(NeedsPerson) as refused:
            journeys.statement(court, period, case=case)
        assert refused.value.code == code
