"""What the receiver holds single records against (docs/packet-format.md §7, step 11).

A record that fails is not landed and is named in the validated receipt; the others are landed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.break_view import ANSWER
from exchange.domain.canonical import sha256_hex
from exchange.domain.contract import CodeList, Contract
from exchange.domain.identifiers import normalise_id
from exchange.domain.receipt import Rejected
from exchange.domain.route import Route
from exchange.domain.rowcheck import RunsChecks
from exchange.domain.types import UNKNOWN_CODE, type_checks

NEVER_SENT: Final = "debtor_never_sent"
NEVER_SHARED: Final = "break_never_shared"
DEBTOR_KEY: Final = "debtor_uscc"
DEBTOR_IDS: Final = ("uscc", "old_taxpayer_id")

_Mask = npt.NDArray[np.bool_]


def record_rules(
    route: Route,
    frames: Mapping[str, pd.DataFrame],
    *,
    codes: Mapping[str, CodeList],
    checker: RunsChecks,
    sent_ids: Collection[str] | None,
    shared_ids: Collection[str] | None = None,
) -> tuple[dict[str, pd.DataFrame], list[Rejected]]:
    """(rows to land, records refused) of a packet's frames.

    601 `unknown_code`: a code that is not in the agreed list. 603 `debtor_never_sent`: a dataset kept by debtor speaks
    of one that was never sent on the route answered (tax secrecy, 征管法第八条); `sent_ids` are the normalised ids
    that were, None where the route answers none. 601 `break_never_shared`: an answer to a break that is on no list
    sent there; `shared_ids` are those that are.
    """
    kept: dict[str, pd.DataFrame] = {}
    rejected: list[Rejected] = []
    for dataset, frame in frames.items():
        contract = route.wire(dataset)
        left = np.ones(len(frame), dtype=bool)
        for rule, code, broken in _broken(contract, frame, codes, checker, sent_ids, shared_ids):
            rejected += _listed(contract, frame, broken & left, rule, code)
            left &= ~broken
        kept[dataset] = frame if left.all() else frame.loc[left].reset_index(drop=True)
    return kept, rejected


def debtor_ids(debtors: pd.DataFrame) -> frozenset[str]:
    """Every id of the debtors sent, normalised."""
    columns = [normalise_id(debtors[name]).dropna() for name in DEBTOR_IDS if name in debtors]
    return frozenset(value for column in columns for value in column)


def key_sha256(values: Sequence[str]) -> str:
    """How a receipt names a record (§9.5): SHA-256 over its key columns' texts joined by `|`."""
    return sha256_hex("|".join(values).encode("utf-8"))


def _broken(
    contract: Contract,
    frame: pd.DataFrame,
    codes: Mapping[str, CodeList],
    checker: RunsChecks,
    sent_ids: Collection[str] | None,
    shared_ids: Collection[str] | None,
) -> list[tuple[str, int, _Mask]]:
    """(rule, code, mask of the rows that break it)."""
    if frame.empty:
        return []
    found: list[tuple[str, int, _Mask]] = []
    if sent_ids is not None and DEBTOR_KEY in contract.key:
        found.append((NEVER_SENT, 603, ~normalise_id(frame[DEBTOR_KEY]).isin(list(sent_ids)).to_numpy(bool)))
    if shared_ids is not None and contract.dataset == ANSWER:
        found.append((NEVER_SHARED, 601, ~frame["id"].isin(list(shared_ids)).to_numpy(bool)))
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
