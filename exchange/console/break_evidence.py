"""差异, the evidence of one break: what either side's rows say, as tables; the figures it is about, as two boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from exchange.console.render import count, money
from exchange.domain.break_desk import DeskQuery
from exchange.domain.break_list import COUNTS, FIGURES, LABELS
from exchange.domain.break_view import Seen, seen
from exchange.domain.case_books import Row
from exchange.domain.claims import own_rows
from exchange.domain.fee_words import FeePart, fee_parts

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.domain.route import Route

CASE_COLUMNS: Final = (
    "case_no",
    "court_name",
    "procedure",
    "stage",
    "accepted_on",
    "claims_due_on",
    "petition_case_no",
)
LATE_FEES: Final = frozenset({"LATE_FEE_DIFFERS", "LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL"})
DAYS: Final = frozenset({"CUTOFF_DIFFERS", "FILED_LATE", "NO_RESPONSE"})
"""Breaks about days: a shared list tells no figures of theirs."""
LIQUIDATION: Final = "compulsory_liquidation"
MOST: Final = 40
"""Rows of an evidence table at most; the claim itself may have thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the figures a break is about. `notes` explain it; a pair (text, marked)."""

    label: str
    amount: str
    unit: str
    notes: Sequence[Sequence[tuple[str, bool]]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows to look at. The last columns named in `numbers` are figures; `marked` rows are those it is about."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int
    marked: frozenset[int] = frozenset()
    sums: Sequence[str] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The rows of either side that one break is about; nothing where an end has none."""

    route: Route
    back: Route | None
    case: Mapping[str, str]
    claim: Mapping[str, str]
    versions: Sequence[Mapping[str, str]]
    lines: Sequence[Mapping[str, str]]
    payments: Sequence[Mapping[str, str]]
    reviews: Sequence[Mapping[str, str]]
    paid: Sequence[Mapping[str, str]]

    @property
    def cut_off(self) -> date | None:
        """The day late fees stop: acceptance, in compulsory liquidation what the claim says."""
        told = self.claim if self.case.get("procedure") == LIQUIDATION else self.case
        return _day(told.get("cutoff_on") or told.get("accepted_on"))


def books_of(visit: Visit, one: Seen) -> Books:
    """Read by key: the case, the claim with its lines and payments, what the administrator's table says."""
    route = visit.parts.agreement.route(one.record.route)
    back = visit.parts.agreement.route(route.answered_by) if route.answered_by else None
    case, claim_no = one.record.case_no, one.record.claim_no
    cases = _read(visit, route, "bankruptcy_case", case, CASE_COLUMNS)
    claims = _of_claim(visit, back, "tax_claim", claim_no)
    versions = sorted(_texts(claims), key=lambda row: int(row["version"] or 0))
    latest = versions[-1] if versions else {}
    own: dict[str, list[dict[str, str]]] = {}
    for dataset in ("tax_claim_line", "tax_payment"):
        kept = own_rows(claims, _of_claim(visit, back, dataset, claim_no))
        own[dataset] = [row for row in _texts(kept) if row["version"] == latest.get("version")]
    held = {name: [row for row in _read(visit, route, name, case) if row["claim_no"] == claim_no]
            for name in ("claim_review", "distribution")}  # fmt: skip
    return Books(
        route=route, back=back, case=cases[0] if cases else {}, claim=latest, versions=versions,
        lines=sorted(own["tax_claim_line"], key=lambda row: int(row["line_no"] or 0)), payments=own["tax_payment"],
        reviews=held["claim_review"], paid=held["distribution"],
    )  # fmt: skip


def _of_claim(visit: Visit, route: Route | None, dataset: str, key: str | None) -> Sequence[Row]:
    if route is None or key is None or not route.has(dataset):
        return ()
    return visit.parts.ledger.rows_now(route, dataset, keys=[key])


def _read(
    visit: Visit, route: Route, dataset: str, key: str, columns: Sequence[str] | None = None
) -> list[dict[str, str]]:
    if not route.has(dataset):
        return []
    return _texts(visit.parts.ledger.rows_now(route, dataset, keys=[key], columns=columns))


