"""What a world is set in: one party's courts, the route and the answer, code lists, figures in force, the calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from exchange.domain.contract import CodeList
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.route import Agreement, Court, Party, Route
from exchange.domain.strict_yaml import Flaw, parse
from exchange.domain.urgency import urgent_limits

CLAIMS = "tax_claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything a world takes from the agreement, and its day. Tolerances in fen, `rate` a fraction per day."""

    seed: int
    period: Period
    as_of: date
    party: Party
    courts: tuple[Court, ...]
    route: Route
    back: Route
    authority: str
    levies: Mapping[str, tuple[str, ...]]
    """Levy codes by kind."""
    ranks: Mapping[tuple[str, str], str]
    kind_of: Mapping[str, str]
    rate: tuple[int, int]
    total_tolerance: int
    line_tolerance: int
    rank_tolerance: int
    paid_tolerance: int
    unit_factor: int
    unit_tolerance: int
    least_days: int
    most_months: int
    urgent_days: Mapping[str, int]
    source_codes: Mapping[str, Mapping[str, str]]
    """Column → wire code → the source's own code."""
    is_workday: Callable[[date], bool]
    rolled: dict[date, date] = field(default_factory=dict)

    def workday(self, day: date) -> date:
        """The day itself when it is worked, else the next one that is."""
        found = self.rolled.get(day)
        if found is None:
            found = day
            while not self.is_workday(found):
                found += timedelta(days=1)
            self.rolled[day] = found
        return found

    def ago(self, days: int) -> date:
        """So many days before as-of; negative lies ahead."""
        return self.as_of - timedelta(days=days)

    def fee(self, principal: int, days: int) -> int:
        """A late fee in fen, half a fen rounded up."""
        numerator, denominator = self.rate
        return (2 * principal * numerator * max(days, 0) + denominator) // (2 * denominator)

    def months_after(self, day: date, months: int) -> date:
        """So many calendar months on, the month's last day where it is shorter; not rolled."""
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        last = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
        return date(year, month + 1, min(day.day, last.day))


def setting_of(
    agreement: Agreement, *, party: str, courts: int | None, period: Period, as_of: date, seed: int,
    source_codes: Mapping[str, Mapping[str, str]], is_workday: Callable[[date], bool],
) -> Setting:  # fmt: skip
    """The setting of a world of one party; NeedsPerson 936 when it has no such route, courts or day."""
    route = _route(agreement, party)
    back = agreement.routes[route.answered_by or ""]
    sender = agreement.parties[party]
    if period.first_day > as_of:
        raise _wrong("The quarter has not begun.", f"period {period}, as of {as_of}", "Give a later --as-of.")
    if courts is not None and not 1 <= courts <= len(sender.courts):
        raise _wrong(
            "The party does not speak for so many courts.", f"party {party}: {len(sender.courts)}", "Ask for fewer."
        )
    chosen = sender.courts[:courts]
    levy = agreement.codes["levy"]

    def fen(name: str) -> int:
        return int(route.figure(name, as_of) * 100)

    rate = route.figure("late_fee_rate", as_of)
    return Setting(
        seed=seed, period=period, as_of=as_of, party=sender, courts=chosen, route=route, back=back,
        authority=back.sender.rpartition("-")[2], levies=_by_kind(levy), kind_of=_kinds(levy),
        ranks=route.rank_table(as_of), rate=rate.as_integer_ratio(),
        total_tolerance=fen("total_tolerance"), line_tolerance=fen("line_tolerance"),
        rank_tolerance=fen("rank_tolerance"), paid_tolerance=fen("paid_tolerance"),
        unit_tolerance=fen("unit_tolerance"),
        unit_factor=int(route.figure("unit_factor", as_of)),
        least_days=int(route.figure("claim_period_min_days", as_of)),
        most_months=int(route.figure("claim_period_max_months", as_of)),
        urgent_days=urgent_limits(route, as_of), source_codes=_turned(source_codes), is_workday=is_workday,
    )  # fmt: skip


def read_codes(sources: Path, party: str) -> Mapping[str, Mapping[str, str]]:
    """The party's code maps, column → source code → wire code; those it shares where it has none of its own."""
    told = _codes_file(sources, party)
    shared = _codes_file(sources, told["same_as"]) if "same_as" in told else {}
    return {**shared.get("codes", {}), **told.get("codes", {})}


def _codes_file(sources: Path, party: str) -> Mapping[str, Any]:
    file = sources / party / "codes.yaml"
    document = parse(file.read_text(encoding="utf-8")) if file.is_file() else None
    if document is None or isinstance(document, Flaw):
        raise _wrong("The party's codes can't be read.", str(file), "Name a court end that has a folder under sources.")
    told: Mapping[str, Any] = document.data
    return told


def _route(agreement: Agreement, party: str) -> Route:
    for route in agreement.routes_from(party) if party in agreement.parties else ():
        back = agreement.routes.get(route.answered_by or "")
        if back is not None and any(contract.dataset == CLAIMS for contract in back.datasets):
            return route
    known = sorted(
        {r.sender for r in agreement.routes.values() if r.answered_by and agreement.parties[r.sender].courts}
    )
    raise _wrong("The party sends no cases that are answered with claims.", f"party {party}", f"One of: {known}.")


def _wrong(what: str, where: str, next_step: str) -> NeedsPerson:
    return NeedsPerson(936, what, where=where, next_step=next_step)


def _kinds(levy: CodeList) -> Mapping[str, str]:
    return {code: more["kind"] for code, more in levy.extra.items()}


def _by_kind(levy: CodeList) -> Mapping[str, tuple[str, ...]]:
    kinds: dict[str, tuple[str, ...]] = {}
    for code, kind in _kinds(levy).items():
        kinds[kind] = (*kinds.get(kind, ()), code)
    return kinds


def _turned(codes: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return {column: {wire: own for own, wire in known.items()} for column, known in codes.items()}


def columns(route: Route, dataset: str) -> Sequence[str]:
    """The columns of a dataset as it travels on a route."""
    return route.wire(dataset).names


def as_fen(value: Any) -> str:
    """Fen as plain yuan with two places."""
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}"
