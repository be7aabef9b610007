"""A statement as a document: `statement.json`, canonical bytes that both ends sign; figures in yuan, no names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from exchange.domain.audit import Event
from exchange.domain.canonical import canonical_json
from exchange.domain.columns import fen_text
from exchange.domain.period import Period
from exchange.domain.statement import Cut, sums
from exchange.domain.statement_terms import AMOUNTS, KEY

FORMAT: Final = "exchange-statement/1"
COLUMNS: Final = ("court_code", *KEY, "filed_on", "late_known", *AMOUNTS)

Amounts = dict[str, str]


def statement_key(route: str, period: Period) -> str:
    """Under which the ledger and the vault keep a quarter's statement."""
    return f"{route}.statement.{period}"


def document(
    rows: pd.DataFrame,
    *,
    route: str,
    answered_by: str,
    period: Period,
    version: int,
    after: Cut,
    until: Cut,
    replaces: str | None,
    court_names: Mapping[str, str],
) -> dict[str, Any]:
    """The statement of a quarter: its cuts, the sums in all, by rank and by court, and every row."""
    listed = [_row(row) for row in rows[list(COLUMNS)].itertuples(index=False, name=None)]
    return {
        "format": FORMAT,
        "route": route,
        "answered_by": answered_by,
        "period": str(period),
        "version": version,
        "replaces": replaces,
        "after": {"cases": after.cases, "claims": after.claims},
        "until": {"cases": until.cases, "claims": until.claims},
        "total": amounts_of(rows),
        "ranks": _summed(rows, "rank"),
        "courts": {str(court): _summed(part, "rank") for court, part in rows.groupby("court_code", sort=True)},
        "court_names": {
            str(court): court_names.get(str(court), str(court)) for court in sorted(set(rows["court_code"]))
        },
        "columns": list(COLUMNS),
        "rows": listed,
    }


def stored_bytes(statement: Mapping[str, Any]) -> bytes:
    """What is stored, hashed and signed."""
    return canonical_json(statement)


def amounts_of(rows: pd.DataFrame) -> Amounts:
    """Every amount summed over some rows, in yuan."""
    return {name: fen_text(int(rows[name].sum())) for name in AMOUNTS}


def rows_of(statement: Mapping[str, Any]) -> pd.DataFrame:
    """A statement's rows again, amounts in fen."""
    frame = pd.DataFrame(statement["rows"], columns=statement["columns"])
    for name in AMOUNTS:
        frame[name] = [_fen(value) for value in frame[name]]
    return frame.astype(dict.fromkeys(AMOUNTS, "int64"))


def of_case(statement: Mapping[str, Any], case_no: str) -> dict[str, Any]:
    """The part of a statement that is one case's, with its own sums; without rows when it has none."""
    rows = rows_of(statement)
    rows = rows[rows["case_no"] == case_no]
    kept = [one for one in statement["rows"] if one[1] == case_no]
    courts = {str(court): _summed(part, "rank") for court, part in rows.groupby("court_code", sort=True)}
    return {
        **statement, "total": amounts_of(rows), "ranks": _summed(rows, "rank"), "courts": courts, "rows": kept,
    }  # fmt: skip


def movement(statements: Sequence[Mapping[str, Any]], rank: str | None = None) -> list[dict[str, Any]]:
    """Quarter against quarter: each one's amounts, in all or of a rank, and whether it opens as the last one closed."""
    told: list[dict[str, Any]] = []
    for one in statements:
        amounts = one["total"] if rank is None else one["ranks"].get(rank, dict.fromkeys(AMOUNTS, "0.00"))
        joins = told[-1]["closing"] == amounts["opening"] if told else None
        told.append({"period": one["period"], "version": one["version"], "joins": joins, **amounts})
    return told


def _summed(rows: pd.DataFrame, by: str) -> dict[str, Amounts]:
    found = sums(rows, [by])
    return {
        str(row[0]): {name: fen_text(int(fen)) for name, fen in zip(AMOUNTS, row[1:], strict=True)}
        for row in found[[by, *AMOUNTS]].itertuples(index=False, name=None)
    }


def _row(row: tuple[Any, ...]) -> list[str]:
    plain = len(COLUMNS) - len(AMOUNTS)
    texts = [("true" if value else "false") if isinstance(value, bool) else str(value) for value in row[:plain]]
    return [*texts, *(fen_text(int(fen)) for fen in row[plain:])]


def _fen(text: str) -> int:
    return int(text.replace(".", ""))


def made_of(route: str, period: str, events: Iterable[Event]) -> Mapping[str, Any] | None:
    """What was last made of a quarter, out of the `statement_made` events."""
    found = [e.body for e in events if e.body["route"] == route and e.body["period"] == period]
    return found[-1] if found else None


def made_as(route: str, period: str, sha256: str, events: Iterable[Event]) -> Mapping[str, Any] | None:
    """What was made of a quarter under this fingerprint, an older version too."""
    found = [
        e.body for e in events
        if (e.body["route"], e.body["period"], e.body["sha256"]) == (route, period, sha256)
    ]  # fmt: skip
    return found[-1] if found else None


def differing(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every value of a line that is not the same in both, by case, claim and rank; a line one side lacks is all
    differing, its values there None."""
    keyed = [{tuple(row[1:4]): row for row in one["rows"]} for one in (theirs, ours)]
    found = []
    for key in sorted(keyed[0].keys() | keyed[1].keys()):
        left, right = (side.get(key) for side in keyed)
        for at, column in enumerate(COLUMNS):
            said, held = (row[at] if row else None for row in (left, right))
            if said != held and column not in KEY:
                found.append({**dict(zip(KEY, key, strict=True)), "column": column, "theirs": said, "ours": held})
    return found
