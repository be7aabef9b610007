"""Passwords and signing in: Argon2id as the library sets it. A wrong id costs as much as a wrong password."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.console.house import House
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import (
    Person,
    after_sign_in,
    after_wrong_password,
    check_password,
    checked,
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
