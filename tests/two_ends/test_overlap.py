"""Two versions of a contract for a while: the old one is accepted up to a day, which the receipts tell."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.contracts_files import check, load_agreement
from exchange.adapters.ledger_sql import open_ledger
from exchange.adapters.notify_log import LogNotifier
from exchange.domain.canonical import strict_json
from exchange.domain.contract_diff import TABLE, diff_agreements
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement
from exchange.domain.urgency import UrgentRound
from exchange.steps.watch import watch
from tests.fakes.ends import CASES, ROOT, End, case_frames, later, two_ends
from tests.servers import PostgresServer

KEY = "131103-cases.Q.2026Q3"
OLD = load_agreement(ROOT)
UNTIL = date(2026, 10, 20)
COLUMN_ADDED = "remark"
CALENDAR = calendar(None)


def edit(file: Path, *changes: tuple[str, str]) -> None:
    """Replace texts of a file, the first of each."""
    text = file.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, "utf-8")


def new_version(root: Path, *, route: str = CASES, **supersedes: Any) -> Path:
    """A root that agrees on a column more in bankruptcy_case, and keeps the version before."""
    for name in ("contracts", "schemas"):
        copytree(ROOT / name, root / name)
        copytree(ROOT / name, root / "contracts/superseded/1.0.0" / name)
    column = f"""      - name: {COLUMN_ADDED}
        businessName: 备注
        description: "备注。 A remark."
        logicalType: string
        physicalType: TEXT
        required: false
        customProperties:
          - property: nameEn
            value: Remark
