"""管理: people, roles, delegation; what is only looked at shows no secret."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.console.kit import PASSWORD, Console, plain

TABS = ("people", "delegations", "keys", "agreement", "settings", "health")


def _kinds(console: Console) -> list[str]:
    return [event.kind for event in console.house.parts.ledger.events()]


def test_an_administrator_adds_somebody_who_then_chooses_a_password(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    admin = court.as_("admin-1")
    answer = admin.post("/admin/people", {"id": "liaison-2", "name": "沈默", "role": ["handler", "auditor"]})
    assert answer.status_code == 200
    password = re.search(r"liaison-2　([^\s<]+)<", answer.text)
    assert password is not None
    client = court.as_(None)
    told = {"person": "liaison-2", "password": password[1]}
    assert client.post("/sign-in", told).status_code == 303
    assert client.get("/account").status_code == 200
    assert "person_added" in _kinds(court)
    assert "沈默" not in str([event.body for event in court.house.parts.ledger.events()])


@pytest.mark.parametrize(
    "form",
    [
        {"id": "沈默", "name": "沈默", "role": "handler"},
        {"id": "liaison-1", "name": "沈默", "role": "handler"},
        {"id": "liaison-3", "name": " ", "role": "handler"},
        {"id": "liaison-3", "name": "沈默"},
        {"id": "liaison-3", "name": "沈默", "role": "owner"},
    ],
)
def test_an_account_that_cannot_be_is_refused_and_said(ends: tuple[Console, Console], form: dict[str, str]) -> None:
    answer = ends[0].as_("admin-1").post("/admin/people", form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert ends[0].house.desk.person("liaison-3") is None


def test_nobody_changes_his_own_roles_and_one_administrator_stays(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    admin = court.as_("admin-1")
    own = {"name": "周岩", "role": ["administrator", "reviewer"], "active": "on"}
    assert admin.post("/admin/people/admin-1", own).status_code == 422
    assert admin.post("/admin/people", {"id": "admin-2", "name": "另一位", "role": "administrator"}).status_code == 200
    assert admin.post("/admin/people/admin-2", {"name": "另一位", "role": "auditor", "active": "on"}).status_code == 303
    assert admin.post("/admin/people/admin-1", {"name": "周岩", "role": "administrator"}).status_code == 422
    changed = court.house.desk.person("admin-1")
    assert changed is not None
    assert changed.active


def test_roles_taken_away_end_the_session(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    reviewer, admin = court.as_("chief-2"), court.as_("admin-1")
    admin.post("/admin/people/chief-2", {"name": "徐明", "role": "auditor", "active": "on"})
    assert reviewer.get("/account").status_code == 303


def test_a_delegated_role_holds_from_day_to_day(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    admin, today = court.as_("admin-1"), court.house.today
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=3)).isoformat()}
    lent = {"giver": "chief-1", "taker": "liaison-1", "role": "reviewer", **days}
    assert admin.post("/admin/delegations", lent).status_code == 303
    assert set(court.house.officers()["liaison-1"]) == {"prepare", "approve"}
    assert set(court.house.officers()["chief-1"]) == {"approve"}
    (one,) = court.house.desk.delegations()
    assert admin.post(f"/admin/delegations/{one.id}/end").status_code == 303
    assert set(court.house.officers()["liaison-1"]) == {"prepare"}
    assert _kinds(court)[-2:] == ["delegated", "delegation_ended"]
    assert admin.post("/admin/delegations", {**lent, "role": "administrator"}).status_code == 422
    assert admin.post("/admin/delegations", {**lent, "taker": "chief-1"}).status_code == 422
    assert admin.post("/admin/delegations", {**lent, "last_day": "2020-01-01"}).status_code == 422
    assert admin.post("/admin/delegations", {**lent, "last_day": ""}).status_code == 422


def test_the_settings_show_no_secret_and_the_auditor_may_look(ends: tuple[Console, Console]) -> None:
    auditor = ends[0].as_("audit-1")
    for tab in TABS:
        text = auditor.page(f"/admin?tab={tab}")
        assert PASSWORD not in text
        assert "argon2" not in text
        assert 'action="/admin' not in text
    assert "ledger_url" in auditor.page("/admin?tab=settings")
    keys = plain(auditor.page("/admin?tab=keys"))
    assert keys.count("court-131100") >= 3
    assert "tax-131100" in keys
