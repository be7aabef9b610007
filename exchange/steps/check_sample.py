"""Check a sample: an officer says what he found at one place of the sample drawn from an exchange's content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from exchange.domain import lifecycle
from exchange.domain.break_life import note_name
from exchange.domain.canonical import sha256_hex
from exchange.domain.content_rows import places_of
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import check_duty
from exchange.domain.reason import clean_reason
from exchange.domain.sampling import SAMPLE_CHECKED, checks, draw, known_finding
from exchange.ports import ExchangeRecord, Ledger, Vault

if TYPE_CHECKING:
    from exchange.domain.route import Agreement, Route

OPEN: tuple[str, ...] = (lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.PREPARED)
"""States in which a sample is checked: after that the content has left."""
_REMEMBERED: Final = 64
_drawn: dict[tuple[str, str, int], tuple[str, ...]] = {}


def check_sample(
    key: str,
    place: str,
    found: str,
    *,
    by: str,
    size: int,
    note: str = "",
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
) -> None:
    """Keep what was found at a place (a case number, a claim's number); the same again changes nothing.

    `differs` needs a note. The note is kept in the vault, the ledger holds its hash. Raises NeedsPerson 905 (no such
    finding), 908 (past its approval, or not checked), 910 (not that officer), 914 (no such exchange, or the
    place is not in its sample), 947 (a note that can't be used).
    """
    check_duty(by, "check a sample", ("prepare", "approve"), officers)
    exchange, finding = _open(key, ledger), known_finding(found)
    if place not in sample_of(exchange, agreement.route(exchange.route), vault, size):
        raise NeedsPerson(914, "That is not in this exchange's sample.", where=key,
                          next_step="Open the sample again: the content may have been assembled anew.")  # fmt: skip
    words = clean_reason(note, "--note") if note.strip() or finding == "differs" else ""
    body: dict[str, Any] = {"by": by, "place": place, "found": finding, "content_hash": exchange.content_hash}
    if words:
        body["text_sha256"] = sha256_hex(words.encode())
        vault.put(key, note_name(body["text_sha256"]), words.encode())
    before = checks(ledger.events(exchange=key, kind=SAMPLE_CHECKED), exchange.content_hash).get(place)
    if before and (before.by, before.found, before.text_sha256) == (by, finding, body.get("text_sha256")):
        return
    with ledger.transaction() as write:
        write.append(SAMPLE_CHECKED, exchange=key, actor=by, body=body)


def sample_of(exchange: ExchangeRecord, route: Route, vault: Vault, size: int) -> tuple[str, ...]:
    """The places drawn from an exchange's content; none while it has no content.

    To draw means to read every case's number. What was drawn from a content stays so, and is remembered.
    """
    if exchange.content_hash is None:
        return ()
    asked = (exchange.key, exchange.content_hash, size)
    found = _drawn.get(asked)
    if found is None:
        found = draw(exchange.content_hash, places_of(partial(vault.open, exchange.key), route), size)
        if len(_drawn) >= _REMEMBERED:
            _drawn.clear()
        _drawn[asked] = found
    return found


def _open(key: str, ledger: Ledger) -> ExchangeRecord:
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    if exchange.state not in OPEN:
        raise NeedsPerson(908, f"The exchange is {exchange.state}: its sample is not open.", where=key,
                          next_step="A sample is checked between the checks and the approval.")  # fmt: skip
    return exchange