"""
    first = "      - name: petition_case_no"
    dataset = root / "contracts/datasets/bankruptcy_case.odcs.yaml"
    edit(dataset, ("version: 1.0.0", "version: 1.1.0"), (first, column + first))
    for file in (root / "contracts/routes").glob("*.yaml"):
        text = file.read_text("utf-8")
        file.write_text(re.sub(r"(dataset: bankruptcy_case,?\s+version: 1\.)0", r"\g<1>1", text), "utf-8")
    before = {
        "version": "1.0.0", "contract_sha256": OLD.routes[route].contract_sha256, "kept": "1.0.0",
        "until": UNTIL.isoformat(), "warn_days": "14", **supersedes,
    }  # fmt: skip
    told = "".join(f"  {name}: {text if name == 'warn_days' else repr(text)}\n" for name, text in before.items())
    edit(root / f"contracts/routes/{route}.yaml", ("version: 1.0.0\n", f"version: 1.1.0\nsupersedes:\n{told}"))
    return root


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return load_agreement(new_version(tmp_path_factory.mktemp("new")))


def packed(court: End, key: str = KEY, *numbers: int) -> str:
    court.approve(key, CASES, case_frames(*(numbers or (1, 2))))
    packet_id = court.pack(key)
    court.sent(packet_id)
    return packet_id


def receipts(tax: End, court: End, packet_id: str) -> list[dict[str, Any]]:
    """What the tax end answers, taken in at the court."""
    told = []
    for receipt in tax.acknowledge(packet_id):
        tax.sent(receipt)
        assert court.take_in(court.collect(receipt, tax.files(receipt))).result == "accepted"
        told.append(strict_json(court.vault.get(receipt, "inside/receipt.json")))
    return told


def alerts(end: End, today: date) -> int:
    found = watch(
        urgent=UrgentRound(cases=(), keys=()), agreement=end.agreement, party=end.party, ledger=end.ledger,
        notifier=LogNotifier(end.home / "alerts.log"), calendar=CALENDAR, today=today,
    )  # fmt: skip
    return found.get("contract_overlap_ends", 0)


def goes_over(court: End, tax: End, new: Agreement) -> None:
    """An old sender, a new receiver: landed with the added column empty, the end told to both."""
    tax.agreement = new
    packet_id = packed(court)
    taken = tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    assert (taken.result, taken.code) == ("accepted", None)
    landed = tax.ledger.landed(new.routes[CASES], "bankruptcy_case")
    assert len(landed) == 2
    assert landed["remark"].isna().all()
    opened, validated = receipts(tax, court, packet_id)
    assert "overlap" not in opened
    assert validated["overlap"] == {"version": "1.0.0", "until": "2026-10-20"}
    assert "2026-10-20" in validated["summary"]["zh"]
    assert "2026-10-20" in tax.vault.get(packet_id, "received.html").decode()
    (event,) = court.ledger.events(exchange=KEY, kind="receipt_validated")
    assert event.body["overlap"] == {"version": "1.0.0", "until": "2026-10-20"}


def test_the_version_before_is_accepted_and_its_end_is_in_the_receipt(tmp_path: Path, new: Agreement) -> None:
    court, tax = two_ends(tmp_path)
    goes_over(court, tax, new)
    assert alerts(court, date(2026, 10, 9)) == 1
    assert alerts(tax, date(2026, 10, 5)) == 0
    assert alerts(tax, date(2026, 10, 6)) == 1
    assert alerts(tax, date(2026, 10, 6)) == 0
    assert alerts(tax, date(2026, 10, 21)) == 0


def test_on_postgresql_a_table_gets_the_added_column(
    tmp_path: Path, new: Agreement, postgres_server: PostgresServer
) -> None:
    court, tax = two_ends(tmp_path)
    for end in (court, tax):
        end.ledger = open_ledger(postgres_server.url(postgres_server.new_database()), clock=end.clock)
    packet_id = packed(court)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    later(court, days=1)
    tax.agreement = new
    again = packed(court, "131103-cases.Q.2026Q3.2", 3)
    assert tax.take_in(tax.collect(again, court.files(again))).result == "accepted"
    assert len(tax.ledger.landed(new.routes[CASES], "bankruptcy_case")) == 3


def test_after_its_end_it_is_refused_and_both_versions_are_named(tmp_path: Path, new: Agreement) -> None:
    court, tax = two_ends(tmp_path, start=datetime(2026, 10, 20, 15, 59, tzinfo=UTC))
    tax.agreement = new
    last = packed(court)
    later(court, minutes=2)
    late = packed(court, "131103-cases.Q.2026Q3.2", 3)
    assert tax.take_in(tax.collect(last, court.files(last))).result == "accepted"
    refused = tax.take_in(tax.collect(late, court.files(late)))
    assert (refused.result, refused.code) == ("refused", 406)


def test_a_new_sender_is_refused_by_an_old_receiver(tmp_path: Path, new: Agreement) -> None:
    court, tax = two_ends(tmp_path)
    court.agreement = new
    frames = case_frames(1)
    frames["bankruptcy_case"]["remark"] = None
    court.approve(KEY, CASES, frames)
    packet_id = court.pack(KEY)
    court.sent(packet_id)
    refused = tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    assert (refused.result, refused.code) == ("refused", 406)
    assert "1.0.0" in next(tax.ledger.events(exchange=packet_id, kind="packet_refused")).body["where"]


def test_new_and_new_say_nothing_of_an_end(tmp_path: Path, new: Agreement) -> None:
    court, tax = two_ends(tmp_path)
    court.agreement = tax.agreement = new
    frames = case_frames(1)
    frames["bankruptcy_case"]["remark"] = None
    court.approve(KEY, CASES, frames)
    packet_id = court.pack(KEY)
    court.sent(packet_id)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"
    assert all("overlap" not in told for told in receipts(tax, court, packet_id))


def test_a_version_kept_that_is_not_the_one_agreed_is_told(tmp_path: Path) -> None:
    root = new_version(tmp_path / "a", contract_sha256="0" * 64)
    assert any("supersedes.contract_sha256" in str(problem) for problem in check(root))
    with pytest.raises(NeedsPerson) as absent:
        load_agreement(new_version(tmp_path / "b", kept="0.9.0"))
    assert absent.value.code == 905
    assert any("supersedes.until" in str(p) for p in check(new_version(tmp_path / "c", until="2026-02-30")))


def test_another_end_is_a_difference_of_the_agreement(new: Agreement) -> None:
    overlap = new.routes[CASES].overlap
    assert overlap is not None
    longer = replace(new.routes[CASES], overlap=replace(overlap, until=date(2026, 11, 20)))
    (change,) = diff_agreements(new, replace(new, routes={**new.routes, CASES: longer}), new.codes[TABLE])
    assert change.where == ("route", CASES, "supersedes")
