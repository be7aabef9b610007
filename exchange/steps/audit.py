"""Audit: is the ledger what it was when others were told of it?"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.domain.alert_life import SEEN
from exchange.domain.break_life import SAYING, note_name, texts_of
from exchange.domain.canonical import sha256_hex, strict_json
from exchange.domain.lane import MANIFEST
from exchange.domain.match_events import KINDS
from exchange.domain.meeting_life import KINDS as MEETING
from exchange.domain.sampling import SAMPLE_CHECKED
from exchange.ports import Ledger, Vault


def audit(*, party: str, vault: Vault, ledger: Ledger) -> list[str]:
    """Each problem of the chain in words, none when all is well.

    Beyond the chain's own hashes: every head that a manifest of ours named (the counterpart holds them, signed) must
    still be in it, so that a ledger cut short or written anew as a whole is found too. Every text said about a break,
    a match, an alert, a sample or a meeting is in the vault, and has the hash its event names.
    """
    return [*ledger.verify(anchors=set(_heads(party, vault, ledger))), *_texts(vault, ledger)]


def _texts(vault: Vault, ledger: Ledger) -> Iterator[str]:
    for kind in sorted({*SAYING, *KINDS, *MEETING, SEEN, SAMPLE_CHECKED}):
        for event in ledger.events(kind=kind):
            for sha256 in texts_of(event.body):
                key, name = str(event.exchange), note_name(sha256)
                if not vault.has(key, name) or sha256_hex(vault.get(key, name)) != sha256:
                    yield f"The text of event {event.seq} ({event.kind}) is not in the vault as it was said."


def _heads(party: str, vault: Vault, ledger: Ledger) -> Iterator[str]:
    """The heads named in this end's own sealed manifests, of every exchange and packet the ledger knows."""
    for key in ledger.known_keys():
        for name in vault.names(key):
            if name.endswith(f"/{MANIFEST}"):
                yield from _head(party, vault.get(key, name))


def _head(party: str, manifest: bytes) -> Iterator[str]:
    try:
        document = strict_json(manifest)
    except ValueError:  # what others sent may be anything
        return
    if isinstance(document, dict) and document.get("sender") == party:
        yield str(document.get("audit_head"))
