"""`exchange sample`: a synthetic world of any size, with defects and the answers they lead to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from exchange import wiring
from exchange.cli.common import Home, Json, a_quarter, out, settings_of, working
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period

if TYPE_CHECKING:
    from exchange.sample.setting import Setting
    from exchange.sample.world import Made

T = TypeVar("T")
PART, MARK = ".part", ".synthetic"
"""A folder being made; the file that tells a folder of ours, which may be replaced."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sample")(sample)


def sample(
    seed: Annotated[int, typer.Option(help="The same seed and options give the same bytes.")] = 1,
    cases: Annotated[int, typer.Option(min=1, max=2_000_000, help="Cases in the court's database.")] = 600,
    defects: Annotated[
        str,
        typer.Option(
            help="none, all, mixed (all, and cases where several meet), or a list of ids and edge cases: E04,masked."
        ),
    ] = "all",
    into: Annotated[Path | None, typer.Option(help="Folder to write; `sample-<seed>` when absent.")] = None,
    party: Annotated[str, typer.Option(help="The court end whose world it is.")] = "court-131100",
    courts: Annotated[int | None, typer.Option(help="Only the first so many of the party's courts.")] = None,
    period: Annotated[str, typer.Option(callback=a_quarter, help="The quarter, as 2026Q3.")] = "2026Q3",
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day the quarter is run.")
    ] = None,
    open_share: Annotated[
        float, typer.Option("--open", min=0, max=1, help="Share of ordinary cases still open.")
    ] = 0.45,
    form: Annotated[
        list[str] | None, typer.Option(help="sql (loads anywhere), sqlite, csv (for COPY); may be given again.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help="Instead of a world, edge cases over time: E02,E24 or all; E24+E26 is both in one world."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Print the catalogue of defects and stop.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make a synthetic world: a court's database, the tax bureau's return, and the answers they must lead to.

    Everything in it is invented; what is planted where is told under `notes` in answers.json.
    See docs/sample-worlds.md.
    """
    if list_:
        _list(as_json)
        return
    quarter = Period.parse(period)
    settings = settings_of(home)
    setting = _setting(settings, party, courts, quarter, as_of, seed)
    folder = (into or Path(f"sample-{seed}")).resolve()
    if scenario is not None:
        _in_place(folder, lambda half: _scenarios(half, setting, scenario))
        out.print(f"[green]✓[/] {folder}", soft_wrap=True)
        return
    began = time.monotonic()
    made = _made(folder, setting, cases, defects, open_share, tuple(form or ["sql"]))
    _tell(folder, made, setting, time.monotonic() - began, as_json)


def _setting(
    settings: Any, party: str, courts: int | None, quarter: Period, as_of: datetime | None, seed: int
) -> Setting:
    from exchange.sample.setting import read_codes, setting_of

    calendar = wiring.work_calendar(settings)
    return setting_of(
        wiring.agreement(settings), party=party, courts=courts, period=quarter, seed=seed,
        as_of=as_of.date() if as_of else calendar.quarter_limit(quarter.last_day),
        source_codes=read_codes(settings.project / "sources", party), is_workday=calendar.is_workday,
    )  # fmt: skip


def _made(folder: Path, setting: Setting, cases: int, defects: str, open_share: float, forms: tuple[str, ...]) -> Made:
    """A world, and with all defects the scenarios beside it."""
    from exchange.sample.world import Wish, make_world, wished_plants

    plants, mixed = wished_plants([word.strip() for word in defects.split(",") if word.strip()])
    wish = Wish(cases=cases, plants=plants, mixed=mixed, open_share=open_share, forms=forms)

    def make(half: Path) -> Made:
        made = make_world(half, setting, wish)
        if {"all", "mixed"} & set(defects.split(",")):
            _scenarios(half / "scenarios", setting, "all")
        return made

    return _in_place(folder, make)


def _scenarios(folder: Path, setting: Setting, scenario: str) -> None:
    from exchange.sample.playing import wished_scenarios, write_scenarios

    for name, several in wished_scenarios(scenario.split(",")).items():
        write_scenarios(folder / name, setting, several)


def _in_place(folder: Path, make: Callable[[Path], T]) -> T:
    """Make a folder beside where it goes, and put it there when it is whole."""
    _ours(folder)
    half = folder.with_name(f".{folder.name}{PART}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        with working("生成案例 making cases …"):
            made = make(half)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    (half / MARK).write_text("made by exchange sample\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    half.replace(folder)
    return made


def _ours(folder: Path) -> None:
    """NeedsPerson 936 when the folder holds anything but an earlier world."""
    if folder.exists() and not (folder.is_dir() and ((folder / MARK).is_file() or not any(folder.iterdir()))):
        raise NeedsPerson(
            936, "The folder holds something else than a synthetic world.", where=str(folder),
            next_step="Give another --into, or an empty folder.",
        )  # fmt: skip


def _tell(folder: Path, made: Made, setting: Setting, seconds: float, as_json: bool) -> None:
    told: Mapping[str, Any] = {
        "folder": str(folder), "period": str(setting.period), "as_of": setting.as_of.isoformat(), "cases": made.cases,
        "selected": made.selected, "sent": made.sent, "claims": made.claims, "lines": made.lines, "breaks": made.breaks,
        "planted": sum(made.plants.values()), "seconds": round(seconds, 1),
    }  # fmt: skip
    if as_json:
        out.print_json(data=dict(told))
        return
    words = {
        "cases": "案件", "selected": "入选", "sent": "应传送", "claims": "申报", "lines": "明细", "breaks": "差异",
        "planted": "所植缺陷", "seconds": "用时（秒）",
    }  # fmt: skip
    table = Table(box=None, show_header=False)
    for name, zh in words.items():
        table.add_row(f"{zh} {name}", f"{told[name]:,}")
    out.print(table)
    out.print(f"[green]✓[/] {folder}", soft_wrap=True)
    if (folder / "court_db.sql").is_file():
        out.print(
            f"试跑 try it: exchange demo --source {folder}/court_db.sql --return {folder}/tax_return "
            f"--period {setting.period} --as-of {setting.as_of} --pair {setting.party.id.partition('-')[2]} "
            "--home demo-home --no-airflow",
            soft_wrap=True,
        )


def _list(as_json: bool) -> None:
    from exchange.sample.catalogue import catalogue
    from exchange.sample.scenarios import SCENARIOS

    plants = catalogue().values()
    if as_json:
        rows = [{"id": p.id, "edges": list(p.edges), "zh": p.zh, "en": p.en, "expected": p.expected} for p in plants]
        over_time = [{"id": s.id, "zh": s.zh, "en": s.en, "must": list(s.must)} for s in SCENARIOS.values()]
        out.print_json(data={"defects": rows, "scenarios": over_time})
        return
    table = Table("缺陷 defect", "", "是什么 what", "应有结果 expected", box=None)
    for plant in plants:
        table.add_row(plant.id, ",".join(plant.edges), f"{plant.zh}\n[dim]{plant.en}[/]", plant.expected)
    out.print(table)
    table = Table("情景 --scenario", "是什么 what", "应有结果 expected", box=None)
    for one in SCENARIOS.values():
        table.add_row(one.id, f"{one.zh}\n[dim]{one.en}[/]", "\n".join(one.must))
    out.print(table)
