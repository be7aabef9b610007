"""A court's database of any size, for measuring: valid cases of the city's twelve courts, all of them open."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

COURTS = (
    "冀11",
    "冀1102",
    "冀1103",
    "冀1121",
    "冀1122",
    "冀1123",
    "冀1124",
    "冀1125",
    "冀1126",
    "冀1127",
    "冀1128",
    "冀1182",
)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
DDL = """
CREATE TABLE fy (fydm VARCHAR(20) PRIMARY KEY, fymc VARCHAR(100), xzqh VARCHAR(6));
CREATE TABLE pc_aj (ajbs INTEGER PRIMARY KEY, ah VARCHAR(60), fydm VARCHAR(20), ajlx_dm VARCHAR(2), ajzt_dm VARCHAR(2),
 larq DATE, slrq DATE, ggrq DATE, zqsbjzrq DATE, dychyrq DATE, xgrq DATE, zjrq DATE, cbr VARCHAR(40), sjy VARCHAR(40),
 sfzd INTEGER, bz VARCHAR(400), gxsj TIMESTAMP);
CREATE TABLE pc_zwr (zwrbs INTEGER PRIMARY KEY, ajbs INTEGER, mc VARCHAR(200), tyshxydm VARCHAR(20), nsrsbh VARCHAR(20),
 zcdz VARCHAR(400), fddbr VARCHAR(40), fddbrsfz VARCHAR(18), hydm VARCHAR(6), cym VARCHAR(200));
CREATE TABLE pc_glr (ajbs INTEGER, mc VARCHAR(200), fzr VARCHAR(40), lxdh VARCHAR(40), zdrq DATE);
CREATE TABLE pc_jd (jdbs INTEGER PRIMARY KEY, ajbs INTEGER, jdlx_dm VARCHAR(2), jdrq DATE, wsh VARCHAR(80),
 wsmc VARCHAR(100));
CREATE TABLE pc_cccz (czbs INTEGER PRIMARY KEY, ajbs INTEGER, cclx_dm VARCHAR(2), ccms VARCHAR(200), pgj DECIMAL(18,2),
 cjj DECIMAL(18,2), cjrq DATE, msr VARCHAR(200), pt VARCHAR(60));
CREATE TABLE pc_zqsh (shbs INTEGER PRIMARY KEY, ajbs INTEGER, zqrmc VARCHAR(200), sbh VARCHAR(40), zqxz_dm VARCHAR(20),
 sbje DECIMAL(18,2), qrje DECIMAL(18,2), shzt_dm VARCHAR(1), shrq DATE, ly VARCHAR(200));
CREATE TABLE pc_fp (fpbs INTEGER PRIMARY KEY, ajbs INTEGER, sbh VARCHAR(40), zqxz_dm VARCHAR(20), yfje DECIMAL(18,2),
 sfje DECIMAL(18,2), fprq DATE);
CREATE INDEX pc_aj_fydm ON pc_aj (fydm);
CREATE INDEX pc_zwr_ajbs ON pc_zwr (ajbs);
CREATE INDEX pc_glr_ajbs ON pc_glr (ajbs);
CREATE INDEX pc_jd_ajbs ON pc_jd (ajbs);
CREATE INDEX pc_cccz_ajbs ON pc_cccz (ajbs);
CREATE INDEX pc_zqsh_ajbs ON pc_zqsh (ajbs);
CREATE INDEX pc_fp_ajbs ON pc_fp (ajbs);
"""
INSERTS = {
    "pc_aj": 17, "pc_zwr": 10, "pc_glr": 5, "pc_jd": 6, "pc_cccz": 9, "pc_zqsh": 10,
}  # fmt: skip


CLAIM = (
    "claim_no", "version", "kind", "supplements", "case_no", "debtor_uscc", "debtor_old_taxpayer_id", "debtor_name",
    "tax_authority", "filed_on", "cutoff_on", "total_amount",
)  # fmt: skip
LINE = (
    "claim_no", "version", "line_no", "levy_code", "period_start", "period_end", "due_on", "component", "amount",
    "rank",
)  # fmt: skip
STATUS = ("debtor_uscc", "as_of", "registration", "invoices_suspended", "inspection_open")


def uscc(body: str) -> str:
    """A unified social credit code from its first 17 characters (GB 32100-2015, check character)."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True))
    return body + ALPHABET[(31 - total) % 31]


def build(path: Path, cases: int, *, seed: int = 1, courts: Sequence[str] = COURTS) -> Path:
    """Write a SQLite file of so many open cases with their debtors, events, disposals and claim reviews.

    One case in a hundred has a claim period that calls for a warning, one in fifty a number in half-width brackets.
    """
    rng = random.Random(seed)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.executescript(DDL)
        db.executemany("INSERT INTO fy VALUES (?,?,?)", [(c, f"{c}人民法院", "131100") for c in courts])
        for table, width in INSERTS.items():
            marks = ",".join("?" * width)
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", _rows(table, range(1, cases + 1), rng, courts))
    return path


def principals(n: int) -> tuple[int, int]:
    """What case n owes of two levies, in fen."""
    return 100_000 + n * 7_919 % 40_000_000, 50_000 + n * 104_729 % 40_000_000


def accepted_on(n: int) -> date:
    """The day case n was accepted."""
    return date(2026, 1 + n % 6, 1 + n % 28)


def number_of(n: int, courts: Sequence[str] = COURTS) -> str:
    """The number of case n in its one form."""
    return f"（2026）{courts[n % len(courts)]}破{(n - 1) // len(courts) + 1}号"


