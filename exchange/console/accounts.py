"""Passwords and signing in: Argon2id as the library sets it. A wrong id costs as much as a wrong password."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.console.house import House
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import (
    Delegation,
    Person,
    Role,
    after_sign_in,
    after_wrong_password,
    check_password,
    checked,
    delegable,
    locked,
)

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def add_person(house: House, person: Person, password: str, *, by: str) -> None:
    """A new account; NeedsPerson 940 when the id is taken or can't be, 941 for a password that is too weak."""
    if house.desk.person(person.id) is not None:
        raise NeedsPerson(940, "There is an account of that id already.", where=f"person {person.id}",
                          next_step="Choose another id, or change that account.")  # fmt: skip
    check_password(password, person)
    house.desk.save_person(checked(replace(person, password=_hasher.hash(password))))
    note(house, "person_added", person.id, by=by, roles=sorted(person.roles))


def set_password(house: House, person: Person, password: str, *, by: str, must_change: bool = False) -> None:
    """A new password; every session of that person ends. NeedsPerson 941."""
    check_password(password, person)
    changed = after_sign_in(replace(person, password=_hasher.hash(password), must_change=must_change))
    house.desk.save_person(changed)
    house.desk.close_sessions(person=person.id)
    note(house, "password_set", person.id, by=by)


def right(person: Person, password: str) -> bool:
    """Whether this is the person's password."""
    try:
        return _hasher.verify(person.password or _nobody(), password) and person.password is not None
    except (VerificationError, InvalidHashError):
        return False


def sign_in(house: House, id: str, password: str) -> str | None:
    """The secret of a new session, or None; the account waits after too many wrong passwords in a row.

    NeedsPerson 942 while it waits. Success, failure and locking are events of the ledger.
    """
    told, now = house.settings.console, house.now
    person = house.desk.person(id)
    if person is None:
        right(Person(id="nobody", name="-", roles=frozenset()), password)
        return None
    if locked(person, now):
        raise NeedsPerson(942, "Too many wrong passwords: the account waits.", where=f"person {id}",
                          next_step=f"Try again in {told.lock_minutes} minutes, or ask an administrator.")  # fmt: skip
    if not right(person, password) or not person.active:
        after = after_wrong_password(person, now, most=told.lock_after, minutes=told.lock_minutes)
        house.desk.save_person(after)
        note(house, "sign_in_failed", id, by=id, locked=locked(after, now))
        return None
    house.desk.save_person(after_sign_in(person))
    note(house, "signed_in", id, by=id)
    return house.desk.open_session(id, now)


def note(house: House, kind: str, person: str, *, by: str, **more: object) -> None:
    """Say it in the ledger: ids only, never a name."""
    with house.parts.ledger.transaction() as write:
        write.append(kind, exchange=None, actor=by, body={"person": person, **more})


def change_person(
    house: House, id: str, *, by: str, name: str | None = None, roles: frozenset[Role] | None = None,
    active: bool | None = None, subject: str | None = None,
) -> Person:  # fmt: skip
    """Another name, other roles, on or off; NeedsPerson 940 for one's own roles, and for the last administrator."""
    person = known(house, id)
    told: dict[str, Any] = {"name": name, "roles": roles, "active": active}
    after = checked(replace(person, **{key: value for key, value in told.items() if value is not None}))
    if subject is not None:
        after = replace(after, subject=subject or None)
    if id == by and (after.roles != person.roles or after.active != person.active):
        raise NeedsPerson(940, "Nobody changes his own roles, or turns off his own account.", where=f"person {id}",
                          next_step="Ask another administrator.")  # fmt: skip
    rest = [one for one in house.desk.people() if one.id != id] + [after]
    if not any(Role.administrator in one.roles and one.active for one in rest):
        raise NeedsPerson(940, "One administrator has to stay.", where=f"person {id}",
                          next_step="Give the role to somebody else first.")  # fmt: skip
    house.desk.save_person(after)
    if after.roles != person.roles or not after.active:
        house.desk.close_sessions(person=id)
    note(house, "person_changed", id, by=by, roles=sorted(after.roles), active=after.active)
    return after


def known(house: House, id: str) -> Person:
    """A person; NeedsPerson 914 when there is none of that id."""
    person = house.desk.person(id)
    if person is None:
        raise NeedsPerson(
            914, "There is no such account.", where=f"person {id}", next_step="Look at the list of people."
        )
    return person


def delegate(house: House, lent: Delegation, *, by: str) -> Delegation:
    """Somebody's role for somebody else, from day to day; NeedsPerson 914, 940."""
    giver, taker = known(house, lent.giver), known(house, lent.taker)
    delegable(giver, lent.role)
    if giver.id == taker.id or lent.last_day < lent.first_day or lent.last_day < house.today:
        raise NeedsPerson(940, "A delegation goes to somebody else, and ends on or after today and its first day.",
                          where=f"person {taker.id}", next_step="Correct the days or the person.")  # fmt: skip
    made = house.desk.delegate(replace(lent, id=0, made_by=by))
    note(house, "delegated", taker.id, by=by, giver=giver.id, role=str(lent.role), first_day=lent.first_day.isoformat(),
         last_day=lent.last_day.isoformat(), delegation=made.id)  # fmt: skip
    return made


def end_delegation(house: House, id: int, *, by: str) -> None:
    """Let a delegation end yesterday (or never begin); NeedsPerson 914."""
    for lent in house.desk.delegations():
        if lent.id == id and lent.last_day >= house.today:
            house.desk.delegate(replace(lent, last_day=house.today - timedelta(days=1)))
            note(house, "delegation_ended", lent.taker, by=by, giver=lent.giver, role=str(lent.role), delegation=id)
            return
    raise NeedsPerson(
        914, "There is no such delegation.", where=f"delegation {id}", next_step="Look at the list again."
    )
