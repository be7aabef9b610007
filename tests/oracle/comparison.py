"""The three books, compared naively: claim by claim, line by line."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from tests.oracle.court import Court
from tests.oracle.forms import FEN, Row, as_date, as_money, case_number, comparable_name, identifier

CLAIMS_STAGES = ("claims_open", "meeting_held", "declared", "plan_approved", "distribution")
COMPULSORY = "04"


class Comparison:
    """The three books: what the court sent, and the claims that came back."""

    def __init__(self, court: Court, answer: Path, levies: Mapping[str, str]) -> None:
        self.as_of, self.levies = court.as_of, levies
        self.cases = {case["number"]: case for case in court.sent}
        self.debtors = court.debtors
        records = {case["ajbs"] for case in court.sent}
        self.reviews, self.distributions = (
            [row for row in court.tables[name][0] if row["ajbs"] in records and not court.is_negative(name, row)]
            for name in ("claim_review", "distribution")
        )
        self.read(answer)
        self.breaks: list[Row] = []
        self.infos: list[Row] = []

    def read(self, answer: Path) -> None:
        versions: dict[str, dict[int, Row]] = {}
        for claim in _csv(answer / "tax_claim.csv"):
            claim["case"] = case_number(claim["case_no"])
            claim["debtor"] = identifier(claim["debtor_uscc"]) or identifier(claim["debtor_old_taxpayer_id"])
            claim["lines"], claim["payments"] = [], []
            versions.setdefault(claim["claim_no"], {})[int(claim["version"])] = claim
        for line in _csv(answer / "tax_claim_line.csv"):
            for name in ("period_start", "period_end", "due_on"):
                line[name] = as_date(line[name])
            line["amount"] = Decimal(line["amount"])
            claim = versions.get(line["claim_no"], {}).get(int(line["version"]))
            if claim:
                claim["lines"].append(line)
        for payment in _csv(answer / "tax_payment.csv") if (answer / "tax_payment.csv").exists() else ():
            for name in ("period_start", "period_end", "paid_on"):
                payment[name] = as_date(payment[name])
            payment["amount"] = Decimal(payment["amount"])
            claim = versions.get(payment["claim_no"], {}).get(int(payment["version"]))
            if claim:
                claim["payments"].append(payment)
        last = {number: found[max(found)] for number, found in versions.items()}
        for number, claim in last.items():
            first = versions[number].get(1)
            claim["first_filed"] = first["filed_on"] if first else claim["filed_on"]
        self.withdrawn = {number: claim for number, claim in last.items() if claim["kind"] == "withdrawal"}
        self.live = {number: claim for number, claim in last.items() if claim["kind"] != "withdrawal"}

    def run(self) -> None:
        for claim in self.live.values():
            case = self.cases.get(claim["case"])
            if case is None:
                self.add("UNKNOWN_CASE", claim)
                continue
            self.whole_claim(claim, case)
            for line in claim["lines"]:
                self.line(claim, line, case)
            self.book_b(claim)
        for number, claim in self.withdrawn.items():
            if any(row["sbh"] == number for row in self.reviews):
                self.add("WITHDRAWN_STILL_LISTED", claim)
        named = {claim["case"] for claim in self.live.values()}
        for number, case in self.cases.items():
            due = as_date(case["zqsbjzrq"])
            if case["stage"] in CLAIMS_STAGES and due and due < self.as_of and number not in named:
                self.breaks.append({"code": "NO_RESPONSE", "case_no": number, "claim_no": None})

    def add(self, code: str, claim: Row, info: bool = False, **where: Any) -> None:
        entry = {"code": code, "case_no": claim["case"], "claim_no": claim["claim_no"], **where}
        kept = self.infos if info else self.breaks
        if entry not in kept:
            kept.append(entry)

    def matching(self, claim: Row, case: Row) -> list[Row]:
        """The case's debtors the claim's id names."""
        column = "tyshxydm" if identifier(claim["debtor_uscc"]) else "nsrsbh"
        return [d for d in self.debtors[case["ajbs"]] if claim["debtor"] and identifier(d[column]) == claim["debtor"]]

    def whole_claim(self, claim: Row, case: Row) -> None:
        column = "tyshxydm" if identifier(claim["debtor_uscc"]) else "nsrsbh"
        matching = [
            d for d in self.debtors[case["ajbs"]] if claim["debtor"] and identifier(d[column]) == claim["debtor"]
        ]
        names = [comparable_name(d[name]) for d in matching for name in ("mc", "cym") if d[name]]
        if not matching:
            self.add("DEBTOR_MISMATCH", claim)
        elif comparable_name(claim["debtor_name"]) not in names:
            self.add("NAME_DIFFERS", claim)
        if abs(Decimal(claim["total_amount"]) - sum(line["amount"] for line in claim["lines"])) > FEN:
            self.add("TOTAL_DIFFERS", claim)
        if case["ajlx_dm"] != COMPULSORY and as_date(claim["cutoff_on"]) != as_date(case["slrq"]):
            self.add("CUTOFF_DIFFERS", claim)
        due = as_date(case["zqsbjzrq"])
        if due and as_date(claim["first_filed"]) > due:
            self.add("FILED_LATE", claim)
        earlier = [other for other in self.live.values() if self.order(other) < self.order(claim)]
        taken = {self.same(other, line) for other in earlier for line in other["lines"]}
        if any(self.same(claim, line) in taken for line in claim["lines"]):
            self.add("DUPLICATE_CLAIM", claim)

    @staticmethod
    def order(claim: Row) -> tuple[str, str]:
        return claim["first_filed"], claim["claim_no"]

    def same(self, claim: Row, line: Row) -> tuple[Any, ...]:
        own = (line["levy_code"], line["period_start"], line["period_end"], line["component"])
        case = self.cases.get(claim["case"])
        matching = self.matching(claim, case) if case else []
        return (claim["case"], matching[0]["zwrbs"] if matching else claim["debtor"], *own)

    def line(self, claim: Row, line: Row, case: Row) -> None:
        at = {"line_no": int(line["line_no"])}
        compulsory = case["ajlx_dm"] == COMPULSORY
        if line["component"] == "late_fee":
            self.late_fee(claim, line, as_date(claim["cutoff_on"] if compulsory else case["slrq"]), at)
        if line["rank"] != self.right_rank(line):
            self.add("RANK_DIFFERS", claim, **at)
        if not compulsory and line["period_start"] > as_date(case["slrq"]):
            self.add("POST_ACCEPTANCE_PERIOD", claim, **at)

    def late_fee(self, claim: Row, line: Row, cut_off: date, at: Row) -> None:
        equal = ("levy_code", "period_start", "period_end")
        principal = [
            other["amount"]
            for other in claim["lines"]
            if other["component"] == "principal" and all(other[name] == line[name] for name in equal)
        ]
        paid = [
            payment
            for payment in claim["payments"]
            if payment["paid_on"] <= cut_off and all(payment[name] == line[name] for name in equal)
        ]
        if not principal and not paid:
            self.add("LATE_FEE_NO_PRINCIPAL", claim, True, **at)
            return
        rate = Decimal("0.0005")
        segments = [(sum(principal), cut_off), *((payment["amount"], payment["paid_on"]) for payment in paid)]
        fee = sum(
            (amount * rate * max(0, (until - line["due_on"]).days)).quantize(FEN, ROUND_HALF_UP)
            for amount, until in segments
        )
        whole = sum(amount for amount, _ in segments)
        difference = abs(line["amount"] - fee)
        if difference > Decimal("0.05"):
            if any(abs(difference - abs(base * rate)) <= Decimal("0.05") for base in (sum(principal), whole)):
                self.add("LATE_FEE_ONE_DAY", claim, True, **at)
            else:
                self.add("LATE_FEE_DIFFERS", claim, **at)
        if line["amount"] > whole:
            self.add("LATE_FEE_OVER_PRINCIPAL", claim, True, **at)

    def right_rank(self, line: Row) -> str:
        kind = self.levies[line["levy_code"]]
        if line["component"] == "principal":
            return {"tax": "tax", "surcharge": "tax", "social_insurance": "social_insurance", "nontax": "ordinary"}[
                kind
            ]
        if line["component"] == "late_fee":
            return "subordinated" if kind == "social_insurance" else "ordinary"
        return {"interest": "ordinary", "fine": "subordinated"}[line["component"]]

    def book_b(self, claim: Row) -> None:
        for row in self.reviews:
            if row["sbh"] != claim["claim_no"]:
                continue
            rank, declared, confirmed = row["zqxz_dm"], as_money(row["sbje"]), as_money(row["qrje"])
            due = sum((line["amount"] for line in claim["lines"] if line["rank"] == rank), Decimal(0))
            if declared is not None and abs(declared - due) > FEN:
                suspect = abs(declared * 10000 - due) <= 50
                self.add("UNIT_SUSPECT" if suspect else "DECLARED_DIFFERS", claim, rank=rank)
            elif declared is not None and confirmed is not None and abs(confirmed - due) > FEN:
                self.add("CONFIRMED_DIFFERS", claim, rank=rank)
        sums: dict[str, Decimal] = {}
        for row in self.distributions:
            paid_on = as_date(row["fprq"])
            if row["sbh"] == claim["claim_no"] and paid_on and paid_on <= self.as_of:
                difference = (as_money(row["sfje"]) or 0) - (as_money(row["yfje"]) or 0)
                sums[row["zqxz_dm"]] = sums.get(row["zqxz_dm"], Decimal(0)) + difference
        for rank, difference in sums.items():
            if abs(difference) > FEN:
                self.add("PAID_DIFFERS", claim, rank=rank)


def _csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
