"""The console of a court with a large past, asked over HTTP: how long each page takes, and what it costs.

The court's end has gone a quarter of so many cases with the tax bureau's answer, has its breaks, and an old ledger of
events (`bench.years`), all in PostgreSQL. The console is served by uvicorn in a process of its own; `wrk` (Debian: `apt
install wrk`) asks page after page with a signed-in officer's cookie over one connection, or httpx where wrk is not
installed. `floor` is the same bytes from a server that keeps them in memory. CPU is that of the console's process and
of PostgreSQL for one page: on a busy machine the fair figure. First paint is Chromium's own, with an empty cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench import national
from bench.measure import in_child, print_table
from bench.world import answer, build, number_of

CASES, BREAKS, EXCHANGES, EVENTS = 200_000, 10_000, 20_000, 2_000_000
SHORT: Final = (1_000, 100, 100, 5_000)
SECONDS, SHORT_SECONDS = 4, 1
AIM_MS: Final = 200
COLUMNS = {
    "page": "{}", "KiB": "{:.0f}", "p50": "{:.0f}", "p95": "{:.0f}", "floor": "{:.1f}", "cpu": "{:.1f}",
    "db cpu": "{:.1f}", "paint": "{:.0f}", "over": "{}",
}  # fmt: skip
PAINTED: Final = ("/", "/breaks", "/ledger")
_SCRIPT: Final = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"p50": %f, "p95": %f, "pages": %d, "errors": %d}\\n', latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def pages(folder: Path, cases: int) -> list[tuple[str, str]]:
    """(person, path) of what is asked for; a page this console has not is left out of the table."""
    known = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    exchange, case = f"/exchanges/{quote(national.KEY)}", number_of(cases // 2)
    tabs = ("overview", "new", "held", "points", "gaps", "sample", "checks", "files", "history")
    paths = [
        "/", "/exchanges", *(f"{exchange}?tab={tab}" for tab in tabs), "/ledger", "/ledger?tab=packets",
        "/ledger?tab=events", f"/ledger?tab=events&below={known['events'] // 2}", "/ledger?tab=events&actor=chief-1",
        "/ledger?tab=events&since=2025-01-01&until=2025-03-31", "/breaks", "/breaks?group=code&page=50",
        f"/breaks?q={quote(case[:8])}", f"/breaks/{known['break']}", "/cases", f"/cases?q={quote('第100')}",
        f"/cases?q={quote('工业')}", f"/cases/{quote(case)}", "/alerts", "/limits", "/meetings", "/reports",
    ]  # fmt: skip
    return [*(("officer-1", path) for path in paths), ("admin-1", "/admin")]


@contextmanager
def world(cases: int, breaks: int, exchanges: int, events: int) -> Iterator[Path]:
    """A folder with both ends after a quarter, the court's ledger with its past; gone with the block."""
    with tempfile.TemporaryDirectory() as name, national.ledgers() as urls:
        if "court" not in urls:
            raise SystemExit("bench.console needs PostgreSQL: apt-get install postgresql")
        folder = Path(name)
        build(folder / "court.db", cases)
        answer(folder / "answer", cases)
        (folder / "ledgers.json").write_text(json.dumps(urls), encoding="utf-8")
        national.introduced(folder)
        for step in (*national.QUARTER, *national.ANSWER):
            in_child("bench.national", step, folder)
        in_child("bench.console", "past", folder, breaks, exchanges, events)
        yield folder


def _past(folder: Path, breaks: int, exchanges: int, events: int) -> dict[str, Any]:
    """Breaks and years for the court's ledger, people for its console; what the pages are addressed by."""
    from bench.years import add_years, more_breaks
    from exchange.console.accounts import add_person
    from exchange.console.house import opened
    from exchange.domain.person import Person, Role

    settings = national.settings_of(folder, "court", "tax")
    with opened(settings) as house:
        ledger = house.parts.ledger
        (route,) = {found.route for found in ledger.breaks()}
        many = more_breaks(ledger, route, breaks)
        add_years(settings.ledger, exchanges=exchanges, events=events)
        told = {"officer-1": {Role.handler, Role.reviewer}, "admin-1": {Role.administrator}}
        cookies = {}
        for id, roles in told.items():
            add_person(house, Person(id=id, name=id, roles=frozenset(roles)), "four plain words here", by="admin-1")
            cookies[id] = house.desk.open_session(id, house.now)
        newest = ledger.listed_events({}, most=1)[0]
        known = {"break": ledger.breaks(route=route)[0].id, "events": newest.seq, "breaks": many, "cookies": cookies}
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")
    return known


