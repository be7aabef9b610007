"""The statement 对账单 of a quarter: what was claimed, how it moved, what became of it, by case, claim and rank. Pure.

A quarter is the packets of both lanes between two cuts (numbers both ends know), so both ends compute the same. Book C
moves: `opening + new + supplement + amended_up + amended_down + withdrawn + voided = closing`, each signed, in fen.
Beside it book B: `closing = confirmed + disputed + unreviewed`, and `outstanding = confirmed - paid_before - paid`:
a payment lowers what is owed, not what was claimed (企业破产法 article 113).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from exchange.domain.books import plain_numbers
from exchange.domain.claims import SUPPLEMENT, WITHDRAWAL
from exchange.domain.columns import text, to_fen, to_ints
from exchange.domain.statement_terms import AMOUNTS, FILED, KEY

_KEY: Final = list(KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Book B as it was current at a cut: text frames in wire form; `voids` are the cases that were taken back."""

    cases: pd.DataFrame
    reviews: pd.DataFrame
    distributions: pd.DataFrame
    voids: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The last packet of each lane that counts: `cases` of the court's lane, `claims` of the tax bureau's."""

    cases: int
    claims: int


def statement_rows(
    claims: pd.DataFrame,
    lines: pd.DataFrame,
    *,
    opening: Table,
    closing: Table,
    after: int,
    until: int,
    first_day: date,
) -> pd.DataFrame:
    """One row per case, claim and rank with every amount of `AMOUNTS` in fen, sorted; rows of nothing but zeros are
    left out.

    `claims` and `lines` are every landed row of book C with its packet's `_number`; those up to `after` make the
    opening, those up to `until` the movements. Beside: `court_code`, `filed_on` (of the claim's first version) and
    `late_known` (brought in the quarter, filed before its `first_day`). ValueError when a column does not hold what
    its contract says.
    """
    steps = _steps(claims, until)
    rows = _book(_moves(steps, _states(steps, lines), after), opening, closing)
    rows = rows.merge(_filed_on(steps), on="claim_no", how="left")
    told = pd.concat([opening.cases, closing.cases])
    courts = pd.Series(text(told, "court_code").to_pylist(), index=plain_numbers(text(told, "case_no")).to_pylist())
    courts = courts[~courts.index.duplicated(keep="last")]
    rows["court_code"] = rows["case_no"].map(courts).fillna("")
    rows["filed_on"] = rows["filed_on"].fillna("")
    came = (rows["new"] != 0) | (rows["supplement"] != 0)
    rows["late_known"] = came & (rows["filed_on"] != "") & (rows["filed_on"] < first_day.isoformat())
    rows = rows[(rows[list(AMOUNTS)] != 0).any(axis=1)]
    ordered: pd.DataFrame = rows.sort_values(["court_code", *_KEY], ignore_index=True)
    return ordered


def sums(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The amounts summed by some columns, sorted by them."""
    return rows.groupby(list(by), as_index=False, sort=True)[list(AMOUNTS)].sum()


def _steps(claims: pd.DataFrame, until: int) -> pd.DataFrame:
    """The versions that became a claim's word, in order: by packet, then version; an older version that comes after a
    newer one changes nothing. `step` numbers them, `next` is the claim's following one (-1: none)."""
    frame = pd.DataFrame(
        {
            "claim_no": claims["claim_no"].astype(object),
            "version": to_ints(text(claims, "version")),
            "number": to_ints(text(claims, "_number")),
            "kind": claims["kind"].astype(object),
            "case_no": np.array(plain_numbers(text(claims, "case_no")).to_pylist(), object),
            "filed_on": claims["filed_on"].astype(object),
        }
    )
    frame = frame[frame["number"] <= until].sort_values(["claim_no", "number", "version"], kind="stable")
    highest = frame.groupby("claim_no", sort=False)["version"].cummax()
    frame = frame[frame["version"] == highest].reset_index(drop=True)
    frame["step"] = np.arange(len(frame))
    frame["first"] = ~frame["claim_no"].duplicated()
    ends = ~frame["claim_no"].duplicated(keep="last")
    frame["next"] = np.where(ends, -1, frame["step"] + 1)
    return frame


def _states(steps: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """(step, rank, fen) of what was claimed after each step; a withdrawal leaves nothing."""
    amounts, _ = to_fen(text(lines, "amount"))
    frame = pd.DataFrame(
        {
            "claim_no": lines["claim_no"].astype(object),
            "version": to_ints(text(lines, "version")),
            "number": to_ints(text(lines, "_number")),
            "rank": lines["rank"].astype(object),
            "fen": amounts,
        }
    )
    standing = steps.loc[steps["kind"] != WITHDRAWAL, ["claim_no", "version", "number", "step"]]
    found = frame.merge(standing, on=["claim_no", "version", "number"])
    summed: pd.DataFrame = found.groupby(["step", "rank"])["fen"].sum().reset_index()
    return summed


def _moves(steps: pd.DataFrame, states: pd.DataFrame, after: int) -> pd.DataFrame:
    """Opening and movements by case, claim and rank: what each step brings, less what stood before it.

    A rank or a case that an amendment changes shows in both: down in the one, up in the other.
    """
    whole = states.merge(steps[["step", "claim_no", "case_no", "next"]], on="step")
    gone = whole[whole["next"] >= 0].assign(step=whole["next"], fen=-whole["fen"])
    changes = pd.concat([whole, gone], ignore_index=True).groupby(["step", *_KEY], as_index=False)["fen"].sum()
    changes = changes.merge(steps[["step", "number", "kind", "first"]], on="step")
    came = changes["kind"] == SUPPLEMENT
    changes["column"] = np.select(
        [
            changes["number"] <= after,
            changes["first"] & came,
            changes["first"],
            changes["kind"] == WITHDRAWAL,
            changes["fen"] >= 0,
        ],
        ["opening", "supplement", "new", "withdrawn", "amended_up"],
        "amended_down",
    )
    summed = changes.groupby([*_KEY, "column"])["fen"].sum().unstack("column", fill_value=0).reset_index()
    names = [name for name in FILED if name not in ("voided", "closing")]
    moved: pd.DataFrame = summed.reindex(columns=[*_KEY, *names], fill_value=0).astype(dict.fromkeys(KEY, object))
    return moved


def _book(moves: pd.DataFrame, opening: Table, closing: Table) -> pd.DataFrame:
    """The movements with book B beside them, and what a case taken back takes along."""
    rows = moves.merge(_confirmed(closing.reviews), on=_KEY, how="outer")
    rows = rows.merge(_paid(closing.distributions), on=_KEY, how="outer")
    before = _paid(opening.distributions)[[*_KEY, "paid"]].rename(columns={"paid": "paid_before"})
    rows = rows.merge(before, on=_KEY, how="outer")
    reviewed = rows["confirmed"].notna()
    amounts = [name for name in rows.columns if name not in KEY]
    rows[amounts] = rows[amounts].fillna(0).astype(np.int64)
    was, is_ = (rows["case_no"].isin(_voided(table)) for table in (opening, closing))
    left = [name for name in FILED if name not in ("voided", "closing")]
    whole = rows[left].sum(axis=1)
    rows.loc[was & is_, left] = 0
    rows.loc[was, ["opening", "paid_before"]] = 0
    rows.loc[is_, ["confirmed", "payable", "paid"]] = 0
    rows["closing"] = whole.where(~is_, 0)
    rows["voided"] = rows["closing"] - rows[left].sum(axis=1)
    rows["unreviewed"] = rows["closing"].where(~reviewed, 0)
    rows["disputed"] = rows["closing"] - rows["confirmed"] - rows["unreviewed"]
    rows["outstanding"] = rows["confirmed"] - rows["paid"]
    rows["paid"] = rows["paid"] - rows["paid_before"]
    return rows[[*_KEY, *AMOUNTS]]


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_no": plain_numbers(text(frame, "case_no")).to_pylist(),
            "claim_no": text(frame, "claim_no").to_pylist(),
            "rank": text(frame, "rank").to_pylist(),
        },
        dtype=object,
    )


def _summed(frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    found = _keyed(frame)
    for name, column in columns.items():
        found[name] = to_fen(text(frame, column))[0]
    return found.groupby(_KEY, as_index=False)[list(columns)].sum()


def _confirmed(reviews: pd.DataFrame) -> pd.DataFrame:
    return _summed(reviews, confirmed="confirmed_amount")


def _paid(distributions: pd.DataFrame) -> pd.DataFrame:
    return _summed(distributions, payable="payable_amount", paid="paid_amount")


def _voided(table: Table) -> set[str]:
    return set(plain_numbers(text(table.voids, "case_no")).to_pylist())


def _filed_on(steps: pd.DataFrame) -> pd.DataFrame:
    return steps.loc[steps["first"], ["claim_no", "filed_on"]]