def answer(folder: Path, cases: int) -> Path:
    """Write the tax bureau's answer to a world's cases: a claim of three lines each, and a status each.

    One late fee in fifty and one total in a hundred are wrong.
    """
    folder.mkdir()
    with ExitStack() as stack:
        claims, lines, statuses = (
            csv.writer(stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8", newline="")))
            for name in ("tax_claim", "tax_claim_line", "tax_status")
        )
        for file, columns in ((claims, CLAIM), (lines, LINE), (statuses, STATUS)):
            file.writerow(columns)
        for n in range(1, cases + 1):
            _answer_one(n, claims, lines, statuses)
    return folder


def _answer_one(n: int, claims: Any, lines: Any, statuses: Any) -> None:
    claim, code, day = f"TSSB{n:09d}", uscc(f"91131103{n:09d}"), accepted_on(n)
    first, second = principals(n)
    fee = (2 * first * 5 * (day - date(2025, 10, 20)).days + 10_000) // 20_000 + (100 if n % 50 == 7 else 0)
    total = first + second + fee + (10_000 if n % 100 == 3 else 0)
    name, filed = f"衡水第{n}工业有限公司", (day + timedelta(days=30)).isoformat()
    authority = "国家税务总局衡水市税务局"
    claims.writerow(
        [claim, 1, "original", "", number_of(n), code, "", name, authority, filed, day.isoformat(), _yuan(total)]
    )
    for line, (levy, component, amount, rank) in enumerate(
        (("10101", "principal", first, "tax"), ("10104", "principal", second, "tax"),
         ("10101", "late_fee", fee, "ordinary")), start=1,
    ):  # fmt: skip
        lines.writerow(
            [claim, 1, line, levy, "2025-07-01", "2025-09-30", "2025-10-20", component, _yuan(amount), rank]
        )  # fmt: skip
    statuses.writerow([code, "2026-10-01", "normal", "false", "false"])


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def go_on(path: Path, cases: int) -> None:
    """A quarter later: of a hundred cases one has another judge, one another address, one an event more, one ended, and
    one is new."""
    changes = (
        "UPDATE pc_aj SET cbr = '赵法官', gxsj = '2026-11-02 09:30:00' WHERE ajbs % 100 = 11",
        "UPDATE pc_zwr SET zcdz = zcdz || '甲' WHERE ajbs % 100 = 31",
        "INSERT INTO pc_jd SELECT 9 * :cases + ajbs, ajbs, '02', '2026-11-03', '公' || ajbs, '公告' FROM pc_aj "
        "WHERE ajbs % 100 = 51",
        "INSERT INTO pc_jd SELECT 9 * :cases + ajbs, ajbs, '08', '2026-11-20', '终' || ajbs, '终结裁定书' FROM pc_aj "
        "WHERE ajbs % 100 = 71",
        "UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-11-20', gxsj = '2026-11-20 09:30:00' WHERE ajbs % 100 = 71",
    )
    fresh = range(cases + 1, cases + cases // 100 + 1)
    with sqlite3.connect(path) as db:
        for change in changes:
            db.execute(change, {"cases": cases} if ":cases" in change else {})
        for table in ("pc_aj", "pc_zwr", "pc_glr", "pc_jd"):
            marks = ",".join("?" * INSERTS[table])
            rows = _rows(table, fresh, random.Random(2), COURTS, accepted=_accepted_later)
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _accepted_later(n: int) -> date:
    return date(2026, 10 + n % 2, 1 + n % 28)


def _rows(
    table: str,
    cases: range,
    rng: random.Random,
    courts: Sequence[str],
    accepted: Callable[[int], date] = accepted_on,
) -> Iterator[tuple[Any, ...]]:
    for n in cases:
        court = courts[n % len(courts)]
        accepted_day = accepted(n)
        day = accepted_day.isoformat()
        if table == "pc_aj":
            number = number_of(n, courts)
            number = number if n % 50 != 25 else number.replace("（", "(").replace("）", ")")
            people = ("李法官", "王书记")
            due = accepted_day + timedelta(days=120 if n % 100 == 50 else 60)
            meeting = (due + timedelta(days=8)).isoformat()
            dates = ("2025-12-20", day, day, due.isoformat(), meeting, None, None)
            yield n, number, court, "01", "40", *dates, *people, 0, "", f"{day} 09:30:00"
        elif table == "pc_zwr":
            code = uscc(f"91131103{n:09d}")
            yield (
                n,
                n,
                f"衡水第{n}工业有限公司",
                code,
                None,
                f"河北省衡水市工业路{n}号",
                "张三",
                "131103198001010011",
                "C14",
                None,
            )
        elif table == "pc_glr":
            yield n, "河北冀法律师事务所", "刘律师", "0318-4080778", day
        elif table == "pc_jd":
            yield from (
                (3 * n + k, n, kind, day, f"裁{n}-{k}", "受理裁定书") for k, kind in enumerate(("01", "02", "05"))
            )
        elif table == "pc_cccz":
            price = rng.randrange(10_000, 90_000_000) / 100
            yield n, n, "02", "生产设备一批", price, price, "2026-08-01", "买受人有限公司", "京东拍卖"
        else:
            amount = sum(principals(n)) / 100
            yield n, n, "国家税务总局衡水市税务局", f"TSSB{n:09d}", "tax", amount, amount, "1", "2026-08-25", ""
