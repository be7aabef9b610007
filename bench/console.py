"""The consoles of a court and a tax bureau with a large past, asked over HTTP: how long each page takes, what it costs.

Both ends have gone a quarter of so many cases with its answer, have its breaks, and an old ledger of events
(`bench.console_world`), all in PostgreSQL. A console is served by uvicorn in a process of its own; `wrk` (Debian: `apt
install wrk`) asks for page after page with a signed-in officer's cookie over one connection, or httpx where wrk is not
installed; then for all pages in turn, several at once. `floor` is the same bytes from a server that keeps them in
memory. CPU is that of the console's process and of PostgreSQL for one page: on a busy machine the fair figure. First
paint is Chromium's own, with an empty cache.

    python -m bench.console [--short] [--keep FOLDER]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from bench.console_world import ENDS, cookies_of, settings_of, world
from bench.measure import in_child, print_table
from bench.world import number_of

CASES, BREAKS, EXCHANGES, EVENTS = 200_000, 10_000, 20_000, 2_000_000
SHORT: Final = (1_000, 100, 100, 5_000)
SECONDS, SHORT_SECONDS = 2, 1
AT_ONCE: Final = 4
AIM_MS: Final = 200
COLUMNS = {
    "end": "{}", "page": "{}", "KiB": "{:.0f}", "p50": "{:.0f}", "p95": "{:.0f}", "floor": "{:.1f}", "cpu": "{:.1f}",
    "db cpu": "{:.1f}", "paint": "{:.0f}", "over": "{}",
}  # fmt: skip
_SCRIPT: Final = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"p50": %f, "p95": %f, "pages": %d, "errors": %d}\\n', latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def pages(folder: Path, end: str) -> list[tuple[str, str, bool]]:
    """(person, path, whether its first paint is looked at) of what is asked for at an end."""
    whole = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    known, case = whole[end], number_of(whole["sizes"]["cases"] // 2)
    exchange = f"/exchanges/{quote(known['quarter'])}"
    tabs = ("new", "held", "points", "gaps", "sample", "checks", "files", "history")
    painted = (
        "/", exchange, f"/cases/{quote(case)}", "/breaks", f"/breaks/{known['break']}", "/urgent", "/alerts", "/ledger",
        "/meetings", "/reports", "/evidence",
    )  # fmt: skip
    more = [
        "/exchanges", *(f"{exchange}?tab={tab}" for tab in tabs if end == "court"), "/ledger?tab=packets",
        "/ledger?tab=events", f"/ledger?tab=events&below={known['events'] // 2}", "/ledger?tab=events&actor=chief-1",
        "/ledger?tab=events&since=2025-01-01&until=2025-03-31", "/breaks?page=50", "/breaks?group=code&page=50",
        "/breaks?group=case&page=50", f"/breaks?q={quote(case[:8])}", "/breaks/matches", "/cases", "/cases?page=50",
        f"/cases?q={quote('第100')}", f"/cases?q={quote('工业')}", f"/cases?q={quote('无此公司')}", "/limits",
        "/reports/week", "/reports/month",
    ]  # fmt: skip
    asked = [*(("officer-1", path, True) for path in painted), *(("officer-1", path, False) for path in more)]
    return [*asked, ("admin-1", "/admin", True)]


@contextmanager
def serving(folder: Path, what: str) -> Iterator[tuple[str, int]]:
    """The console of an end, or the same bytes without it (`floor`), in a process of its own: (address, pid)."""
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
    with opened(settings_of(folder, what)) as house:
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


def ask(
    url: str, cookie: str, seconds: int, folder: Path, *, at_once: int = 1, script: str = ""
) -> dict[str, float]:  # fmt: skip
    """Ask for one page over one connection again and again: p50 and p95 in ms, how many pages."""
    if shutil.which("wrk"):
        (folder / "done.lua").write_text(script + _SCRIPT, encoding="ascii")
        command = ["wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "--timeout", "30s", "-s", str(folder / "done.lua")]
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


def rows(folder: Path, seconds: int) -> list[dict[str, Any]]:
    """A row a page of either end, beside it what remains for a server that only sends the bytes."""
    (folder / "kept").mkdir(exist_ok=True)
    found: list[dict[str, Any]] = []
    for end in ENDS:
        cookies = cookies_of(folder, end)
        with serving(folder, end) as (address, pid):
            _looked_at_first(address, folder, end, cookies)
            for who, path, painted in pages(folder, end):
                row = _row(folder, address + path, cookies[who], pid, seconds)
                (folder / "kept" / str(len(found))).write_bytes(row.pop("body"))
                paint = _painted(address, path, cookies[who]) if painted else None
                found.append({"end": end, "page": unquote(path)[:44], "paint": paint, **row})
                print(found[-1], file=sys.stderr, flush=True)
            together = _together(folder, end, address, cookies["officer-1"], pid, seconds)
    with serving(folder, "floor") as (address, _):
        for n, row in enumerate(found):
            row["floor"] = ask(f"{address}/{n}", "", 1, folder)["p95"]
        found.append(together)
    return found


def _looked_at_first(address: str, folder: Path, end: str, cookies: Mapping[str, str]) -> None:
    """Every page once, and what that asked the worker for done: what is made once for every packet is made."""
    import httpx

    for who, path, _ in pages(folder, end):
        answer = httpx.get(address + path, headers={"cookie": cookies[who]}, timeout=120)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
    in_child("bench.console_world", "work", folder, end)


def _together(folder: Path, end: str, address: str, cookie: str, pid: int, seconds: int) -> dict[str, Any]:
    """All pages of an officer in turn, several at once, each asked for as soon as the one before has come."""
    if not shutil.which("wrk"):
        return {"end": end, "page": "all in turn: needs wrk"}
    paths = json.dumps([path for who, path, _ in pages(folder, end) if who == "officer-1"])[1:-1]
    turn = f"local at = 0\nlocal paths = {{{paths}}}\nrequest = function()\n  at = at % #paths + 1\n"
    turn += "  return wrk.format('GET', paths[at])\nend\n"
    return {"end": end, "page": f"all in turn, {AT_ONCE} at once", **_spent(
        lambda: ask(address, cookie, 4 * seconds, folder, at_once=AT_ONCE, script=turn), pid, folder
    )}  # fmt: skip


def _row(folder: Path, url: str, cookie: str, pid: int, seconds: int) -> dict[str, Any]:
    import httpx

    for _ in range(2):
        first = httpx.get(url, headers={"cookie": cookie}, timeout=60)
    least = max(seconds, ceil(5 * first.elapsed.total_seconds()))
    told = _spent(lambda: ask(url, cookie, least, folder), pid, folder)
    return {"KiB": len(first.content) / 1024, "body": first.content, **told}


def _spent(asking: Callable[[], dict[str, float]], pid: int, folder: Path) -> dict[str, Any]:
    before = _cpu(pid), _database_cpu(folder)
    told = asking()
    now = _cpu(pid), _database_cpu(folder)
    spent = [(one - then) * 1000 / told["pages"] for one, then in zip(now, before, strict=True)]
    over = "over" if told["p95"] > AIM_MS else ""
    return {"p50": told["p50"], "p95": told["p95"], "cpu": spent[0], "db cpu": spent[1], "over": over}


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _database_cpu(folder: Path) -> float:
    """CPU seconds of the sessions that this world's PostgreSQL serves now."""
    server, total = (folder / "postmaster.pid").read_text(encoding="ascii"), 0.0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            if file.read_text(encoding="utf-8").rpartition(")")[2].split()[1] == server:
                total += _cpu(int(file.parent.name))
        except (OSError, IndexError):
            continue
    return total


