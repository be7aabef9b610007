"""A court of sixteen cases and a tax bureau, register and ledgers on PostgreSQL, a folder between them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.ends import PAIR, introduce
from bench.world import build
from exchange import journeys, wiring
from exchange.domain import lifecycle
from exchange.domain.points import standing
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.steps.explain import explain
from tests.servers import PostgresServer

ROUTE = f"{PAIR}-cases"


@dataclass(frozen=True, kw_only=True)
class World:
    """A court and a tax bureau with ledgers and register on PostgreSQL, a folder between them."""

    court: Parts
    tax: Parts
    source: str

    def sql(self, *statements: str) -> None:
        with psycopg.connect(self.source.replace("+psycopg", "")) as db:
            for statement in statements:
                db.execute(statement.encode())

    def quarter(self, period: str, day: date) -> str:
        return journeys.quarterly(self.court, ROUTE, period, day)

    def explain(self, key: str, point: str, **more: Any) -> None:
        journeys.call(explain, self.court, key, (point,), by="liaison-1", **more)

    def points(self, key: str) -> dict[str, Any]:
        now = standing(key, self.court.ledger.events(exchange=key), partial(self.court.vault.get, key))
        return {point.rule: point for point in now.open}

    def outcome(self, key: str) -> dict[str, Any]:
        return json.loads(self.court.vault.get(key, "outcome.json"))  # type: ignore[no-any-return]

    def arrive(self, key: str) -> None:
        while journeys.record(self.court, key).state != lifecycle.ACCEPTED:
            for end in (self.court, self.tax):
                assert journeys.sweep(end).problems == []


@contextmanager
def postgres_world(tmp_path: Path, postgres_server: PostgresServer, *, checker: str = "plain") -> Iterator[World]:
    """Sixteen cases of one court, all of 2026; the numbers 3, 7 and 8 are not there."""
    tmp_path.mkdir(exist_ok=True)
    made = build(tmp_path / "made.db", 16, courts=("冀1103",))
    with closing(sqlite3.connect(made)) as db, db:
        for table in ("pc_aj", "pc_zwr", "pc_glr", "pc_jd", "pc_cccz", "pc_zqsh"):
            db.execute(f"DELETE FROM {table} WHERE ajbs IN (3, 7, 8)")
        (tmp_path / "dump.sql").write_text(";\n".join(db.iterdump()).replace(";;", ";") + ";", encoding="utf-8")
    with ExitStack() as stack:
        names = {name: postgres_server.new_database() for name in ("source", "court", "tax")}
        urls = {name: postgres_server.url(database) for name, database in names.items()}
        settings = {
            end: read_settings(
                home=tmp_path / end, party=f"{end}-{PAIR}", ledger_url=urls[end], source_url=urls["source"],
                checker=checker, today=date(2026, 10, 9), officers={"liaison-1": ["prepare"], "chief-1": ["approve"]},
                channels={f"{other}-{PAIR}": {"kind": "folder", "root": str(tmp_path / "point")}},
            )
            for end, other in (("court", "tax"), ("tax", "court"))
        }  # fmt: skip
        (tmp_path / "point").mkdir()
        introduce(settings["court"], settings["tax"])
        wiring.load_source(settings["court"], tmp_path / "dump.sql")
        court, tax = (stack.enter_context(wiring.opened(settings[end])) for end in ("court", "tax"))
        yield World(court=court, tax=tax, source=urls["source"])
