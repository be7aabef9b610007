"""The court's end, read naively: what it selects, normalises, holds, warns of and finds urgent."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date, timedelta

from tests.oracle.forms import (
    Row,
    as_date,
    as_money,
    case_number,
    first_day,
    form,
    identifier,
    nfkc,
    number_rules,
    strip_blanks,
    three_months_after,
    uscc_is_right,
    uscc_rules,
)

STAGES = {
    "10": "petition",
    "20": "accepted",
    "30": "claims_open",
    "40": "meeting_held",
    "50": "declared",
    "60": "plan_approved",
    "70": "distribution",
    "80": "terminated",
    "90": "not_accepted",
}


def rows(db: sqlite3.Connection, sql: str) -> list[Row]:
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


class Court:
    """What the court's end concludes from its database."""

    def __init__(self, db: sqlite3.Connection, *, period: str, as_of: date, courts: Mapping[str, set[str]]) -> None:
        self.as_of, self.courts, self.start = as_of, courts, first_day(period)
        self.debtors: dict[int, list[Row]] = {}
        for row in rows(db, "SELECT * FROM pc_zwr"):
            self.debtors.setdefault(row["ajbs"], []).append(row)
        self.tables = {
            "asset_disposal": (rows(db, "SELECT * FROM pc_cccz"), ("pgj", "cjj")),
            "claim_review": (rows(db, "SELECT * FROM pc_zqsh"), ("sbje", "qrje")),
            "distribution": (rows(db, "SELECT * FROM pc_fp"), ("yfje", "sfje")),
        }
        self.cases = [case for case in rows(db, "SELECT * FROM pc_aj") if self.is_selected(case)]
        for case in self.cases:
            case["number"] = case_number(case["ah"] or "")
            case["stage"] = STAGES.get(case["ajzt_dm"] or "")
        self.broken = {case["ajbs"]: self.rejects(case) for case in self.cases}
        self.sent = [case for case in self.cases if not self.broken[case["ajbs"]]]

    def is_selected(self, case: Row) -> bool:
        if case["fydm"] not in self.courts or case["ajzt_dm"] in ("10", "90"):
            return False
        ended, updated = as_date(case["zjrq"]), as_date(case["gxsj"])
        return ended is None or ended >= self.start or (updated is not None and updated >= self.start)

    def fits(self, case: Row) -> bool:
        well_formed, code = form(case["number"])
        return well_formed and (code is None or code in self.courts[case["fydm"]])

    def rejects(self, case: Row) -> set[str]:
        found = set()
        well_formed, code = form(case["number"])
        if not well_formed:
            found.add("case_no_malformed")
        elif code is not None and code not in self.courts[case["fydm"]]:
            found.add("court_code_differs_from_case_no")
        same = [other for other in self.cases if case["number"] and other["number"] == case["number"]]
        fitting = [other for other in same if self.fits(other)]
        if len(same) > 1 and not (len(fitting) == 1 and fitting[0] is case):
            found.add("duplicate_case_no")
        found |= self.date_rejects(case)
        debtors = self.debtors.get(case["ajbs"], [])
        if not debtors:
            found.add("case_without_debtor")
        for debtor in debtors:
            code = identifier(debtor["tyshxydm"])
            if code and not uscc_is_right(code):
                found.add("uscc_check_digit")
            for name in (debtor["mc"] or "", debtor["cym"] or ""):
                if nfkc(strip_blanks(name))[:1] in ("=", "+", "-", "@"):
                    found.add("name_is_a_formula")
                if "*" in nfkc(name):
                    found.add("name_is_masked")
        return found

    def date_rejects(self, case: Row) -> set[str]:
        found = set()
        accepted, announced, due = (as_date(case[name]) for name in ("slrq", "ggrq", "zqsbjzrq"))
        if case["stage"] is None:
            found.add("unknown_stage_code")
        elif accepted is None:
            found.add("accepted_on_missing")
        if accepted is not None and accepted > self.as_of:
            found.add("accepted_on_in_future")
        if announced is not None and due is not None and due < announced:
            found.add("claims_due_before_announcement")
        return found

    def is_negative(self, dataset: str, row: Row) -> bool:
        amounts = [as_money(row[column]) for column in self.tables[dataset][1]]
        return any(amount is not None and amount < 0 for amount in amounts)

    def quarantined(self) -> list[Row]:
        found = []
        for case in self.cases:
            for rule in self.broken[case["ajbs"]]:
                found.append(
                    {"rule": rule, "dataset": "bankruptcy_case", "record": case["ajbs"], "case_no": case["ah"]}
                )
            for dataset, (given, _) in self.tables.items():
                if any(row["ajbs"] == case["ajbs"] and self.is_negative(dataset, row) for row in given):
                    found.append(
                        {"rule": "negative_amount", "dataset": dataset, "record": case["ajbs"], "case_no": case["ah"]}
                    )
        return found

    def warned(self) -> list[Row]:
        found = []
        for case in self.sent:
            announced, due, meeting = (as_date(case[name]) for name in ("ggrq", "zqsbjzrq", "dychyrq"))
            rules = set()
            for debtor in self.debtors[case["ajbs"]]:
                if not identifier(debtor["tyshxydm"]) and len(identifier(debtor["nsrsbh"])) == 15:
                    rules.add("uscc_missing_old_taxpayer_id")
            if announced and due and due < announced + timedelta(days=30):
                rules.add("claim_period_shorter_than_30_days")
            if announced and due and due > three_months_after(announced):
                rules.add("claim_period_longer_than_3_months")
            if due and meeting and meeting < due:
                rules.add("meeting_before_claims_due")
            found += [{"rule": rule, "record": case["ajbs"], "case_no": case["ah"]} for rule in rules]
        return found

    def normalised(self) -> list[Row]:
        found = []
        for case in self.cases:
            listed = [(rule, case["number"]) for rule in number_rules(case["ah"] or "")]
            for debtor in self.debtors.get(case["ajbs"], []):
                for name in (debtor["mc"], debtor["cym"]):
                    if name and name.strip() and strip_blanks(name) != name:
                        listed.append(("blanks_around_name", strip_blanks(name)))
                for code in filter(str.strip, (debtor["tyshxydm"] or "", debtor["nsrsbh"] or "")):
                    listed += [(rule, identifier(code)) for rule in uscc_rules(code)]
            found += [{"rule": rule, "record": case["ajbs"], "case_no": case["ah"], "to": to} for rule, to in listed]
        return found

    def urgent(self) -> list[Row]:
        found = []
        for case in self.cases:
            due, accepted = as_date(case["zqsbjzrq"]), as_date(case["slrq"])
            reasons = []
            if case["sfzd"]:
                reasons.append("major")
            if due and 0 <= (due - self.as_of).days <= 7:
                reasons.append("claims_due_within_7_days")
            if accepted and 0 <= (self.as_of - accepted).days <= 7:
                reasons.append("accepted_within_7_days")
            if reasons and case["stage"] != "terminated":
                held = bool(self.broken[case["ajbs"]])
                found.append({"record": case["ajbs"], "case_no": case["ah"], "reasons": reasons, "held": held})
        return found
