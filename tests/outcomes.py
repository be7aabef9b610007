"""Compares an outcome with a world's answers, for every key the design names, as sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema

WORLDS: Final = Path(__file__).parent / "worlds"
SCHEMAS: Final = Path(__file__).parents[1] / "schemas"
LISTS: Final = ("selected", "sent", "normalised", "quarantined", "warned", "breaks", "infos", "urgent")


def answers(world: str) -> dict[str, Any]:
    """What a world must lead to."""
    loaded: dict[str, Any] = json.loads((WORLDS / world / "answers.json").read_text(encoding="utf-8"))
    return loaded


def assert_valid(outcome: dict[str, Any]) -> None:
    """It is what schemas/outcome.schema.json says."""
    jsonschema.validate(outcome, json.loads((SCHEMAS / "outcome.schema.json").read_text(encoding="utf-8")))


def assert_same(outcome: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every comparable key agrees; the message says what is missing and what is too much."""
    assert (outcome["period"], outcome["as_of"]) == (expected["period"], expected["as_of"])
    assert outcome["break_counts"] == expected["break_counts"]
    for name in LISTS:
        ours, theirs = _as_set(outcome[name]), _as_set(expected[name])
        assert ours == theirs, f"{name}: missing {sorted(theirs - ours)}, too much {sorted(ours - theirs)}"
        assert len(outcome[name]) == len(expected[name]), f"{name} lists something twice"


def _as_set(items: list[Any]) -> set[str]:
    return {json.dumps(_canonical(item), ensure_ascii=False, sort_keys=True) for item in items}


def _canonical(item: Any) -> Any:
    if isinstance(item, dict):
        return {k: sorted(v) if isinstance(v, list) else v for k, v in item.items()}
    return item
