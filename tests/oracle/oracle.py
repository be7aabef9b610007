"""A second, naive reading of docs/data.md and docs/reconciliation.md: a database and an answer in, an outcome out.

Plain loops over rows, standard library only (and the calendar's table of holidays); nothing of the product is imported,
so that a shared mistake has to be made twice. Slow, short and meant to be compared, not used.
"""

from __future__ import annotations

import calendar
import csv
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import chinese_calendar

Row = dict[str, Any]
FEN = Decimal("0.01")
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
AFTER_ACCEPTANCE = ("accepted", "claims_open", "meeting_held", "declared", "plan_approved", "distribution")
CLAIMS_STAGES = AFTER_ACCEPTANCE[1:]
COMPULSORY = "04"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
TORTOISE = "〔〕﹝﹞"
OPENING = "([{〔【〖《〈「『〘〚⟨⟦⟪❨❪❬❮❰❲❴⦅⦗"
CLOSING = ")]}〕】〗》〉」』〙〛⟩⟧⟫❩❫❭❯❱❳❵⦆⦘"
P = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新兵军"
T = "破申|破终|破监|清申|清终|清监|强清|破"
STRICT = re.compile(rf"（(?P<y>20\d{{2}})）(?P<c>[{P}]\d{{2,4}})(?P<t>{T})(?P<n>[1-9]\d*)号")
LEGACY1 = re.compile(
    r"[（(](?P<y>\d{4})[)）](?P<c>[\u4e00-\u9fa5]{1,8}?)(?P<t>民破|商破|破|民算)(?:字)?第(?P<n>\d+)号(?:之.+)?"
)
LEGACY2 = re.compile(rf"[（(]?(?P<y>\d{{4}})[)）]?(?P<c>[{P}]\d{{0,4}})(?P<t>民破|民算)(?P<n>\d+)号")
SUFFIX_AFTER = re.compile(r"(.*号)(?:之|-)(?:[一二三四五六七八九十百]+|\d+)")
SUFFIX_BEFORE = re.compile(r"(.*)(?:之|-)(?:[一二三四五六七八九十百]+|\d+)号")


def is_blank(char: str) -> bool:
    return char.isspace() or char in ZERO_WIDTH


def without_blanks(text: str) -> str:
    return "".join(c for c in text if not is_blank(c))


def strip_blanks(text: str) -> str:
    while text and is_blank(text[0]):
        text = text[1:]
    while text and is_blank(text[-1]):
        text = text[:-1]
    return text


def nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def case_number(raw: str) -> str:
    text = without_blanks(nfkc(raw))
    text = "".join("（" if c in OPENING else "）" if c in CLOSING else c for c in text)
    for suffix in (SUFFIX_AFTER, SUFFIX_BEFORE):
        match = suffix.fullmatch(text)
        if match:
            return match[1] + ("" if suffix is SUFFIX_AFTER else "号")
    return text


def identifier(raw: str | None) -> str:
    return without_blanks(nfkc(raw or "")).upper()


def comparable_name(raw: str | None) -> str:
    return without_blanks(nfkc(raw or ""))


def is_other_width(char: str) -> bool:
    """A character NFKC changes that is neither a blank nor a bracket."""
    return nfkc(char) != char and not is_blank(char) and nfkc(char) not in OPENING and nfkc(char) not in CLOSING


def number_rules(raw: str) -> list[str]:
    rules = []
    if any(c in "()" for c in raw):
        rules.append("half_width_brackets")
    if any(c in TORTOISE for c in raw):
        rules.append("tortoise_shell_brackets")
    if any(
        (c in OPENING or c in CLOSING or nfkc(c) in OPENING or nfkc(c) in CLOSING) and c not in "()（）" + TORTOISE
        for c in raw
    ):
        rules.append("other_brackets")
    if any(is_blank(c) for c in raw):
        rules.append("blanks_in_case_no")
    if any("０" <= c <= "９" for c in raw):
        rules.append("full_width_digits_in_case_no")
    if any(is_other_width(c) and not "０" <= c <= "９" for c in raw):
        rules.append("other_width")
    return rules


