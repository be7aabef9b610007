"""Live parts: the browser is told that the ledger grew, and fetches the part anew by a normal request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from exchange.console.house import House
from exchange.console.visit import Visit, needs, visiting
from exchange.domain.errors import ExchangeError

router = APIRouter()

_BEAT_SECONDS: Final = 1.0
_ALIVE_BEATS: Final = 15
"""Beats after which a line is sent though nothing happened, and the session is looked at again."""


@router.get("/live")
async def live(visit: Annotated[Visit, needs("look")]) -> StreamingResponse:
    """Server-sent events `ledger`, each when something was added to the ledger; the data is its newest hash."""
    return StreamingResponse(_events(visit.request, visit.house), media_type="text/event-stream")


async def _events(request: Request, house: House) -> AsyncIterator[str]:
    told, beats = await _head(house), 0
    yield f"retry: 3000\nevent: ledger\ndata: {told[:16]}\n\n"
    while not await request.is_disconnected():
        await asyncio.sleep(_BEAT_SECONDS)
        beats += 1
        head = await _head(house)
        if head != told:
            told = head
            yield f"event: ledger\ndata: {told[:16]}\n\n"
        elif beats % _ALIVE_BEATS == 0:
            if await run_in_threadpool(visiting, request) is None:
                yield "event: signed-out\ndata: -\n\n"
                return
            yield ": alive\n\n"


async def _head(house: House) -> str:
    """The newest hash; asked once a beat for all who listen. The last one known while the database is away."""
    loop = asyncio.get_running_loop()
    if loop.time() - house.pulse_at > _BEAT_SECONDS * 0.9:
        house.pulse_at = loop.time()
        try:
            house.pulse = await run_in_threadpool(house.parts.ledger.head)
        except ExchangeError:
            return house.pulse
    return house.pulse
