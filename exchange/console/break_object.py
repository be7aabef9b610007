"""差异, one break: figures, rule, law, evidence, history, and what this person may do about it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from exchange import journeys
from exchange.console.break_evidence import Books, Figure, Table, books_of, details, fee_of, figures, tables
from exchange.console.breaks_view import debtors_of, note_of, place_of
from exchange.console.read_once import read_once
from exchange.console.render import money
from exchange.domain.break_desk import alike
from exchange.domain.break_life import (
    ANSWERS,
    AWAITING,
    BY_THEM,
    CLOSED,
    DECISIONS,
    DISPUTED,
    OPEN,
    PROPOSED,
    UNSETTLED,
    break_key,
    note_name,
)
from exchange.domain.break_list import COUNTS, LABELS
from exchange.domain.break_view import Seen, one_of, seen, version_of
from exchange.steps.show_break import show_break

if TYPE_CHECKING:
    from exchange.console.visit import Visit

LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    OPEN: ("", "dash"), PROPOSED: ("run", "clock"), AWAITING: ("wait", "clock"), BY_THEM: ("wait", "send"),
    DISPUTED: ("wait", "warn"), CLOSED: ("ok", "ok"),
}  # fmt: skip
"""State → tone and icon; decisions not named here are done."""

EVENTS: Final[Mapping[str, str]] = {
    "found": "found by the comparison", "gone": "the books agreed", "changed": "figures changed",
    "break_assigned": "given to", "break_commented": "noted", "break_decided": "decided",
    "break_confirmed": "confirmed", "break_reopened": "reopened", "break_closed": "closed by itself",
    "break_answered": "the other side answered", "break_answer_given": "answered",
}  # fmt: skip
WHYS: Final[Mapping[str, str]] = {
    "crossed": "about older figures", "late": "after it had closed", "books_agree": "the books agree",
    "case_gone": "the case was taken back", "came_again": "it came again", "amounts_changed": "figures changed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the history."""

    at: str
    by: str
    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One decision or answer that can be chosen; `two` whether another officer has to confirm it."""

    value: str
    name: str
    two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A break as its page shows it. `acts` are what this person may do about it now."""

    id: str
    one: Seen
    name: str
    state: tuple[str, str, str]
    place: str
    note: str
    debtors: Sequence[str]
    court: str
    days_left: int | None
    figures: Sequence[Figure]
    rule: str
    law: str
    cause: str
    match: Sequence[tuple[str, Sequence[tuple[str, int]], str]]
    facts: Sequence[tuple[str, str]]
    books: Books
    tables: Sequence[Table]
    history: Sequence[Entry]
    version: str
    alike: str
    acts: frozenset[str]
    options: Sequence[Option]
    decision: str
    decided_by: str
    reason: str
    answer: str
    draft: str
    owner: str
    officers: Sequence[tuple[str, str]]
    needs_second: bool
    statement: str | None

    @property
    def deciding(self) -> bool:
        """Whether there is anything to decide, answer, confirm or take back."""
        return bool(self.acts - {"comment", "assign"})

    @property
    def taking_back(self) -> bool:
        """Whether what was decided may be taken back."""
        return bool(self.acts & {"withdraw", "reopen"})


def object_of(visit: Visit, id_: str, *, runs: bool = False) -> Object:
    """Everything one break's page shows; the look is recorded. NeedsPerson 925 for an id that names none."""
    visit.parts = replace(visit.parts, ledger=read_once(visit.parts.ledger))
    told = journeys.call(show_break, visit.parts, id_, runs=runs)
    with visit.parts.ledger.one_moment():
        return _object(visit, told)


def _object(visit: Visit, told: Mapping[str, Any]) -> Object:
    parts = visit.parts
    one = one_of(seen(parts.ledger, parts.agreement, parts.party, ids=[told["id"]], of=told["route"]), told["id"])
    books = books_of(visit, one)
    rules = parts.agreement.codes["break_rule"]
    record, work, names = one.record, one.work, people(visit)
    return Object(
        id=record.id, one=one, name=visit.name("break", record.code), state=state_of(visit, one.state),
        place=place_of(visit, one), note=note_of(visit, one),
        debtors=debtors_of(parts.ledger, parts.agreement, {(record.route, record.case_no)}).get(record.case_no, ()),
        court=books.case.get("court_name", ""), days_left=one.days_left(visit.today),
        figures=figures(visit, one, books), rule=visit.name("break_rule", record.code),
        law=rules.extra.get(record.code, {}).get("law_zh", ""), cause=_cause(visit, one),
        facts=_facts(visit, one, books), match=_match(visit, told["match"]),
        books=books, tables=tables(visit, one, books),
        history=[_entry(visit, entry, names) for entry in told["history"]],
        version=version_of(one), alike=alike(one), acts=acts_of(visit, one), options=options_of(visit, one),
        decision=visit.name("break_state", work.decision or one.shared.get("decision", "")),
        decided_by=_and(names, work.decided_by, work.confirmed_by),
        reason=reason_of(visit, one), answer=visit.name("break_answer", work.answer or ""),
        draft=visit.house.desk.draft(visit.person.id, f"break-{record.id}"), owner=work.owner or "",
        officers=[(id_, names.get(id_, id_)) for id_ in sorted(visit.parts.officers) if parts.officers[id_]],
        needs_second=one.ours and one.state == PROPOSED, statement=journeys.last_statement(parts, record.route),
    )  # fmt: skip


