"""The two ends whose consoles are measured: a quarter with its answer and breaks, years of events, in PostgreSQL.

Made once in a folder; where the folder is kept (`--keep`), it is taken as it stands the next time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import national
from bench.measure import in_child
from bench.world import answer, build

if TYPE_CHECKING:
    from tests.servers import PostgresServer

ENDS: Final = {"court": "tax", "tax": "court"}
SIZES: Final = ("cases", "breaks", "exchanges", "events")
DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""As in production. While a world is made that is not kept anyway, nothing has to last."""


@contextmanager
def world(sizes: Sequence[int], keep: Path | None = None) -> Iterator[Path]:
    """A folder with both ends of such a size, their databases running; `known.json` says what its pages are named by.

    One kept is refused when it is of other sizes. It has to be where the user postgres may go.
    """
    from tests.servers import running_postgres

    told = dict(zip(SIZES, sizes, strict=True))
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        base = keep / "postgres" if keep else None
        more = {"shared_buffers": "128MB", "max_wal_size": "4GB"}
        server = stack.enter_context(running_postgres(base, **more))
        if not (folder / "known.json").exists():
            _made(folder, server, told)
        known = json.loads((folder / "known.json").read_text(encoding="utf-8"))
        if known["sizes"] != told:
            raise SystemExit(f"{folder} is a world of {known['sizes']}; ask for that, or name another folder.")
        _addressed(folder, server, known["databases"])
        _alter(server, DURABLE)
        yield folder


def _made(folder: Path, server: PostgresServer, told: dict[str, int]) -> None:
    began = time.monotonic()

    def said(what: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s: {what}", file=sys.stderr, flush=True)

    databases = {end: server.new_database() for end in ENDS}
    _addressed(folder, server, databases)
    _alter(server, dict.fromkeys(DURABLE, "off"))
    build(folder / "court.db", told["cases"])
    answer(folder / "answer", told["cases"])
    national.introduced(folder)
    for step in (*national.QUARTER, *national.ANSWER):
        in_child("bench.national", step, folder)
        said(step)
    for step in ("found", "told"):
        in_child("bench.console_world", step, folder, told["breaks"])
        said(f"breaks {step}")
    with ThreadPoolExecutor() as both:
        years = [folder, told["exchanges"], told["events"]]
        ends = {end: both.submit(in_child, "bench.console_world", end, *years) for end in ENDS}
        known = {end: work.result() for end, work in ends.items()}
    said("years of events")
    text = json.dumps({"sizes": told, "databases": databases, **known})
    (folder / "known.json").write_text(text, encoding="utf-8")


def _addressed(folder: Path, server: PostgresServer, databases: dict[str, str]) -> None:
    urls = {end: server.url(name) for end, name in databases.items()}
    (folder / "ledgers.json").write_text(json.dumps(urls), encoding="utf-8")
    assert server.process is not None
    (folder / "postmaster.pid").write_text(str(server.process.pid), encoding="ascii")


def _alter(server: PostgresServer, settings: dict[str, str]) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        for name, value in settings.items():
            admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        admin.execute("SELECT pg_reload_conf()")


def settings_of(folder: Path, end: str) -> Any:
    """The settings of one end of a world."""
    return national.settings_of(folder, end, ENDS[end])


def _found(folder: Path, breaks: int) -> None:
    """Breaks for the court, and a list of them on its way."""
    from bench.years import more_breaks
    from exchange import journeys, wiring
    from exchange.steps.review import review

    with wiring.opened(settings_of(folder, "court")) as parts:
        (route,) = {found.route for found in parts.ledger.breaks()}
        more_breaks(parts.ledger, route, breaks)
        key = journeys.share(parts, route)
        assert key is not None
        for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
            journeys.call(review, parts, key, decision, by=by)
        journeys.onward(parts, key)


def _told(folder: Path) -> None:
    """The list taken in at the tax end, its receipts at the court's."""
    from exchange import journeys, wiring

    for end in ("tax", "court"):
        with wiring.opened(settings_of(folder, end)) as parts:
            problems = journeys.sweep(parts).problems
            if problems:
                raise problems[0][1]


def _years(folder: Path, end: str, exchanges: int, events: int) -> dict[str, Any]:
    """Years for one end's ledger, people for its console; what its pages are addressed by."""
    from bench.years import add_years
    from exchange.console.accounts import add_person
    from exchange.console.house import opened
    from exchange.domain.break_desk import DeskQuery
    from exchange.domain.person import Person, Role

    settings = settings_of(folder, end)
    with opened(settings) as house:
        ledger = house.parts.ledger
        told = {"officer-1": {Role.handler, Role.reviewer}, "admin-1": {Role.administrator}}
        for id, roles in told.items():
            add_person(house, Person(id=id, name=id, roles=frozenset(roles)), "four plain words here", by="admin-1")
        add_years(settings.ledger, exchanges=exchanges, events=events, sent=end == "court")
        (break_,) = ledger.break_desk(DeskQuery(today=house.today), limit=1, offset=9)
        quarter = next(e.key for e in ledger.exchanges(kind="Q"))
        newest = ledger.listed_events({}, most=1)[0]
        return {"break": break_.id, "quarter": quarter, "events": newest.seq}


def _work(folder: Path, end: str) -> None:
    """What the console's worker was asked for, done."""
    from exchange.console.house import opened
    from exchange.console.work import work_once

    with opened(settings_of(folder, end)) as house:
        while (job := work_once(house)) is not None:
            assert job.state == "done", job


def cookies_of(folder: Path, end: str) -> dict[str, str]:
    """Person → the cookie of a session that begins now."""
    from exchange.console.house import opened

    with opened(settings_of(folder, end)) as house:
        people = [person.id for person in house.desk.people()]
        return {id: f"exchange_{house.parts.party}={house.desk.open_session(id, house.now)}" for id in people}


def main(args: Sequence[str]) -> None:
    """One process of the making: what, a folder, and numbers."""
    what, folder, *numbers = args
    if what == "found":
        _found(Path(folder), int(numbers[0]))
    elif what == "work":
        _work(Path(folder), numbers[0])
    elif what == "told":
        _told(Path(folder))
    else:
        print(json.dumps(_years(Path(folder), what, *map(int, numbers))))
        return
    print("{}")


if __name__ == "__main__":
    main(sys.argv[1:])
