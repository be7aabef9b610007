"""差异, the list: what is asked for in the address, one page of rows with their groups, and what the filters offer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from exchange.console.paging import SIZE, Pages, pages
from exchange.domain.break_desk import (
    GONE,
    GROUPS,
    INFO,
    LIMITS,
    ORDERS,
    SETTLED,
    STANDS,
    TODO,
    UNDONE,
    WAITING,
    DeskQuery,
    DeskRow,
    alike,
    limit_of,
)
from exchange.domain.break_view import Seen, seen, version_of
from exchange.domain.case_number import normalise, parse
from exchange.domain.masking import mask_name

if TYPE_CHECKING:
    from exchange.console.house import House
    from exchange.console.visit import Visit
    from exchange.domain.route import Agreement
    from exchange.ports import By, DeskCount, Ledger

STAND_WORDS: Final[Mapping[str, str]] = {
    "": "Not settled", TODO: "For us to do", WAITING: "The other side's turn", SETTLED: "Settled",
    GONE: "The books agree again", INFO: "Infos", "all": "All of them",
}  # fmt: skip
LIMIT_WORDS: Final = ("Overdue", "Within 30 days", "In time", "Without limit")
ORDER_WORDS: Final = ("By days left", "By amount", "By age")
GROUP_WORDS: Final = ("By limit and cause", "By kind", "By case", "By common cause")
_SECONDS: Final = 8.0
_SOON: Final = 7
_known: WeakKeyDictionary[Ledger, dict[Any, tuple[float, Sequence[DeskCount]]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address asks for; an empty text asks for nothing. Every field is one of its address, by its name."""

    stand: str = ""
    state: str = ""
    code: str = ""
    rank: str = ""
    court: str = ""
    owner: str = ""
    limit: str = ""
    case: str = ""
    claim: str = ""
    q: str = ""
    group: str = ""
    sort: str = ""

    @property
    def told(self) -> Mapping[str, str]:
        """What is said, for an address."""
        return {name: value for name in Filters.__slots__ if (value := getattr(self, name))}

    @property
    def narrowed(self) -> bool:
        """Whether anything but order and group is asked for."""
        return bool(self.told.keys() - {"group", "sort"})

    def at(self, path: str, **more: Any) -> str:
        """An address with these filters."""
        told = {name: value for name, value in {**self.told, **more}.items() if value}
        return f"{path}?{urlencode(told)}" if told else path

    def query(self, today: date) -> DeskQuery:
        """What the ledger is asked."""
        stands = UNDONE if not self.stand else () if self.stand == "all" else (self.stand,)
        typed = normalise(self.q)
        whole = parse(typed).form != "malformed"
        return DeskQuery(
            today=today, stands=stands, state=self.state, code=self.code, rank=self.rank, owner=self.owner,
            court=self.court, case_no=self.case or (typed if whole else ""), claim_no=self.claim, limit=self.limit,
            text="" if whole else typed,
            order=next((one for one in ORDERS if one == self.sort), "due"),
            group=next((one for one in GROUPS if one == self.group), "limit"),
        )  # fmt: skip


def filters_of(asked: Mapping[str, str]) -> Filters:
    """What an address asks for; what it can't ask for is left out."""
    told = {name: _plain(asked[name]) for name in Filters.__slots__ if asked.get(name)}
    allowed: Mapping[str, Sequence[str]] = {
        "stand": (*STANDS, "all"), "limit": LIMITS, "group": GROUPS[1:], "sort": ORDERS[1:],
    }  # fmt: skip
    return Filters(**{n: v for n, v in told.items() if n not in allowed or v in allowed[n]})


def _plain(text: str) -> str:
    """What a person can have typed, no longer than any number is."""
    return "".join(c for c in text if c.isprintable()).strip()[:80]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """Over the rows of one group. `count` is of all pages, None where only the rows shown are known."""

    text: str
    glyph: str
    late: bool = False
    count: int | None = None
    worth: Decimal | None = None
    case_no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One break in the list. `alike` is the same for breaks that may be decided together."""

    id: str
    address: str
    name: str
    place: str
    case_no: str
    debtor: str
    days_left: int | None
    worth: Decimal
    note: str
    state: str
    owner: str
    alike: str
    version: str
    heading: Heading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list as it is shown, with what its filters offer."""

    filters: Filters
    rows: Sequence[Row]
    pages: Pages
    total: int
    overdue: int
    worth: Decimal
    codes: Sequence[tuple[str, int, int, Decimal]]
    courts: Sequence[tuple[str, str]]
    stands: Mapping[str, int]
    compared: datetime | None
    before: str | None
    after: str | None


