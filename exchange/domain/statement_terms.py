"""A statement's own words: its amounts and their names, its events, its files. Light to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MOVES: Final = ("new", "supplement", "amended_up", "amended_down", "withdrawn", "voided")
FILED: Final = ("opening", *MOVES, "closing")
HELD: Final = ("confirmed", "disputed", "unreviewed", "payable", "paid_before", "paid", "outstanding")
AMOUNTS: Final = (*FILED, *HELD)
KEY: Final = ("case_no", "claim_no", "rank")

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "opening": ("期初申报", "Opening"),
    "new": ("新申报", "New"),
    "supplement": ("补充申报", "Supplements"),
    "amended_up": ("变更增加", "Amended up"),
    "amended_down": ("变更减少", "Amended down"),
    "withdrawn": ("撤回", "Withdrawn"),
    "voided": ("案件撤销", "Case taken back"),
    "closing": ("期末申报", "Closing"),
    "confirmed": ("已确认", "Confirmed"),
    "disputed": ("未确认", "Disputed"),
    "unreviewed": ("待审查", "Not reviewed"),
    "payable": ("应分配", "Payable"),
    "paid_before": ("前期清偿", "Paid before"),
    "paid": ("本期清偿", "Paid"),
    "outstanding": ("尚未清偿", "Outstanding"),
}

MADE: Final = "statement_made"
"""The event by which a quarter's cuts are remembered."""
PREPARED: Final = "statement_prepared"
SIGNED: Final = "statement_signed"
CHECKED: Final = "statement_checked"
COUNTERSIGNED: Final = "statement_countersigned"
DIFFERS: Final = "statement_differs"
"""Put forward, signed here; the sender's found to agree with our rows; the receiver's signature come home; lines that
differ."""
REFUSED: Final = "statement_refused"
REFUSED_THERE: Final = "statement_refused_there"
"""Theirs refused by an officer here, with a reason; ours by one of theirs."""
TOLD: Final = "statement_told"
HEARD: Final = "statement_heard"
"""What was signed or refused here is on its way as an exchange; what came with a packet was read and compared."""


def compared_name(version: int) -> str:
    """Where the last comparison of a version lies: the other side's fingerprint, and each value that differs."""
    return f"statement-v{version}.compared.json"


def refusal_name(sha256: str) -> str:
    """Where the reason of a refusal lies, by its hash."""
    return f"refusal-{sha256[:16]}.txt"


def signature_name(version: int, party: str) -> str:
    """Where a party's signature on a version lies."""
    return f"statement-v{version}.{party}.p7s"
