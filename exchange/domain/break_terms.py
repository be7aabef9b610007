"""What a route's document says of working breaks, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from exchange.domain.route import BreakTerms, LegalFigure
from exchange.domain.strict_yaml import nearest

Path = tuple[str | int, ...]


def break_terms(data: Mapping[str, Any], *, over: tuple[LegalFigure, ...]) -> BreakTerms:
    """The route's `breaks`, `over` already read; a route that says nothing needs nobody's second signature."""
    return BreakTerms(
        two_people=frozenset(data.get("two_people", ())),
        codes=frozenset(data.get("codes", ())),
        over=over,
        share=data.get("share", "by_officer"),
    )


def break_term_flaws(data: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[tuple[Path, str, str]]:
    """(place, what is wrong, next step) of what the schema can't see: a code no break has, a day that is none."""
    terms = data.get("breaks", {})
    for i, code in enumerate(terms.get("codes", ())):
        if code not in known:
            yield ("breaks", "codes", i), f"There is no break {code!r}.", nearest(code, [*known])
    for i, figure in enumerate(terms.get("over", ())):
        try:
            date.fromisoformat(figure["since"])
        except ValueError:
            yield ("breaks", "over", i, "since"), f"{figure['since']} is no day of the calendar.", "Mend the date."
