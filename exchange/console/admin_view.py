"""What an administrator looks at: keys, the agreement in force, the settings, whether everything is well."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy import make_url

from exchange.console.house import House
from exchange.domain.errors import ExchangeError
from exchange.domain.route import LegalFigure, Route
from exchange.wiring import certificates
from exchange.wiring.certificates import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One certificate, and the days it has left."""

    certificate: Certificate
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of law or agreement as it stands today, and what comes after it."""

    name: str
    now: LegalFigure
    later: tuple[LegalFigure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One route this end has a part in, with its figures of today."""

    route: Route
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One setting: its name and value, secrets masked."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of health: `name` is of the catalogue, `value` a fact, `well` whether it needs nobody."""

    name: str
    value: str
    well: bool = True


def keys(house: House) -> list[Key]:
    """Own and pinned certificates, those in use first."""
    found = [
        Key(certificate=one, days=(one.until - house.now).days)
        for one in certificates.list_certificates(house.settings)
    ]

    def order(key: Key) -> tuple[bool, str, bool]:
        return key.certificate.party != house.parts.party, key.certificate.party, key.certificate.stage == "old"

    return sorted(found, key=order)


def in_force(house: House) -> list[InForce]:
    """The routes of this end, and every figure of theirs on this day."""
    party, today = house.parts.party, house.today
    mine = [r for r in house.parts.agreement.routes.values() if party in (r.sender, r.receiver)]
    found = []
    for route in mine:
        figures = []
        for name, entries in sorted(route.figures.items()):
            standing = sorted((e for e in entries if e.since <= today), key=lambda e: e.since)
            if standing:
                later = tuple(e for e in entries if e.since > today)
                figures.append(Figure(name=name, now=standing[-1], later=later))
        found.append(InForce(route=route, figures=tuple(figures)))
    return found


def settings_shown(house: House) -> list[Told]:
    """Every setting of this end, secrets as dots, addresses without a password."""
    return [Told(name=name, value=value) for name, value in _flat("", house.settings)]


_HIDDEN = "••••••"


def _flat(before: str, model: BaseModel) -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value: Any = getattr(model, name)
        place = f"{before}{name}"
        if isinstance(value, BaseModel):
            yield from _flat(f"{place}.", value)
        elif isinstance(value, dict) and any(isinstance(one, BaseModel) for one in value.values()):
            for key, one in value.items():
                yield from _flat(f"{place}.{key}.", one)
        else:
            yield place, _value(name, value)


def _value(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return (
            _address(secret) if secret and name.endswith("_url") and name != "mail_url" else "••••••" if secret else ""
        )
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_value(name, one)}" for key, one in value.items())
    if isinstance(value, (tuple, list, frozenset)):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _address(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except Exception:
        return _HIDDEN


def health(house: House) -> list[Sign]:
    """Whether everything this end works with is there; one that fails is told as its code, the others go on."""
    return [_tried(name, asked, house) for name, asked in _SIGNS.items()]


def _tried(name: str, asked: Callable[[House], tuple[str, bool]], house: House) -> Sign:
    try:
        value, well = asked(house)
    except ExchangeError as error:
        return Sign(name=name, value=f"E{error.code}", well=False)
    return Sign(name=name, value=value, well=well)


def _version(_: House) -> tuple[str, bool]:
    return importlib.metadata.version("court-tax-exchange"), True


def _ledger(house: House) -> tuple[str, bool]:
    return f"{_kind(house.settings.ledger)} {house.parts.ledger.head()[:16]}", True


def _kind(url: str) -> str:
    return make_url(url).get_backend_name()


def _desk(house: House) -> tuple[str, bool]:
    return f"{_kind(house.settings.desk)} {len(house.desk.people())}", True


def _room(house: House) -> tuple[str, bool]:
    vault = house.settings.vault
    if not vault.startswith("file://"):
        return vault.partition("://")[0], True
    place = Path(vault.removeprefix("file://"))
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    return f"{free:.1f} GiB", free > 2


def _worker(house: House) -> tuple[str, bool]:
    waiting = [job for job in house.desk.jobs() if job.state == "waiting"]
    late = [job for job in waiting if (house.now - job.asked_at).total_seconds() > 120]
    return str(len(waiting)), not late


def _calendar(house: House) -> tuple[str, bool]:
    year = house.today.year
    return str(year), house.parts.calendar.is_official(year)


_SIGNS = {
    "Version": _version,
    "Ledger database": _ledger,
    "Console database, people": _desk,
    "Room left for files": _room,
    "Jobs waiting": _worker,
    "Official calendar of the year": _calendar,
}
