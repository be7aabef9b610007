"""Points 待说明事项: what must be explained by a named officer before an exchange may be prepared.

A point is a finding of severity `verify`, whatever made it: a rule of the contract, a reject an officer overruled, an
anomaly, a gap. It holds nothing back; it holds up. Its reason travels in `reasons.json` inside the envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from exchange.domain.audit import Event
from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.period import Period

POINTS: Final = "points.json"
"""Where an exchange's points lie in the vault."""

REASONS: Final = "content/reasons.json"
"""Where the reasons lie as they will travel."""

CATEGORIES: Final = "explanation"
"""The code list of categories of reasons, with how many quarters each may be proposed again."""

NO_REASONS: Final = sha256_hex(b"[]")
EXPLAINED, OVERRULED = "explained", "overruled"
"""Events by which an officer gives a reason."""

AT_HOME: Final = frozenset({"docket_gap", "case_not_read", "ended_case_never_sent", "sent_case_not_selected"})
"""Rules whose note does not travel: it names a record of the source, or serials that may be sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing to be explained. The same thing has the same `id` in every quarter. No value of a row.

    `case_no` is the normalised number; `row_key` the row's key, or the place where there is no case.
    """

    id: str
    rule: str
    dataset: str
    case_no: str | None
    row_key: str | None
    column: str | None = None
    note: str = ""

    @property
    def place(self) -> str:
        """The case, or where else it is."""
        return self.case_no or self.row_key or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What an officer said about one point.

    `by` is a role id, `at` an aware time in ISO form. `until` is the last day on which it may be proposed again (None:
    no end); a reused one keeps its own, and `since` tells when it was first given.
    """

    point: str
    category: str
    reason: str
    by: str
    at: str
    until: str | None = None
    since: str | None = None

    def good_on(self, day: date) -> bool:
        """Whether it may be proposed on a day."""
        return self.until is None or day.isoformat() <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An exchange's points and what was said about them so far."""

    points: tuple[Point, ...]
    said: Mapping[str, Explanation]

    @property
    def open(self) -> tuple[Point, ...]:
        """The points without a reason."""
        return tuple(point for point in self.points if point.id not in self.said)

    def reasons(self) -> bytes:
        """`reasons.json` as it travels: canonical, sorted by rule and place."""
        return canonical_json([_told(p, self.said[p.id]) for p in _in_order(self.points) if p.id in self.said])


def point_id(finding: Finding) -> str:
    """The stable id of what a finding is about: 16 hex digits."""
    place = [finding.rule, finding.dataset, _number(finding), finding.row_key]
    return sha256_hex(canonical_json(place))[:16]


def points_of(findings: Sequence[Finding], held: Collection[str]) -> tuple[Point, ...]:
    """The points among findings, each once, in order: of all that is not held, a case or a single row."""
    stays = {_row(f) for f in findings if f.severity == "reject" and f.row_key is not None}
    found = {
        point.id: point
        for point in (
            _point(f) for f in findings if f.severity == "verify" and f.record not in held and _row(f) not in stays
        )
    }
    return _in_order(found.values())


def overruled_records(findings: Iterable[Finding], events: Iterable[Event]) -> frozenset[tuple[str, str]]:
    """(rule, record) of the rejects that officers overruled in an exchange, as `examine.conclude` takes them."""
    ids = {point for event in events if event.kind == OVERRULED for point in event.body["points"]}
    if not ids:
        return frozenset()
    rejects = (f for f in findings if f.severity == "reject" and f.record is not None)
    return frozenset((f.rule, str(f.record)) for f in rejects if point_id(f) in ids)


def dump_points(points: Sequence[Point]) -> bytes:
    """`points.json`."""
    return canonical_json([asdict(point) for point in points])


def points_facts(points: Sequence[Point]) -> dict[str, Any]:
    """What the event that ends the checks says of the points: how many, and the hash of `points.json`."""
    return {"points": len(points), "points_sha256": sha256_hex(dump_points(points))}


