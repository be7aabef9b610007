"""A staged exchange: its files are in the vault first, then one transaction opens it, reads it and says what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from exchange.domain.content import Content
from exchange.domain.corrections import Sent, sent_up_to
from exchange.domain.outcome_file import outcome_json
from exchange.domain.period import Period
from exchange.domain.route import Route

WAITING: Final = ("numbered", "sealed")
"""States of packets that are not out yet."""


class KeepsFiles(Protocol):
    """What is needed of a vault."""

    def put_file(self, exchange: str, name: str, local: Path) -> str:
        """Store a local file's bytes."""


class HasState(Protocol):
    """What is needed of an exchange's record."""

    @property
    def state(self) -> str:
        """Where it stands."""


class KnowsExchanges(Protocol):
    """What is needed of a ledger."""

    def exchange(self, key: str) -> HasState | None:
        """One exchange's record."""


class KnowsPackets(Protocol):
    """What is needed of a ledger."""

    def newest(self, lane: str) -> Sent | None:
        """A lane's packet with the highest number."""

    def packets(self, *, lane: str, direction: Literal["out"], states: Sequence[str]) -> Sequence[Sent]:
        """Packets by lane and number."""


class Appends(Protocol):
    """What is needed of a transaction."""

    def append(self, kind: str, *, exchange: str | None, actor: str, body: Mapping[str, Any]) -> Any:
        """Append an event."""


def state_in(ledger: KnowsExchanges) -> Callable[[str], str | None]:
    """An exchange's state by its key, None where there is none, as `lifecycle.attempt` asks for it."""

    def state(key: str) -> str | None:
        known = ledger.exchange(key)
        return known.state if known else None

    return state


def told_up_to(ledger: KnowsPackets, lane: str) -> int:
    """The lane's number up to which packets are out: what an exchange is judged against."""
    top = ledger.newest(lane)
    return sent_up_to(top.number if top else 0, ledger.packets(lane=lane, direction="out", states=WAITING))


def keep_content(vault: KeepsFiles, key: str, folder: Path) -> None:
    """All files a folder was staged with, as the exchange's content."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        vault.put_file(key, f"content/{file.relative_to(folder).as_posix()}", file)


def outcome_of_shared(key: str, kind: str, content: Content, as_of: date, period: str | None = None) -> bytes:
    """`outcome.json` of an exchange that carries no quarter's rows."""
    exchanges = [{"key": key, "kind": kind}]
    told = {"period": period, "as_of": as_of.isoformat(), "exchanges": exchanges, "findings": [], "rows": content.rows}
    return outcome_json(told)


def open_staged(
    write: Appends,
    key: str,
    route: Route,
    content: Content,
    *,
    kind: str,
    as_of: date,
    actor: str,
    counts: tuple[int, int, int],
    period: Period | None = None,
    opened: Mapping[str, Any] | None = None,
    batch: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    verdict: str = "checked",
) -> None:
    """Open an exchange of ours whose content is in the vault, up to its verdict (`checked` or `stopped`).

    `counts` are what was selected, held and sent; `opened`, `facts` what is said beyond the usual in the first and the
    last event; `batch` what was read, where it came as files.
    """
    selected, held, sent = counts
    first: dict[str, Any] = {
        "route": route.id, "direction": "out", "kind": kind, "period": None if period is None else str(period),
        "as_of": as_of.isoformat(), "contract_sha256": route.contract_sha256,
    }  # fmt: skip
    last = {"content_hash": content.hash, "selected": selected, "held": held, "sent": sent, "rows": content.rows}
    write.append("exchange_opened", exchange=key, actor=actor, body=first | dict(opened or {}))
    if batch is not None:
        write.append("batch_extracted", exchange=key, actor=actor, body=batch)
    write.append("extracted", exchange=key, actor=actor, body={})
    write.append(verdict, exchange=key, actor=actor, body=last | dict(facts or {}))
