"""Anomaly: a court whose counts, amounts or share of held cases lie far from its own last quarters.

Robust and small-count safe: the middle is the median, the spread the median absolute deviation (as a normal's standard
deviation) but at least a share of the median, and what is less than the floor away is never odd. All of it agreed in
the route (`anomaly:`). An anomaly is a point: somebody has to say why before the exchange is prepared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any, Final

from exchange.domain.audit import ExchangeRecord
from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.finding import Finding
from exchange.domain.lifecycle import GONE
from exchange.domain.period import Period
from exchange.domain.prepare import CASES
from exchange.domain.route import Anomaly, Court, Party, Route

FIGURES: Final = "figures.json"
"""Where an exchange's figures by court lie in the vault."""

COURT_RULE: Final = "anomaly_court"
"""Several figures of one court are odd: one thing to explain."""

NORMAL: Final = Decimal("1.4826")
"""Median absolute deviation → standard deviation, for a normal distribution."""

Figures = Mapping[str, Mapping[str, Decimal]]
"""Court id → measure → figure: `selected`, `sent`, `held_share`, `rows.<dataset>`, `sum.<dataset>.<column>` (yuan)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a court's figure may be: `middle` ± `half`."""

    middle: Decimal
    half: Decimal

    def holds(self, figure: Decimal) -> bool:
        """Whether a figure lies within."""
        return abs(figure - self.middle) <= self.half


def band(history: Sequence[Decimal], floor: Decimal, terms: Anomaly) -> Band | None:
    """The band out of the figures of earlier quarters, in any order; None while they are too few to speak."""
    if len(history) < terms.least_quarters:
        return None
    middle = median(history)
    spread = max(NORMAL * median(abs(figure - middle) for figure in history), terms.spread * abs(middle))
    return Band(middle=middle, half=max(terms.factor * spread, floor))


def anomalies(
    now: Figures, history: Sequence[Figures], *, route: Route, sender: Party, period: Period, as_of: date
) -> Iterator[Finding]:
    """One finding for each court with figures out of their bands, all of them in its note; none on a route that agreed
    on no `anomaly:`.

    `history` are the figures of earlier quarters. The place names court, measure and quarter, so that last quarter's
    explanation is not proposed for this one; of several measures their hash, so that a reason given for some of them
    is none for more.
    """
    if route.anomaly is None:
        return
    for court in sender.courts:
        odd = [*_odd(court, now, history, route, route.anomaly)]
        if odd:
            yield _finding(odd, route, f"{_code(court, as_of)}|{_measures(odd)}|{period}")


def _odd(
    court: Court, now: Figures, history: Sequence[Figures], route: Route, terms: Anomaly
) -> Iterator[tuple[str, str]]:
    """(measure, in words) of a court's figures that are out of their bands."""
    for measure, figure in now.get(court.id, {}).items():
        before = [one[court.id][measure] for one in history if measure in one.get(court.id, {})]
        limits = band(before, _floor(measure, terms), terms)
        if limits is not None and not limits.holds(figure):
            kind, _, rest = measure.partition(".")
            dataset, _, column = rest.partition(".")
            told = f"{_text(kind, limits.middle)}±{_text(kind, limits.half)}, now {_text(kind, figure)}"
            yield measure, f"{_words(kind, dataset, column, route)} {told} ({len(before)} 季 quarters)"


def _measures(odd: Sequence[tuple[str, str]]) -> str:
    """What a place says of the measures: the only one, or the hash of several."""
    names = [measure for measure, _ in odd]
    return names[0] if len(names) == 1 else sha256_hex(canonical_json(sorted(names)))[:8]


def earlier(this: ExchangeRecord, known: Iterable[ExchangeRecord], quarters: int) -> list[str]:
    """Keys of the exchanges that carried the quarters before this one's, so many quarters back, oldest first."""
    if this.period is None:
        return []
    own = Period.parse(this.period)
    first = own
    for _ in range(quarters):
        first = first.previous()
    told: dict[Period, str] = {}
    for one in known:
        if one.direction == "out" and one.state in GONE and one.period is not None:
            period = Period.parse(one.period)
            if first <= period < own:
                told[period] = one.key
    return [told[period] for period in sorted(told)]


def dump_figures(figures: Figures) -> bytes:
    """`figures.json`: decimals as text, no personal data."""
    return canonical_json({court: {m: f"{n:f}" for m, n in told.items()} for court, told in figures.items()})


def load_figures(data: bytes) -> Figures:
    """What `dump_figures` wrote."""
    told: dict[str, Any] = strict_json(data)
    return {court: {m: Decimal(n) for m, n in figures.items()} for court, figures in told.items()}


def _floor(measure: str, terms: Anomaly) -> Decimal:
    if measure == "held_share":
        return terms.floor_share
    return terms.floor_amount if measure.startswith("sum.") else Decimal(terms.floor_count)


_RULES: Final[Mapping[str, str]] = {
    "selected": "anomaly_cases", "sent": "anomaly_cases", "held_share": "anomaly_held", "rows": "anomaly_rows",
    "sum": "anomaly_amounts",
}  # fmt: skip


def _finding(odd: Sequence[tuple[str, str]], route: Route, place: str) -> Finding:
    kind, _, rest = odd[0][0].partition(".")
    alone = len(odd) == 1
    return Finding(
        rule=_RULES[kind] if alone else COURT_RULE,
        severity="verify",
        dataset=(rest.partition(".")[0] or CASES) if alone else route.datasets[0].dataset,
        record=None,
        case_no=None,
        row_key=place,
        note="；".join(words for _, words in odd),
        comparable=False,
    )


def _words(kind: str, dataset: str, column: str, route: Route) -> str:
    fixed = {"selected": "入选 selected", "sent": "已送 sent", "held_share": "退回占比 share held"}
    if kind in fixed:
        return fixed[kind]
    contract = route.contract(dataset)
    if not column:
        return f"{contract.title_zh}行数 rows"
    return f"{contract.title_zh}·{contract.column(column).title_zh} {contract.column(column).title_en.lower()}"


def _text(kind: str, figure: Decimal) -> str:
    if kind == "held_share":
        return f"{figure * 100:.1f} %"
    return f"{figure:,.2f}" if kind == "sum" else f"{figure:,.0f}"


def _code(court: Court, as_of: date) -> str:
    """The court's code in case numbers on a day; its id where it has none."""
    there = [
        c.code for c in court.codes if (c.since is None or c.since <= as_of) and (c.until is None or as_of <= c.until)
    ]
    return there[-1] if there else court.id
