"""How a journey takes a step: the ports its signature names, what a sweep did, one failure that holds up no other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from exchange.domain import lifecycle
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.ports import ExchangeRecord, Parts

if TYPE_CHECKING:
    from exchange.domain.route import Agreement

GATES: Final[Mapping[str, str]] = {
    lifecycle.OPENED: "being read and checked; run it again if it stopped",
    lifecycle.EXTRACTED: "being assembled; run it again if it stopped",
    lifecycle.CHECKED: "waits for the officers",
    lifecycle.STOPPED: "stopped: too many cases are held; waits for an officer",
    lifecycle.PREPARED: "waits for the approver",
    lifecycle.APPROVED: "released; the next sweep sends it",
    lifecycle.PACKED: "sealed; the next sweep sends it",
    lifecycle.SENT: "waits for the receipt",
    lifecycle.RECEIVED: "opened by the other side; waits for the validated receipt",
    lifecycle.ACCEPTED: "received and validated by the other side",
    lifecycle.REJECTED: "refused by the other side: see its code",
    lifecycle.REFUSED: "sent back at this end",
}


@dataclass(slots=True, kw_only=True)
class Swept:
    """What one sweep did: counts by step, and what could not be done with its error."""

    done: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, ExchangeError]] = field(default_factory=list)

    def count(self, what: str, times: int = 1) -> None:
        """Add to a count."""
        self.done[what] = self.done.get(what, 0) + times

    def note(self, where: str, error: ExchangeError) -> None:
        """Keep an error, once a sweep however many steps met it."""
        if all((place, str(known)) != (where, str(error)) for place, known in self.problems):
            self.problems.append((where, error))

    @property
    def idle(self) -> bool:
        """Nothing was there to do."""
        return not self.done and not self.problems


def call(step: Callable[..., Any], parts: Parts, *args: Any, **more: Any) -> Any:
    """Run a step with the ports its signature names; with the agreement as this end uses it (`agreed`) for the
    exchange whose key comes first, or today."""
    names = list(inspect.signature(step).parameters)
    named = {name: getattr(parts, name) for name in names if name not in more and name in Parts.__dataclass_fields__}
    if "agreement" in named:
        named["agreement"] = agreed(parts, args[0] if args and names[0] == "key" else None)
    return step(*args, **named, **more)


def agreed(parts: Parts, key: str | None = None) -> Agreement:
    """The agreement as this end uses it: a route it sends on stands in the version before until the day agreed for the
    switch, and for an exchange of ours in the version it was begun under."""
    known = parts.ledger.exchange(key) if key is not None else None
    if known is None or known.direction != "out":
        return parts.agreement.used_by(parts.party, parts.today)
    begun = {known.route: known.details.get("contract_sha256")}
    return parts.agreement.used_by(parts.party, known.as_of or parts.today, begun)


def attempted(swept: Swept | None, what: str, where: str, action: Callable[..., Any], *args: Any) -> Any:
    """Do something; where `swept` is given its error is noted there (None is returned), and `what` counted if done."""
    try:
        result = action(*args)
    except ExchangeError as error:
        if swept is None:
            raise
        swept.note(where, error)
        return None
    if what and swept is not None:
        swept.count(what)
    return result


def record(parts: Parts, key: str) -> ExchangeRecord:
    """Where an exchange stands; NeedsPerson 914 when there is none of that key."""
    known = parts.ledger.exchange(key)
    if known is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    return known


def state_of(parts: Parts, key: str) -> str | None:
    """An exchange's state; None when there is none of that key."""
    known = parts.ledger.exchange(key)
    return known.state if known else None
