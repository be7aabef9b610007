"""Is anything missing: the register against what was read, its numbers, the control totals. Of one whole exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain import control, docket, gap_book
from exchange.domain.across import marked, row_keys
from exchange.domain.astray import astray, astray_findings
from exchange.domain.case_number import normalise, normalise_case_no, parse
from exchange.domain.control import Control, Counts
from exchange.domain.examine import Examination
from exchange.domain.finding import Finding
from exchange.domain.late import Late, Run, late_events
from exchange.domain.outcome import record_id
from exchange.domain.prepare import CASES, Prepared, text
from exchange.domain.route import Party, Route
from exchange.domain.selection import NOT_EXCHANGED, selected
from exchange.domain.serials import Spans, spans_text
from exchange.domain.text import among, as_array

BESIDE: Final[Mapping[str, Sequence[str]]] = {
    docket.DOCKET: docket.COLUMNS,
    **dict.fromkeys(control.CONTROLS, control.COLUMNS),
}
"""The private queries an exchange reads beside its datasets."""

NOT_READ, NEVER_SENT = "case_not_read", "ended_case_never_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What was found: points, the outcome's keys `docket` and `control`, and what turned up (series → serials)."""

    findings: tuple[Finding, ...]
    outcome: Mapping[str, Any]
    turned_up: Mapping[str, Spans]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the ledger knows from before: what was said about serials, the rows the route carried last (by dataset,
    with `_record`; of its cases `astray.CARRIED`), the quarters it exchanged, and which records one of those held."""

    book: Sequence[gap_book.Told]
    before: Mapping[str, pd.DataFrame]
    runs: Sequence[Run]
    held_in: Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted of an exchange part by part: the rows chosen, sent, held and left out, and late events."""

    chosen: Counts = field(default_factory=dict)
    sent: Counts = field(default_factory=dict)
    held: Counts = field(default_factory=dict)
    left: Counts = field(default_factory=dict)
    late: tuple[Late, ...] = ()

    def __add__(self, other: Counted) -> Counted:
        """Two parts of an exchange together."""
        return Counted(
            chosen=control.add([self.chosen, other.chosen]), sent=control.add([self.sent, other.sent]),
            held=control.add([self.held, other.held]), left=control.add([self.left, other.left]),
            late=(*self.late, *other.late),
        )  # fmt: skip


def count(
    part: Prepared,
    sent: Mapping[str, pd.DataFrame],
    examination: Examination,
    *,
    route: Route,
    history: History,
    fresh: Mapping[str, pd.DataFrame] | None = None,
) -> Counted:
    """The figures of some cases with all their rows; `sent` are those of the rows that go out, `fresh` those among
    which late events are looked for, where it is known that the other cases were carried as they are."""
    cases = part.cases
    known = cases if "court_code" in cases else cases.iloc[:0].assign(court_code="")
    courts = as_array(known["_record"]), as_array(known["court_code"])
    contracts = {name: route.contract(name) for name in part.frames}
    held = {
        name: among(frame["_record"], examination.held if contracts[name].of_case else ())
        for name, frame in part.frames.items()
    }
    left = _left(part, examination, held, route)
    late = late_events(
        sent if fresh is None else fresh, history.before, history.runs, period=part.period, as_of=part.as_of,
        held_in=history.held_in,
    )  # fmt: skip
    return Counted(
        chosen=control.tally(part.frames, courts, contracts),
        sent=control.tally(sent, courts, contracts),
        held=control.tally(part.frames, courts, contracts, held),
        left=control.tally(part.frames, courts, contracts, left),
        late=tuple(late),
    )


def completeness(
    private: Iterable[Mapping[str, pd.DataFrame]],
    prepared: Prepared,
    examination: Examination,
    *,
    route: Route,
    sender: Party,
    key: str,
    history: History,
    counted: Counted | None = None,
) -> Completeness:
    """Whether anything is missing in an exchange. `counted` are the figures of all its parts where `prepared` holds
    its outline alone.

    `private` are the frames of the private queries of every batch, walked once and not kept; where the source has no
    such query, that part of the outcome says `checked: false`.
    """
    lost = _astray(prepared, examination, history)
    registers = _read(private, prepared, sender, history, lost)
    findings = astray_findings(lost, registers.astray, sender=sender, first_day=prepared.period.first_day)
    numbers: dict[str, Any] = {"checked": False}
    there: Mapping[str, Spans] = {}
    if registers.numbers and CASES in prepared.frames:
        found, numbers, there = _numbers(registers, prepared, sender, route, key, history)
        findings += found
    counted = counted or count(prepared, examination.frames_to_send, examination, route=route, history=history)
    totals = _control(registers, counted, route)
    findings += control.control_findings(totals)
    late = sorted(counted.late, key=lambda one: (one.happened_on, one.record, one.what))
    outcome = {
        "docket": numbers,
        "control": _control_document(totals, sender, route, listed=bool(registers.counted)),
        "late": [one.as_dict() | {"record": record_id(one.record)} for one in late],
    }
    return Completeness(findings=tuple(findings), outcome=outcome, turned_up=there)