def listed(visit: Visit, filters: Filters, *, page: str | None, chosen: str = "") -> Listed:
    """One page of the list; `before` and `after` are the addresses of the chosen break's neighbours on it."""
    house, query = visit.house, filters.query(visit.today)
    counted = counts(house, query, ("code", "limit"))
    total = sum(one.count for one in counted)
    which = pages(total, page, "/breaks", filters.told)
    desk = visit.parts.ledger.break_desk(query, limit=which.size, offset=which.offset)
    rows = _rows(visit, filters, which, desk, _headings(query, counted))
    at = next((n for n, row in enumerate(rows) if row.id == chosen), None)
    return Listed(
        filters=filters, rows=rows, pages=which, total=total, overdue=sum(one.overdue for one in counted),
        worth=_yuan(sum(one.worth_fen for one in counted)), codes=_codes(counted),
        courts=courts(visit), stands={one.values[0]: one.count for one in _stands(house, visit.today)},
        compared=compared_at(visit), before=rows[at - 1].address if at else None,
        after=rows[at + 1].address if at is not None and at + 1 < len(rows) else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Addresses of the breaks before and after one, on its page of the list."""

    before: str | None
    after: str | None


def neighbours(visit: Visit, filters: Filters, *, page: str, chosen: str) -> Neighbours:
    """The same as in the list, without making it."""
    number = int(page) if page.isascii() and page.isdigit() else 1
    rows = visit.parts.ledger.break_desk(filters.query(visit.today), limit=SIZE, offset=(max(number, 1) - 1) * SIZE)
    ids = [row.id for row in rows]
    at = ids.index(chosen) if chosen in ids else None
    told = [filters.at(f"/breaks/{id_}", page=page) for id_ in ids]
    return Neighbours(
        before=told[at - 1] if at else None, after=told[at + 1] if at is not None and at + 1 < len(ids) else None
    )


def counts(house: House, query: DeskQuery, by: Sequence[By]) -> Sequence[DeskCount]:
    """Counts of the ledger, a few seconds old at most."""
    known = _known.setdefault(house.parts.ledger, {})
    asked = (query, tuple(by))
    found = known.get(asked)
    if found is None or time.monotonic() - found[0] > _SECONDS:
        if len(known) > 200:
            known.clear()
        found = known[asked] = (time.monotonic(), house.parts.ledger.break_counts(query, by=by))
    return found[1]


def forget(house: House) -> None:
    """Count anew: somebody has just done something."""
    _known.pop(house.parts.ledger, None)


def _stands(house: House, today: date) -> Sequence[DeskCount]:
    return counts(house, DeskQuery(today=today, stands=()), ("stand",))


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _codes(counted: Sequence[DeskCount]) -> list[tuple[str, int, int, Decimal]]:
    """(code, how many, how many overdue, yuan), most first."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in counted:
        for n, value in enumerate((one.count, one.overdue, one.worth_fen)):
            sums[one.values[0]][n] += value
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return [(code, many, late, _yuan(fen)) for code, (many, late, fen) in ordered]


def courts(visit: Visit) -> list[tuple[str, str]]:
    """(code, name) of the courts that have breaks."""
    counted = counts(visit.house, DeskQuery(today=visit.today, stands=()), ("court",))
    parties = visit.parts.agreement.parties.values()
    names = {known.code: court.name for party in parties for court in party.courts for known in court.codes}
    found = {one.values[0] for one in counted if one.values[0]}
    return sorted((code, names.get(code, code)) for code in found)


def compared_at(visit: Visit) -> datetime | None:
    """When the books were last compared here, or a list of breaks last came."""
    ledger = visit.parts.ledger
    last = ledger.last_event("reconciled")
    _, came = ledger.listed_exchanges({"kind": "B", "direction": "in"}, most=1)
    return max([*([last.at] if last else []), *(e.opened_at for e in came if e.opened_at)], default=None)


def _headings(query: DeskQuery, counted: Sequence[DeskCount]) -> Mapping[str, tuple[int, Decimal]]:
    """Group → how many and how much, over all pages."""
    at = 1 if query.group == "limit" else 0
    sums: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for one in counted:
        many, worth = sums[one.values[at]]
        sums[one.values[at]] = (many + one.count, worth + _yuan(one.worth_fen))
    return sums


def _rows(
    visit: Visit, filters: Filters, which: Pages, desk: Sequence[DeskRow], sums: Mapping[str, tuple[int, Decimal]]
) -> list[Row]:
    parts, query = visit.parts, filters.query(visit.today)
    full = {one.record.id: one for one in seen(parts.ledger, parts.agreement, parts.party, ids=[r.id for r in desk])}
    named = debtors_of(parts.ledger, parts.agreement, {(row.route, row.case_no) for row in desk})
    made, last = [], ""
    for row in desk:
        group = _group(row, query)
        heading = _heading(visit, query, row, group, sums) if group != last else None
        last = group
        debtor = "、".join(named.get(row.case_no, ()))
        made.append(_row(visit, filters, which, row, full[row.id], debtor, heading))
    return made


def _group(row: DeskRow, query: DeskQuery) -> str:
    if query.group == "limit":
        if query.order != "due" or set(query.stands) == {GONE}:
            return ""
        return f"cause {row.cause}" if row.due_on is None and row.cause else limit_of(row.due_on, query.today)
    return {"code": row.code, "case": row.case_no, "cause": row.cause or "-"}[query.group]


def _heading(
    visit: Visit, query: DeskQuery, row: DeskRow, group: str, sums: Mapping[str, tuple[int, Decimal]]
) -> Heading:
    if query.group == "code":
        many, worth = sums[group]
        return Heading(text=visit.name("break", group), glyph="brk", count=many, worth=worth)
    if query.group == "case":
        return Heading(text="", glyph="case", case_no=group)
    if row.cause and (query.group == "cause" or group.startswith("cause ")):
        return Heading(text=visit.say("Common cause: the claim's cut-off"), glyph="link", case_no=row.case_no)
    if query.group == "cause":
        return Heading(text=visit.say("No common cause known"), glyph="dash")
    known = sums[group] if group != "none" else (None, None)
    words = dict(zip(LIMITS, LIMIT_WORDS, strict=True))
    late = group == "overdue"
    return Heading(
        text=visit.say(words[group]), glyph="warn" if late else "clock", late=late, count=known[0], worth=known[1]
    )


def _row(
    visit: Visit, filters: Filters, which: Pages, row: DeskRow, one: Seen, debtor: str, heading: Heading | None
) -> Row:
    page = str(which.number) if which.number > 1 else ""
    return Row(
        id=row.id, address=filters.at(f"/breaks/{row.id}", page=page), name=visit.name("break", row.code),
        place=place_of(visit, one), case_no=row.case_no, debtor=debtor, days_left=one.days_left(visit.today),
        worth=_yuan(row.worth_fen), note=note_of(visit, one), state=row.state, owner=row.owner or "", alike=alike(one),
        version=version_of(one), heading=heading,
    )  # fmt: skip


def place_of(visit: Visit, one: Seen) -> str:
    """The line or the rank a break is on."""
    if one.record.line_no is not None:
        return visit.say("line %(line)s", line=one.record.line_no)
    return visit.name("rank", one.record.rank) if one.record.rank else ""


_NOTES: Final[Mapping[str, tuple[str, str]]] = {
    "LATE_FEE_DIFFERS": ("filed too much", "filed too little"),
    "LATE_FEE_ONE_DAY": ("filed too much", "filed too little"),
    "TOTAL_DIFFERS": ("total too high", "total too low"),
    "DECLARED_DIFFERS": ("registered too much", "registered too little"),
    "UNIT_SUSPECT": ("registered too much", "units mixed up"),
    "CONFIRMED_DIFFERS": ("confirmed more", "confirmed less"),
    "PAID_DIFFERS": ("paid too much", "paid too little"),
}
_PLAIN_NOTES: Final[Mapping[str, str]] = {
    "NO_RESPONSE": "not filed", "UNKNOWN_CASE": "whole claim to check", "DEBTOR_MISMATCH": "whole claim to check",
    "NAME_DIFFERS": "whole claim to check", "DUPLICATE_CLAIM": "claimed twice", "RANK_DIFFERS": "in another rank",
    "POST_ACCEPTANCE_PERIOD": "no claim", "WITHDRAWN_STILL_LISTED": "still listed", "FILED_LATE": "filed late",
    "CUTOFF_DIFFERS": "whole claim to check",
}  # fmt: skip


def note_of(visit: Visit, one: Seen) -> str:
    """Which way a break differs, in two or three words."""
    amounts, code = one.record.amounts, one.record.code
    if code in _NOTES and "difference" in amounts:
        return visit.say(_NOTES[code][Decimal(amounts["difference"]) < 0])
    return visit.say(_PLAIN_NOTES[code]) if code in _PLAIN_NOTES else ""


def debtors_of(
    ledger: Ledger, agreement: Agreement, cases: set[tuple[str, str]]
) -> Mapping[str, Sequence[str]]:  # fmt: skip
    """Case → its debtors' names, of (route, case) pairs; a natural person's is masked."""
    from exchange.domain.match_names import is_person

    found: dict[str, list[str]] = defaultdict(list)
    for route_id in {route for route, _ in cases}:
        route = agreement.routes[route_id]
        if not route.has("case_debtor") or route.contract("case_debtor").column("name").personal:
            continue
        keys = sorted({case for one, case in cases if one == route_id})
        columns = ("case_no", "name", "uscc", "old_taxpayer_id")
        for row in ledger.rows_now(route, "case_debtor", keys=keys, columns=columns):
            case, name, uscc, old = (row.get(column) or "" for column in columns)
            found[case].append(mask_name(name) if is_person(name, uscc or old or None) else name)
    return found
