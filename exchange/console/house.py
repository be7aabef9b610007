"""What all pages of one end share: its ports, its people, the words and the templates. Made once at the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from exchange import wiring
from exchange.console.render import Words, make_words
from exchange.domain.person import Person, Role, duties, roles_on
from exchange.domain.problem import CatalogueEntry
from exchange.settings import Settings

if TYPE_CHECKING:
    from exchange.console.provider import Provider
    from exchange.desk import Desk
    from exchange.ports import Parts


@dataclass(slots=True, kw_only=True)
class House:
    """One end of the exchange as its console sees it. `pulse` is the newest ledger hash the live parts were told."""

    settings: Settings
    parts: Parts
    desk: Desk
    words: Words
    problems: Mapping[int, CatalogueEntry]
    pulse: str = ""
    provider: Provider | None = None
    pulse_at: float = -1e9

    @property
    def now(self) -> datetime:
        """Aware UTC."""
        return self.parts.clock()

    @property
    def today(self) -> date:
        """The day in Asia/Shanghai, or the one of the settings."""
        return wiring.today(self.settings)

    @property
    def party_kind(self) -> str:
        """`court`, `tax` or another kind of party: it gives the top bar its colour."""
        return self.parts.agreement.parties[self.parts.party].kind

    def roles(self, person: Person) -> frozenset[Role]:
        """A person's roles today, delegated ones too."""
        return roles_on(person, self.desk.delegations(), self.today)

    def officers(self, people: Sequence[Person] | None = None) -> Mapping[str, Sequence[str]]:
        """Who may decide what, for the steps: people with an account (as just read), then those of exchange.toml."""
        lent, today = self.desk.delegations(), self.today
        known = self.desk.people() if people is None else people
        return {**self.settings.officers, **{p.id: duties(roles_on(p, lent, today)) for p in known}}

    def parts_for(self, person: Person, people: Sequence[Person] | None = None) -> Parts:
        """Every port, with a person as the actor."""
        return replace(self.parts, actor=person.id, officers=self.officers(people), today=self.today)


@contextmanager
def opened(settings: Settings) -> Iterator[House]:
    """A house with its ports, closed at the end."""
    with wiring.opened(settings, pages=True) as parts:
        desk = wiring.desk(settings)
        try:
            yield House(
                settings=settings, parts=parts, desk=desk, words=make_words(), problems=wiring.problems(settings)
            )
        finally:
            desk.close()