@dataclass(slots=True, kw_only=True)
class _Registers:
    """What is kept of the registers and of the source's counts once they were read, one for each batch."""

    numbers: list[docket.Numbers] = field(default_factory=list)
    unread: list[pd.DataFrame] = field(default_factory=list)
    unsent: list[pd.DataFrame] = field(default_factory=list)
    astray: list[pd.DataFrame] = field(default_factory=list)
    counted: list[Counts] = field(default_factory=list)
    controls: list[pd.DataFrame] = field(default_factory=list)


def _read(
    private: Iterable[Mapping[str, pd.DataFrame]],
    prepared: Prepared,
    sender: Party,
    history: History,
    lost: pd.DataFrame,
) -> _Registers:
    """Batch by batch: a country's registers are larger than all else an exchange holds at its end."""
    kept = _Registers()
    unread, unsent = _unread(prepared, sender), _unsent(prepared, sender, history)
    for frames in private:
        kept.controls += [frames[name] for name in control.CONTROLS if name in frames]
        if docket.DOCKET in frames:
            register = frames[docket.DOCKET]
            kept.counted.append(_registered(register))
            kept.numbers.append(docket.numbers_of(register, sender))
            kept.unread.append(unread(register))
            kept.unsent.append(unsent(register))
            kept.astray.append(register.loc[among(register["_record"], lost["_record"].tolist())])
    return kept


def _astray(prepared: Prepared, examination: Examination, history: History) -> pd.DataFrame:
    """The cases the other side has as open that this exchange has not selected."""
    chosen = prepared.frames.get(CASES, pd.DataFrame(columns=["case_no", "_record"], dtype="str"))
    before = history.before.get(CASES, pd.DataFrame(columns=["_record"], dtype="str"))
    return astray(before, chosen, examination.held)


def _numbers(
    registers: _Registers, prepared: Prepared, sender: Party, route: Route, key: str, history: History
) -> tuple[list[Finding], dict[str, Any], Mapping[str, Spans]]:
    """What the whole register says: points, the outcome's key `docket`, and what turned up."""
    series, highest = _series(registers, sender, route, prepared.as_of)
    open_ = {one.key: gap_book.still_open(one, history.book) for one in series}
    there = gap_book.turned_up(history.book, {one.key: one.missing for one in series}, highest)
    findings = [
        *docket.gap_findings(open_),
        *_case_findings(NOT_READ, registers.unread),
        *_case_findings(NEVER_SENT, registers.unsent),
    ]
    document = {
        "checked": True,
        "series": [gap_book.series_document(one, history.book, key) for one in series],
        "turned_up": [{"series": name, "serials": spans_text(spans)} for name, spans in sorted(there.items())],
    }
    return findings, document, there


def _series(
    registers: _Registers, sender: Party, route: Route, as_of: date
) -> tuple[tuple[docket.Series, ...], dict[str, int]]:
    """The series with gaps, and of every series looked at its highest serial."""
    numbers = docket.joined(registers.numbers)
    looked = docket.looked_at(numbers, sender=sender, route=route, as_of=as_of)
    last = looked.sort_values("serial", kind="stable").drop_duplicates(["code", "year", "kind"], keep="last")
    columns = (last[name].tolist() for name in ("code", "year", "kind", "serial"))
    highest = {f"{code}|{year}|{kind}": int(serial) for code, year, kind, serial in zip(*columns, strict=True)}
    return docket.gaps(numbers, looked, sender=sender), highest


_Lost = Callable[[pd.DataFrame], pd.DataFrame]
"""Of a register, the rows of cases that are to be explained."""


def _unread(prepared: Prepared, sender: Party) -> _Lost:
    """Cases of the register that the selection wants and that were not read: the source's query lost them."""
    read = as_array(prepared.cases["_record"]) if CASES in prepared.frames else pa.array([], pa.string())

    def lost(register: pd.DataFrame) -> pd.DataFrame:
        wanted = register.loc[selected(register, sender=sender, first_day=prepared.period.first_day)]
        return wanted.loc[~_within(wanted["_record"], read)]

    return lost


def _unsent(prepared: Prepared, sender: Party, history: History) -> _Lost:
    """Cases that ended since the route's first quarter, never went out on it and are not selected any more."""
    if not history.runs or CASES not in history.before:
        return lambda register: register.iloc[:0]
    first = min(run.period for run in history.runs).first_day
    records, numbers = (as_array(history.before[CASES][name]) for name in ("_record", "case_no"))

    def lost(register: pd.DataFrame) -> pd.DataFrame:
        ended = pd.to_datetime(register["terminated_on"], format="%Y-%m-%d", errors="coerce")
        since = (ended >= pd.Timestamp(first)).to_numpy(bool)
        accepted = ~register["stage"].isin(NOT_EXCHANGED).to_numpy(bool)
        gone = selected(register, sender=sender, first_day=prepared.period.first_day)
        ours = register["court_code"].isin(sender.court_ids).to_numpy(bool)
        maybe = register.loc[since & accepted & ours & ~gone]
        carried = _within(maybe["_record"], records)
        return maybe.loc[~(carried | _within(normalise_case_no(maybe["case_no"]), numbers))]

    return lost


