"""Scenarios as files: a folder a state, and `expected.json`."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exchange.domain.errors import NeedsPerson
from exchange.sample.making import Maker
from exchange.sample.scenarios import SCENARIOS, Scenario, State, at
from exchange.sample.setting import Setting
from exchange.sample.world import Writer


def wished_scenarios(words: Sequence[str]) -> Mapping[str, tuple[Scenario, ...]]:
    """The scenarios of a list, by the folder they go to; `E24+E26` is two in one world, `all` each in its own.

    NeedsPerson 936 for one there is not, and for two in one world that do not share their days.
    """
    found = {}
    for word in SCENARIOS if "all" in words else words:
        unknown = [name for name in word.split("+") if name not in SCENARIOS]
        if unknown:
            raise NeedsPerson(
                936, "There is no such scenario.", where=unknown[0], next_step=f"One of: {', '.join(SCENARIOS)}, all."
            )
        found[word] = tuple(SCENARIOS[name] for name in word.split("+"))
    return found


def write_scenarios(folder: Path, setting: Setting, scenarios: Sequence[Scenario]) -> Sequence[Path]:
    """Write scenarios into one world: a folder a state with answers, and what must happen; the folders in order."""
    maker = Maker(setting)
    played = [scenario.states(maker) for scenario in scenarios]
    days = [[(state.period, state.as_of) for state in states] for states in played]
    if any(one != days[0] for one in days):
        raise NeedsPerson(
            936, "These scenarios do not share their days.", where="+".join(one.id for one in scenarios),
            next_step="Ask for each by itself.",
        )  # fmt: skip
    folders = [folder / f"{number}-{as_of}" for number, (_, as_of) in enumerate(days[0], 1)]
    for into, states in zip(folders, zip(*played, strict=True), strict=True):
        _write_state(into, setting, states)
    told = [
        {
            "id": scenario.id, "zh": scenario.zh, "en": scenario.en, "party": setting.party.id, "must": scenario.must,
            "states": [_told(state, into) for state, into in zip(states, folders, strict=True)],
        }
        for scenario, states in zip(scenarios, played, strict=True)
    ]  # fmt: skip
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
    return folders


def _write_state(folder: Path, setting: Setting, states: Sequence[State]) -> None:
    writer = Writer(folder, at(setting, states[0]), ("sql",))
    for state in states:
        for estate in state.estates:
            writer.take(estate)
    writer.close({"seed": setting.seed})
    for state in states:
        if state.extra_column is not None:
            _widen(folder / "tax_return" / "tax_claim.csv", *state.extra_column)


def _told(state: State, folder: Path) -> Mapping[str, Any]:
    return {
        "folder": folder.name, "period": state.period, "as_of": state.as_of.isoformat(),
        "run": "quarter" if state.quarter else "watch", "expected": dict(state.fields),
    }  # fmt: skip


def _widen(path: Path, column: str, value: str) -> None:
    """Put a column of its own behind every row of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[*header, column], *([*row, value] for row in rows)])
