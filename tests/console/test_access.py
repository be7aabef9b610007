"""Every route, with every role: who is not meant may not, and nobody comes in without signing in."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, FastAPI

from exchange.console.app import actions, create_app
from exchange.console.pages.sign_in import OPEN
from exchange.domain.person import ALLOWED, Role, may
from tests.console.kit import PEOPLE, Console


def _routes(app: FastAPI) -> list[tuple[str, str, str]]:
    """(method, path, action) of every route that asks who one is."""
    found = []
    for route, action in actions(app):
        if action is not None:
            path = re.sub(r"\{(\w+)(?::\w+)?\}", "none", route.path)
            found += [(method, path, action) for method in sorted(route.methods)]
    return found


def test_every_route_refuses_whoever_is_not_meant(ends: tuple[Console, Console]) -> None:
    for end in ends:
        clients = {id: end.as_(id) for id in PEOPLE}
        nobody = end.as_(None)
        asked = 0
        for method, path, action in _routes(end.app):
            if path == "/live":
                continue
            away = nobody.client.request(method, path)
            assert away.status_code in (303, 401), (method, path)
            if away.status_code == 303:
                assert away.headers["location"].startswith("/sign-in"), (method, path)
            for id, client in clients.items():
                if path == "/sign-out":
                    continue
                body = {"csrf": client.csrf} if method not in ("GET", "HEAD") else None
                answer = client.client.request(method, path, data=body)
                allowed = may(PEOPLE[id][1], action)
                assert (answer.status_code != 403) == allowed, (method, path, id, answer.status_code)
                assert answer.status_code != 500, (method, path, id)
                asked += 1
        assert asked > 5


def test_a_form_without_its_token_changes_nothing(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    client = court.as_("liaison-1").client
    for method, path, _ in _routes(court.app):
        if method in ("POST", "PUT", "DELETE"):
            assert client.request(method, path, data={"csrf": "other"}).status_code == 403, path


def test_a_form_sent_from_another_site_is_refused(ends: tuple[Console, Console]) -> None:
    client = ends[0].as_("liaison-1")
    told = {"csrf": client.csrf, "text": "x"}
    there = client.client.put("/drafts/x", data=told, headers={"origin": "https://elsewhere.example"})
    assert there.status_code == 403
    assert client.client.put("/drafts/x", data=told, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.client.put("/drafts/x", data=told, headers={"origin": "http://testserver"}).status_code == 200


def test_a_route_that_names_no_action_is_refused_at_the_start(ends: tuple[Console, Console]) -> None:
    open_to_all = APIRouter()
    open_to_all.get("/leak")(lambda: "x")
    with pytest.raises(RuntimeError, match="/leak"):
        create_app(ends[0].house, (open_to_all,))


def test_the_open_paths_are_few() -> None:
    assert len(OPEN) <= 6
    assert all(roles <= frozenset(Role) for roles in ALLOWED.values())


def test_nothing_may_be_loaded_from_elsewhere_or_framed(ends: tuple[Console, Console]) -> None:
    answer = ends[0].as_("liaison-1").get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
