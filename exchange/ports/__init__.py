"""The seams: what the steps may ask of the world. Each has a real and a simple implementation.

| port | real | simple |
|---|---|---|
| Source | adapters/source_sql (PostgreSQL, SQLite), adapters/source_xml (a folder) | any object with `read` |
| Vault | adapters/vault_fs on a disk or object store | the same on `memory://` |
| Ledger | adapters/ledger_sql on PostgreSQL | the same on SQLite |
| Channel | adapters/channel_sftp (OpenSSH) | adapters/channel_folder (disc, USB, shared folder) |
| Keys | adapters/keys_files | the same in a temporary folder |
| Checker | adapters/checker_gx (Great Expectations) | adapters/checker_plain |
| Notifier | adapters/notify_apprise (mail) | adapters/notify_log |
| Clock | the system's | a fixed instant |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from exchange.ports.ledger import (
    AlertRecord,
    BreakRecord,
    BreakWork,
    By,
    DeskCount,
    DeskQuery,
    DeskRow,
    Direction,
    Event,
    ExchangeRecord,
    Ledger,
    LedgerWrite,
    PacketRecord,
    StoredEvent,
    Tallies,
)
from exchange.ports.outside import (
    Alert,
    Channel,
    Checker,
    Clock,
    IsWorkday,
    Keys,
    Notifier,
    RowCheck,
    Scheduler,
    Source,
    Vault,
)
from exchange.ports.shown import Pages, Prints, Sheets

if TYPE_CHECKING:
    from exchange.domain.calendar import WorkCalendar
    from exchange.domain.route import Agreement

__all__ = [
    "Alert", "AlertRecord", "BreakRecord", "BreakWork", "By", "Channel", "Checker", "Clock", "DeskCount",
    "DeskQuery", "DeskRow", "Direction", "Event", "ExchangeRecord", "IsWorkday", "Keys", "Ledger", "LedgerWrite",
    "Notifier", "PacketRecord", "Pages", "Parts", "Prints", "RowCheck", "Scheduler", "Sheets", "Source", "Spread",
    "StoredEvent", "Tallies", "Vault",
]  # fmt: skip


class Spread(Protocol):
    """Takes a journey with several batches at once, each in a process of its own that opens this end anew."""

    def __call__(self, journey: Callable[[Parts, str, str], None], key: str, batches: Sequence[str]) -> None:
        """Run `journey(parts, key, batch)` for every batch; what one of them raises, when none runs any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Every port of one end. Journeys hand each step the ones its signature names."""

    agreement: Agreement
    party: str
    schemas: Mapping[str, Mapping[str, Any]]
    source: Source
    vault: Vault
    ledger: Ledger
    channels: Mapping[str, Channel]
    keys: Keys
    checker: Checker
    notifier: Notifier
    pages: Pages
    sheets: Sheets
    prints: Prints
    clock: Clock
    calendar: WorkCalendar
    is_workday: IsWorkday
    today: date
    officers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    actor: str = "system"
    batch_size: int = 50
    spread: Spread | None = None
    """None: one batch after the other, here."""
