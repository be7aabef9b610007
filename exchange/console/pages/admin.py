"""管理: people and roles, delegation with dates; keys, the agreement in force, settings and health to look at."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from exchange.console import accounts, admin_view
from exchange.console.house import House
from exchange.console.visit import Visit, needs
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Delegation, Person, Role

router = APIRouter(prefix="/admin")

TABS: Final[Mapping[str, str]] = {
    "people": "People and roles",
    "delegations": "Delegations",
    "keys": "Keys",
    "agreement": "Agreement in force",
    "settings": "Settings",
    "health": "Health",
}


@router.get("")
def admin(visit: Annotated[Visit, needs("oversee")], tab: str = "people") -> Response:
    """One of the tabs."""
    return _shown(visit, tab)


def _shown(visit: Visit, tab: str, *, told: str = "", wrong: str = "", status: int = 200) -> Response:
    tab = tab if tab in TABS else "people"
    return visit.page(f"admin_{tab}.html", status=status, tabs=TABS, tab=tab, told=told, wrong=wrong,
                      roles_known=list(Role), **_data(visit.house, tab))  # fmt: skip


def _data(house: House, tab: str) -> Mapping[str, Any]:
    match tab:
        case "people":
            return {"people": house.desk.people()}
        case "delegations":
            return {"delegations": house.desk.delegations(), "people": house.desk.people()}
        case "keys":
            return {"keys": admin_view.keys(house)}
        case "agreement":
            return {"routes": admin_view.in_force(house)}
        case "settings":
            return {"settings": admin_view.settings_shown(house)}
    return {"signs": admin_view.health(house)}


def _again(visit: Visit, tab: str, error: NeedsPerson) -> Response:
    """The tab with what was wrong; the form keeps nothing secret, so it is filled in anew."""
    problem = visit.house.problems[error.code]
    text = (problem.text_zh + problem.remedy_zh) if visit.language == "zh" else error.what
    return _shown(visit, tab, wrong=text, status=422)


@router.get("/people/{id}")
def person(id: str, visit: Annotated[Visit, needs("oversee")]) -> Response:
    """One account, with the form that changes it."""
    return visit.page("admin_person.html", tabs=TABS, tab="people", one=accounts.known(visit.house, id),
                      roles_known=list(Role), wrong="", told="")  # fmt: skip


@router.post("/people")
def add(visit: Annotated[Visit, needs("administer")]) -> Response:
    """A new account with a first password, shown once."""
    password = secrets.token_urlsafe(9)
    try:
        one = Person(id=visit.form.get("id", "").strip(), name=visit.form.get("name", "").strip(), roles=_roles(visit),
                     subject=visit.form.get("subject", "").strip() or None, must_change=True)  # fmt: skip
        accounts.add_person(visit.house, one, password, by=visit.person.id)
    except NeedsPerson as error:
        return _again(visit, "people", error)
    return _shown(visit, "people", told=f"{one.id}　{password}")


def _roles(visit: Visit) -> frozenset[Role]:
    told = [value for value in visit.fields.getlist("role") if isinstance(value, str)]
    return frozenset(Role(value) for value in told if value in set(Role))


@router.post("/people/{id}")
def change(id: str, visit: Annotated[Visit, needs("administer")]) -> Response:
    """Name, roles, on or off, who the identity provider says it is."""
    try:
        accounts.change_person(
            visit.house, id, by=visit.person.id, name=visit.form.get("name", "").strip(), roles=_roles(visit),
            active=visit.form.get("active") == "on", subject=visit.form.get("subject", "").strip(),
        )  # fmt: skip
    except NeedsPerson as error:
        return _again(visit, "people", error)
    return visit.go("/admin?tab=people")


@router.post("/people/{id}/password")
def password(id: str, visit: Annotated[Visit, needs("administer")]) -> Response:
    """A new first password, shown once; it opens a locked account."""
    made = secrets.token_urlsafe(9)
    accounts.set_password(visit.house, accounts.known(visit.house, id), made, by=visit.person.id, must_change=True)
    return _shown(visit, "people", told=f"{id}　{made}")


@router.post("/people/{id}/unlock")
def unlock(id: str, visit: Annotated[Visit, needs("administer")]) -> Response:
    """Open an account that waits after wrong passwords."""
    one = accounts.known(visit.house, id)
    visit.house.desk.save_person(replace(one, failures=0, locked_until=None))
    accounts.note(visit.house, "account_opened", id, by=visit.person.id)
    return visit.go("/admin?tab=people")


@router.post("/delegations")
def delegate(visit: Annotated[Visit, needs("administer")]) -> Response:
    """Somebody's role for somebody else, from day to day."""
    try:
        accounts.delegate(visit.house, _lent(visit, visit.form.get("giver", "")), by=visit.person.id)
    except NeedsPerson as error:
        return _again(visit, "delegations", error)
    return visit.go("/admin?tab=delegations")


def _lent(visit: Visit, giver: str) -> Delegation:
    try:
        return Delegation(
            id=0, giver=giver, taker=visit.form.get("taker", ""), role=Role(visit.form.get("role", "")),
            first_day=date.fromisoformat(visit.form.get("first_day", "")),
            last_day=date.fromisoformat(visit.form.get("last_day", "")), made_by=visit.person.id,
        )  # fmt: skip
    except ValueError:
        raise NeedsPerson(940, "A role and two days are needed.", where=f"person {giver}",
                          next_step="Fill in the whole form.") from None  # fmt: skip


@router.post("/delegations/{id}/end")
def end(id: int, visit: Annotated[Visit, needs("administer")]) -> Response:
    """Let a delegation end before its last day."""
    accounts.end_delegation(visit.house, id, by=visit.person.id)
    return visit.go("/admin?tab=delegations")
