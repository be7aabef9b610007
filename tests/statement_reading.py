"""A quarter's statement worked out from a world's own files by plain Python: a second reading that shares no code with
the product. For a first quarter, whose opening is nothing."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

Key = tuple[str, str]
"""Claim and rank."""
NOTHING = Decimal("0.00")


def statement_of(world: Path) -> dict[str, dict[str, str]]:
    """rank → column → yuan, of the claims of `tax_return/`, the court's tables, and the cases the answers say were
    sent."""
    claims, lines = _csv(world / "tax_return/tax_claim.csv"), _csv(world / "tax_return/tax_claim_line.csv")
    sent = json.loads((world / "answers.json").read_text(encoding="utf-8"))["sent"]
    rows: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: NOTHING))
    _claimed(rows, claims, lines)
    _tables(rows, world / "court_db.sql", {str(record) for record in sent})
    told: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: NOTHING))
    for (_, rank), amounts in rows.items():
        for column, amount in amounts.items():
            told[rank][column] += amount
    return {
        rank: {name: f"{amount:.2f}" for name, amount in amounts.items() if amount} for rank, amounts in told.items()
    }


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _claimed(
    rows: dict[Key, dict[str, Decimal]], claims: Iterable[dict[str, str]], lines: Iterable[dict[str, str]]
) -> None:
    """What was claimed, version by version: each one's lines less those of the version before, rank by rank."""
    by_version: dict[tuple[str, int], dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: NOTHING))
    for line in lines:
        by_version[line["claim_no"], int(line["version"])][line["rank"]] += Decimal(line["amount"])
    for claim_no, versions in _versions(claims):
        before: dict[str, Decimal] = {}
        for number, claim in versions:
            now = {} if claim["kind"] == "withdrawal" else by_version[claim_no, number]
            for rank in {*before, *now}:
                change = now.get(rank, NOTHING) - before.get(rank, NOTHING)
                rows[claim_no, rank][_column(claim, change, first=number == versions[0][0])] += change
                rows[claim_no, rank]["closing"] += change
            before = dict(now)


def _versions(claims: Iterable[dict[str, str]]) -> Iterator[tuple[str, list[tuple[int, dict[str, str]]]]]:
    found: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for claim in claims:
        found[claim["claim_no"]].append((int(claim["version"]), claim))
    for claim_no, versions in found.items():
        yield claim_no, sorted(versions, key=lambda one: one[0])


def _column(claim: dict[str, str], change: Decimal, *, first: bool) -> str:
    if first:
        return "supplement" if claim["kind"] == "supplement" else "new"
    if claim["kind"] == "withdrawal":
        return "withdrawn"
    return "amended_up" if change > 0 else "amended_down"


def _tables(rows: dict[Key, dict[str, Decimal]], dump: Path, sent: set[str]) -> None:
    """What the administrator's table and the distributions say of the claims of cases sent; negative rows were held."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(dump.read_text(encoding="utf-8"))
        reviews = database.execute("SELECT ajbs, sbh, zqxz_dm, sbje, qrje, zqrmc FROM pc_zqsh").fetchall()
        payments = database.execute("SELECT ajbs, sbh, zqxz_dm, yfje, sfje FROM pc_fp").fetchall()
    reviewed: set[Key] = set()
    others = {(case, claim) for case, claim, *_, creditor in reviews if "税务" not in str(creditor)}
    ours = {(case, claim) for case, claim, *_, creditor in reviews if "税务" in str(creditor)}
    for case, claim, rank, declared, confirmed, creditor in reviews:
        if str(case) in sent and "税务" in str(creditor) and min(_yuan(declared), _yuan(confirmed)) >= 0:
            reviewed.add((claim, rank))
            rows[claim, rank]["confirmed"] += _yuan(confirmed)
    for case, claim, rank, payable, paid in payments:
        held = min(_yuan(payable), _yuan(paid)) < 0 or (case, claim) in others - ours
        if str(case) in sent and not held:
            rows[claim, rank]["payable"] += _yuan(payable)
            rows[claim, rank]["paid"] += _yuan(paid)
    for key, amounts in rows.items():
        amounts["disputed" if key in reviewed else "unreviewed"] += amounts["closing"] - amounts["confirmed"]
        amounts["outstanding"] += amounts["confirmed"] - amounts["paid"]


def _yuan(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))
