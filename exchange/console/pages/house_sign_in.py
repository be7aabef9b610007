"""Signing in through the house's directory: there and back again. Open to anybody, like the form."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from exchange.console.accounts import note
from exchange.console.house import House
from exchange.console.pages.sign_in import let_in, secure, shown
from exchange.console.provider import Asked, Provider
from exchange.console.visit import local_path
from exchange.domain.errors import NeedsPerson

router = APIRouter()

COOKIE: Final = "exchange_house"
_TEN_MINUTES: Final = 600


@router.get("/sign-in/house")
def there(request: Request, next: str = "/") -> Response:
    """To the provider's page."""
    provider = _provider(request)
    address, asked = provider.begin(_return_to(request))
    answer = RedirectResponse(address, status_code=303)
    told = json.dumps({**asdict(asked), "next": local_path(next)})
    answer.set_cookie(COOKIE, told, max_age=_TEN_MINUTES, httponly=True, samesite="lax",
                      secure=secure(request.app.state.house), path="/sign-in/house")  # fmt: skip
    return answer


@router.get("/sign-in/house/return")
def back(request: Request) -> Response:
    """From the provider's page: the account its answer names is signed in."""
    house: House = request.app.state.house
    provider = _provider(request)
    try:
        told = json.loads(request.cookies.get(COOKIE, ""))
        asked, next_ = Asked(state=told["state"], nonce=told["nonce"], verifier=told["verifier"]), told["next"]
        subject = provider.who(str(request.url), asked, _return_to(request))
    except (ValueError, KeyError, TypeError, NeedsPerson):
        return shown(request, next="/", wrong="provider", status=401)
    found = [p for p in house.desk.people() if p.active and p.subject == subject]
    if not found:
        return shown(request, next="/", wrong="unknown", status=403)
    note(house, "signed_in", found[0].id, by=found[0].id, through="oidc")
    answer = let_in(house, found[0], local_path(next_))
    answer.delete_cookie(COOKIE, path="/sign-in/house")
    return answer


def _provider(request: Request) -> Provider:
    house: House = request.app.state.house
    if house.settings.console.oidc is None:
        raise HTTPException(404)
    if house.provider is None:
        house.provider = Provider(house.settings.console.oidc)
    return house.provider


def _return_to(request: Request) -> str:
    house: House = request.app.state.house
    base = house.settings.console.address.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}/sign-in/house/return"
