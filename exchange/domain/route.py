"""Who sends what to whom under which terms: party, court, route, legal parameters. Pure values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from exchange.domain.contract import CodeList, Contract
from exchange.domain.errors import NeedsPerson

PacketKind = Literal["Q", "U", "C", "N", "A", "B", "M", "S", "R", "V", "K", "T"]
Profile = Literal["std", "compat", "gm"]
ROUNDS: Final = frozenset({"Q", "U", "C", "N", "A"})
"""Kinds of packets that carry the datasets of a round. T stands for any kind on a test route."""

_NONE: Final[Mapping[str, str | None]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtCode:
    """A court's code in case numbers (冀1103) and the days it was in force; both ends may be open."""

    code: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalFigure:
    """A figure of law or agreement, in force from a day on, with its source."""

    value: Decimal
    since: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """One court a party speaks for. `id` is its code in the case database (fydm).

    `docket_from`: the first year whose numbers its register holds whole, as known from a day on.
    """

    id: str
    name: str
    division: str
    codes: tuple[CourtCode, ...]
    docket_from: tuple[LegalFigure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One end of a route. `kind` is a code of party_kind; a `court` speaks for its courts and sends their records."""

    id: str
    kind: str
    name_zh: str
    name_en: str
    courts: tuple[Court, ...] = ()

    @property
    def court_ids(self) -> list[str]:
        """The ids of the courts it speaks for."""
        return [court.id for court in self.courts]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRule:
    """Where a claim line of one component and one kind of levy stands in distribution, in force from a day on."""

    component: str
    levy_kind: str
    rank: str
    since: date
    source: str


def ranks_on(rules: Sequence[RankRule], on: date) -> Mapping[tuple[str, str], str]:
    """(component, levy kind) → rank as in force on a day; the later of two rules for one pair counts."""
    in_force = sorted((rule for rule in rules if rule.since <= on), key=lambda rule: rule.since)
    return {(rule.component, rule.levy_kind): rule.rank for rule in in_force}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who must release: `two_officers`, `one_officer` (reviewed after) or `automatic` (reviewed after).

    `statement` None: the route carries no statements, they are handed over as files.
    """

    quarterly: Literal["two_officers"]
    answer: Literal["two_officers", "one_officer"]
    urgent: Literal["two_officers", "one_officer", "automatic"]
    breaks: Literal["two_officers", "one_officer"] = "two_officers"
    matches: Literal["two_officers", "one_officer"] = "two_officers"
    statement: Literal["two_officers", "one_officer"] | None = None
    meeting: Literal["two_officers", "one_officer"] = "two_officers"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakTerms:
    """How breaks of a route are worked.

    A decision in `two_people` needs a second officer on a break of one of the `codes`, or about more yuan than `over`
    says on that day; on every break when the route names neither. `share`: whether the list of breaks is opened for
    the officers by itself after a comparison.
    """

    two_people: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    over: tuple[LegalFigure, ...] = ()
    share: Literal["automatic", "by_officer"] = "by_officer"

    def needs_two(self, decision: str, *, code: str, worth: Decimal, on: date) -> bool:
        """Whether a decision on such a break has to be confirmed by another officer."""
        if decision not in self.two_people:
            return False
        limits = [figure for figure in self.over if figure.since <= on]
        over = max(limits, key=lambda figure: figure.since).value if limits else None
        return not (self.codes or self.over) or code in self.codes or (over is not None and worth > over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """From when on a court's figure is far from its last quarters.

    Looks back so many `quarters`, speaks once there are `least_quarters`; a figure is odd when it is further from the
    median than `factor` times the spread (at least the share `spread` of the median), and than the floor for counts
    of cases and rows, amounts in yuan, and shares.
    """

    quarters: int
    least_quarters: int
    factor: Decimal
    spread: Decimal
    floor_count: int
    floor_amount: Decimal
    floor_share: Decimal

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> Anomaly:
        """The route document's `anomaly:`, once its schema is kept."""
        floor = terms["floor"]
        return cls(
            quarters=terms["quarters"], least_quarters=terms["least_quarters"], factor=Decimal(terms["factor"]),
            spread=Decimal(terms["spread"]), floor_count=floor["count"], floor_amount=Decimal(floor["amount"]),
            floor_share=Decimal(floor["share"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """From when on a column of the source has drifted, each a share of rows but the first.

    At least so many `rows`; that share of a required column `empty`; an optional one that was `filled_before` and is
    less than `filled_now`; of the values there `unreadable`; of the values there one and the same `code` that no list
    has.
    """

    rows: int
    empty: Decimal
    filled_before: Decimal
    filled_now: Decimal
    unreadable: Decimal
    code: Decimal

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> Drift:
        """The route document's `drift:`, once its schema is kept."""
        return cls(rows=terms["rows"], **{name: Decimal(share) for name, share in terms.items() if name != "rows"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """How one dataset travels on a route.

    `kinds` of packets that carry it; `columns` the only ones that leave, in the contract's order (None: all of them);
    `optional`: at the sender the file may be absent, which means no rows.
    """

    kinds: frozenset[str] = ROUNDS
    columns: tuple[str, ...] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The version of a route that went before and is still accepted: packets made up to the day `until`, that day too.

    `codes` are the code lists of that version. From `warn_days` before the end on, both ends are reminded. The sender
    begins rounds under the version after from the day `effective`; None: as soon as it is installed.
    """

    route: Route
    codes: Mapping[str, CodeList]
    until: date
    warn_days: int
    effective: date | None = None

    def used_by(self, *, begun_under: str | None, on: date) -> bool:
        """Whether the sender still uses this version: for a round begun under it (the hash of the version), and for
        one that begins on a day before the switch."""
        if begun_under is not None:
            return begun_under == self.route.contract_sha256
        return self.effective is not None and on < self.effective


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Sender → receiver with datasets, terms and legal parameters. `figures` are the terms' and the route's own.

    `contract_sha256` is over the canonical JSON of this route and the hashes of its datasets' contracts: the
    thing both parties agreed, as the manifest names it. `answered_by` is the id of the route back.
    """

    id: str
    sender: str
    receiver: str
    title_zh: str
    title_en: str
    version: str
    contract_id: str
    contract_sha256: str
    datasets: tuple[Contract, ...]
    profile: Profile
    answered_by: str | None
    review: Review
    figures: Mapping[str, tuple[LegalFigure, ...]]
    test: bool = False
    ranks: tuple[RankRule, ...] = ()
    lines: Mapping[str, RouteLine] = field(default_factory=dict)
    anomaly: Anomaly | None = None
    drift: Drift | None = None
    breaks: BreakTerms = field(default_factory=BreakTerms)
    overlap: Overlap | None = None
    followed_by: Route | None = None
    """Set on a version that its sender still uses although the one after it is installed."""

    @property
    def lane(self) -> str:
        """Sender → receiver; each lane numbers its packets from 1 without gaps."""
        return f"{self.sender}.{self.receiver}"

    @property
    def carries_statements(self) -> bool:
        """Whether signed statements travel as packets; on a test route nothing is signed but by hand."""
        return self.review.statement is not None and not self.test

    def contract(self, dataset: str) -> Contract:
        """The contract of a dataset of this route; NeedsPerson 503 when the route has none."""
        for contract in self.datasets:
            if contract.dataset == dataset:
                return contract
        raise NeedsPerson(
            503,
            f"Dataset {dataset!r} is not part of this route.",
            where=f"route {self.id}",
            next_step="Send only the datasets the route lists.",
        )

    def has(self, dataset: str) -> bool:
        """Whether a dataset is part of this route."""
        return any(contract.dataset == dataset for contract in self.datasets)

    def line(self, dataset: str) -> RouteLine:
        """How a dataset travels; one without a line of its own travels whole in every round."""
        return self.lines.get(dataset, RouteLine())

    def carries(self, kind: str) -> tuple[Contract, ...]:
        """The whole contracts of the datasets that a kind of packet carries, in order; a test packet any of them."""
        return tuple(c for c in self.datasets if kind == "T" or kind in self.line(c.dataset).kinds)

    def wire(self, dataset: str) -> Contract:
        """The contract of a dataset as it travels here: with the columns agreed for this route alone, and the rules
        that speak of nothing else. NeedsPerson 503 when the route has no such dataset."""
        contract, columns = self.contract(dataset), self.line(dataset).columns
        if columns is None:
            return contract
        return replace(
            contract,
            columns=tuple(column for column in contract.columns if column.name in columns),
            rules=tuple(rule for rule in contract.rules if set(rule.columns) <= set(columns)),
        )

    def readable(self, dataset: str) -> frozenset[str]:
        """The columns a source may give while two versions are installed: this one's, and the other's, which are left
        unread. So one query serves before and after the switch."""
        beside = [self.followed_by, self.overlap.route if self.overlap and self.overlap.effective else None]
        return frozenset(
            name for route in (self, *beside) if route is not None and route.has(dataset)
            for name in route.contract(dataset).names
        )  # fmt: skip

    def figure(self, name: str, on: date) -> Decimal:
        """The legal figure in force on a day; NeedsPerson 905 when none is."""
        known = [f for f in self.figures.get(name, ()) if f.since <= on]
        if not known:
            raise NeedsPerson(
                905,
                f"No legal figure {name!r} is in force on {on}.",
                where=f"route {self.id}",
                next_step="Add the figure with its date and source to the route's file.",
            )
        return max(known, key=lambda f: f.since).value

    def dated(self, name: str) -> tuple[LegalFigure, ...]:
        """Every value a figure ever had, by the day it begins; NeedsPerson 905 when the route has none."""
        known = self.figures.get(name, ())
        if not known:
            raise NeedsPerson(
                905,
                f"The route has no figure {name!r}.",
                where=f"route {self.id}",
                next_step="Add the figure with its date and source to the route's file or its terms.",
            )
        return tuple(sorted(known, key=lambda f: f.since))

    def days(self, name: str, on: date) -> int:
        """A whole figure (days, working days, months, cases) in force on a day; NeedsPerson 905 when none is."""
        return int(self.figure(name, on))

    def stops(self, held: int, selected: int, on: date) -> bool:
        """Whether so many of those selected are held that the whole exchange waits for a person: over the share agreed,
        and enough of them."""
        share, least = self.figure("held_share_limit", on), self.days("held_count_limit", on)
        return held >= least and Decimal(held) > share * selected

    def rank_table(self, on: date) -> Mapping[tuple[str, str], str]:
        """(component, levy kind) → rank as in force on a day; the later of two rules for one pair counts."""
        return ranks_on(self.ranks, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Everything under `contracts/` and `schemas/codes/`, read and checked once."""

    parties: Mapping[str, Party]
    routes: Mapping[str, Route]
    codes: Mapping[str, CodeList]
    earlier_codes: Mapping[str, Mapping[str, CodeList]] = field(default_factory=dict)
    """The code lists of routes that stand here in the version before."""

    def codes_of(self, route: Route) -> Mapping[str, CodeList]:
        """The code lists a route's rows are held against."""
        return self.earlier_codes.get(route.id, self.codes)

    def used_by(self, party: str, on: date, begun: Mapping[str, str | None] = _NONE) -> Agreement:
        """The agreement as a party uses it on a day: a route it sends on stands in the version before until the day
        the new one takes effect. `begun` tells, by route, the hash of the version a round at hand was begun under,
        which it keeps to its end."""
        before = {
            route.id: route.overlap for route in self.routes_from(party)
            if route.overlap is not None and route.overlap.used_by(begun_under=begun.get(route.id), on=on)
        }  # fmt: skip
        if not before:
            return self
        earlier = {name: replace(one.route, followed_by=self.routes[name]) for name, one in before.items()}
        return replace(
            self, routes={**self.routes, **earlier}, earlier_codes={name: one.codes for name, one in before.items()}
        )

    def route(self, route_id: str) -> Route:
        """The route of that id; NeedsPerson 905 when there is none."""
        if route_id not in self.routes:
            raise NeedsPerson(
                905,
                f"There is no route {route_id!r}.",
                where="contracts/routes",
                next_step=f"Use one of: {', '.join(sorted(self.routes))}.",
            )
        return self.routes[route_id]

    def routes_from(self, party: str) -> tuple[Route, ...]:
        """The routes a party sends on."""
        return tuple(r for r in self.routes.values() if r.sender == party)

    def quarterly_routes(self, party: str, connected: Collection[str]) -> tuple[str, ...]:
        """Ids of the routes on which a party that speaks for courts sends every quarter.

        A route to a counterpart without a channel is agreed but not in use; while there is no channel at all every
        route counts, so that a first quarter can be looked at.
        """
        routes = self.routes_from(party) if party in self.parties and self.parties[party].courts else ()
        return tuple(r.id for r in routes if r.receiver in connected) or tuple(r.id for r in routes)

    def on_lane(self, sender: str, receiver: str) -> Route:
        """The route of a lane; NeedsPerson 801 when the parties have none."""
        for route in self.routes.values():
            if (route.sender, route.receiver) == (sender, receiver):
                return route
        raise NeedsPerson(
            801,
            f"No route is agreed from {sender} to {receiver}.",
            where="contracts/routes",
            next_step="Check that the packet was meant for this party.",
        )
