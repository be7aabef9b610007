"""The only package that picks adapters. Heavy imports happen inside the functions: Airflow reads this at parse time."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from exchange.domain.errors import NeedsPerson
from exchange.settings import PROJECT, ChannelSettings, Settings, read_settings

if TYPE_CHECKING:
    from exchange.adapters.contracts_files import Problem
    from exchange.desk import Desk
    from exchange.domain.calendar import WorkCalendar
    from exchange.domain.problem import CatalogueEntry
    from exchange.domain.route import Agreement
    from exchange.ports import Channel, Checker, Keys, Ledger, Notifier, Pages, Parts, Scheduler, Source, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a scheduler needs to know of this end before any work: light to read."""

    party: str
    quarterly_routes: tuple[str, ...]
    watch_seconds: int
    sweep_seconds: int
    retries: int
    retry_seconds: int


def now() -> datetime:
    """The system's clock, aware UTC."""
    return datetime.now(UTC)


def agreement(settings: Settings) -> Agreement:
    """Everything the parties agreed, from `contracts/` and `schemas/`."""
    from exchange.adapters.contracts_files import load_agreement

    return load_agreement(settings.project)


def agreement_at(root: Path) -> Agreement:
    """An agreement kept elsewhere, in a folder with `contracts/` and `schemas/`; NeedsPerson 905 for a flaw."""
    from exchange.adapters.contracts_files import load_agreement

    return load_agreement(root)


def outline(settings: Settings | None = None) -> Outline:
    """This end's routes and intervals; no pandas, no database, no network."""
    settings = settings or read_settings()
    agreed = agreement(settings)
    routes = agreed.quarterly_routes(settings.party, settings.channels)
    return Outline(
        party=settings.party, quarterly_routes=routes, watch_seconds=settings.watch_seconds,
        sweep_seconds=settings.sweep_seconds, retries=settings.retries, retry_seconds=settings.retry_seconds,
    )  # fmt: skip


def work_calendar(settings: Settings) -> WorkCalendar:
    """Working days: the official years, this home's own files, and the weekday rule, flagged."""
    from exchange.adapters.calendar_cn import calendar

    folder = settings.at_home(settings.calendar_dir)
    return calendar(folder if folder.is_dir() else None)


def book(settings: Settings) -> Ledger:
    """This end's ledger alone, for a look that asks no other port; an end without a party is refused as by `parts`."""
    from exchange.adapters.ledger_sql import open_ledger

    return open_ledger(settings.ledger, clock=now) if settings.party else parts(settings).ledger


def desk(settings: Settings) -> Desk:
    """What the console keeps of its own at this end."""
    from exchange.adapters.desk_sql import open_desk

    return open_desk(settings.desk)


def today(settings: Settings) -> date:
    """The day to work as of: the settings', or the real one in Asia/Shanghai."""
    return settings.today or now().astimezone(ZoneInfo("Asia/Shanghai")).date()


def parts(settings: Settings | None = None, *, actor: str = "system") -> Parts:
    """Every port of this end, from its settings. Databases and servers are reached when first used, the ledger now."""
    from exchange.adapters.ledger_sql import open_ledger
    from exchange.adapters.print_pdf import PdfPrints
    from exchange.adapters.sheet_xlsx import XlsxSheets
    from exchange.adapters.vault_fs import FsVault
    from exchange.ports import Parts

    settings = settings or read_settings()
    agreed = agreement(settings)
    if settings.party not in agreed.parties:
        name = settings.party
        raise NeedsPerson(
            905, f"{name!r} is not a known party." if name else "This home does not say which party it is.",
            where=str(settings.home / "exchange.toml"),
            next_step=f"Give --home, or set `party` there to one of: {', '.join(sorted(agreed.parties))}.",
        )  # fmt: skip
    calendar = work_calendar(settings)
    return Parts(
        agreement=agreed,
        party=settings.party,
        schemas=_schemas(settings.project / "schemas"),
        source=_source(settings),
        vault=FsVault(settings.vault),
        ledger=open_ledger(settings.ledger, clock=now),
        channels=_channels(settings, agreed),
        keys=_keys(settings, agreed),
        checker=_checker(settings),
        notifier=_notifier(settings),
        pages=_pages(settings),
        sheets=XlsxSheets(),
        prints=PdfPrints(),
        clock=now,
        calendar=calendar,
        is_workday=calendar.is_workday,
        today=today(settings),
        officers=settings.officers,
        actor=actor,
        batch_size=settings.batch_size,
        spread=_spread(settings, actor),
    )


