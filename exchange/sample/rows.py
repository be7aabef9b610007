"""What a world is made of, as the generator holds it: a case with everything that hangs on it, and its consequences.

Amounts are fen. A text stands as the source has it, defects and all; codes are those of the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

Where = dict[str, Any]
"""Where a break is within its claim: `line_no`, `rank` or nothing."""


@dataclass(slots=True, kw_only=True)
class Debtor:
    """One debtor. `uscc` and `old_id` None where the source has nothing."""

    id: int
    name: str
    uscc: str | None
    old_id: str | None = None
    former: str | None = None
    address: str = ""
    representative: str = ""
    representative_id: str = ""
    industry: str = "C33"


@dataclass(slots=True, kw_only=True)
class Event:
    """One event of a case with its document."""

    event: str
    on: date
    document_no: str
    title: str


@dataclass(slots=True, kw_only=True)
class Disposal:
    """One asset sold or to be sold."""

    kind: str
    what: str
    appraised: int | None
    price: int | None
    on: date | None
    buyer: str
    platform: str


@dataclass(slots=True, kw_only=True)
class Review:
    """One row of the administrator's table: a claim, a rank."""

    claim_no: str
    rank: str
    declared: int
    confirmed: int
    on: date
    creditor: str
    why: str = ""


@dataclass(slots=True, kw_only=True)
class Payment:
    """One payment on a claim and rank."""

    claim_no: str
    rank: str
    payable: int
    paid: int
    on: date


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of a claim."""

    no: int
    levy: str
    start: date
    end: date
    due: date
    component: str
    amount: int
    rank: str


@dataclass(slots=True, kw_only=True)
class Instalment:
    """What was paid on a levy and period of a claim before it was filed."""

    levy: str
    start: date
    end: date
    on: date
    amount: int


@dataclass(slots=True, kw_only=True)
class Version:
    """One version of a claim as it stands in the return."""

    version: int
    kind: str
    case_no: str
    uscc: str
    old_id: str
    name: str
    filed: date
    cutoff: date
    total: int
    supplements: str = ""
    lines: list[Line] = field(default_factory=list)
    instalments: list[Instalment] = field(default_factory=list)

    def add_up(self) -> None:
        """Make the total the sum of the lines."""
        self.total = sum(line.amount for line in self.lines)


@dataclass(slots=True, kw_only=True)
class Claim:
    """A claim number with its versions, and what is found on it when it is live and its case was sent.

    `stray` is the normalised number of another case, never sent, that the claim names.
    """

    no: str
    authority: str
    versions: list[Version]
    breaks: list[tuple[str, Where]] = field(default_factory=list)
    infos: list[tuple[str, Where]] = field(default_factory=list)
    stray: str | None = None

    @property
    def last(self) -> Version:
        """The highest version."""
        return max(self.versions, key=lambda one: one.version)

    @property
    def live(self) -> bool:
        """Not withdrawn."""
        return self.last.kind != "withdrawal"


@dataclass(slots=True, kw_only=True)
class Status:
    """What the tax register says of a debtor on a day."""

    uscc: str
    on: date
    registration: str = "normal"
    suspended: bool = False
    inspection: bool = False


@dataclass(slots=True, kw_only=True)
class Estate:
    """One case of the register with all its rows, and what the exchange must make of it.

    `case_no` as it stands, `number` normalised. `stage` and `procedure` are wire words, or what the source holds
    where it holds none of them. `holds`, `row_holds`, `warns` and `normalised` are told by whoever planted them.
    """

    record: int
    case_no: str | None
    number: str
    court: str
    code: str
    division: str
    procedure: str
    stage: str | None
    filed: date
    accepted: date | None = None
    announced: date | None = None
    due: date | None = None
    meeting: date | None = None
    declared: date | None = None
    terminated: date | None = None
    updated: str | None = None
    major: bool = False
    judge: str = ""
    clerk: str = ""
    note: str = ""
    administrator: tuple[str, str, str, date] | None = None
    predecessor: tuple[str, str, str, date] | None = None
    debtors: list[Debtor] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    disposals: list[Disposal] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    selected: bool = True
    known: bool = False
    """Sent in an earlier quarter: a claim on it is on a known case, whatever became of it."""
    normalised: list[tuple[str, str]] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    row_holds: set[str] = field(default_factory=set)
    warns: list[str] = field(default_factory=list)
    blocks: int = 0
    """How many quarters back the claims of this case reach already."""

    @property
    def sent(self) -> bool:
        """Selected, and held for nothing."""
        return self.selected and not self.holds