@contextmanager
def serving(folder: Path, what: str) -> Iterator[tuple[str, int]]:
    """The console, or the same bytes without it (`floor`), in a process of its own: (address, pid)."""
    command = [sys.executable, "-m", "bench.console", what, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
        finally:
            process.terminate()


def _serve(folder: Path, what: str) -> None:
    import uvicorn

    from exchange.console.app import create_app
    from exchange.console.house import opened
    from tests.servers import free_port

    port = free_port()

    class Told(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            print(port, flush=True)

    def run(app: Any) -> None:
        Told(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).run()

    if what == "floor":
        run(_floor(folder))
        return
    with opened(national.settings_of(folder, "court", "tax")) as house:
        run(create_app(house))


def _floor(folder: Path) -> Any:
    """Answers `/<n>` with the n-th page as it was fetched before."""
    kept = {f"/{file.stem}": file.read_bytes() for file in (folder / "kept").iterdir()}

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = kept[scope["path"]]
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def ask(url: str, cookie: str, seconds: int, folder: Path) -> dict[str, float]:
    """Ask for one page over one connection again and again: p50 and p95 in ms, how many pages."""
    if shutil.which("wrk"):
        (folder / "done.lua").write_text(_SCRIPT, encoding="ascii")
        command = ["wrk", "-t1", "-c1", f"-d{seconds}s", "--timeout", "30s", "-s", str(folder / "done.lua")]
        done = subprocess.run([*command, "-H", f"Cookie: {cookie}", url], capture_output=True, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        if found["errors"]:
            raise SystemExit(f"{url}: {found['errors']:.0f} of {found['pages']:.0f} requests failed")
        return found
    return _by_httpx(url, cookie, seconds)


def _by_httpx(url: str, cookie: str, seconds: int) -> dict[str, float]:
    import httpx

    took: list[float] = []
    with httpx.Client(headers={"cookie": cookie}, timeout=30) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.perf_counter()
            client.get(url).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return {"p50": took[len(took) // 2], "p95": took[len(took) * 95 // 100], "pages": len(took)}


def rows(folder: Path, cases: int, seconds: int) -> list[dict[str, Any]]:
    """A row a page, and under it what remains for a server that only sends the bytes."""
    known = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    cookies = {id: f"exchange_court-{national.PAIR}={secret}" for id, secret in known["cookies"].items()}
    (folder / "kept").mkdir(exist_ok=True)
    found = []
    with serving(folder, "console") as (address, pid):
        for who, path in pages(folder, cases):
            row = _row(folder, address + path, cookies[who], pid, seconds)
            if row is None:
                print(f"{path} is not there", file=sys.stderr)
                continue
            (folder / "kept" / str(len(found))).write_bytes(row.pop("body"))
            found.append({"page": path.replace(quote(national.KEY), "KEY")[:40], **row})
            print(found[-1], file=sys.stderr, flush=True)
        for path, paint in _painted(address, cookies["officer-1"]).items():
            next(row for row in found if row["page"] == path)["paint"] = paint
    with serving(folder, "floor") as (address, _):
        for n, row in enumerate(found):
            row["floor"] = ask(f"{address}/{n}", "", 1, folder)["p95"]
    return found


def _row(folder: Path, url: str, cookie: str, pid: int, seconds: int) -> dict[str, Any] | None:
    import httpx

    for _ in range(2):
        first = httpx.get(url, headers={"cookie": cookie}, timeout=60)
    if first.status_code == 404:
        return None
    if first.status_code != 200:
        raise SystemExit(f"{url} answered {first.status_code}")
    before = _cpu(pid), _database_cpu()
    told = ask(url, cookie, max(seconds, ceil(5 * first.elapsed.total_seconds())), folder)
    spent = [
        (now - then) * 1000 / told["pages"] for now, then in zip((_cpu(pid), _database_cpu()), before, strict=True)
    ]
    return {
        "KiB": len(first.content) / 1024, "p50": told["p50"], "p95": told["p95"], "cpu": spent[0],
        "db cpu": spent[1], "over": "over" if told["p95"] > AIM_MS else "", "body": first.content,
    }  # fmt: skip


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _database_cpu() -> float:
    """CPU seconds of the sessions that PostgreSQL serves now, of this bench's server or another's."""
    total = 0.0
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if file.read_bytes().startswith(b"postgres: exchange "):
                total += _cpu(int(file.parent.name))
        except OSError:
            continue
    return total


def _painted(address: str, cookie: str) -> Mapping[str, float]:
    """First contentful paint of some pages, each in a browser that has nothing cached; nothing without Chromium."""
    from tests.console.browsing import CHROMIUM, WIDE, started

    if not Path(CHROMIUM).exists():
        return {}
    name, _, value = cookie.partition("=")
    found = {}
    with started() as browser:
        for path in PAINTED:
            context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
            context.add_cookies([{"name": name, "value": value, "url": address}])
            page = context.new_page()
            page.goto(address + path)
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            found[path] = float(page.evaluate(paint))
            context.close()
    return found


def main(args: Sequence[str]) -> None:
    """Measure and print, or be a process of the measurement (what, and a folder)."""
    if args and args[0] == "past":
        print(json.dumps(_past(Path(args[1]), *map(int, args[2:]))))
        return
    if args and args[0] in ("console", "floor"):
        _serve(Path(args[1]), args[0])
        return
    short = "--short" in args
    cases, breaks, exchanges, events = SHORT if short else (CASES, BREAKS, EXCHANGES, EVENTS)
    with world(cases, breaks, exchanges, events) as folder:
        found = rows(folder, cases, SHORT_SECONDS if short else SECONDS)
    print_table(
        f"the console's pages in ms, with {cases:,} cases, {breaks:,} breaks, {events:,} events", COLUMNS, found
    )


if __name__ == "__main__":
    main(sys.argv[1:])
