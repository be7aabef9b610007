"""A world in memory: a court database and the tax bureau's rows, with the small moves mutations are made of."""

from __future__ import annotations

import csv
import random
import sqlite3
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from tests.oracle import kit
from tests.oracle.forms import ALPHABET, WEIGHTS, as_date, case_number, first_day, uscc_is_right

Row = dict[str, Any]
FEN = Decimal("0.01")
FILES = ("tax_claim", "tax_claim_line", "tax_status")


def money(value: Decimal | int) -> str:
    return str(Decimal(value).quantize(FEN, ROUND_HALF_UP))


def uscc(rng: random.Random, body: str | None = None) -> str:
    """A right code; `body` are its first 17 characters."""
    body = body or "91131103" + "".join(rng.choices(ALPHABET, k=9))
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True))
    code = body + ALPHABET[(31 - total % 31) % 31]
    assert uscc_is_right(code)
    return code


class World:
    """One sample world, its rows open to change."""

    def __init__(self, sample: str, rng: random.Random, path: Path) -> None:
        self.rng, self.path = rng, path
        self.db = kit.database(sample, path)
        self.db.row_factory = sqlite3.Row
        given = kit.answers(sample)
        self.period, self.as_of = str(given["period"]), date.fromisoformat(given["as_of"])
        self.levies, self.courts = kit.levies(), kit.courts()
        folder = kit.WORLDS / sample / "tax_return"
        self.files: dict[str, list[Row]] = {}
        self.header: dict[str, list[str]] = {}
        for name in FILES:
            with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                self.files[name], self.header[name] = list(reader), list(reader.fieldnames or ())
        self.files["tax_payment"] = []
        self.header["tax_payment"] = [
            "claim_no", "version", "levy_code", "period_start", "period_end", "paid_on", "amount",
        ]  # fmt: skip
        self.likely = list(given["selected"])
        self.next = 900_000

    @property
    def claims(self) -> list[Row]:
        return self.files["tax_claim"]

    @property
    def lines(self) -> list[Row]:
        return self.files["tax_claim_line"]

    @property
    def payments(self) -> list[Row]:
        return self.files["tax_payment"]

    @property
    def start(self) -> date:
        return first_day(self.period)

    def new_id(self) -> int:
        self.next += 1
        return self.next

    def all(self, sql: str, *args: Any) -> list[Row]:
        return [dict(row) for row in self.db.execute(sql, args)]

    def case(self) -> Row:
        """A case at random, mostly one that is selected."""
        if self.rng.random() < 0.9:
            wanted = self.rng.choice(self.likely)
        else:
            wanted = self.rng.choice(self.all("SELECT ajbs FROM pc_aj"))["ajbs"]
        return self.all("SELECT * FROM pc_aj WHERE ajbs = ?", wanted)[0]

    def debtors(self, case: Row) -> list[Row]:
        return self.all("SELECT * FROM pc_zwr WHERE ajbs = ? ORDER BY zwrbs", case["ajbs"])

    def set(self, table: str, key: str, value: object, **columns: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self.db.execute(f"UPDATE {table} SET {names} WHERE {key} = ?", (*map(_plain, columns.values()), value))

    def set_case(self, case: Row, **columns: Any) -> None:
        case.update(columns)
        self.set("pc_aj", "ajbs", case["ajbs"], **columns)

    def insert(self, table: str, **columns: Any) -> None:
        marks = ", ".join("?" * len(columns))
        self.db.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(map(_plain, columns.values()))
        )

    def add_debtor(self, case: Row, **columns: Any) -> Row:
        given = {"tyshxydm": uscc(self.rng), "nsrsbh": None, "cym": None} | columns
        row = {"zwrbs": self.new_id(), "ajbs": case["ajbs"], "mc": f"河北新增{self.next}有限公司"} | given
        self.insert("pc_zwr", **row, zcdz="衡水", fddbr="王某", fddbrsfz="", hydm="C14")
        return row

    def review(self, case: Row, claim_no: str, rank: str, declared: Any, confirmed: Any) -> None:
        key = ("SELECT 1 FROM pc_zqsh WHERE ajbs = ? AND sbh = ? AND zqxz_dm = ?", case["ajbs"], claim_no, rank)
        if not self.all(*key):
            fixed = {"zqrmc": "国家税务总局衡水市冀州区税务局", "shzt_dm": "1", "shrq": self.as_of, "ly": ""}
            row = {"sbh": claim_no, "zqxz_dm": rank, "sbje": declared, "qrje": confirmed}
            self.insert("pc_zqsh", shbs=self.new_id(), ajbs=case["ajbs"], **row, **fixed)

    def pay(self, case: Row, claim_no: str, rank: str, payable: Any, paid: Any, on: date) -> None:
        key = "SELECT 1 FROM pc_fp WHERE ajbs = ? AND sbh = ? AND zqxz_dm = ? AND fprq = ?"
        if not self.all(key, case["ajbs"], claim_no, rank, on.isoformat()):
            row = {"sbh": claim_no, "zqxz_dm": rank, "yfje": payable, "sfje": paid, "fprq": on}
            self.insert("pc_fp", fpbs=self.new_id(), ajbs=case["ajbs"], **row)

    def latest(self, claim_no: str) -> Row:
        return max((c for c in self.claims if c["claim_no"] == claim_no), key=lambda c: int(c["version"]))

    def lines_of(self, claim: Row) -> list[Row]:
        return [x for x in self.lines if (x["claim_no"], x["version"]) == (claim["claim_no"], claim["version"])]

    def payments_of(self, claim: Row) -> list[Row]:
        return [p for p in self.payments if (p["claim_no"], p["version"]) == (claim["claim_no"], claim["version"])]

    def case_of(self, claim: Row) -> Row | None:
        wanted = case_number(claim["case_no"])
        found = [c for c in self.all("SELECT * FROM pc_aj") if case_number(c["ah"] or "") == wanted]
        return found[0] if found else None

    def claim(self) -> Row:
        """The last version of a claim at random."""
        return self.latest(self.rng.choice(self.claims)["claim_no"])

    def total(self, claim: Row) -> None:
        claim["total_amount"] = money(sum((Decimal(x["amount"]) for x in self.lines_of(claim)), Decimal(0)))

    def add_claim(self, case: Row, debtor: Row, **columns: Any) -> Row:
        """A claim without lines that agrees with its case."""
        accepted = as_date(case["slrq"]) or self.as_of
        due = as_date(case["zqsbjzrq"]) or accepted + timedelta(days=30)
        claim = {
            "claim_no": f"131103TSSB2026{self.new_id()}",
            "version": "1",
            "kind": "original",
            "supplements": "",
            "case_no": case_number(case["ah"] or "（2026）冀1103破999号") or "（2026）冀1103破999号",
            "debtor_uscc": debtor["tyshxydm"] or "",
            "debtor_old_taxpayer_id": debtor["nsrsbh"] or "",
            "debtor_name": debtor["mc"] or "无名",
            "tax_authority": "131103",
            "filed_on": due.isoformat(),
            "cutoff_on": accepted.isoformat(),
            "total_amount": "0.00",
        } | columns
        self.claims.append(claim)
        return claim

    def add_line(self, claim: Row, **columns: Any) -> Row:
        taken = [int(x["line_no"]) for x in self.lines_of(claim)]
        line = {
            "claim_no": claim["claim_no"],
            "version": claim["version"],
            "line_no": str(max(taken, default=0) + 1),
            "levy_code": "10101",
            "period_start": "2024-01-01",
            "period_end": "2024-03-31",
            "due_on": "2024-04-15",
            "component": "principal",
            "amount": "10000.00",
            "rank": "tax",
        } | columns
        self.lines.append(line)
        return line

    def amend(self, claim: Row, kind: str = "amendment", lines: bool = True) -> Row:
        """A further version of a claim, its lines restated or not."""
        newer = claim | {"version": str(int(claim["version"]) + 1), "kind": kind}
        self.claims.append(newer)
        for line in self.lines_of(claim) if lines else ():
            self.lines.append(line | {"version": newer["version"]})
        for payment in self.payments_of(claim) if lines else ():
            self.payments.append(payment | {"version": newer["version"]})
        return newer

    def save(self, folder: Path) -> None:
        self.db.commit()
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.files.items():
            if name == "tax_payment" and not rows:
                continue
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, self.header[name])
                writer.writeheader()
                writer.writerows(rows)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
