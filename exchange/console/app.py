"""The application: routers, headers, static files. A route that names no action is refused at the start."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from exchange.console import live
from exchange.console.errors import add_handlers
from exchange.console.house import House
from exchange.console.pages import ROUTERS
from exchange.console.pages.sign_in import OPEN, secure
from exchange.console.render import HERE, asset
from exchange.console.security import Headers

STATIC: Final = HERE / "static"
_FILES: Final = "/static/{digest}/{name:path}"


@asynccontextmanager
async def settled(_app: FastAPI) -> AsyncIterator[None]:
    """Once all is read in, what is there stays: the collector walks through it no more (100 ms every twenty pages)."""
    gc.collect()
    gc.freeze()
    yield


def create_app(house: House, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """The console of one end; RuntimeError for a route that says nothing of who may use it."""
    app = FastAPI(title="exchange console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=settled)
    app.state.house = house
    app.add_middleware(Headers, tls=secure(house))
    add_handlers(app)
    app.get(_FILES)(static)
    for router in (*routers, live.router):
        app.include_router(router)
    for route, action in actions(app):
        if action is None and route.path not in OPEN | {_FILES}:
            raise RuntimeError(f"The route {route.path} names no action; it would be open to everybody.")
    return app


def static(digest: str, name: str) -> Response:
    """A file of ours under its content's hash; browsers keep it."""
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file() or asset(name).split("/")[2] != digest:
        raise HTTPException(404)
    return FileResponse(path, headers={"cache-control": "public, max-age=31536000, immutable"})


def actions(app: FastAPI) -> Iterator[tuple[APIRoute, str | None]]:
    """Every route, and the action it asks for."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route, _action(route.dependant)


def _action(dependant: Dependant) -> str | None:
    for part in dependant.dependencies:
        action: str | None = getattr(part.call, "action", None) or _action(part)
        if action:
            return action
    return None


def files() -> list[Path]:
    """Every static file, for checks."""
    return sorted(f for f in STATIC.rglob("*") if f.is_file())