def _spread(settings: Settings, actor: str) -> Spread | None:
    if settings.processes == 1:
        return None
    from exchange.adapters.processes import Processes

    return Processes(partial(opened, settings, actor=actor), most=settings.processes)


def _source(settings: Settings) -> Source:
    """A database, or a folder of exchange XML where the address says so."""
    folder = settings.project / "sources" / settings.party
    if settings.source.startswith("xml+file:"):
        from exchange.adapters.source_xml import XmlSource

        return XmlSource(settings.source, folder=folder)
    from exchange.adapters.source_sql import SqlSource

    return SqlSource(settings.source, folder=folder)


def _schemas(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    return {f.name.removesuffix(".schema.json"): json.loads(f.read_text()) for f in folder.glob("*.schema.json")}


def _pages(settings: Settings) -> Pages:
    from exchange.adapters.contracts_files import load_problems
    from exchange.adapters.pages import HtmlPages

    return HtmlPages(load_problems(settings.project))


def _keys(settings: Settings, agreed: Agreement) -> Keys:
    from exchange.adapters.keys_files import KeyFiles

    live = is_live(agreed, settings.party)
    return KeyFiles(settings.home.resolve(), clock=now, passphrase=passphrase(settings), live=live)


def is_live(agreed: Agreement, party: str) -> bool | None:
    """Whether all routes of a party are live (True) or for tests (False); None when it has both, or none yet."""
    worlds = {not route.test for route in agreed.routes.values() if party in (route.sender, route.receiver)}
    return worlds.pop() if len(worlds) == 1 else None


def passphrase(settings: Settings) -> bytes | None:
    secret = settings.key_passphrase
    return secret.get_secret_value().encode() if secret else None


def _checker(settings: Settings) -> Checker:
    if settings.checker == "plain":
        from exchange.adapters.checker_plain import PlainChecker

        return PlainChecker()
    from exchange.adapters.checker_gx import GxChecker

    return GxChecker(most_rows=settings.gx_most_rows)


def _notifier(settings: Settings) -> Notifier:
    from exchange.adapters.notify_log import LogNotifier

    to_log = LogNotifier(settings.home.resolve() / "alerts.log")
    if settings.mail_url is None:
        return to_log
    from exchange.adapters.notify_apprise import AppriseNotifier

    return AppriseNotifier(settings.mail_url.get_secret_value(), then=to_log)


def _channels(settings: Settings, agreed: Agreement) -> dict[str, Channel]:
    """One channel per counterpart that has settings; one on a lane without settings is found missing when used."""
    return {
        other: _channel(settings, other, told) for other, told in settings.channels.items() if other in agreed.parties
    }


def _channel(settings: Settings, counterpart: str, told: ChannelSettings) -> Channel:
    if told.kind == "folder":
        from exchange.adapters.channel_folder import FolderChannel

        return FolderChannel(settings.at_home(Path(told.root)), own=settings.party, counterpart=counterpart)
    from exchange.adapters.channel_sftp import SftpChannel

    return SftpChannel(
        own=settings.party, counterpart=counterpart, host=told.host, port=told.port, user=told.user, root=told.root,
        key_file=settings.at_home(told.key_file or Path("keys/sftp.key")), host_keys=told.host_keys,
    )  # fmt: skip


COLLECTED: Final = (200_000, 50, 1000)
"""How seldom a process that works on rows looks for cycles of dead objects: it makes millions of values and hardly a
cycle, and walks through all of them each time (docs/adr/0029). Python's own: (700, 10, 10)."""


@contextmanager
def opened(settings: Settings, *, actor: str = "system", pages: bool = False) -> Iterator[Parts]:
    """`parts`, with its channels closed at the end. A process that serves `pages` keeps Python's own thresholds of the
    collector, for seldom collections are long ones."""
    if not pages:
        gc.set_threshold(*COLLECTED)
    made = parts(settings, actor=actor)
    try:
        yield made
    finally:
        for channel in made.channels.values():
            channel.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemText:
    """What an officer reads about an error's code."""

    text_zh: str
    remedy_zh: str


def problem(code: int) -> ProblemText | None:
    """A code's Chinese text and remedy from `schemas/codes/problems.yaml`; None when it is not listed."""
    import yaml

    listed = yaml.safe_load((PROJECT / "schemas/codes/problems.yaml").read_text(encoding="utf-8"))
    for entry in listed:
        if entry["code"] == code:
            return ProblemText(text_zh=entry["text"]["zh"], remedy_zh=entry["remedy"]["zh"])
    return None


def problems(settings: Settings) -> Mapping[int, CatalogueEntry]:
    """The whole catalogue of codes."""
    from exchange.adapters.contracts_files import load_problems

    return load_problems(settings.project)


def check_contracts(settings: Settings) -> list[Problem]:
    """What is wrong where under `contracts/` and `schemas/codes/`."""
    from exchange.adapters.contracts_files import check

    return check(settings.project)


def load_source(settings: Settings, dump: Path) -> None:
    """Load a court's SQL dump into this end's source database, whole or not at all; again is safe."""
    from exchange.adapters.source_sql import load_dump

    load_dump(dump, settings.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The running exchange point: an SFTP server of this machine. `host_key` is its SHA-256 fingerprint."""

    host: str
    port: int
    host_key: str
    stop: Callable[[], None]


def start_point(folder: Path, *, client_key: Path) -> Point:
    """Start the embedded SFTP server on `folder/root`, letting in one client key, which is made when missing."""
    from exchange.adapters.sftp_server import make_key, start_server

    line = make_key(client_key)
    make_key(folder / "host.key")
    authorized = folder / "authorized_keys"
    authorized.write_text(line + "\n")
    (folder / "root").mkdir(exist_ok=True)
    handle = start_server(
        folder / "root", host_key=folder / "host.key", authorized=authorized, state_file=folder / "server.json",
        log=folder / "server.log",
    )  # fmt: skip
    return Point(host="127.0.0.1", port=handle.port, host_key=handle.host_fingerprint, stop=handle.stop)


def stop_leftovers(home: Path) -> None:
    """End what a killed demo left running below this home, told by pid and start time; Airflow's home goes with it."""
    from exchange.adapters.airflow_local import end_leftovers
    from exchange.adapters.sftp_server import stop_recorded

    stop_recorded(home / "point/server.json")
    end_leftovers(home / "airflow")
    shutil.rmtree(home / "airflow", ignore_errors=True)


def local_airflow(home: Path, settings: Settings) -> Scheduler:
    """An Airflow on this machine that serves one end."""
    from exchange.adapters.airflow_local import AirflowLocal

    env = {"EXCHANGE_HOME": str(settings.home.resolve()), "EXCHANGE_PARTY": settings.party}
    return AirflowLocal(home, dags=PROJECT / "dags", plugins=PROJECT / "plugins", env=env, read_in=READ_IN)


READ_IN: Final = "import exchange.journeys; from exchange.wiring import read_in; read_in()"
"""For a process whose forks do the work of this end."""


def read_in() -> None:
    """Import what a task of this end will want, as its settings in the environment have it."""
    from exchange import adapters, steps

    for package in (steps, adapters):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                import_module(module.name)
    if read_settings().checker != "plain":
        from exchange.adapters import checker_gx

        checker_gx.loaded()
