"""A quarter of any size by processes: each step of each end in one of its own, from the court's database to reconciled.

Ledgers on PostgreSQL (durable: fsync on) where it is installed, a folder between the ends; the rules run by their
masks alone, as at more than 50,000 rows a batch they do anyway, and batches of courts are read by two processes. For
each process its seconds, CPU seconds (the database's own not counted, those of processes it starts are) and peak
memory, that of the largest one it starts included. Of each size the sum for the quarter (from the database to landed
and receipted), for its answer (three claim lines a case: landed, receipted and reconciled) and for a later quarter, in
which five cases of a hundred are others (`world.go_on`), and how CPU grows with cases. Beside: the script by hand of
`bench.quarter` on the same database, both times.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from bench.ends import AS_OF, PAIR, PERIOD, end_settings, introduce
from bench.measure import exponent, in_child, peak_mib, print_table, timed
from bench.world import answer, build, go_on

SIZES, SHORT = (10_000, 100_000, 1_000_000), (1_000,)
DURABLE = (
    "fsync = on", "synchronous_commit = on", "full_page_writes = on", "max_wal_size = '4GB'",
    "shared_buffers = '128MB'",
)  # fmt: skip
"""What the tests' server is told to be as one in production; 128 MB are what PostgreSQL takes by itself."""
PROCESSES = 2
"""Of `court run`, beside the one that assembles: as many as the machine has cores."""
KEY = f"{PAIR}-cases.Q.{PERIOD}"
NEXT, NEXT_AS_OF = "2026Q4", date(2027, 1, 5)
NEXT_KEY = f"{PAIR}-cases.Q.{NEXT}"
QUARTER = ("court run", "court send", "tax sweep", "court sweep")
ANSWER = ("tax answer", "tax send", "court take in", "court reconcile", "tax receipts")
_NEXT = ", later"
LATER = tuple(step + _NEXT for step in (*QUARTER[:3], "court take in"))
"""Not a sweep at its end: that would compare the new quarter with the answer there is."""
COLUMNS = {
    "process": "{}", "cases": "{:,}", "s": "{:.1f}", "cpu s": "{:.1f}", "MiB": "{:.0f}", "exponent": "{:.2f}",
    "of script": "{:.1f}", "of first": "{:.2f}",
}  # fmt: skip


def rows(sizes: tuple[int, ...] = SIZES) -> Iterator[dict[str, Any]]:
    """One row a process and size, then the sums."""
    before: dict[str, tuple[float, float]] = {}
    for cases in sizes:
        with tempfile.TemporaryDirectory() as name, ledgers() as urls:
            folder = Path(name)
            build(folder / "court.db", cases)
            answer(folder / "answer", cases)
            (folder / "ledgers.json").write_text(json.dumps(urls), encoding="utf-8")
            introduced(folder)
            scripts = [in_child("bench.quarter", "script", folder)]
            first = 0.0
            for what, steps in (("the quarter", QUARTER), ("its answer", ANSWER), ("a later quarter", LATER)):
                if steps is LATER:
                    go_on(folder / "court.db", cases)
                    scripts.append(in_child("bench.quarter", "script", folder))
                found = []
                for step in steps:
                    found.append({"process": step, "cases": cases, **in_child("bench.national", step, folder)})
                    yield found[-1]
                whole: dict[str, Any] = {"process": f"{what}, {urls['kind']}", "cases": cases}
                whole |= {name: sum(row[name] for row in found) for name in ("s", "cpu s")}
                whole |= {"MiB": max(row["MiB"] for row in found)}
                whole["exponent"] = exponent(cases, whole["cpu s"], before.get(what))
                if steps is not ANSWER:
                    whole["of script"] = whole["cpu s"] / scripts[-1]["cpu"]
                if steps is LATER:
                    whole["of first"] = whole["s"] / first
                first = first or whole["s"]
                before[what] = (cases, whole["cpu s"])
                yield whole
            for script, when in zip(scripts, ("", _NEXT), strict=True):
                yield {
                    "process": f"beside: script by hand{when}", "cases": cases, "s": script["seconds"],
                    "cpu s": script["cpu"], "MiB": script["mib"],
                }  # fmt: skip