def note_name(sha256: str) -> str:
    """Where an officer's explanations lie in the vault, by the hash their event names."""
    return f"review/explained-{sha256[:16]}.json"


def dump_note(explanations: Sequence[Explanation]) -> bytes:
    """The explanations of one event, for the vault."""
    return canonical_json([asdict(one) for one in explanations])


def load_note(data: bytes) -> list[Explanation]:
    """What `dump_note` wrote."""
    return [Explanation(**one) for one in strict_json(data)]


def standing(key: str, events: Iterable[Event], read: Callable[[str], bytes]) -> Standing:
    """An exchange's points and reasons out of its events and its files in the vault; the last reason of a point counts.

    Raises NeedsPerson 911 when a stored file is not the one its event names.
    """
    happened = list(events)
    listed = [event.body for event in happened if "points_sha256" in event.body]
    stored = _stored(key, POINTS, listed[-1]["points_sha256"], read) if listed and listed[-1]["points"] else []
    return stands(key, [Point(**one) for one in stored], happened, read)


def stands(key: str, points: Sequence[Point], events: Iterable[Event], read: Callable[[str], bytes]) -> Standing:
    """These points of an exchange with the reasons its events hold. Raises as `standing`."""
    said: dict[str, Explanation] = {}
    for event in events:
        if event.kind in (EXPLAINED, OVERRULED):
            said |= {one.point: one for one in explanations(key, event, read)}
    known = {point.id for point in points}
    return Standing(points=tuple(points), said={point: one for point, one in said.items() if point in known})


def explanations(key: str, event: Event, read: Callable[[str], bytes]) -> list[Explanation]:
    """What an officer said at one event."""
    stored = event.body["note_sha256"]
    return [Explanation(**one) for one in _stored(key, note_name(stored), stored, read)]


def until(quarters: str, as_of: date) -> str | None:
    """The last day an explanation may be proposed again: of the quarter that many after the one a day lies in.

    `quarters` is a category's figure out of `schemas/codes/explanation.csv`; empty is without end.
    """
    if not quarters:
        return None
    period = Period.of(as_of)
    for _ in range(int(quarters)):
        period = period.next()
    return period.last_day.isoformat()


def waiting(key: str, still: Standing) -> NeedsPerson:
    """Problem 921."""
    return NeedsPerson(
        921,
        f"{len(still.open)} of {len(still.points)} points wait for an officer's reason.",
        where=key,
        next_step=f"List them with `exchange points {key}`, explain each with `exchange explain`.",
    )


def _stored(key: str, name: str, sha256: str, read: Callable[[str], bytes]) -> list[dict[str, Any]]:
    data = read(name)
    if sha256_hex(data) != sha256:
        raise NeedsPerson(
            911,
            "A file of the points was changed after it was written.",
            where=f"{key}/{name}",
            next_step="Refuse the exchange and run it anew; report the change as an incident.",
        )
    found: list[dict[str, Any]] = strict_json(data)
    return found


def _told(point: Point, said: Explanation) -> dict[str, str | None]:
    return {
        "point": point.id,
        "rule": point.rule,
        "dataset": point.dataset,
        "case_no": point.case_no,
        "row_key": point.row_key,
        "note": "" if point.rule in AT_HOME else point.note,
        "category": said.category,
        "reason": said.reason,
        "by": said.by,
        "at": said.at,
        "since": said.since,
    }


def _in_order(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda p: (p.rule, p.case_no or "", p.row_key or "", p.id)))


def _point(finding: Finding) -> Point:
    return Point(
        id=point_id(finding),
        rule=finding.rule,
        dataset=finding.dataset,
        case_no=_number(finding),
        row_key=finding.row_key,
        column=finding.column,
        note=finding.note,
    )


def _number(finding: Finding) -> str | None:
    from exchange.domain.case_number import normalise

    return (normalise(finding.case_no) or None) if finding.case_no is not None else None


def _row(finding: Finding) -> tuple[str, str | None, str | None]:
    return finding.dataset, finding.record, finding.row_key if finding.row_key is not None else ""
