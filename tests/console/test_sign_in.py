"""Signing in: right, wrong, too often wrong, ended, taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from exchange.console.accounts import set_password
from tests.console.kit import PASSWORD, Console, plain


def _kinds(console: Console) -> list[str]:
    return [event.kind for event in console.house.parts.ledger.events()][-3:]


def test_a_wrong_password_says_nothing_of_the_id(ends: tuple[Console, Console]) -> None:
    nobody = ends[0].as_(None)
    known = nobody.post("/sign-in", {"person": "audit-1", "password": "wrong password"})
    unknown = nobody.post("/sign-in", {"person": "ghost-1", "password": "wrong password"})
    assert (known.status_code, unknown.status_code) == (401, 401)
    assert plain(known.text) == plain(unknown.text)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    nobody = court.as_(None)
    for _ in range(5):
        assert nobody.post("/sign-in", {"person": "chief-2", "password": "wrong password"}).status_code == 401
    right = nobody.post("/sign-in", {"person": "chief-2", "password": PASSWORD})
    assert right.status_code == 429
    assert "锁定" in right.text
    person = court.house.desk.person("chief-2")
    assert person is not None
    court.house.desk.save_person(replace(person, locked_until=court.house.now - timedelta(seconds=1)))
    assert nobody.post("/sign-in", {"person": "chief-2", "password": PASSWORD}).status_code == 303
    assert _kinds(court)[-1] == "signed_in"


def test_a_session_ends_when_one_leaves_is_idle_or_loses_the_account(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    one = court.as_("liaison-1")
    assert one.get("/account").status_code == 200
    assert one.post("/sign-out").status_code == 303
    assert one.get("/account").status_code == 303
    two = court.as_("liaison-1")
    court.house.desk.renew(two.secret, court.house.now - timedelta(minutes=31))
    assert two.get("/account").status_code == 303
    three = court.as_("liaison-1")
    person = court.house.desk.person("liaison-1")
    assert person is not None
    court.house.desk.save_person(replace(person, active=False))
    assert three.get("/account").status_code == 303


def test_who_must_choose_a_password_can_do_nothing_before(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    person = court.house.desk.person("liaison-1")
    assert person is not None
    set_password(court.house, person, "a first one, given", by="admin-1", must_change=True)
    client = court.as_(None)
    answer = client.post("/sign-in", {"person": "liaison-1", "password": "a first one, given"})
    assert answer.status_code == 303
    assert client.get("/live").status_code == 403
    forms = {"old": "a first one, given", "new": "a second one, mine", "again": "a second one, mine"}
    weak = client.post("/account/password", {**forms, "new": "liaison-1 x", "again": "liaison-1 x"})
    assert weak.status_code == 422
    assert client.post("/account/password", forms).headers["location"] == "/sign-in"
    assert client.get("/account").status_code == 303


def test_a_page_asked_for_comes_back_after_signing_in_and_never_another_site(ends: tuple[Console, Console]) -> None:
    nobody = ends[0].as_(None)
    away = nobody.get("/account?x=1")
    assert away.headers["location"] == "/sign-in?next=/account%3Fx%3D1"
    told = {"person": "audit-1", "password": PASSWORD}
    assert nobody.post("/sign-in", {**told, "next": "/account?x=1"}).headers["location"] == "/account?x=1"
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert nobody.post("/sign-in", {**told, "next": evil}).headers["location"] == "/"


def test_the_language_is_a_click_away_and_leads_back(ends: tuple[Console, Console]) -> None:
    client = ends[0].as_("audit-1")
    assert "我的账号" in client.page("/account")
    answer = client.get("/language/en?next=/account")
    assert answer.headers["location"] == "/account"
    assert "My account" in client.page("/account")


def test_a_draft_is_kept_for_its_writer_alone(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    one = court.as_("liaison-1")
    assert one.client.put("/drafts/a/b", data={"csrf": one.csrf, "text": "半句话"}).status_code == 200
    assert court.house.desk.draft("liaison-1", "a/b") == "半句话"
    assert court.house.desk.draft("chief-1", "a/b") == ""
