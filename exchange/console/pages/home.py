"""今日: what needs me now. Its place until the page is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from exchange.console.visit import Visit, needs

router = APIRouter()


@router.get("/")
def today(visit: Annotated[Visit, needs("own")]) -> Response:
    """The first page."""
    return visit.page("home.html")
