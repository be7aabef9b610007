"""This end's own keys, and the certificates it trusts: made, handed over, pinned, and every one in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from exchange.domain.errors import NeedsPerson
from exchange.settings import Settings
from exchange.wiring import agreement, is_live, now, passphrase

if TYPE_CHECKING:
    from exchange.adapters.keys_files import HeldKey
    from exchange.steps.note_keys import KeyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate as people compare it. `stage` is current, next, old or pinned."""

    party: str
    role: str
    stage: str
    fingerprint: str
    certificate: Path
    until: datetime
    test: bool


def init_keys(
    settings: Settings, *, algorithm: str = "ec-p256", days: int = 730, test: bool = False, by: str = "system"
) -> list[Certificate]:
    """Make this end's missing keys and certificates, and say so in the ledger; those in use of all roles.

    NeedsPerson 905 without a party id, for an unknown algorithm, and for certificates of a world no route is of.
    """
    from exchange.adapters.keys_files import init_keys as make
    from exchange.adapters.keys_files import known_algorithm

    if not settings.party:
        raise NeedsPerson(905, "This end has no party id.", where="exchange.toml", next_step="Give --party.")
    if (live := is_live(agreement(settings), settings.party)) is not None and live is test:
        raise NeedsPerson(
            905, f"All routes of this end are {'live' if live else 'for tests'}: such certificates would be refused.",
            where="--test", next_step="Leave --test out." if live else "Give --test.",
        )  # fmt: skip
    make(
        settings.home.resolve() / "keys", settings.party, algorithm=known_algorithm(algorithm), days=days, test=test,
        now=now(), passphrase=passphrase(settings),
    )  # fmt: skip
    made = [row for row in _own(settings) if row.stage == "current"]
    _note(settings, "key_made", made, by)
    return made


def pin(
    settings: Settings, party: str, role: Literal["sign", "decrypt"], certificate: Path, fingerprint: str,
    *, by: str = "system",
) -> None:  # fmt: skip
    """Trust a counterpart's certificate, and say so in the ledger; again is safe.

    NeedsPerson 914 for a party the contracts do not name; 202 another fingerprint; 206, 407, 802, 803.
    """
    from exchange.adapters.keys_files import pin as pin_file

    agreed = agreement(settings)
    if party not in agreed.parties or party == settings.party:
        known = ", ".join(sorted(set(agreed.parties) - {settings.party}))
        raise NeedsPerson(
            914, "The contracts name no such counterpart.", where=f"--party {party}", next_step=f"One of: {known}."
        )  # fmt: skip
    pin_file(_trust(settings), party, role, certificate.read_bytes(), fingerprint, live=is_live(agreed, settings.party))
    _note(settings, "key_pinned", [row for row in _pinned(settings, party) if row.role == role], by)


def unpin(
    settings: Settings, party: str, role: Literal["sign", "decrypt"], fingerprint: str, *, by: str = "system"
) -> None:
    """Trust a certificate no longer, and say so in the ledger; NeedsPerson 914 when it is not pinned."""
    from exchange.adapters.keys_files import unpin as unpin_file

    _note(settings, "key_unpinned", _certificates(party, unpin_file(_trust(settings), party, role, fingerprint)), by)


def export_certificates(settings: Settings, into: Path) -> list[Certificate]:
    """Copy this end's sign and decrypt certificates into a folder, to be handed over; NeedsPerson 204 without any."""
    from exchange.adapters.keys_files import export_certificates as export

    files = {mark: path for _, mark, path in export(settings.home.resolve() / "keys", into, settings.party)}
    return [replace(r, certificate=files[r.fingerprint]) for r in _own(settings) if r.fingerprint in files]


def list_certificates(settings: Settings) -> list[Certificate]:
    """This end's certificates, then the pinned ones."""
    others = sorted(f.name for f in _trust(settings).glob("*") if f.is_dir())
    return _own(settings) + [row for party in others for row in _pinned(settings, party)]


def _trust(settings: Settings) -> Path:
    return settings.home.resolve() / "trust"


def _own(settings: Settings) -> list[Certificate]:
    from exchange.adapters.keys_files import held_keys

    return _certificates(settings.party, held_keys(settings.home.resolve() / "keys"))


def _pinned(settings: Settings, party: str) -> list[Certificate]:
    from exchange.adapters.keys_files import pinned_keys

    return _certificates(party, pinned_keys(_trust(settings), party))


def _certificates(party: str, keys: Sequence[HeldKey]) -> list[Certificate]:
    return [
        Certificate(
            party=party, role=key.role, stage=key.stage, fingerprint=key.fingerprint, certificate=key.certificate,
            until=key.not_after, test=key.test,
        )
        for key in keys
    ]  # fmt: skip


def _note(settings: Settings, kind: KeyEvent, rows: Sequence[Certificate], by: str) -> None:
    from exchange.adapters.ledger_sql import open_ledger
    from exchange.steps.note_keys import note_keys

    ledger = open_ledger(settings.ledger, clock=now)
    try:
        note_keys(kind, [(row.party, row.role, row.fingerprint) for row in rows], ledger=ledger, actor=by)
    finally:
        ledger.close()
