"""A case file as a page shows it: header, time axis, three books, steps, and the list of all that happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from exchange.console.case_file import EVENTS, PAID, REVIEWS, SOLD, CaseFile
from exchange.console.case_happened import SHANGHAI, Happened, explained, planned
from exchange.console.render import money
from exchange.console.timeline import Clock, Drawing, Mark, Tone, timeline
from exchange.domain.alert_words import TITLES
from exchange.domain.break_life import CLOSED
from exchange.domain.break_view import Seen
from exchange.domain.case_books import CaseBooks, Row, case_books, lines_of, live_claims
from exchange.domain.case_entry import CASES, DEBTORS
from exchange.domain.case_steps import CODES, CaseStep, case_steps
from exchange.domain.lineage import Carrier
from exchange.domain.masking import masked

if TYPE_CHECKING:
    from exchange.console.visit import Visit

WIDE, PAPER = 1166.0, 690.0
_DATES: Final = {
    "filed_on": "Filed", "accepted_on": "Accepted", "announced_on": "Announced", "claims_due_on": "Claims due",
    "first_meeting_on": "First creditors' meeting", "declared_on": "Declared bankrupt", "terminated_on": "Terminated",
}  # fmt: skip
"""Columns of a case that are events of the proceedings, and what they are called."""
_OF_EVENT: Final = {
    "acceptance": "accepted_on", "announcement": "announced_on", "declaration": "declared_on",
    "termination": "terminated_on",
}  # fmt: skip
_REGISTER: Final = (
    (("DEBTOR_MISMATCH", "NAME_DIFFERS", "UNKNOWN_CASE"), "Case number, credit code and name agree"),
    (("CUTOFF_DIFFERS",), "Cut-off and acceptance day agree"),
    (("LATE_FEE_DIFFERS", "LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL"), "Late fees recomputed agree"),
)
_SETTLED: Final = (CLOSED,)
_DIFFERING: Final = {
    "distribute": frozenset({"PAID_DIFFERS"}),
    "claims_checked": frozenset({"DECLARED_DIFFERS", "CONFIRMED_DIFFERS", "RANK_DIFFERS"}),
}
"""Steps that a break says something against."""
_RUNGS: Final = {
    "opened": "Receipt: opened", "validated": "Receipt: validated", "refused": "Receipt: refused",
    "acted": "Receipt: answered", "noted": "Receipt: noted",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of the header. `person` names a natural person: masked until revealed."""

    name: str
    value: str
    person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """One line of what was held against the register: whether it agrees."""

    text: str
    well: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """The page."""

    file: CaseFile
    revealed: bool
    name: str
    facts: tuple[Fact, ...]
    wide: Drawing
    paper: Drawing
    books: CaseBooks
    paid_on: tuple[str, ...]
    claimed_as: str
    breaks_by_rank: Mapping[str, Sequence[Seen]]
    open_breaks: tuple[Seen, ...]
    register: tuple[Agreed, ...]
    steps: tuple[CaseStep, ...]
    happened: tuple[Happened, ...]

    @property
    def done(self) -> int:
        """Steps that are done."""
        return sum(step.state == "done" for step in self.steps)

    @property
    def counted(self) -> int:
        """Steps that apply."""
        return sum(step.state != "not_applicable" for step in self.steps)

    @property
    def late(self) -> int:
        """Steps overdue."""
        return sum(step.state == "late" for step in self.steps)

    @property
    def differing(self) -> frozenset[str]:
        """Steps that an open difference says something against."""
        codes = {one.record.code for one in self.open_breaks}
        return frozenset(step for step, against in _DIFFERING.items() if codes & against)

    @property
    def folded(self) -> int:
        """How many of the first steps are done one after the other; they are folded on the screen."""
        count = 0
        for step in self.steps:
            if step.state not in ("done", "not_applicable"):
                break
            count += 1
        return count if count > 2 else 0


def case_view(visit: Visit, file: CaseFile, *, revealed: bool) -> CaseView:
    """The page of a case for one person, in their language."""
    books = case_books(file.claims, file.lines, file.rows[REVIEWS], file.rows[PAID])
    steps = _steps(visit, file)
    told = (*_happened(visit, file), *explained(visit, file, full=revealed), *planned(visit, file))
    happened = tuple(sorted(told, key=lambda one: (one.on, one.at or _noon(one.on), one.id)))
    living = tuple(one for one in file.breaks if one.state not in _SETTLED and not one.record.info)
    draw = _drawer(visit, steps, happened)
    return CaseView(
        file=file, revealed=revealed, name=str((file.debtors[0] if file.debtors else {}).get("name") or "—"),
        facts=tuple(_facts(visit, file, revealed=revealed)), wide=draw(WIDE), paper=draw(PAPER), books=books,
        paid_on=tuple(sorted({str(row["paid_on"]) for row in file.rows[PAID] if row["paid_on"]})),
        claimed_as=", ".join(f"{row['claim_no']}/{row['version']}" for row in live_claims(file.claims)),
        breaks_by_rank={rank: list(some) for rank, some in _by_rank(living)}, open_breaks=living,
        register=tuple(_register(visit, file, living)), steps=steps, happened=happened,
    )  # fmt: skip


