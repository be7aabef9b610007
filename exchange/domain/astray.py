"""Cases the other side has as open that a quarter does not select: without a word it would wait for them for ever.

A case leaves the selection when its register's row is gone or has another number, when its acceptance was dismissed,
when another court has it, or when it ended and the quarter of its end held it. Only an officer knows which, and what
to do: take it back, or mend the register.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from exchange.domain.finding import Finding
from exchange.domain.prepare import CASES, text
from exchange.domain.route import Party
from exchange.domain.selection import NOT_EXCHANGED, selected
from exchange.domain.text import among, as_array

ASTRAY: Final = "sent_case_not_selected"

_NO_ROW: Final[Mapping[str, Any]] = {}

CARRIED: Final = ("case_no", "stage")
"""What has to be known of the cases a route carried last."""


def astray(before: pd.DataFrame, chosen: pd.DataFrame, held: Collection[str]) -> pd.DataFrame:
    """Of the cases carried last (`before`: case_no, stage, `_record`) those not ended whose number was not `chosen`.

    `now` is the number under which the same record was chosen, missing where it was not. A record that is `held` is
    seen there, whatever became of its number. Nothing where the route carries no stage.
    """
    if "stage" not in before:
        return before.reindex(columns=["case_no", "_record", "now"]).iloc[:0]
    numbers = as_array(chosen["case_no"])
    there = np.asarray(pc.is_in(as_array(before["case_no"]), value_set=numbers, skip_nulls=True), dtype=bool)
    open_ = (before["stage"] != "terminated").to_numpy(bool)
    lost = before.loc[open_ & ~there, ["case_no", "_record"]]
    lost = lost.loc[~among(lost["_record"], held)].copy()
    renamed = chosen.loc[among(chosen["_record"], lost["_record"].tolist())].drop_duplicates("_record")
    lost["now"] = lost["_record"].map(renamed.set_index("_record")["case_no"])
    told: pd.DataFrame = lost.reset_index(drop=True)
    return told


def astray_findings(
    lost: pd.DataFrame, registers: Iterable[pd.DataFrame], *, sender: Party, first_day: date
) -> list[Finding]:
    """A point each, by number; the note says what the register has. `registers` are its rows of these records.

    A case the selection wants and the source's query lost is a point of its own (`case_not_read`), and none here.
    """
    rows: dict[str, dict[str, Any]] = {}
    for register in registers:
        wanted = selected(register, sender=sender, first_day=first_day)
        for one in register.assign(wanted=wanted).to_dict("records"):
            rows[str(one["_record"])] = {str(name): value for name, value in one.items()}
    found = []
    for number, record, now in sorted(lost[["case_no", "_record", "now"]].itertuples(index=False, name=None)):
        row = rows.get(str(record), _NO_ROW)
        if text(now) is None and row.get("wanted"):
            continue
        found.append(
            Finding(
                rule=ASTRAY, severity="verify", dataset=CASES, record=None, case_no=str(number), row_key=None,
                column="case_no", note=f"{_became(text(now), row, sender)} #{record}", comparable=False,
            )
        )  # fmt: skip
    return found


def _became(now: str | None, row: Mapping[str, Any], sender: Party) -> str:
    """What became of a case, as its register's row tells."""
    if now is not None:
        return f"现案号 now {now}"
    if not row:
        return "登记中已无 not in the register"
    stage, court, ended = (text(row[name]) for name in ("stage", "court_code", "terminated_on"))
    if court not in sender.court_ids:
        return f"承办法院 court {court}"
    if stage in NOT_EXCHANGED:
        return f"程序阶段 stage {stage}"
    return f"已终结 ended {ended}"