def _texts(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Nothing is empty text."""
    return [{name: value or "" for name, value in row.items()} for row in rows]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def figures(visit: Visit, one: Seen, books: Books) -> tuple[Figure, ...]:
    """Both figures and the difference; one box where nothing is held against it. Of a closed break those of the last
    comparison that had it: what either side's rows say now neither stands in for them nor explains them."""
    code, amounts, facts = one.record.code, _named(one), one.record.facts
    if one.closed:
        books = replace(books, case={}, claim={}, versions=(), lines=(), payments=())
        if code in DAYS and not facts:
            return ()
    if code == "CUTOFF_DIFFERS":
        return _days(visit, facts.get("cutoff_on") or books.claim.get("cutoff_on", ""),
                     facts.get("accepted_on") or books.case.get("accepted_on", ""),
                     ("Cut-off as filed", "Accepted by the court"))  # fmt: skip
    if code == "FILED_LATE":
        first = books.versions[0]["filed_on"] if books.versions else facts.get("filed_on", "")
        return _days(visit, first, facts.get("claims_due_on") or books.case.get("claims_due_on", ""),
                     ("First filed on", "Claims due on"))  # fmt: skip
    if code == "NO_RESPONSE":
        due = facts.get("claims_due_on") or books.case.get("claims_due_on", "")
        return (Figure(label=visit.say("Claims due on"), amount=due or "—", unit=""),
                Figure(label=visit.say("Claims received"), amount="0", unit=visit.say("claims")))  # fmt: skip
    names = FIGURES.get(code, ("total", None))
    parts = fee_words(visit, one, books) if code in LATE_FEES else ((), ())
    made = [
        Figure(label=_label(visit, name), amount=money(amounts[name]), unit=visit.say("yuan"), notes=notes)
        for name, notes in zip(names, parts or ((), ()), strict=True) if name and name in amounts
    ]  # fmt: skip
    if "difference" in amounts:
        made.append(_difference(visit, one, amounts["difference"], books))
    return tuple(made)


def _named(one: Seen) -> Mapping[str, str]:
    """The amounts as this kind calls them, also where they came by the other side's list."""
    if one.ours:
        return one.record.amounts
    claimed, compared = FIGURES.get(one.record.code, ("total", None))
    names = {"claimed": claimed or "claimed", "compared": compared or "compared"}
    return {names.get(name, name): value for name, value in one.record.amounts.items()}


def _label(visit: Visit, name: str) -> str:
    zh, en = LABELS.get(name, (name, name))
    return zh if visit.language == "zh" else en[:1].upper() + en[1:]


def _difference(visit: Visit, one: Seen, amount: str, books: Books) -> Figure:
    notes: list[Sequence[tuple[str, bool]]] = []
    stated, used = _day(books.claim.get("cutoff_on")), books.cut_off
    if one.record.code in LATE_FEES and stated and used and stated != used:
        notes.append([(visit.say("%(days)s days apart", days=abs((stated - used).days)), False)])
    return Figure(label=visit.say("Difference"), amount=money(amount), unit=visit.say("yuan"), notes=notes)


def _days(visit: Visit, first: str, second: str, labels: tuple[str, str]) -> tuple[Figure, ...]:
    made = [Figure(label=visit.say(label), amount=day or "—", unit="")
            for label, day in zip(labels, (first, second), strict=True)]  # fmt: skip
    one, other = _day(first), _day(second)
    if one and other:
        days = str((one - other).days).replace("-", "−")
        made.append(Figure(label=visit.say("Difference"), amount=days, unit=visit.say("days")))
    return tuple(made)


def fee_words(
    visit: Visit, one: Seen, books: Books
) -> tuple[Sequence[Sequence[tuple[str, bool]]], Sequence[Sequence[tuple[str, bool]]]]:
    """How the fee filed and the one computed come about: principal × rate × days, the days that differ marked."""
    stated, used = _day(books.claim.get("cutoff_on")), books.cut_off
    mark = stated != used
    left = [_formula(visit, part, mark) for part in fee_of(one, books, stated)]
    right = [_formula(visit, part, mark) for part in fee_of(one, books, used)]
    return [line for pair in left for line in pair], [line for pair in right for line in pair]


def fee_of(one: Seen, books: Books, until: date | None) -> tuple[FeePart, ...]:
    """The fee on a late-fee line up to a day, part by part; nothing where its principal is not known here."""
    line = next((row for row in books.lines if row["line_no"] == str(one.record.line_no)), None)
    due = _day(line["due_on"]) if line else None
    if line is None or due is None or until is None:
        return ()
    place = ("levy_code", "period_start", "period_end")
    owed = sum((Decimal(row["amount"]) for row in books.lines
                if row["component"] == "principal" and all(row[n] == line[n] for n in place)), Decimal(0))  # fmt: skip
    paid = [(date.fromisoformat(row["paid_on"]), Decimal(row["amount"])) for row in books.payments
            if row["paid_on"] and all(row[n] == line[n] for n in place)]  # fmt: skip
    return fee_parts(owed, due, until, paid, books.route.dated("late_fee_rate"))


def _formula(visit: Visit, part: FeePart, mark: bool) -> list[list[tuple[str, bool]]]:
    days = visit.say("%(days)s days", days=count(part.days))
    rate = f"{(part.rate * 100).normalize():f}%"
    return [
        [(f"{money(part.principal)} × {rate} × ", False), (days, mark)],
        [(visit.say("%(first)s to", first=part.since.isoformat()) + " ", False), (part.until.isoformat(), mark)],
    ]


def tables(visit: Visit, one: Seen, books: Books) -> list[Table]:
    """What there is to look at, by the kind of break."""
    made = [_siblings(visit, one)]
    if one.record.rank:
        made += [_ranks(visit, one, books), _distributions(visit, one, books)]
    if books.lines and one.record.code not in ("NO_RESPONSE", "WITHDRAWN_STILL_LISTED"):
        made.append(_lines(visit, one, books))
    if one.record.code == "FILED_LATE" or len(books.versions) > 1:
        made.append(_versions(visit, books))
    return [table for table in made if table is not None]


def _siblings(visit: Visit, one: Seen) -> Table | None:
    """The breaks of the same cause: they would go together."""
    if not one.record.claim_no:
        return None
    ledger, route, claim = visit.parts.ledger, one.record.route, one.record.claim_no
    rows = ledger.break_desk(DeskQuery(today=visit.today, case_no=one.record.case_no, claim_no=claim), limit=MOST)
    cause = next((row.cause for row in rows if row.id == one.record.id), None)
    same = [row.id for row in rows if row.cause == cause and row.route == route] if cause else []
    if len(same) < 2:
        return None
    full = seen(ledger, visit.parts.agreement, visit.parts.party, ids=same, of=route)
    told = [(break_, _named(break_)) for break_ in full]
    shown = [
        (break_, [amounts.get(n, "") if n else "" for n in FIGURES.get(break_.record.code, ("total", None))],
         amounts.get("difference", ""))
        for break_, amounts in told
    ]  # fmt: skip
    total = sum((Decimal(gap) for _, _, gap in shown if gap), Decimal(0))
    return Table(
        title=visit.say("Breaks of the same cause"),
        heads=[visit.say("Which break"), visit.say("As filed"), visit.say("Held against"), visit.say("Difference")],
        rows=[[_title(visit, b), *(money(v) for v in values), money(gap)] for b, values, gap in shown], numbers=3,
        marked=frozenset(n for n, (b, _, _) in enumerate(shown) if b.record.id == one.record.id),
        sums=[visit.say("Sum"), "", "", money(total)],
    )  # fmt: skip


def _title(visit: Visit, one: Seen) -> str:
    name = visit.name("break", one.record.code)
    gap = "　" if visit.language == "zh" else ", "
    line = visit.say("line %(line)s", line=one.record.line_no) if one.record.line_no is not None else ""
    return f"{name}{gap}{line}" if line else name


def _lines(visit: Visit, one: Seen, books: Books) -> Table:
    """The claim's lines; the one it is about, and its principal, first of all when there are very many."""
    about = [n for n, row in enumerate(books.lines) if row["line_no"] == str(one.record.line_no)]
    shown = list(books.lines[:MOST])
    if about and about[0] >= MOST:
        shown = [books.lines[about[0]], *shown[:-1]]
    total = sum((Decimal(row["amount"]) for row in books.lines), Decimal(0))
    heads = ("Line", "Levy", "Period", "Payment limit", "Component", "Rank", "Amount")
    return Table(
        title=visit.say("The claim's lines, version %(version)s", version=books.claim.get("version", "")),
        heads=[visit.say(head) for head in heads], numbers=1,
        rows=[[row["line_no"], visit.name("levy", row["levy_code"]), _period(row), row["due_on"],
               visit.name("component", row["component"]), visit.name("rank", row["rank"]), money(row["amount"])]
              for row in shown],
        marked=frozenset(n for n, row in enumerate(shown) if _about(one, row)),
        sums=[visit.say("Sum"), "", "", "", "", "", money(total)], more=len(books.lines) - len(shown),
    )  # fmt: skip


def _about(one: Seen, row: Mapping[str, str]) -> bool:
    return row["line_no"] == str(one.record.line_no) or (one.record.rank is not None and row["rank"] == one.record.rank)


def _period(row: Mapping[str, str]) -> str:
    """A month, a quarter or a year by its name where it is one; else both days."""
    first, last = row["period_start"], row["period_end"]
    return f"{first[:7]}" if first[:7] == last[:7] else f"{first[:7]}–{last[2:7]}" if first[:4] != last[:4] else (
        f"{first[:7]}–{last[5:7]}")  # fmt: skip


def _ranks(visit: Visit, one: Seen, books: Books) -> Table | None:
    """The claim by rank in the three books."""
    if not (books.lines or books.reviews):
        return None
    ranks = list(dict.fromkeys([*(r["rank"] for r in books.reviews), *(r["rank"] for r in books.lines)]))
    heads = ("Rank", "As filed", "Registered", "Confirmed", "Payable", "Paid")
    rows = [[visit.name("rank", rank), *map(money, _by_rank(rank, books))] for rank in ranks]
    return Table(
        title=visit.say("The claim by rank in the three books"), heads=[visit.say(head) for head in heads], rows=rows,
        numbers=5, marked=frozenset(n for n, rank in enumerate(ranks) if rank == one.record.rank),
    )  # fmt: skip


def _by_rank(rank: str, books: Books) -> list[Any]:
    def total(rows: Sequence[Mapping[str, str]], column: str) -> Decimal | None:
        some = [Decimal(row[column]) for row in rows if row["rank"] == rank and row[column]]
        return sum(some, Decimal(0)) if some else None

    return [
        total(books.lines, "amount"), total(books.reviews, "declared_amount"),
        total(books.reviews, "confirmed_amount"), total(books.paid, "payable_amount"),
        total(books.paid, "paid_amount"),
    ]  # fmt: skip


def _distributions(visit: Visit, one: Seen, books: Books) -> Table | None:
    rows = [row for row in books.paid if row["rank"] == one.record.rank]
    if one.record.code != "PAID_DIFFERS" or not rows:
        return None
    return Table(
        title=visit.say("Distributions of this rank"), numbers=2,
        heads=[visit.say(head) for head in ("Paid on", "Payable", "Paid")],
        rows=[[row["paid_on"], money(row["payable_amount"]), money(row["paid_amount"])] for row in rows[:MOST]],
    )  # fmt: skip


def _versions(visit: Visit, books: Books) -> Table:
    return Table(
        title=visit.say("Versions of the claim"), numbers=1,
        heads=[visit.say(head) for head in ("Edition", "Kind", "Filed on", "Cut-off", "Amount")],
        rows=[[row["version"], visit.name("claim_kind", row["kind"]), row["filed_on"], row["cutoff_on"] or "—",
               money(row["total_amount"])] for row in books.versions[-MOST:]],
    )  # fmt: skip


def details(one: Seen) -> list[str]:
    """Names of the amounts and facts that are shown beside the figures."""
    shown = {*filter(None, FIGURES.get(one.record.code, ("total", None))), "claimed", "compared", "difference", *COUNTS}
    return [name for name in LABELS if name in {**one.record.amounts, **one.record.facts} and name not in shown]