def _painted(address: str, path: str, cookie: str) -> float | None:
    """First contentful paint of a page in a browser that has nothing cached; None without Chromium."""
    from tests.console.browsing import CHROMIUM, WIDE, started

    if not Path(CHROMIUM).exists():
        return None
    name, _, value = cookie.partition("=")
    with started() as browser:
        browser.new_page().goto("about:blank")
        context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
        context.add_cookies([{"name": name, "value": value, "url": address}])
        page = context.new_page()
        page.goto(address + path)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        return float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def main(args: Sequence[str]) -> None:
    """Measure and print, or be a process of the measurement (what, and a folder)."""
    if args and args[0] in (*ENDS, "floor"):
        _serve(Path(args[1]), args[0])
        return
    short = "--short" in args
    keep = Path(args[args.index("--keep") + 1]) if "--keep" in args else None
    sizes = SHORT if short else (CASES, BREAKS, EXCHANGES, EVENTS)
    load = os.getloadavg()[0]
    with world(sizes, keep) as folder:
        found = rows(folder, SHORT_SECONDS if short else SECONDS)
    title = "the consoles' pages in ms, {:,} cases, {:,} breaks, {:,} past exchanges, {:,} events".format(*sizes)
    print_table(f"{title}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after", COLUMNS, found)
    over = [row for row in found if row["over"]]
    print(f"{len(over)} of {len(found)} over {AIM_MS} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
