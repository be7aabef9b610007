"""Both ends on one machine with a folder between them, for measuring and for tests that need no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

from exchange import journeys, wiring
from exchange.domain import lifecycle
from exchange.domain.points import standing
from exchange.ports import Parts
from exchange.settings import Settings, read_settings
from exchange.steps.explain import explain
from exchange.steps.review import review
from exchange.wiring import certificates

PAIR, PERIOD, AS_OF = "131100", "2026Q3", date(2026, 10, 9)


@contextmanager
def both_ends(home: Path, source: Path, **more: object) -> Iterator[tuple[Parts, Parts]]:
    """A court with its database and a tax bureau, keys pinned, a shared folder as the channel."""
    court = end_settings(home, "court", "tax", source=source, **more)
    tax = end_settings(home, "tax", "court", **more)
    introduce(court, tax)
    (home / "point").mkdir(exist_ok=True)
    with wiring.opened(court) as court_parts, wiring.opened(tax) as tax_parts:
        yield court_parts, tax_parts


def introduce(court: Settings, tax: Settings) -> None:
    """Make both ends' keys, and pin each one's certificates at the other."""
    made = {s.party: {c.role: c for c in certificates.init_keys(s)} for s in (court, tax)}
    for settings, other in ((court, tax.party), (tax, court.party)):
        certificates.pin(settings, other, "sign", made[other]["sign"].certificate, made[other]["sign"].fingerprint)
        certificates.pin(
            settings, other, "decrypt", made[other]["decrypt"].certificate, made[other]["decrypt"].fingerprint
        )


def end_settings(home: Path, end: str, other: str, *, source: Path | None = None, **more: object) -> Settings:
    """The settings of one end in a folder of the home, a shared folder as its channel."""
    told: dict[str, object] = {
        "home": home / end,
        "party": f"{end}-{PAIR}",
        "today": AS_OF,
        "channels": {f"{other}-{PAIR}": {"kind": "folder", "root": str(home / "point")}},
        "officers": {"liaison-1": ["prepare"], "chief-1": ["approve"]},
    }
    if source is not None:
        told["source_url"] = f"sqlite:///{source}"
    (home / end).mkdir(parents=True, exist_ok=True)
    return read_settings(**told | more)


def go_round(court: Parts, tax: Parts) -> str:
    """A quarter from the court's database to validated at the tax end; its key."""
    key = journeys.quarterly(court, f"{PAIR}-cases", PERIOD, AS_OF)
    release(court, key)
    while journeys.record(court, key).state != lifecycle.ACCEPTED:
        for parts in (court, tax):
            swept = journeys.sweep(parts)
            if swept.problems:
                raise swept.problems[0][1]
    return key


def release(parts: Parts, key: str) -> None:
    """What an end's officers do: every point explained, prepared by one, approved by another."""
    now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
    for rule in dict.fromkeys(point.rule for point in now.open):
        journeys.call(explain, parts, key, (), rule=rule, by="liaison-1", reason="已与来源核对无误")
    for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
        journeys.call(review, parts, key, decision, by=by)
