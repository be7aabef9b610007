"""What the receiver holds single records against (docs/packet-format.md §7, step 11).

A record that fails is not landed and is named in the validated receipt; the others are landed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import plain_ids
from exchange.domain.break_view import ANSWER, ITEM
from exchange.domain.canonical import sha256_hex
from exchange.domain.columns import text
from exchange.domain.contract import CodeList, Contract
from exchange.domain.meeting_sharing import ACT, usable_acts
from exchange.domain.receipt import Rejected
from exchange.domain.route import Agreement, Route
from exchange.domain.rowcheck import RunsChecks
from exchange.domain.types import UNKNOWN_CODE, type_checks
from exchange.domain.unsealing import RecordRules

NEVER_SENT: Final = "debtor_never_sent"
NEVER_SHARED: Final = "break_never_shared"
UNUSABLE_ACT: Final = "act_unusable"
DEBTORS: Final = "case_debtor"
DEBTOR_KEY: Final = "debtor_uscc"
DEBTOR_IDS: Final = ("uscc", "old_taxpayer_id")

_Mask = npt.NDArray[np.bool_]


def receiving_rules(agreement: Agreement, checker: RunsChecks, landed: Callable[..., pd.DataFrame]) -> RecordRules:
    """Step 11 of this end. `landed` gives what was sent on a route (as `Ledger.landed`); it is asked once, when a
    dataset speaks of it."""

    @cache
    def sent(route_id: str, dataset: str, columns: tuple[str, ...]) -> pa.Array | None:
        asked = [route for route in agreement.routes.values() if route.answered_by == route_id]
        if not asked or dataset not in [contract.dataset for contract in asked[0].datasets]:
            return None
        rows = landed(asked[0], dataset, columns=columns)
        return pa.concat_arrays([(text if name == "id" else _ids)(rows, name).drop_null() for name in columns])

    def run(route: Route, dataset: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Rejected]]:
        overlap = agreement.route(route.id).overlap
        before = overlap is not None and overlap.route.contract_sha256 == route.contract_sha256
        codes = overlap.codes if overlap is not None and before else agreement.codes_of(route)
        return record_rules(
            route, dataset, rows, codes=codes, checker=checker,
            sent_ids=partial(sent, route.id, DEBTORS, DEBTOR_IDS), shared_ids=partial(sent, route.id, ITEM, ("id",)),
            usable=lambda acts: usable_acts(acts, sender=route.sender, agreement=agreement),
        )  # fmt: skip

    return run


def record_rules(
    route: Route,
    dataset: str,
    rows: pd.DataFrame,
    *,
    codes: Mapping[str, CodeList],
    checker: RunsChecks,
    sent_ids: Callable[[], pa.Array | None],
    shared_ids: Callable[[], pa.Array | None] = lambda: None,
    usable: Callable[[pd.DataFrame], Sequence[bool]] | None = None,
) -> tuple[pd.DataFrame, list[Rejected]]:
    """(rows to land, records refused) of some rows of a packet's dataset.

    601 `unknown_code`: a code that is not in the agreed list. 603 `debtor_never_sent`: a dataset kept by debtor speaks
    of one that was never sent on the route answered (tax secrecy, 征管法第八条); `sent_ids` gives the normalised ids
    that were, None where the route answers none. 601 `break_never_shared`: an answer to a break that is on no list
    sent there; `shared_ids` gives those that are. 601 `act_unusable`: an act of a joint meeting that nobody here can
    use, by `usable`.
    """
    contract = route.wire(dataset)
    rejected: list[Rejected] = []
    left = np.ones(len(rows), dtype=bool)
    for rule, code, broken in _broken(contract, rows, codes, checker, sent_ids, shared_ids, usable):
        rejected += _listed(contract, rows, broken & left, rule, code)
        left &= ~broken
    return rows if left.all() else rows.loc[left].reset_index(drop=True), rejected


def _ids(rows: pd.DataFrame, column: str) -> pa.Array:
    """A column of debtors' ids, normalised."""
    return plain_ids(text(rows, column))


def _known(values: pa.Array, among: pa.Array) -> _Mask:
    found = pc.is_in(values, value_set=among, skip_nulls=True)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def key_sha256(values: Sequence[str]) -> str:
    """How a receipt names a record (§9.5): SHA-256 over its key columns' texts joined by `|`."""
    return sha256_hex("|".join(values).encode("utf-8"))


def _broken(
    contract: Contract,
    frame: pd.DataFrame,
    codes: Mapping[str, CodeList],
    checker: RunsChecks,
    sent_ids: Callable[[], pa.Array | None],
    shared_ids: Callable[[], pa.Array | None],
    usable: Callable[[pd.DataFrame], Sequence[bool]] | None,
) -> list[tuple[str, int, _Mask]]:
    """(rule, code, mask of the rows that break it)."""
    if frame.empty:
        return []
    found: list[tuple[str, int, _Mask]] = []
    if DEBTOR_KEY in contract.key and (sent := sent_ids()) is not None:
        found.append((NEVER_SENT, 603, ~_known(_ids(frame, DEBTOR_KEY), sent)))
    if contract.dataset == ANSWER and (shared := shared_ids()) is not None:
        found.append((NEVER_SHARED, 601, ~_known(text(frame, "id"), shared)))
    if contract.dataset == ACT and usable is not None:
        found.append((UNUSABLE_ACT, 601, ~np.asarray(usable(frame), dtype=bool)))
    checks = [check for check in type_checks(contract, codes) if check.rule.startswith(f"{UNKNOWN_CODE}:")]
    for positions in checker.run(contract, checks, frame).values() if checks else ():
        mask = np.zeros(len(frame), dtype=bool)
        mask[list(positions)] = True
        found.append((UNKNOWN_CODE, 601, mask))
    return found


def _listed(contract: Contract, frame: pd.DataFrame, mask: _Mask, rule: str, code: int) -> list[Rejected]:
    rows = frame.loc[mask]
    keys = rows[list(contract.key)].astype(object).fillna("")
    cases = rows["case_no"].astype(object).where(rows["case_no"].notna(), None) if "case_no" in rows else None
    return [
        Rejected(
            dataset=contract.dataset,
            rule=rule,
            code=code,
            case_no=None if cases is None else cases.iloc[n],
            key_sha256=key_sha256(list(values)),
        )
        for n, values in enumerate(keys.itertuples(index=False, name=None))
    ]
