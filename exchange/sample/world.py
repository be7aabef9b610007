"""A whole world, written as it is made: ordinary cases, and among them what was asked to be planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from exchange.domain.errors import NeedsPerson
from exchange.sample.answers import Answers
from exchange.sample.catalogue import LAYERS, Plant, catalogue, of_edges
from exchange.sample.making import AGE, Maker
from exchange.sample.register import Register
from exchange.sample.returns import ReturnFiles
from exchange.sample.rows import Estate
from exchange.sample.setting import Setting
from exchange.sample.tables import FORMS, Sink

MIXED: Final = "mixed"
PLANTED_SHARE: Final = 0.06
"""Of a large world's cases: the catalogue is planted again until so many are."""

MIXED_LEAST: Final = 60
MIXED_SHARE: Final = 0.02
"""Cases in which several plants meet, in a world that is asked for them."""

Unit = tuple[Plant, ...]
"""One plant with cases of its own, or several that meet in one case."""

_STAGES: Final = (
    ("accepted", 10), ("claims_open", 16), ("meeting_held", 22), ("declared", 22), ("plan_approved", 8),
    ("distribution", 22),
)  # fmt: skip
_PROCEDURES: Final = ("liquidation",) * 17 + ("reorganisation", "compulsory_liquidation", "compulsory_liquidation")
_DRAWN: Final = tuple(stage for stage, weight in _STAGES for _ in range(weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a world shall be: so many cases, with these plants, so many of the rest open, in these forms."""

    cases: int
    plants: tuple[Plant, ...] = ()
    mixed: bool = False
    open_share: float = 0.45
    forms: tuple[str, ...] = ("sql",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made: cases, of them selected and sent, claims, lines, breaks, how often each plant."""

    cases: int
    selected: int
    sent: int
    claims: int
    lines: int
    breaks: int
    plants: Mapping[str, int]


def wished_plants(defects: Sequence[str]) -> tuple[tuple[Plant, ...], bool]:
    """The plants of a list of ids, edge cases (E04), `none`, `all` or `mixed`; NeedsPerson 936 for an unknown one."""
    known = catalogue()
    edges = of_edges(known.values())
    chosen: dict[str, Plant] = {}
    for word in defects:
        if word in ("all", MIXED):
            chosen |= known
        elif word in known:
            chosen[word] = known[word]
        elif word in edges:
            chosen |= {name: known[name] for name in edges[word]}
        elif word != "none":
            raise NeedsPerson(
                936, "The catalogue has no such defect.", where=word, next_step="See `exchange sample --list`."
            )
    return tuple(chosen.values()), MIXED in defects


class Writer:
    """Writes a world's files as its cases come; `close` writes the answers."""

    def __init__(self, folder: Path, setting: Setting, forms: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.register, self.answers = folder, Register(setting), Answers(setting)
        self.sinks: list[Sink] = [FORMS[form](folder) for form in forms]
        self.answered = ReturnFiles(folder, setting)
        for court in setting.courts:
            for sink in self.sinks:
                sink.row("fy", (court.id, court.name, court.division))

    def take(self, estate: Estate) -> None:
        """Write one case that is complete."""
        for table, values in self.register.rows(estate):
            for sink in self.sinks:
                sink.row(table, values)
        self.answered.take(estate)
        self.answers.take(estate)

    def counts(self) -> Mapping[str, int]:
        """How many claims and lines were written."""
        return {"claims": self.answered.counts["tax_claim"], "lines": self.answered.counts["tax_claim_line"]}

    def close(self, notes: Mapping[str, Any]) -> None:
        """Write what is left, and the answers."""
        for sink in self.sinks:
            sink.close()
        self.answered.close()
        with (self.folder / "answers.json").open("w", encoding="utf-8", newline="\n") as file:
            self.answers.write(file, notes)


def make_world(folder: Path, setting: Setting, wish: Wish) -> Made:
    """Write a world into a folder: the court's database, `tax_return/` and `answers.json`.

    The same setting and wish give the same bytes. Rows are written as they are made; what is kept is bounded by the
    number of records and of breaks. NeedsPerson 936 when the plants need more cases than are wished for.
    """
    unknown = [form for form in wish.forms if form not in FORMS]
    if unknown:
        raise NeedsPerson(
            936, "There is no such form.", where=unknown[0], next_step=f"One or more of: {', '.join(FORMS)}."
        )
    maker, writer = Maker(setting), Writer(folder, setting, wish.forms)
    answers = writer.answers
    for unit, estates in _cases(maker, wish):
        if unit is not None:
            _note(answers, unit, estates)
        for estate in estates:
            writer.take(estate)
    counts = {"cases": maker.records, **writer.counts()}
    writer.close(_notes(setting, wish, answers, counts))
    return Made(
        **counts, selected=len(answers.selected), sent=len(answers.sent), breaks=len(answers.lists["breaks"]),
        plants=answers.counts,
    )  # fmt: skip


def _note(answers: Answers, unit: Unit, estates: Sequence[Estate]) -> None:
    if len(unit) == 1:
        answers.note(unit[0].id, unit[0].expected, estates)
    else:
        answers.note(MIXED, " + ".join(plant.id for plant in unit), estates)


def _cases(maker: Maker, wish: Wish) -> Iterator[tuple[Unit | None, Sequence[Estate]]]:
    """The world's cases in order: planted ones spread among ordinary ones."""
    chance = Random(f"{maker.setting.seed}/plan")
    units = _units(maker.setting, wish, chance)
    taken = sum(size for _, size in units)
    if taken > wish.cases:
        raise NeedsPerson(
            936, f"These defects take {taken} cases of their own.", where=f"--cases {wish.cases}",
            next_step="Ask for more cases, or for fewer defects.",
        )  # fmt: skip
    places = wish.cases - taken + len(units)
    at = dict(zip(sorted(chance.sample(range(places), len(units))), units, strict=True))
    for place in range(places):
        maker.begin(place)
        if place in at:
            unit, _ = at[place]
            yield unit, _planted(maker, unit)
        else:
            yield None, (_ordinary(maker, wish.open_share),)


def _units(setting: Setting, wish: Wish, chance: Random) -> list[tuple[Unit, int]]:
    """What is planted, each with the cases it takes: each plant at the least once, and again in a large world."""
    trial = Maker(setting)
    once: list[tuple[Unit, int]] = []
    for place, plant in enumerate(wish.plants):
        trial.begin(place)
        once.append(((plant,), len(plant.make(trial))))
    taken = sum(size for _, size in once)
    units = once * max(1, int(wish.cases * PLANTED_SHARE / taken)) if once else []
    if wish.mixed:
        units += [(_mixture(wish.plants, chance), 1) for _ in range(max(MIXED_LEAST, int(wish.cases * MIXED_SHARE)))]
    chance.shuffle(units)
    return units


def _mixture(plants: Sequence[Plant], chance: Random) -> Unit:
    """Two to four plants that may meet in one case: no two of a layer, in the order of the layers."""
    layers = sorted(chance.sample(LAYERS, chance.randint(2, 4)), key=LAYERS.index)
    return tuple(chance.choice([plant for plant in plants if plant.layer == layer]) for layer in layers)


def _planted(maker: Maker, unit: Unit) -> Sequence[Estate]:
    if len(unit) == 1:
        return unit[0].make(maker)
    estate = maker.case()
    for plant in unit:
        if plant.change is not None:
            plant.change(maker, estate)
    return (estate,)


def _ordinary(m: Maker, open_share: float) -> Estate:
    """A case nothing is wrong with: open by the share, else ended lately or long ago, or never accepted."""
    s, rng = m.setting, m.rng
    luck = rng.random()
    if luck < open_share:
        return _open(m)
    luck = (luck - open_share) / (1 - open_share)
    if luck < 0.1:
        return m.unaccepted("petition")
    if luck < 0.17:
        return m.unaccepted("not_accepted")
    first = s.period.first_day
    if luck < 0.32:
        ended = first + timedelta(days=rng.randint(0, max((s.as_of - first).days, 0)))
        accepted = s.workday(ended - timedelta(days=rng.randint(400, 900)))
        return m.case(stage="terminated", accepted=accepted, terminated=ended, claim="usual", procedure=_procedure(rng))
    ended = first - timedelta(days=rng.randint(1, 2200))
    accepted = s.workday(ended - timedelta(days=rng.randint(400, 700)))
    return m.case(stage="terminated", accepted=accepted, terminated=ended, claim=None, selected=False)


def _open(m: Maker) -> Estate:
    """An open case at a stage, some of them accepted just now, some years ago."""
    s, rng = m.setting, m.rng
    stage = rng.choice(_DRAWN)
    if stage == "plan_approved":
        return m.case(stage=stage, procedure=rng.choice(("reorganisation", "settlement")), claim="usual")
    if stage == "accepted":
        return m.case(stage=stage, accepted=s.workday(s.ago(rng.randint(0, 33))))
    procedure = _procedure(rng)
    if stage == "claims_open":
        estate = m.case(stage=stage, procedure=procedure, claim=None)
        if rng.random() < 0.5 or (estate.due or s.as_of) < s.as_of:
            m.claims.claim(estate)
        return estate
    accepted = s.workday(s.ago(AGE[stage] + rng.randint(1, 25) + (rng.randint(0, 900) if rng.random() < 0.3 else 0)))
    debtors = 1 if rng.random() < 0.96 else rng.randint(2, 4)
    return m.case(stage=stage, procedure=procedure, accepted=accepted, claim="usual", debtors=debtors)


def _procedure(rng: Random) -> str:
    return rng.choice(_PROCEDURES)


def _notes(setting: Setting, wish: Wish, answers: Answers, counts: Mapping[str, int]) -> Mapping[str, Any]:
    """What explains a world and is compared with nothing: the wish, where each plant and each edge case is."""
    edges = of_edges(plant for plant in wish.plants if plant.id in answers.planted)
    held = len({one["record"] for one in answers.lists["quarantined"] if one["dataset"] == "bankruptcy_case"})
    stops = setting.route.stops(held, len(answers.selected), setting.as_of)
    return {
        "seed": setting.seed, "party": setting.party.id, "courts": len(setting.courts), "counts": counts, "held": held,
        "whole_exchange_stops": stops, "edge_cases": edges, "plants": answers.planted, "planted": dict(answers.counts),
    }  # fmt: skip