def _by_rank(breaks: Sequence[Seen]) -> Iterator[tuple[str, Iterator[Seen]]]:
    ranked = sorted((one for one in breaks if one.record.rank), key=lambda one: str(one.record.rank))
    yield from groupby(ranked, key=lambda one: str(one.record.rank))


def _facts(visit: Visit, file: CaseFile, *, revealed: bool) -> Iterator[Fact]:
    case, wire = file.case, file.route.wire(CASES)
    debtor_wire = file.route.wire(DEBTORS)

    def told(name: str, column: str, row: Row, contract: Any) -> Iterator[Fact]:
        if row.get(column) and column in contract.names:
            value, kind = str(row[column]), contract.column(column)
            hidden = kind.personal and not revealed
            yield Fact(name=name, value=masked(kind, value) or "" if hidden else value, person=kind.personal)

    if file.entry.procedure:
        yield Fact(name="Proceedings", value=visit.name("procedure", file.entry.procedure))
    for debtor in file.debtors[:1]:
        yield from told("Credit code", "uscc", debtor, debtor_wire)
        yield from told("Former name", "former_name", debtor, debtor_wire)
    yield from told("Court", "court_name", case, wire)
    yield from told("Judge", "judge", case, wire)
    yield from told("Administrator", "administrator_name", case, wire)
    yield from told("Its head", "administrator_lead", case, wire)
    authority = next((str(row["tax_authority"]) for row in file.claims if row.get("tax_authority")), "")
    if authority:
        known = [p for p in visit.parts.agreement.parties.values() if p.kind == "tax" and p.id.endswith(authority)]
        yield Fact(name="Tax authority", value=visit.titled(known[0]) if known else authority)
    for debtor in file.debtors:
        yield from told("Legal representative", "legal_representative", debtor, debtor_wire)


def _facts_of_steps(file: CaseFile) -> dict[str, date | None]:
    facts = {name: _day(file.case.get(name)) for name in _DATES}
    claims = [_day(row["filed_on"]) for row in file.claims]
    facts["claim_filed_on"] = min((day for day in claims if day), default=None)
    for name, dataset, column in (("reviewed_on", REVIEWS, "reviewed_on"), ("paid_on", PAID, "paid_on")):
        days = [_day(row[column]) for row in file.rows[dataset]]
        facts[name] = min((day for day in days if day), default=None)
    declared = facts["declared_on"]
    told = [_day(row["happened_on"]) for row in file.rows[EVENTS] if row["event"] == "announcement"]
    after = [day for day in told if day and declared and day >= declared]
    if after:
        facts["declaration_announced_on"] = min(after)
    if file.statuses:
        free = [_day(row["as_of"]) for row in file.statuses if row["invoices_suspended"] == "false"]
        gone = [_day(row["as_of"]) for row in file.statuses if row["registration"] == "deregistered"]
        facts["invoices_released_on"] = min((day for day in free if day), default=None)
        facts["deregistered_on"] = min((day for day in gone if day), default=None)
    return facts


def _steps(visit: Visit, file: CaseFile) -> tuple[CaseStep, ...]:
    parts = visit.parts
    return case_steps(
        _facts_of_steps(file), procedure=file.entry.procedure, codes=parts.agreement.codes[CODES],
        days_of=file.route.days, calendar=parts.calendar, today=visit.today,
    )  # fmt: skip


def _register(visit: Visit, file: CaseFile, living: Sequence[Seen]) -> Iterator[Agreed]:
    """What the comparison held against the register; nothing where there is no claim, or this end does not compare."""
    if not file.claims or not file.ours:
        return
    codes = {one.record.code for one in living}
    for wrong, text in _REGISTER:
        broken = sorted(codes & set(wrong))
        yield Agreed(text=visit.name("break", broken[0]) if broken else visit.say(text), well=not broken)


