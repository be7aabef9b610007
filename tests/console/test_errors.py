"""Every way a request can end badly says what happened, what is safe and what to do, in the officer's words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from exchange.console.app import create_app
from exchange.console.pages import ROUTERS
from exchange.console.render import HERE
from exchange.console.visit import needs
from exchange.domain.errors import RetryLater
from tests.console.kit import Console, Person_, plain

PARTS = {"zh": ("发生情况", "数据状况", "如何处理"), "en": ("What happened", "Your data", "What to do")}


def _whole(answer: Any, status: int, language: str = "zh") -> str:
    assert answer.status_code == status, plain(answer.text)[:300]
    assert "text/html" in answer.headers["content-type"]
    said = plain(answer.text)
    for part in PARTS[language]:
        assert part in said, (status, part)
    assert not re.search(r"Traceback|Internal Server Error|sqlalchemy|/tmp/", answer.text)
    return said


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_says_the_three_things(ends: tuple[Console, Console], language: str) -> None:
    for end in ends:
        officer = end.as_("liaison-1", language=language)
        _whole(officer.get("/nowhere"), 404, language)
        _whole(officer.get("/exchanges/jobs/letters"), 404, language)
        _whole(officer.get("/exchanges/none"), 404, language)
        _whole(officer.get("/admin"), 403, language)
        _whole(officer.client.post("/breaks/share", data={"csrf": "other"}), 403, language)
        _whole(officer.client.delete("/breaks"), 405, language)
        _whole(officer.post("/evidence/none"), 405, language)
        too_large = {"csrf": officer.csrf, "text": "长" * 700_000}
        _whole(officer.client.put("/drafts/x", files={n: (None, v) for n, v in too_large.items()}), 400, language)
        _whole(officer.post("/breaks/" + "0" * 64 + "/decide", {"choice": "explained", "text": "说明理由如下"}),
               404, language)  # fmt: skip


def test_five_wrong_passwords_lock_and_say_for_how_long(fresh_ends: tuple[Console, Console]) -> None:
    nobody = fresh_ends[0].as_(None).client
    answers = [nobody.post("/sign-in", data={"person": "liaison-1", "password": "wrong"}) for _ in range(6)]
    assert [a.status_code for a in answers[:4]] == [401] * 4
    assert answers[-1].status_code == 429
    assert "15" in plain(answers[-1].text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_fault_of_ours_gives_a_number_and_shows_nothing_of_itself(
    fresh_ends: tuple[Console, Console], language: str
) -> None:
    broken = APIRouter()

    def crash(_: object = needs("look")) -> None:
        raise ValueError("冀州鑫达机械 91131103MCUJHK7DEX")

    broken.get("/broken")(crash)
    officer = _at(fresh_ends[0], create_app(fresh_ends[0].house, (*ROUTERS, broken)), language)
    said = _whole(officer.get("/broken"), 500, language)
    assert "91131103" not in said
    assert re.search(r"[0-9a-f]{8}", said)


def _at(end: Console, app: Any, language: str) -> Person_:
    known = end.as_("chief-1", language=language)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.cookies.update(known.client.cookies)
    return Person_(client=client, console=end)


class _Away:
    """A ledger whose database is away."""

    def __getattr__(self, name: str) -> Any:
        raise RetryLater(901, "The ledger's database can't be reached.", where="ledger", next_step="Wait.")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_database_gone_in_the_middle_is_told_with_or_without_the_frame(
    fresh_ends: tuple[Console, Console], language: str
) -> None:
    """Pages and forms alike: tried again by itself, nothing lost; no page of the server's own."""
    court, _ = fresh_ends
    officer = court.as_("chief-1", language=language)
    csrf = officer.csrf
    court.house.parts = replace(court.house.parts, ledger=_Away())  # type: ignore[arg-type]
    for path in ("/", "/breaks", "/cases", "/ledger", "/alerts"):
        _whole(officer.get(path), 503, language)
    _whole(officer.client.post("/alerts/acknowledge", data={"csrf": csrf, "alert": "held x", "word": "已办"}), 503,
           language)  # fmt: skip


def test_no_form_loses_what_is_typed() -> None:
    """Each field for a sentence has a draft: kept on the server and in the window until it was sent well."""
    for path in (HERE / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for box in re.findall(r"<textarea[^>]*(?:\{[^}]*\}[^>]*)*>", text):
            assert "data-draft" in box, (path.name, box)
        for box in re.findall(r'<input[^>]*name="(?:text|reason|word|note)"[^>]*>', text):
            assert "data-draft" in box or 'type="hidden"' in box, (path.name, box)
