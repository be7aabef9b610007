"""Why each case is sent: as one would say it looking at one case after the other."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from exchange.domain.changes import COLUMNS, case_in_exchange
from tests.fakes.routes import a_contract, a_route

CASE = a_contract(
    "bankruptcy_case", ("case_no",), {"case_no": "text", "stage": "code", "judge": "text", "source_updated_at": "time"}
)
DEBTOR = a_contract(
    "case_debtor", ("case_no", "debtor_no"),
    {"case_no": "text", "debtor_no": "text", "name": "text", "address": "text"},
)  # fmt: skip
EVENT = a_contract("case_event", ("case_no", "event_no"), {"case_no": "text", "event_no": "text", "what": "text"})
ROUTE = a_route(CASE, DEBTOR, EVENT)

Frames = Mapping[str, pd.DataFrame]
Row = dict[str, str]


def a_world(rng: random.Random) -> Frames:
    def text() -> str | None:
        return rng.choice(["甲", "乙", None, ""])

    numbers = [f"c{n}" for n in range(8) if rng.random() < 0.7]
    rng.shuffle(numbers)
    of_case = {
        CASE: [(n, rng.choice(["open", "terminated"]), text(), text(), n) for n in numbers],
        DEBTOR: [(n, str(k), text(), text(), n) for n in [*numbers, "else"] for k in range(rng.randrange(3))],
        EVENT: [(n, str(k), text(), n) for n in numbers for k in range(rng.randrange(3))],
    }
    frames = {
        contract.dataset: pd.DataFrame(rows, columns=[*contract.names, "_record"]).astype("str")
        for contract, rows in of_case.items()
    }
    if rng.random() < 0.1:
        del frames["case_event"]
    if rng.random() < 0.1:
        frames["case_debtor"] = frames["case_debtor"].drop(columns="address")
    return frames


def rows_of(frames: Frames, dataset: str, case_no: str) -> dict[tuple[str, ...], Row]:
    contract = ROUTE.wire(dataset)
    if dataset not in frames:
        return {}
    rows = frames[dataset].reindex(columns=list(contract.names)).astype(object).fillna("").to_dict("records")
    mine: list[Any] = [row for row in rows if row["case_no"] == case_no]
    return {tuple(row[name] for name in contract.key): row for row in mine}


def told(now: Frames, then: Frames, case_no: str) -> tuple[str, str | None]:
    """(why, changed columns) of one case."""
    (row,), last = rows_of(now, "bankruptcy_case", case_no).values(), rows_of(then, "bankruptcy_case", case_no)
    if not last:
        return "new", None
    (before,) = last.values()
    names = [name for name in CASE.names if name not in ("case_no", "source_updated_at") and row[name] != before[name]]
    ended = "stage" in names and row["stage"] == "terminated"
    for contract in (one for one in (DEBTOR, EVENT) if one.dataset in now):
        left, right = (rows_of(frames, contract.dataset, case_no) for frames in (now, then))
        names += [contract.dataset] if left.keys() != right.keys() else []
        both = left.keys() & right.keys()
        names += [
            f"{contract.dataset}.{name}"
            for name in contract.names[2:]
            if any(left[key][name] != right[key][name] for key in both)
        ]
    return ("closed" if ended else "changed" if names else "unchanged"), "|".join(names) or None


@pytest.mark.parametrize("seed", range(40))
def test_each_case_is_told_by_its_own_rows(seed: int) -> None:
    rng = random.Random(seed)
    now, then = a_world(rng), a_world(rng) if seed % 10 else {}
    numbers = now["bankruptcy_case"]["case_no"].tolist()
    found = case_in_exchange(now, then, ROUTE)
    assert list(found) == list(COLUMNS)
    assert found["case_no"].tolist() == numbers
    columns = found["changed_columns"].astype(object).where(found["changed_columns"].notna(), None)
    assert list(zip(found["why"], columns, strict=True)) == [told(now, then, one) for one in numbers]


def test_the_order_of_rows_is_no_difference() -> None:
    now = a_world(random.Random(3))
    then = {name: rows.iloc[::-1] for name, rows in now.items()}
    assert set(case_in_exchange(now, then, ROUTE)["why"]) == {"unchanged"}