def _happened(visit: Visit, file: CaseFile) -> Iterator[Happened]:
    yield from _of_proceedings(visit, file)
    yield from _of_claims(visit, file)
    yield from _of_books(visit, file)
    yield from (_of_packet(visit, one) for one in file.carriers)
    for packet in file.answers:
        if packet.at is not None:
            day = min(packet.at.astimezone(SHANGHAI).date(), visit.today)
            text = visit.say("Answer taken in") if file.ours else visit.say("Answer sent")
            yield Happened(id=f"p-{packet.packet_id}", lane="exchange", on=day, at=packet.at, label=text,
                           detail=packet.packet_id, tone="done", drawn=visit.say("Answer"))  # fmt: skip
    for one in file.alerts:
        title = TITLES.get(one.rule, (one.rule, one.rule))[0 if visit.language == "zh" else 1]
        yield Happened(id=f"a-{one.rule}", lane="other", on=one.first_day, label=visit.say("Alert told"),
                       detail=f"{title} ×{one.times}", who=one.acknowledged_by or "", href="/alerts")  # fmt: skip
    for found in file.breaks:
        yield from _of_break(visit, found)


def _of_proceedings(visit: Visit, file: CaseFile) -> Iterator[Happened]:
    documents = {(row["event"], row["happened_on"]): row for row in file.rows[EVENTS]}
    for column, name in _DATES.items():
        if (day := _day(file.case.get(column))) is None:
            continue
        event = next((kind for kind, of in _OF_EVENT.items() if of == column), None)
        row = documents.pop((event, day.isoformat()), {})
        yield Happened(
            id=f"d-{column}", lane="proceedings", on=day, label=visit.say(name), important=True,
            detail=" ".join(str(row[k]) for k in ("document_title", "document_no") if row.get(k)),
            tone="planned" if day > visit.today else "plain",
        )  # fmt: skip
    for (event, on), row in documents.items():
        if (day := _day(on)) is not None:
            yield Happened(id=f"e-{row['event_no']}", lane="proceedings", on=day, label=visit.name("event", str(event)),
                           detail=str(row.get("document_no") or ""))  # fmt: skip


def _of_claims(visit: Visit, file: CaseFile) -> Iterator[Happened]:
    for row in file.claims:
        day = _day(row["filed_on"])
        if day is None:
            continue
        kind = visit.name("claim_kind", str(row["kind"]))
        text = visit.say("%(kind)s, version %(version)s", kind=kind, version=row["version"])
        amount, count = money(row["total_amount"]), len(lines_of(row, file.lines))
        yield Happened(
            id=f"c-{row['claim_no']}-{row['version']}", lane="claims", on=day, label=f"{text} {amount}",
            drawn=f"{kind} {amount}", detail=f"{row['claim_no']} · {visit.say('%(count)s lines', count=count)}",
            who=str(row.get("tax_authority") or ""), important=True,
        )  # fmt: skip


def _of_books(visit: Visit, file: CaseFile) -> Iterator[Happened]:
    for (on, status), reviews in _grouped(file.rows[REVIEWS], "reviewed_on", "review_status"):
        text = visit.say("Administrator: %(status)s", status=visit.name("review_status", status))
        yield Happened(
            id=f"r-{on}-{status}", lane="claims", on=_sure(on), label=text, detail=_sum(reviews, "confirmed_amount")
        )
    for (on,), sales in _grouped(file.rows[SOLD], "dealt_on"):
        kinds = ", ".join(dict.fromkeys(visit.name("asset_kind", str(row["asset_kind"])) for row in sales))
        amount = _sum(sales, "deal_amount")
        yield Happened(
            id=f"s-{on}", lane="claims", on=_sure(on), label=visit.say("Assets sold"), detail=f"{kinds} {amount}"
        )
    for (on,), paid in _grouped(file.rows[PAID], "paid_on"):
        short = sum((Decimal(r["paid_amount"] or 0) - Decimal(r["payable_amount"] or 0) for r in paid), Decimal(0))
        amount = visit.say("Distributed %(amount)s", amount=_sum(paid, "paid_amount"))
        text = visit.say("%(what)s, %(amount)s short", what=amount, amount=money(-short)) if short < 0 else amount
        yield Happened(id=f"f-{on}", lane="claims", on=_sure(on), label=text, important=True,
                       tone="look" if short else "plain")  # fmt: skip