def _within(values: pd.Series, known: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each value is one of those known; missing never is."""
    return np.asarray(pc.is_in(as_array(values), value_set=known, skip_nulls=True), dtype=bool)


def _case_findings(rule: str, lost: Sequence[pd.DataFrame]) -> list[Finding]:
    cases = pd.concat(lost, ignore_index=True)
    return [_case_finding(rule, cases, n) for n in range(len(cases))]


def _case_finding(rule: str, cases: pd.DataFrame, n: int) -> Finding:
    """A case to be explained: by its number, or by its court where that is none. Its record is in the note alone, for
    the place of a point travels with its reason."""
    number, court = text(cases["case_no"].iloc[n]), text(cases["court_code"].iloc[n])
    formed = number is not None and parse(normalise(number)).form != "malformed"
    return Finding(
        rule=rule, severity="verify", dataset=CASES, record=None, case_no=number if formed else None,
        row_key=None if formed else f"{court}|{n + 1}", column="case_no", note=f"#{cases['_record'].iloc[n]}",
        comparable=False,
    )  # fmt: skip


def _control(registers: _Registers, counted: Counted, route: Route) -> Control:
    """Every count of this exchange."""
    source = control.add(control.read_control(one) for one in registers.controls) if registers.controls else None
    if source is not None:  # a register is counted for every route; another route's datasets are not this one's
        known = {*(contract.dataset for contract in route.carries("Q")), control.REGISTER}
        source = {place: figures for place, figures in source.items() if place[1] in known}
    return Control(
        source=source,
        register=control.add(registers.counted),
        chosen=counted.chosen,
        sent=counted.sent,
        held=counted.held,
        left=counted.left,
    )


def _registered(register: pd.DataFrame) -> Counts:
    """The register's cases as they were listed, by court and stage."""
    places = Counter(
        zip(register["court_code"].fillna("").tolist(), register["stage"].fillna("").tolist(), strict=True)
    )
    return {(str(c), control.REGISTER, str(stage)): {control.ROWS: size} for (c, stage), size in places.items()}


def _left(
    prepared: Prepared, examination: Examination, held: Mapping[str, npt.NDArray[np.bool_]], route: Route
) -> dict[str, npt.NDArray[np.bool_]]:
    """Single rows the checks leave out of cases that are sent."""
    out = {}
    for name, frame in prepared.frames.items():
        gone = np.zeros(len(frame), dtype=bool)
        rows = examination.left_out.get(name, ())
        if name != CASES and rows:
            gone = marked(frame, row_keys(frame, route.contract(name)), rows) & ~held[name]
        out[name] = gone
    return out


def _control_document(counted: Control, sender: Party, route: Route, *, listed: bool) -> dict[str, Any]:
    """The outcome's key `control`: a line a court that adds up, a line a figure, and what does not agree. `listed`:
    there is a register to count against."""
    sides = {"selected": counted.chosen, "sent": counted.sent, "held": counted.held}
    cases = {name: control.by_court(counts, CASES) for name, counts in sides.items()}
    known = control.by_court(counted.register, control.REGISTER)
    early = control.by_court(
        {place: figures for place, figures in counted.register.items() if place[2] in NOT_EXCHANGED}, control.REGISTER
    )
    courts = []
    for court in sender.courts:
        line: dict[str, Any] = {"court": court.id, **{name: found.get(court.id, 0) for name, found in cases.items()}}
        if listed:
            line["register"], line["not_accepted"] = known.get(court.id, 0), early.get(court.id, 0)
            line["ended"] = line["register"] - line["not_accepted"] - line["selected"]
        courts.append(line)
    return {
        "checked": counted.source is not None,
        "courts": courts,
        "datasets": _dataset_lines(counted, route),
        "variances": [
            {
                "court": place[0], "dataset": place[1], "stage": place[2] or None, "measure": measure, "between": what,
                "should": control.figure_text(measure, should), "is": control.figure_text(measure, is_),
            }
            for place, measure, what, should, is_ in counted.variances()
        ],
    }  # fmt: skip


def _dataset_lines(counted: Control, route: Route) -> list[dict[str, Any]]:
    """In the route's order, however the cases were parted."""
    sides = {
        "selected": counted.chosen, "sent": counted.sent, "held": counted.held, "left_out": counted.left,
    }  # fmt: skip
    if counted.source is not None:
        sides = {"source": counted.source, **sides}
    totals = {side: control.by_dataset(counts) for side, counts in sides.items()}
    measures = control.measures_of(counted.chosen)
    return [
        {
            "dataset": dataset,
            "measure": measure,
            **{
                side: control.figure_text(measure, found.get(dataset, {}).get(measure, 0))
                for side, found in totals.items()
            },
        }
        for dataset in (contract.dataset for contract in route.datasets if contract.dataset in measures)
        for measure in sorted(measures[dataset], key=lambda m: (m != control.ROWS, m))
    ]  # fmt: skip