def uscc_rules(raw: str) -> list[str]:
    rules = []
    if nfkc(raw) != nfkc(raw).upper():
        rules.append("lower_case_uscc")
    if any(is_blank(c) for c in raw):
        rules.append("blanks_in_uscc")
    if any(nfkc(c) != c and not is_blank(c) for c in raw):
        rules.append("other_width")
    return rules


def uscc_is_right(code: str) -> bool:
    if len(code) != 18 or any(c not in ALPHABET for c in code):
        return False
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=False))
    return ALPHABET[(31 - total % 31) % 31] == code[17]


def form(number: str) -> tuple[bool, str | None]:
    """Whether the number is well formed, and its court code where that is checked."""
    match = STRICT.fullmatch(number) or LEGACY2.fullmatch(number)
    if match:
        return True, match["c"]
    return LEGACY1.fullmatch(number) is not None, None


def is_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        fixed = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3), (4, 4 if day.year % 4 in (0, 1) else 5)}
        return day.weekday() < 5 and (day.month, day.day) not in fixed


def three_months_after(day: date) -> date:
    year, month = day.year + (day.month + 2) // 12, (day.month + 2) % 12 + 1
    last = calendar.monthrange(year, month)[1]
    end = date(year, month, min(day.day, last))
    while not is_workday(end):
        end += timedelta(days=1)
    return end


def as_date(value: object) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value not in (None, "") else None


def as_money(value: object) -> Decimal | None:
    return Decimal(str(value)).quantize(FEN) if value not in (None, "") else None


def first_day(period: str) -> date:
    return date(int(period[:4]), int(period[5]) * 3 - 2, 1)


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
            claim["lines"] = []
            versions.setdefault(claim["claim_no"], {})[int(claim["version"])] = claim
        for line in _csv(answer / "tax_claim_line.csv"):
            for name in ("period_start", "period_end", "due_on"):
                line[name] = as_date(line[name])
            line["amount"] = Decimal(line["amount"])
            claim = versions.get(line["claim_no"], {}).get(int(line["version"]))
            if claim:
                claim["lines"].append(line)
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
        if not principal:
            self.add("LATE_FEE_NO_PRINCIPAL", claim, True, **at)
            return
        a_day = sum(principal) * Decimal("0.0005")
        days = max(0, (cut_off - line["due_on"]).days)
        difference = abs(line["amount"] - (a_day * days).quantize(FEN, ROUND_HALF_UP))
        if difference > Decimal("0.05"):
            if abs(difference - a_day) <= Decimal("0.05"):
                self.add("LATE_FEE_ONE_DAY", claim, True, **at)
            else:
                self.add("LATE_FEE_DIFFERS", claim, **at)
        if line["amount"] > sum(principal):
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


def oracle(
    db: sqlite3.Connection,
    answer: Path,
    *,
    period: str,
    as_of: date,
    courts: Mapping[str, set[str]],
    levies: Mapping[str, str],
) -> dict[str, Any]:
    """The compared keys of outcome.json. `courts`: codes in case numbers by court; `levies`: kind by levy code."""
    court = Court(db, period=period, as_of=as_of, courts=courts)
    books = Comparison(court, answer, levies)
    books.run()
    return {
        "period": period,
        "as_of": as_of.isoformat(),
        "selected": [case["ajbs"] for case in court.cases],
        "sent": [case["ajbs"] for case in court.sent],
        "normalised": court.normalised(),
        "quarantined": court.quarantined(),
        "warned": court.warned(),
        "urgent": court.urgent(),
        "breaks": books.breaks,
        "infos": books.infos,
        "break_counts": dict(Counter(entry["code"] for entry in books.breaks)),
    }