def _of_packet(visit: Visit, one: Carrier) -> Happened:
    at = one.sent_at or one.taken_in_at or one.refused_at
    day = min(at.astimezone(SHANGHAI).date(), visit.today) if at else visit.today
    names = {"Q": one.period or "", "U": visit.say("Urgent"), "C": visit.say("Correction")}
    short = visit.say("Taken back") if one.void else names.get(one.kind) or one.kind
    state = (
        "Refused" if one.refused_at else "Taken in" if one.taken_in_at else "Sent" if one.sent_at else "Not sent yet"
    )
    why = visit.name("why", one.why) if one.why else ""
    receipts = " · ".join(
        f"{visit.say(_RUNGS.get(given.rung, given.rung))} {given.at.astimezone(SHANGHAI):%m-%d %H:%M}"
        for given in one.receipts
    )  # fmt: skip
    return Happened(
        id=f"p-{one.packet}", lane="exchange", on=day, at=at, drawn=short,
        label=visit.say("%(what)s: %(state)s", what=short, state=visit.say(state)),
        detail=" · ".join(text for text in (one.packet, why, receipts) if text),
        who=" / ".join(dict.fromkeys(name for name in (one.prepared_by, one.approved_by) if name)),
        href=f"/exchanges/{one.exchange}",
        tone="late" if one.refused_at else "done" if one.taken_in_at else "planned",
    )  # fmt: skip


def _of_break(visit: Visit, one: Seen) -> Iterator[Happened]:
    code, href = visit.name("break", one.record.code), f"/breaks/{one.record.id}"
    if one.record.found_on is not None:
        text = visit.say("Difference found: %(code)s", code=code)
        line = f" #{one.record.line_no}" if one.record.line_no is not None else ""
        yield Happened(id=f"b-{one.record.id}", lane="other", on=one.record.found_on, label=text, href=href,
                       detail=(one.record.claim_no or "") + line)  # fmt: skip
    if one.touched and one.work.updated_at is not None:
        day = min(one.work.updated_at.astimezone(SHANGHAI).date(), visit.today)
        state = visit.name("break_state", one.state)
        yield Happened(
            id=f"w-{one.record.id}", lane="other", on=day, at=one.work.updated_at, href=href, detail=code,
            label=visit.say("Difference: %(state)s", state=state), who=one.work.decided_by or one.work.owner or "",
        )  # fmt: skip


def _drawer(visit: Visit, steps: Sequence[CaseStep], happened: Sequence[Happened]) -> Callable[[float], Drawing]:
    marks = [
        Mark(lane=one.lane, on=one.on, label=one.drawn or one.label, id=one.id, tone=one.tone, important=one.important)
        for one in happened if one.lane != "other"
    ]  # fmt: skip
    names = {"proceedings": visit.say("Proceedings"), "claims": visit.say("Claims, payment"),
             "exchange": visit.say("Data exchange"), "limits": visit.say("Legal limits")}  # fmt: skip
    clocks = list(_clocks(visit, steps))

    def month(day: date, year: bool) -> str:
        if visit.language == "zh":
            return visit.say("%(year)s-%(month)s", year=day.year, month=day.month) if year else visit.say(
                "month %(month)s", month=day.month)  # fmt: skip
        return f"{day:%b %Y}" if year else f"{day:%b}"

    def draw(width: float) -> Drawing:
        return timeline(
            marks, clocks, today=visit.today, width=width, names=names, month=month,
            today_words=visit.say("Today %(day)s", day=visit.today.isoformat()[5:]),
        )  # fmt: skip

    return draw


def _clocks(visit: Visit, steps: Sequence[CaseStep]) -> Iterator[Clock]:
    for step in steps:
        if (
            step.begins is None
            or step.due is None
            or step.state in ("not_applicable", "idle")
            or step.due < step.begins
        ):
            continue
        name, days = visit.name(CODES, step.code), (step.due - step.begins).days
        text = visit.say("%(name)s, %(days)s days", name=name, days=days)
        if step.state == "late":
            text = visit.say("%(what)s, %(days)s days over", what=text, days=-(step.days or 0))
        elif step.state == "running":
            text = visit.say("%(name)s by %(day)s", name=name, day=step.due.isoformat()[5:])
        tones: Mapping[str, Tone] = {"done": "done", "late": "late", "unknown": "planned"}
        yield Clock(begins=step.begins, due=step.due, label=text, tone=tones.get(step.state, "plain"))


def _grouped(rows: Sequence[Row], *names: str) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    known = [row for row in rows if all(row[name] for name in names)]

    def key(row: Row) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in names)

    for values, some in groupby(sorted(known, key=key), key=key):
        yield values, list(some)


def _sum(rows: Sequence[Row], column: str) -> str:
    return money(sum((Decimal(row[column] or 0) for row in rows), Decimal(0)))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _sure(text: str) -> date:
    return date.fromisoformat(text[:10])


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
