"""Corrections: records sent before are superseded by name, a case is taken back, and nothing newer is undone.

docs/packet-format.md §13. A packet of kind C names, record by record, the packet that carried the case last
(`corrects`). Pure judgement; what was carried is read from the landed rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final, Protocol

import numpy as np
import pandas as pd

from exchange.domain.changes import DATASET, case_in_exchange
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.packet import parse_packet_name
from exchange.domain.prepare import CASES, Prepared, text
from exchange.domain.route import ROUNDS, Route

VOIDS: Final = "case_void"
CORRECTED: Final = "corrected"
DISMISSED: Final = "dismissed"
TAKEN_BACK: Final = "case_taken_back"
"""The rule that holds a case that was taken back, until its register knows a new acceptance."""


class Sent(Protocol):
    """What a lane remembers of a packet of ours."""

    @property
    def number(self) -> int:
        """Its number in the lane."""
        ...

    @property
    def kind(self) -> str:
        """Its kind."""
        ...


def as_corrections(told: pd.DataFrame, last: Mapping[str, str]) -> pd.DataFrame:
    """`case_in_exchange` of a correction: what was carried before is corrected, and says by which packet last.

    `last` case → packet id. A case never carried stays what it is: new.
    """
    corrects = told["case_no"].map(dict(last)).astype("str")
    why = told["why"].where(corrects.isna(), CORRECTED).astype("str")
    return told.assign(why=why, corrects=corrects)


def void_frame(case_no: str, *, reason: str, decided_on: date, document_no: str | None, corrects: str) -> pd.DataFrame:
    """The one row of `case_void`."""
    row = {
        "case_no": case_no, "reason": reason, "decided_on": decided_on.isoformat(), "document_no": document_no,
        "corrects": corrects,
    }  # fmt: skip
    return pd.DataFrame([row]).astype("str")


def newest(packets: Iterable[str | None]) -> str | None:
    """Of packets of one lane the one with the highest number, as the manifest's `corrects`; None for none."""
    named = [packet for packet in packets if isinstance(packet, str)]
    return max(named, key=lambda packet: parse_packet_name(packet).number, default=None)


def taken_back(prepared: Prepared, voids: pd.DataFrame) -> Iterator[Finding]:
    """Cases that are taken back and whose register tells no later acceptance: not sent again by themselves.

    `voids` are the current rows of `case_void`. One finding a case, which holds it.
    """
    if voids.empty:
        return
    decided = dict(zip(voids["case_no"], voids["decided_on"], strict=True))
    cases = prepared.frames[CASES]
    for n in np.flatnonzero(cases["case_no"].isin(list(decided)).to_numpy(bool)):
        if (text(cases["accepted_on"].iloc[n]) or "") <= decided[cases["case_no"].iloc[n]]:
            yield Finding(
                rule=TAKEN_BACK, severity="reject", dataset=CASES, record=text(cases["_record"].iloc[n]),
                case_no=text(cases["_case_no_raw"].iloc[n]), column="accepted_on", comparable=False,
            )  # fmt: skip


def told_since(history: pd.DataFrame, voids: pd.DataFrame) -> pd.DataFrame:
    """What was told of cases (case_no, `_number` and more) after each was last taken back, if ever.

    `voids` (case_no, `_number`): every case that ever was. An acceptance dismissed and a later one are two (破产法12).
    """
    last = voids.assign(_number=pd.to_numeric(voids["_number"])).groupby("case_no")["_number"].max()
    since: pd.DataFrame = history[~(pd.to_numeric(history["_number"]) <= history["case_no"].map(last))]
    return since


def cases_of(frames: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """Every case a correction speaks of."""
    told = (frame["case_no"] for name, frame in frames.items() if name in (DATASET, VOIDS))
    return frozenset(str(case) for column in told for case in column)


def check_chain(
    corrects: str | None,
    frames: Mapping[str, pd.DataFrame],
    last: Mapping[str, str],
    accepted: Collection[str],
) -> None:
    """What the receiver holds a correction against, before it lands a row of it (§13.3).

    `last` case → packet that carried it last here, `accepted` the lane's packets that were accepted. Raises
    NeedsPerson 701 (it corrects what was never received) and 702 (not the packet that carried the case last, or a case
    both corrected and taken back).
    """
    named = dict(_named(frames))
    if corrects != newest(named.values()) or (corrects is not None and corrects not in accepted):
        raise _unknown("manifest.json")
    voided = set(frames[VOIDS]["case_no"]) if VOIDS in frames else set()
    if voided & set(frames[CASES]["case_no"]):
        raise _out_of_date("A case is both corrected and taken back.")
    for case, packet in named.items():
        if packet not in accepted:
            raise _unknown(DATASET)
        if last.get(case) != packet:
            raise _out_of_date("A record corrects another packet than the one that carried its case last.")


def _named(frames: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    """(case, packet it corrects) of every record that corrects something."""
    for dataset in (DATASET, VOIDS):
        if dataset in frames:
            some = frames[dataset].dropna(subset=["corrects"])
            yield from zip(some["case_no"].astype(str), some["corrects"].astype(str), strict=True)


def _unknown(where: str) -> NeedsPerson:
    return NeedsPerson(
        701, "It corrects a packet that was not received here.", where=where,
        next_step="Ask the sender to correct what was received, or to send the corrected packet first.",
    )  # fmt: skip


def _out_of_date(what: str) -> NeedsPerson:
    return NeedsPerson(702, what, where=DATASET, next_step="Ask the sender to make the correction anew.")


def sent_up_to(top: int, waiting: Iterable[Sent]) -> int:
    """The number up to which a lane's data packets are out, and so told: what is staged now is judged against these.

    `top` is the lane's newest number, `waiting` its packets that are not out yet.
    """
    return min((p.number - 1 for p in waiting if p.kind in ROUNDS), default=top)


def overtaken(last: Mapping[str, str], after: int) -> frozenset[str]:
    """The cases that a packet above a number carried since."""
    return frozenset(case for case, packet in last.items() if parse_packet_name(packet).number > after)


def undone(
    kind: str, cases: Collection[str], frames: Mapping[str, pd.DataFrame], now: Mapping[str, pd.DataFrame], route: Route
) -> frozenset[str]:
    """Of overtaken cases those that may not go as they were staged.

    `frames` are the staged rows, `now` the rows the other side has. A correction names what it corrects, so that any
    other packet in between is in its way. For the others it is enough that the rows are still the same.
    """
    if kind == "C":
        return frozenset(cases)
    of_case = [name for name in frames if route.contract(name).of_case and name not in (DATASET, VOIDS)]
    some = {name: _of(frames[name], cases).assign(_record="") for name in of_case}
    told = case_in_exchange(some, {name: _of(now[name], cases) for name in some}, route)
    return frozenset(told.loc[told["why"] != "unchanged", "case_no"])


def _of(frame: pd.DataFrame, cases: Collection[str]) -> pd.DataFrame:
    return frame.loc[frame["case_no"].isin(list(cases))].reset_index(drop=True)
