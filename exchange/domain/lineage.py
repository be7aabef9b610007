"""Every packet that carried a case, in order, and what the other side knew of it at a moment. Pure.

A packet was taken in when the receiver landed it: at the sender the time its signed `validated` receipt states, at the
receiver the time in its own ledger. What was sent and not receipted by then is not known; what was refused never is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from exchange.domain.acceptance import key_sha256
from exchange.domain.contract import Contract
from exchange.domain.masking import masked

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

Standing = Literal["known", "taken_back", "unconfirmed", "refused", "later"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A receipt on a packet: its rung, the packet of kind R it came in, when it was given, by its own word."""

    rung: str
    receipt: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One packet that carried a case. `why`, `changed_columns` and `corrects` as it says itself; `void` the reason
    code where it takes the case back. Times aware; `taken_in_at` None while the other side has not said so."""

    packet: str
    number: int
    exchange: str
    kind: str
    period: str | None
    sent_at: datetime | None
    taken_in_at: datetime | None
    refused_at: datetime | None
    why: str | None
    changed_columns: str | None
    corrects: str | None
    void: str | None
    prepared_by: str | None
    approved_by: str | None
    manifest_sha256: str | None
    receipts: tuple[Given, ...] = ()

    def standing(self, moment: datetime) -> Standing:
        """What the packet was at a moment: taken in, sent and not confirmed, refused, or not there yet."""
        if self.refused_at is not None and self.refused_at <= moment:
            return "refused"
        if self.taken_in_at is not None and self.taken_in_at <= moment:
            return "known" if self.void is None else "taken_back"
        return "unconfirmed" if self.sent_at is not None and self.sent_at <= moment else "later"

    def as_document(self) -> dict[str, Any]:
        """For machines: times in ISO form, no value of a row."""
        return {
            "packet": self.packet,
            "number": self.number,
            "kind": self.kind,
            "period": self.period,
            "exchange": self.exchange,
            "why": "void" if self.void else self.why,
            "void_reason": self.void,
            "changed_columns": self.changed_columns.split("|") if self.changed_columns else [],
            "corrects": self.corrects,
            "prepared_by": self.prepared_by,
            "approved_by": self.approved_by,
            "manifest_sha256": self.manifest_sha256,
            "sent_at": _iso(self.sent_at),
            "taken_in_at": _iso(self.taken_in_at),
            "refused_at": _iso(self.refused_at),
            "receipts": [{"rung": r.rung, "receipt": r.receipt, "at": _iso(r.at)} for r in self.receipts],
        }


def known_by(carriers: Sequence[Carrier], moment: datetime) -> Carrier | None:
    """The packet that made what the other side knew at a moment; None when it knew nothing of the case."""
    taken = [c for c in carriers if c.standing(moment) in ("known", "taken_back")]
    return max(taken, key=lambda c: c.number, default=None)


def shown(rows: pd.DataFrame, contract: Contract, *, full: bool) -> list[dict[str, str | None]]:
    """Rows for people and machines: the contract's columns, those that name a person masked unless `full`."""
    told = rows.reindex(columns=list(contract.names)).astype(object)
    return [
        {
            column.name: (str(value) if full else masked(column, str(value)))
            for column, value in zip(contract.columns, values, strict=True)
            if not pd.isna(value)
        }
        for values in told.itertuples(index=False, name=None)
    ]


def without(rows: pd.DataFrame, contract: Contract, rejected: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows less those that the receiver's receipt names as not landed (§9.5)."""
    gone = {one["key_sha256"] for one in rejected if one["dataset"] == contract.dataset}
    if not gone:
        return rows
    keys = rows[list(contract.key)].astype(object).fillna("").to_numpy().tolist()
    return rows.loc[[key_sha256(list(map(str, key))) not in gone for key in keys]]


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds") if at else None
