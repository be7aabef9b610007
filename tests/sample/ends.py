"""Two ends that live through several quarters: the court's database is another one in each, the ledgers go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from bench.ends import introduce
from exchange import journeys, wiring
from exchange.domain import lifecycle
from exchange.domain.points import standing
from exchange.ports import Parts
from exchange.settings import Settings, read_settings
from exchange.steps.explain import explain
from exchange.steps.review import review

PAIR = "131100"
CASES = f"{PAIR}-cases"


class Living:
    """A court and a tax bureau with a folder between them, on SQLite unless other databases are named."""

    def __init__(self, home: Path, source_url: str = "", ledger_urls: dict[str, str] | None = None) -> None:
        self.home, self.source_url, self.ledger_urls = home, source_url, ledger_urls or {}
        (home / "point").mkdir(parents=True)
        introduce(self.settings("court", date(2026, 1, 1)), self.settings("tax", date(2026, 1, 1)))

    def settings(self, end: str, today: date) -> Settings:
        """An end's settings on a day."""
        other = "tax" if end == "court" else "court"
        (self.home / end).mkdir(exist_ok=True)
        more: dict[str, Any] = {"source_url": self.source_url} if self.source_url and end == "court" else {}
        more |= {"ledger_url": self.ledger_urls[end]} if end in self.ledger_urls else {}
        return read_settings(
            home=self.home / end, party=f"{end}-{PAIR}", today=today, checker="plain",
            channels={f"{other}-{PAIR}": {"kind": "folder", "root": str(self.home / "point")}},
            officers={"liaison-1": ["prepare"], "chief-1": ["approve"]}, **more,
        )  # fmt: skip

    @contextmanager
    def on(self, today: date, dump: Path | None = None) -> Iterator[tuple[Parts, Parts]]:
        """Both ends' parts on a day, the court's database as a dump has it."""
        court, tax = self.settings("court", today), self.settings("tax", today)
        if dump is not None:
            wiring.load_source(court, dump)
        with wiring.opened(court) as ours, wiring.opened(tax) as theirs:
            yield ours, theirs


def play(living: Living, folder: Path, period: str, as_of: str) -> dict[str, Any]:
    """One quarter of a world from the court's database to the reconciled books; the outcome."""
    with living.on(date.fromisoformat(as_of), folder / "court_db.sql") as (court, tax):
        key = journeys.quarterly(court, CASES, period, date.fromisoformat(as_of))
        release(court, key)
        settle(court, tax)
        assert journeys.record(court, key).state == lifecycle.ACCEPTED
        if _rows(folder / "tax_return" / "tax_claim.csv") or _rows(folder / "tax_return" / "tax_status.csv"):
            release(tax, journeys.answer(tax, folder / "tax_return"))
            settle(court, tax)
        outcome: dict[str, Any] = json.loads(court.vault.get(key, "outcome.json"))
        return outcome


def release(parts: Parts, key: str) -> None:
    """Every point explained, prepared and approved."""
    now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
    for rule in dict.fromkeys(point.rule for point in now.open):
        journeys.call(explain, parts, key, (), rule=rule, by="liaison-1", reason="checked with the source")
    for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
        journeys.call(review, parts, key, decision, by=by)


def settle(court: Parts, tax: Parts) -> None:
    """Both ends sweep until neither finds anything to do."""
    idle = 0
    while idle < 2:
        idle = 0
        for parts in (court, tax):
            swept = journeys.sweep(parts)
            if swept.problems:
                raise swept.problems[0][1]
            idle += swept.idle


def _rows(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) - 1
