"""Signing in through a real identity provider, in a real browser; and an answer that is not to be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pydantic import SecretStr

from exchange.console.house import House
from exchange.settings import OidcSettings
from tests.console.browsing import served
from tests.console.identity import PASSWORD, IdentityProvider, provided
from tests.console.kit import Console, console, copied


@pytest.fixture(scope="module")
def house_ends(
    gone_round: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Console, str, IdentityProvider]]:
    """A court's console that trusts a provider; `liaison-1` is known there as `he.jianhai`."""
    world = copied(gone_round, tmp_path_factory.mktemp("oidc"))
    with console(world / "court") as court, served(court) as address:
        people = ("he.jianhai", "stranger")
        folder = tmp_path_factory.mktemp("idp")
        with provided(folder, return_to=f"{address}/sign-in/house/return", people=people) as provider:
            told = OidcSettings(
                issuer=provider.issuer, client_id=provider.client_id, client_secret=SecretStr(provider.client_secret)
            )
            court.house.settings.console.oidc = told
            yield court, address, provider


def _through(page: Page, address: str, person: str) -> None:
    """The provider's own pages: who, password, and consent, which it asks for once and remembers."""
    page.goto(f"{address}/sign-in?next=/account")
    page.click('a[href^="/sign-in/house"]')
    page.fill('input[name="login"]', person)
    page.keyboard.press("Enter")
    page.fill('input[name="password"]', PASSWORD)
    page.keyboard.press("Enter")
    consent, back = page.get_by_role("button", name="Accept"), page.locator("header.top")
    consent.or_(back).wait_for()
    if consent.count():
        consent.click()
        back.wait_for()
    page.wait_for_url(f"{address}/**")


def _linked(house: House, subject: str | None) -> None:
    person = house.desk.person("liaison-1")
    assert person is not None
    house.desk.save_person(replace(person, subject=subject))


def test_who_the_directory_knows_comes_in_as_the_linked_account(
    chromium: Browser, house_ends: tuple[Console, str, IdentityProvider]
) -> None:
    court, address, _ = house_ends
    _linked(court.house, None)
    page = chromium.new_context().new_page()
    _through(page, address, "he.jianhai")
    assert "没有与之关联的账号" in page.content()
    _linked(court.house, "he.jianhai")
    page = chromium.new_context().new_page()
    _through(page, address, "he.jianhai")
    assert page.url == f"{address}/account"
    assert "何建海" in page.content()
    last = list(court.house.parts.ledger.events(kind="signed_in"))[-1]
    assert (last.body["person"], last.body["through"]) == ("liaison-1", "oidc")


def test_an_account_that_is_off_does_not_come_in(
    chromium: Browser, house_ends: tuple[Console, str, IdentityProvider]
) -> None:
    court, address, _ = house_ends
    person = court.house.desk.person("chief-2")
    assert person is not None
    court.house.desk.save_person(replace(person, subject="stranger", active=False))
    page = chromium.new_context().new_page()
    _through(page, address, "stranger")
    assert "没有与之关联的账号" in page.content()


def test_an_answer_nobody_asked_for_is_refused(house_ends: tuple[Console, str, IdentityProvider]) -> None:
    court, _, _ = house_ends
    nobody = court.as_(None)
    assert nobody.get("/sign-in/house/return?code=x&state=y").status_code == 401
    asked = {"state": "mine", "nonce": "n", "verifier": "v" * 43, "next": "/"}
    nobody.client.cookies.set("exchange_house", json.dumps(asked))
    assert nobody.get("/sign-in/house/return?code=x&state=other").status_code == 401
    assert nobody.get("/sign-in/house/return?code=made-up&state=mine").status_code == 401
    assert nobody.get("/sign-in/house/return?error=access_denied&state=mine").status_code == 401


def test_a_provider_that_is_away_is_said_and_passwords_go_on(
    house_ends: tuple[Console, str, IdentityProvider],
) -> None:
    court, _, provider = house_ends
    told = court.house.settings.console.oidc
    assert told is not None
    court.house.provider = None
    court.house.settings.console.oidc = told.model_copy(update={"issuer": "http://127.0.0.1:9"})
    try:
        answer = court.as_(None).get("/sign-in/house")
        assert answer.status_code == 503
        assert "E943" in answer.text
        assert court.as_("chief-1").get("/account").status_code == 200
    finally:
        court.house.provider = None
        court.house.settings.console.oidc = told
    assert provider.issuer == told.issuer


def test_without_a_provider_there_is_no_such_page(ends: tuple[Console, Console]) -> None:
    assert ends[0].as_(None).get("/sign-in/house").status_code == 404
