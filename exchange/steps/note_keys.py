"""Note keys: say in the ledger which certificates were made, pinned or no longer trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from exchange.ports import Ledger

KeyEvent = Literal["key_made", "key_pinned", "key_unpinned"]

_TOGETHER: Final = {"key_made": ("key_made",)}
_TRUST: Final = ("key_pinned", "key_unpinned")


def note_keys(kind: KeyEvent, keys: Sequence[tuple[str, str, str]], *, ledger: Ledger, actor: str) -> int:
    """Append one event for each key (party, role, whole fingerprint) the ledger does not say this of; how many.

    Files come first and this after, so a run killed in between is made up for by the next. Pinning again what was
    unpinned is told again.
    """
    told = [event for one in _TOGETHER.get(kind, _TRUST) for event in ledger.events(kind=one)]
    last = {
        (event.body["party"], event.body["role"], event.body["fingerprint"]): event.kind
        for event in sorted(told, key=lambda event: event.seq)
    }
    fresh = [key for key in keys if last.get(key) != kind]
    if fresh:
        with ledger.transaction() as write:
            for party, role, fingerprint in fresh:
                body = {"party": party, "role": role, "fingerprint": fingerprint}
                write.append(kind, exchange=None, actor=actor, body=body)
    return len(fresh)