def state_of(visit: Visit, state: str) -> tuple[str, str, str]:
    """Tone, icon and name of a state."""
    tone, glyph = LOOKS.get(state, ("ok", "ok"))
    return tone, glyph, visit.name("break_state", state)


def people(visit: Visit) -> Mapping[str, str]:
    """Names of this end's people by id; what others are called stays their id."""
    return {person.id: person.name for person in visit.people} | {"system": visit.say("the system")}


def _and(names: Mapping[str, str], *ids: str | None) -> str:
    return "、".join(names.get(one, one) for one in ids if one)


def acts_of(visit: Visit, one: Seen) -> frozenset[str]:
    """What this person may do about a break now; the step looks again."""
    if not visit.may("work"):
        return frozenset()
    acts = {"comment"}
    if one.record.info or one.state == CLOSED:
        return frozenset(acts)
    acts.add("assign")
    if not one.ours:
        return frozenset({*acts, "answer"})
    own = one.work.decided_by == visit.person.id
    if one.state == PROPOSED:
        acts |= {"withdraw"} if own else {"reopen", *(["confirm"] if visit.may("approve") else [])}
    elif one.state in UNSETTLED:
        acts.add("decide")
    if one.state not in (OPEN, PROPOSED):
        acts.add("reopen")
    return frozenset(acts)


def options_of(visit: Visit, one: Seen) -> list[Option]:
    """What may be decided, or answered."""
    if not one.ours:
        return [Option(value=one_, name=visit.name("break_answer", one_), two=False) for one_ in ANSWERS]
    terms = visit.parts.agreement.route(one.record.route).breaks
    return [
        Option(
            value=choice, name=visit.name("break_state", choice),
            two=terms.needs_two(choice, code=one.record.code, worth=one.worth, on=visit.today),
        )
        for choice in DECISIONS
    ]  # fmt: skip


def reason_of(visit: Visit, one: Seen) -> str:
    """What was said for the decision, or the answer, that counts now."""
    if one.shared.get("reason"):
        return one.shared["reason"]
    sha256 = one.work.reason_sha256 or one.work.answer_sha256
    key, vault = break_key(one.record.route, one.record.id), visit.parts.vault
    return vault.get(key, note_name(sha256)).decode() if sha256 and vault.has(key, note_name(sha256)) else ""


def _cause(visit: Visit, one: Seen) -> str:
    """What may lie behind it, as a possibility; empty where nothing suggests itself, or where it is over."""
    if one.closed:
        return ""
    if one.record.facts.get("cause") == "cutoff":
        return visit.say(
            "The fee would be right for the cut-off the claim states: perhaps that day was put down wrongly. "
            "If the cut-off is corrected, this break goes with it."
        )
    if one.record.code == "UNIT_SUSPECT":
        return visit.say("Perhaps one side wrote ten thousands of yuan where the other wrote yuan.")
    if one.record.code == "LATE_FEE_ONE_DAY":
        return visit.say("The whole difference is one day's fee: perhaps the first or the last day was counted twice.")
    return ""


def _facts(visit: Visit, one: Seen, books: Books) -> list[tuple[str, str]]:
    """What else the comparison noted, where neither figures nor formulas say it already."""
    if not one.closed and fee_of(one, books, books.cut_off):
        return []
    told = {**one.record.amounts, **one.record.facts}
    at = 0 if visit.language == "zh" else 1
    return [(LABELS[name][at], _fact(visit, one, name, told[name])) for name in details(one)]


def _fact(visit: Visit, one: Seen, name: str, value: str) -> str:
    if name.endswith("rank"):
        return visit.name("rank", value)
    return money(value) if name in one.record.amounts and name not in COUNTS else value


def _match(visit: Visit, told: Mapping[str, Any] | None) -> list[tuple[str, Sequence[tuple[str, int]], str]]:
    """What the claim may mean, where that is by another thing than its USCC: place and rule, evidence, decision."""
    zh = visit.language == "zh"
    return [
        (
            f"{one['case_no']} {visit.say('debtor %(number)s', number=one['debtor_no'])} "
            f"{one['rule_zh'] if zh else one['rule_en']}",
            [(piece["zh"][1:] if zh else piece["en"], piece["speaks"]) for piece in one["evidence"]],
            one["decision"]["zh" if zh else "en"] if one["decision"] else "",
        )
        for one in (told or {}).get("candidates", ())
    ]  # fmt: skip


def _entry(visit: Visit, entry: Mapping[str, Any], names: Mapping[str, str]) -> Entry:
    said = [visit.say(EVENTS.get(entry["kind"], entry["kind"]))]
    if entry.get("to"):
        said.append(names.get(entry["to"], entry["to"]))
    if entry.get("as"):
        said.append(visit.name("break_state", entry["as"]))
    if entry.get("answer"):
        said.append(visit.name("break_answer", entry["answer"]))
    said += [visit.say(WHYS[entry[name]]) for name in ("why", "standing") if entry.get(name) in WHYS]
    gaps = [entry[when]["difference"] for when in ("before", "after") if "difference" in entry.get(when, {})]
    gaps += ["—"] if gaps and entry["kind"] == "gone" else []
    text = entry.get("text", "") or " → ".join(gaps)
    return Entry(at=entry["at"], by=names.get(entry["by"], entry["by"]), what=" ".join(said), text=text)
