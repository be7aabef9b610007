"""A world in which every personal or sensitive value is a text that occurs nowhere else, and the search for them.

A canary looks like `ZQJUDGE0007QZ`; amounts are canaries of their own, `7331nnnn.nn`. Whatever prints, stores or names
one of them tells where it came from.
"""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from exchange.adapters.source_sql import load_dump
from tests.outcomes import WORLDS

WORD: Final = re.compile(r"ZQ([A-Z]+)[0-9]{4}QZ", re.IGNORECASE)
AMOUNT: Final = re.compile(r"73,?31[0-9],?[0-9]{3}\.[0-9]{2}")

NEVER: Final = frozenset({"IDNO", "CLERK", "NOTES", "CREDITOR", "OTHERREASON"})
"""What has no column: it may not leave the source database at all, not even into the vault."""

COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "pc_aj": {"cbr": "JUDGE", "sjy": "CLERK", "bz": "NOTES"},
    "pc_zwr": {"zcdz": "ADDRESS", "fddbr": "LEGALREP", "fddbrsfz": "IDNO"},
    "pc_glr": {"mc": "ADMIN", "fzr": "LEAD", "lxdh": "PHONE"},
    "pc_jd": {"wsh": "DOCNO", "wsmc": "DOCTITLE"},
    "pc_cccz": {"ccms": "ASSET", "msr": "BUYER"},
}
"""Table → column → what the canaries in it are called. Names and reasons are planted with what else they must be."""


def word(kind: str, number: int) -> str:
    """One canary."""
    return f"ZQ{kind}{number:04d}QZ"


def planted_source(path: Path) -> Path:
    """The court of sample2 as a SQLite file, with canaries for values and rows that break rules."""
    load_dump(WORLDS / "sample2/court_db.sql", f"sqlite:///{path}")
    with sqlite3.connect(path) as db:
        for table, columns in COLUMNS.items():
            for column, kind in columns.items():
                db.execute(f"UPDATE {table} SET {column} = 'ZQ{kind}' || printf('%04d', rowid) || 'QZ'")
        for column, kind in (("mc", "NAME"), ("cym", "FORMER")):
            rows = db.execute(f"SELECT rowid, {column} FROM pc_zwr WHERE {column} IS NOT NULL").fetchall()
            for row, name in rows:
                db.execute(f"UPDATE pc_zwr SET {column} = ? WHERE rowid = ?", (_name(name, kind, row), row))
        db.execute("UPDATE pc_zqsh SET ly = 'ZQREVIEW' || printf('%04d', rowid) || 'QZ' WHERE zqrmc LIKE '%税务%'")
        db.execute(
            "UPDATE pc_zqsh SET zqrmc = 'ZQCREDITOR' || printf('%04d', rowid) || 'QZ',"
            " ly = 'ZQOTHERREASON' || printf('%04d', rowid) || 'QZ' WHERE zqrmc NOT LIKE '%税务%'"
        )
        db.execute("UPDATE pc_cccz SET cjj = '7331' || printf('%04d', rowid) || '.47' WHERE cjj >= 0")
        _break_rules(db)
    return path


def _name(name: str, kind: str, row: int) -> str:
    """Keeps what a rule or a reader looks at: the outer blanks, a formula's first sign, a mask, the company's form."""
    inner = name.strip("\u3000 \t")
    head, tail = name.split(inner, 1) if inner else ("", "")
    sign = inner[:1] if inner[:1] in "=+-@＝＋－＠" else ""
    mask = "*" if set(inner) & {"*", "＊"} else ""
    return f"{head}{sign}冀州{mask}{word(kind, row)}有限公司{tail}"


def _break_rules(db: sqlite3.Connection) -> None:
    """Values no rule lets pass, in open cases: each held, and urgent where it can be."""
    spoilt = {
        "slrq": word("BADDATE", 1), "ajzt_dm": word("BADSTAGE", 1), "zqsbjzrq": word("BADDATE", 2),
        "ah": f"（2026）冀1103破{word('BADNUMBER', 1)}号", "ajlx_dm": word("BADPROCEDURE", 1),
    }  # fmt: skip
    picked = [r[0] for r in db.execute("SELECT ajbs FROM pc_aj WHERE ajzt_dm = '40' ORDER BY ajbs").fetchall()]
    assert len(picked) >= len(spoilt)
    for record, (column, value) in zip(picked, spoilt.items(), strict=False):
        db.execute(f"UPDATE pc_aj SET {column} = ?, sfzd = 1 WHERE ajbs = ?", (value, record))
    row = db.execute("SELECT min(rowid) FROM pc_cccz").fetchone()[0]
    db.execute("UPDATE pc_cccz SET pgj = ? WHERE rowid = ?", (word("BADMONEY", 1), row))


def planted_return(folder: Path) -> Path:
    """The tax bureau's files of sample2, with canaries for names and amounts."""
    folder.mkdir()
    for name in ("tax_claim", "tax_claim_line", "tax_status"):
        frame = pd.read_csv(WORLDS / f"sample2/tax_return/{name}.csv", dtype="str", keep_default_na=False)
        if name == "tax_claim":
            frame["debtor_name"] = [f"冀州{word('TAXNAME', n)}有限公司" for n in range(len(frame))]
            frame["total_amount"] = [f"7331{n:04d}.83" for n in range(len(frame))]
        if name == "tax_claim_line":
            principal = frame["component"] == "principal"
            frame.loc[principal, "amount"] = [f"7331{n:04d}.29" for n in range(int(principal.sum()))]
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def found(text: str, *, amounts: bool = True) -> set[str]:
    """The canaries in a text."""
    words = {match[0] for match in WORD.finditer(text)}
    return words | ({match[0] for match in AMOUNT.finditer(text)} if amounts else set())


def found_in_bytes(data: bytes, *, amounts: bool = True) -> set[str]:
    """The canaries in a file of any encoding that keeps ASCII, or as UTF-16."""
    texts = (data.decode("latin-1"), data[::2].decode("latin-1"), data[1::2].decode("latin-1"))
    return {canary for text in texts for canary in found(text, amounts=amounts)}


def kinds(canaries: Iterable[str]) -> set[str]:
    """What sort of values canaries stand for; `AMOUNT` for an amount."""
    matches = [WORD.fullmatch(canary) for canary in canaries]
    return {match[1].upper() if match else "AMOUNT" for match in matches}


def in_file(path: Path) -> set[str]:
    """The canaries in a stored file; a Parquet file is read, other archives are not expected here."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(io.BytesIO(path.read_bytes()))
        return found(frame.to_csv())
    return found_in_bytes(path.read_bytes())


def in_database(path: Path, *, without: str = "landed_") -> dict[str, set[str]]:
    """Table → canaries, of every table of a SQLite file whose name does not begin so."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        told = {
            table: found("\n".join(map(repr, db.execute(f'SELECT * FROM "{table}"'))))
            for table in tables
            if not table.startswith(without) or table == "landed_shape"
        }
    return {table: canaries for table, canaries in told.items() if canaries}