@contextmanager
def ledgers() -> Iterator[dict[str, str]]:
    """Addresses of both ends' ledgers: PostgreSQL as in production, or SQLite where it is not installed."""
    import psycopg
    import pytest

    from tests.servers import running_postgres

    try:
        server = running_postgres()
        started = server.__enter__()
    except pytest.fail.Exception:
        with nullcontext():
            yield {"kind": "ledgers on SQLite"}
        return
    try:
        with psycopg.connect(started.conninfo(), autocommit=True) as admin:
            for setting in DURABLE:
                admin.execute(f"ALTER SYSTEM SET {setting}")
        started.stop()
        started.start()
        yield {
            "kind": "ledgers on PostgreSQL", "court": started.url(started.new_database()),
            "tax": started.url(started.new_database()),
        }  # fmt: skip
    finally:
        server.__exit__(None, None, None)


def settings_of(folder: Path, end: str, other: str) -> Any:
    """The settings of one end of a world in a folder."""
    urls = json.loads((folder / "ledgers.json").read_text(encoding="utf-8"))
    more: dict[str, Any] = {"ledger_url": urls[end]} if end in urls else {}
    more |= {"batch_size": 1, "checker": "plain", "processes": PROCESSES}
    return end_settings(folder, end, other, source=folder / "court.db" if end == "court" else None, **more)


def introduced(folder: Path) -> None:
    """Let both ends know each other's keys, and have a folder between them."""
    introduce(settings_of(folder, "court", "tax"), settings_of(folder, "tax", "court"))
    (folder / "point").mkdir()


def _step(step: str, folder: Path) -> dict[str, float]:
    """One process of one end."""
    from exchange import journeys, wiring
    from exchange.domain.lifecycle import ACCEPTED
    from exchange.steps.review import review

    end, what = step.partition(" ")[0], step.removesuffix(_NEXT)
    key, period, as_of = (KEY, PERIOD, AS_OF) if step == what else (NEXT_KEY, NEXT, NEXT_AS_OF)

    def released(key: str) -> None:
        for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
            journeys.call(review, parts, key, decision, by=by)
        journeys.onward(parts, key)

    def swept() -> None:
        problems = journeys.sweep(parts).problems
        if problems:
            raise problems[0][1]

    def taken() -> None:
        journeys.receive(parts, journeys.fetch(parts, f"tax-{PAIR}"))
        journeys.deliver(parts)

    def answered() -> str:
        (key,) = [e.key for e in parts.ledger.exchanges(kind="A") if e.direction == "out"]
        return key

    with wiring.opened(settings_of(folder, end, "tax" if end == "court" else "court")) as parts:
        spent = timed(
            {
                "court run": lambda: journeys.quarterly(parts, f"{PAIR}-cases", period, as_of),
                "court send": lambda: released(key),
                "tax sweep": swept,
                "court sweep": swept,
                "tax answer": lambda: journeys.answer(parts, folder / "answer"),
                "tax send": lambda: released(answered()),
                "court take in": taken,
                "court reconcile": lambda: journeys.reconcile(parts, KEY, AS_OF),
                "tax receipts": swept,
            }[what]
        )
        if step in (QUARTER[-1], LATER[-1]):
            assert journeys.record(parts, key).state == ACCEPTED
        if step == "tax receipts":
            assert journeys.record(parts, answered()).state == ACCEPTED
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.cpu + children.ru_utime + children.ru_stime
    return {"s": spent.seconds, "cpu s": cpu, "MiB": max(peak_mib(), children.ru_maxrss / 1024)}


def main(args: list[str]) -> None:
    """Measure and print, or be one of the processes measured (a step, and a folder)."""
    if len(args) == 2 and not args[0].isdigit():
        print(json.dumps(_step(args[0], Path(args[1]))))
        return
    sizes = SHORT if "--short" in args else tuple(map(int, args)) or SIZES
    found = []
    for row in rows(sizes):
        found.append(row)
        print(" ".join(f"{form.format(row[n])} {n}," for n, form in COLUMNS.items() if row.get(n) is not None),
              file=sys.stderr, flush=True)  # fmt: skip
    print_table("a quarter by processes, from the court's database to reconciled", COLUMNS, found)


if __name__ == "__main__":
    main(sys.argv[1:])
