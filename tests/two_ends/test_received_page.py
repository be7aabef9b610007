"""The page of a packet received: rows, sums, what was refused, and the receipts given; no value of a debtor."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.fakes.ends import CASES, CLAIMS, End, case_frames, claim_frames, two_ends

PAGE = "received.html"


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return two_ends(tmp_path)


def sent(one: End, other: End, key: str, route: str, frames: dict[str, pd.DataFrame], kind: str = "Q") -> str:
    """A packet made at one end, put where the other collects."""
    one.approve(key, route, frames, kind=kind)
    packet_id = one.pack(key)
    one.sent(packet_id)
    return other.collect(packet_id, one.files(packet_id))


def receipts(of: End, to: End, packet_id: str) -> list[str]:
    """The receipts one end gives, taken in at the other."""
    given = of.acknowledge(packet_id)
    for receipt in given:
        to.collect(receipt, of.files(receipt))
        to.take_in(receipt)
    return given


def test_an_accepted_packet_has_a_page_with_both_receipts(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = sent(court, tax, "Q1", CASES, case_frames(1, 2))
    tax.take_in(packet_id)
    assert not tax.vault.has(packet_id, PAGE)
    given = tax.acknowledge(packet_id)
    page = tax.vault.get(packet_id, PAGE).decode()
    assert 'data-party="tax"' in page
    assert "收到 6 行，入库 6 行，退回 0 行" in page
    assert len(given) == 2
    assert all(receipt in page for receipt in given)
    assert page.index(given[0]) < page.index(given[1])
    assert [secret for secret in ("91131103MA0ABCDE67", "公司1", "赵") if secret in page] == []
    assert tax.acknowledge(packet_id) == []
    assert tax.vault.get(packet_id, PAGE).decode() == page
    assert not any(tax.vault.has(receipt, PAGE) for receipt in given)


def test_records_refused_stand_on_the_page_with_rule_and_hash(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = sent(court, tax, "Q1", CASES, case_frames(1))
    tax.take_in(packet_id)
    receipts(tax, court, packet_id)
    stranger = "91131100MA0BBBBB67"
    frames = claim_frames(stranger)
    frames["tax_claim"] = frames["tax_claim"].assign(kind="first")
    answer = sent(tax, court, "A1", CLAIMS, frames, kind="A")
    assert court.take_in(answer).rejected == 2
    receipts(court, tax, answer)
    page = court.vault.get(answer, PAGE).decode()
    assert 'data-party="court"' in page
    assert "本端未曾发送的债务人" in page
    assert "代码不在代码表" in page
    assert "E601" in page
    assert "E603" in page
    assert stranger not in page


def test_a_packet_refused_says_why_and_one_held_what_is_missing(ends: tuple[End, End]) -> None:
    court, tax = ends
    first = sent(court, tax, "Q1", CASES, case_frames(1))
    second = sent(court, tax, "Q2", CASES, case_frames(2))
    tax.vault.put(first, "packet/payload-0001.p7m", b"0" * 100)
    held = tax.take_in(second)
    assert held.result == "held"
    tax.acknowledge(second)
    assert "此前缺少序号：1" in tax.vault.get(second, PAGE).decode()
    assert tax.take_in(first).result == "refused"
    tax.acknowledge(first)
    assert "拒收" in tax.vault.get(first, PAGE).decode()
    assert "收到 3 行，入库 3 行" in tax.vault.get(second, PAGE).decode()
