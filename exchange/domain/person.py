"""People of one end: their roles, what a role may do, when an account is locked, who stands in for whom.

A person's id is a role id (liaison-1): it stands in the ledger and travels in manifests. The name never leaves the
console.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from exchange.domain.errors import NeedsPerson

_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEAST_PASSWORD: Final = 10
"""Characters of a password at least (GB/T 22239 8.1.4.1 asks for complexity and change; length carries it here)."""


class Role(enum.StrEnum):
    """What a person does at this end: 经办, 复核, 审计, 管理员."""

    handler = "handler"
    reviewer = "reviewer"
    auditor = "auditor"
    administrator = "administrator"


DUTIES: Final[Mapping[Role, tuple[str, ...]]] = {Role.handler: ("prepare",), Role.reviewer: ("approve",)}
"""The duties the steps ask for (`domain/officers.py`), by role."""

_OFFICERS = frozenset({Role.handler, Role.reviewer})
_LOOKERS = _OFFICERS | {Role.auditor}

ALLOWED: Final[Mapping[str, frozenset[Role]]] = {
    "look": _LOOKERS,
    "reveal": _LOOKERS,
    "sample": _OFFICERS,
    "run": frozenset({Role.handler}),
    "prepare": frozenset({Role.handler}),
    "explain": _OFFICERS,
    "approve": frozenset({Role.reviewer}),
    "refuse": frozenset({Role.reviewer}),
    "work": _OFFICERS,
    "send": _OFFICERS,
    "acknowledge": _OFFICERS,
    "meet": _OFFICERS,
    "prove": _LOOKERS,
    "verify": _LOOKERS | {Role.administrator},
    "administer": frozenset({Role.administrator}),
    "oversee": frozenset({Role.administrator, Role.auditor}),
    "own": frozenset(Role),
}
"""Action → the roles that may take it. What is not listed nobody may do.

look: any page about exchanges, cases, breaks · reveal: a masked name in full · sample: note a case checked by hand ·
run: read and check a quarter, answer a packet · prepare, approve, refuse, explain: an exchange · work: breaks and
matches · send: an urgent case, a correction · acknowledge: alerts · meet: the joint meeting · prove: evidence packs ·
verify: the chain · administer: people and roles · oversee: look at people, keys and settings · own: one's own account.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account at this end. `subject` is who the identity provider says it is."""

    id: str
    name: str
    roles: frozenset[Role]
    active: bool = True
    password: str | None = None
    must_change: bool = False
    failures: int = 0
    locked_until: datetime | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """`giver`'s role, held by `taker` too from the first day to the last, both included (委托)."""

    id: int
    giver: str
    taker: str
    role: Role
    first_day: date
    last_day: date
    made_by: str

    def stands(self, today: date) -> bool:
        """Whether it holds on a day."""
        return self.first_day <= today <= self.last_day


def checked(person: Person) -> Person:
    """The person; NeedsPerson 940 for an id, a name or roles that can't be."""
    if not _ID.fullmatch(person.id):
        raise _wrong("The id is small letters, digits and hyphens, as liaison-1; it is no name.", person.id)
    if not person.name.strip():
        raise _wrong("A name is needed: people are shown by it.", person.id)
    if not person.roles:
        raise _wrong("At least one role is needed.", person.id)
    return person


def _wrong(what: str, where: str) -> NeedsPerson:
    return NeedsPerson(940, what, where=f"person {where}", next_step="Correct it and try again.")


def roles_on(person: Person, delegations: Iterable[Delegation], today: date) -> frozenset[Role]:
    """A person's own roles, and those delegated for this day. An inactive account has none."""
    if not person.active:
        return frozenset()
    lent = {one.role for one in delegations if one.taker == person.id and one.stands(today)}
    return person.roles | lent


def may(roles: Iterable[Role], action: str) -> bool:
    """Default deny: whether one of the roles may take an action; KeyError for an action nobody has named."""
    return bool(ALLOWED[action] & frozenset(roles))


def duties(roles: Iterable[Role]) -> tuple[str, ...]:
    """What the steps call these roles' duties."""
    return tuple(duty for role in sorted(roles) for duty in DUTIES.get(role, ()))


def delegable(giver: Person, role: Role) -> None:
    """NeedsPerson 940 for a role the giver does not hold himself: what is lent can't be lent on."""
    if role not in giver.roles:
        raise _wrong("Only a role of one's own can be delegated.", giver.id)


def locked(person: Person, now: datetime) -> bool:
    """Whether the account waits after too many wrong passwords."""
    return person.locked_until is not None and now < person.locked_until


def after_wrong_password(person: Person, now: datetime, *, most: int, minutes: int) -> Person:
    """The account after one more wrong password: locked for so many minutes at the `most`-th in a row."""
    failures = person.failures + 1
    if failures < most:
        return replace(person, failures=failures)
    return replace(person, failures=0, locked_until=now + timedelta(minutes=minutes))


def after_sign_in(person: Person) -> Person:
    """The account after a right password."""
    return replace(person, failures=0, locked_until=None)


def check_password(text: str, person: Person) -> None:
    """NeedsPerson 941 for a password that is too short, one character over and over, or made of the id or name."""
    plain = text.casefold()
    if len(text) < LEAST_PASSWORD or len(set(text)) < 5 or person.id in plain or person.name.casefold() in plain:
        raise NeedsPerson(
            941,
            f"A password has at least {LEAST_PASSWORD} characters, five different ones, and neither id nor name in it.",
            where=f"person {person.id}",
            next_step="Choose a longer one; a short sentence is easy to keep in mind.",
        )
