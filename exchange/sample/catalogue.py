"""The catalogue of what can be planted in a world: each entry with its words, the edge cases it shows, its effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.sample.making import Maker
from exchange.sample.rows import Claim, Estate, Where

Change = Callable[[Maker, Estate], None]
Make = Callable[[Maker], Sequence[Estate]]

LAYERS: Final = ("number", "court", "rows", "lines", "claim", "table", "paid", "debtor")
"""What a plant touches, in the order in which several may be laid on one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One thing to plant. `edges` are the edge cases of docs/law.md it shows, `expected` what it leads to.

    `layer` is set for a plant that changes one thing of an ordinary case, so that it may meet plants of other layers
    in the same case; `make` gives the cases it takes, the one it is about first.
    """

    id: str
    zh: str
    en: str
    expected: str
    edges: tuple[str, ...] = ()
    make: Make
    change: Change | None = None
    layer: str | None = None


@dataclass(slots=True)
class Shelf:
    """The plants of one module, in order."""

    plants: list[Plant] = field(default_factory=list)

    def change(
        self, name: str, zh: str, en: str, expected: str, *edges: str, layer: str | None = None, **shape: Any
    ) -> Callable[[Change], Change]:
        """A plant that changes one case of a shape (arguments of `Maker.case`); `layer` only with the usual shape."""

        def keep(change: Change) -> Change:
            def make(maker: Maker) -> Sequence[Estate]:
                estate = maker.case(**shape)
                change(maker, estate)
                return (estate,)

            self.plants.append(
                Plant(
                    id=name, zh=zh, en=en, expected=expected, edges=edges, make=make, change=change,
                    layer=layer if not shape else None,
                )
            )  # fmt: skip
            return change

        return keep

    def make(self, name: str, zh: str, en: str, expected: str, *edges: str) -> Callable[[Make], Make]:
        """A plant that makes its own cases."""

        def keep(make: Make) -> Make:
            self.plants.append(Plant(id=name, zh=zh, en=en, expected=expected, edges=edges, make=make))
            return make

        return keep


def broken(claim: Claim, code: str, *, line: int | None = None, rank: str | None = None) -> None:
    """Say that a claim leads to a break."""
    claim.breaks.append((code, _where(line, rank)))


def told(claim: Claim, code: str, line: int) -> None:
    """Say that a claim's line leads to an info."""
    claim.infos.append((code, _where(line, None)))


def _where(line: int | None, rank: str | None) -> Where:
    where: Where = {}
    if line is not None:
        where["line_no"] = line
    if rank is not None:
        where["rank"] = rank
    return where


def catalogue() -> Mapping[str, Plant]:
    """Every plant by its id, in order."""
    from exchange.sample import (
        plants_books,
        plants_claims,
        plants_court,
        plants_dates,
        plants_debtors,
        plants_lines,
        plants_numbers,
        plants_versions,
    )

    modules = (
        plants_numbers,
        plants_court,
        plants_dates,
        plants_debtors,
        plants_claims,
        plants_versions,
        plants_lines,
        plants_books,
    )
    return {plant.id: plant for module in modules for plant in module.SHELF.plants}


def of_edges(plants: Iterable[Plant]) -> Mapping[str, list[str]]:
    """Edge case → the plants that show it."""
    found: dict[str, list[str]] = {}
    for plant in plants:
        for edge in plant.edges:
            found.setdefault(edge, []).append(plant.id)
    return dict(sorted(found.items()))
