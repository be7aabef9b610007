"""One case as its last packet says, and what a search for cases asks and finds: plain values, cheap to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CASES: Final = "bankruptcy_case"
DEBTORS: Final = "case_debtor"
VOIDS: Final = "case_void"
CLAIMS: Final = "tax_claim"

TEXTS: Final = ("court_code", "court_name", "procedure", "stage", "administrator_name")
DATES: Final = (
    "filed_on", "accepted_on", "announced_on", "claims_due_on", "first_meeting_on", "declared_on", "terminated_on",
)  # fmt: skip
"""The columns of a case that lists and limits need."""
NAMES: Final = ("name", "former_name", "uscc", "old_taxpayer_id")
"""The columns of a debtor a case is found by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """One case of a lane as the packet that carried it last says. Dates are ISO text; `debtor` is the first debtor's
    name. `taken_back`: the last word is that the case was sent in error or dismissed."""

    lane: str
    case_no: str
    court_code: str | None
    court_name: str | None
    procedure: str | None
    stage: str | None
    administrator_name: str | None
    is_major: bool
    filed_on: str | None
    accepted_on: str | None
    announced_on: str | None
    claims_due_on: str | None
    first_meeting_on: str | None
    declared_on: str | None
    terminated_on: str | None
    taken_back: bool
    debtor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuestion:
    """What is looked for. A case of exactly this `number` answers alone; else the cases in one of whose texts each of
    `parts` (squeezed) is, and where one of `whole` is a text of some, those alone. Nothing asked: every case.
    `stages` and `courts` narrow; empty: any."""

    number: str | None = None
    whole: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    courts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCases:
    """A page of the cases found, newest acceptance first. `total` counts to the limit asked; `more` beyond it."""

    entries: tuple[CaseEntry, ...]
    total: int
    more: bool = False
