"""Where a quarter's statement stands between two ends, and how it came there. Light to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from exchange.domain import lifecycle
from exchange.domain.audit import Event
from exchange.domain.statement_terms import (
    CHECKED,
    COUNTERSIGNED,
    DIFFERS,
    MADE,
    PREPARED,
    REFUSED,
    REFUSED_THERE,
    SIGNED,
    TOLD,
)

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "made": ("已制作", "made"),
    "prepared": ("已提交，待第二人签署", "put forward, waits for a second officer"),
    "signed": ("已签署", "signed here"),
    "sent": ("已送出，待对方回执", "sent, waits for the receipt"),
    "there": ("对方已收到，待其核对会签", "with the other side, waits for its word"),
    "not_taken": ("对方退回数据包", "its packet was sent back"),
    "agrees": ("对方所签与我方一致，待会签", "theirs agrees with ours, waits to be counter-signed"),
    "differs": ("对方所签与我方有差异", "theirs differs from ours"),
    "refused": ("我方已退回", "refused here"),
    "refused_there": ("对方已退回", "refused by the other side"),
    "countersigned": ("双方已签署", "signed by both sides"),
}
"""A state → its words."""

_STEPS: Final[Mapping[str, str]] = {
    MADE: "made", PREPARED: "prepared", SIGNED: "signed", CHECKED: "agrees", DIFFERS: "differs", REFUSED: "refused",
    REFUSED_THERE: "refused_there", COUNTERSIGNED: "countersigned",
}  # fmt: skip
_WAYS: Final[Mapping[str, str]] = {
    lifecycle.ACCEPTED: "there", lifecycle.REJECTED: "not_taken", lifecycle.REFUSED: "not_taken",
}  # fmt: skip


def life_of(
    made: Mapping[str, Any],
    events: Iterable[Event],
    state_of: Callable[[str], tuple[str, datetime | None] | None],
    *,
    ours: bool,
) -> dict[str, Any]:
    """Of the newest version: its state, how many values differ, and each step with who and when.

    `state_of` tells an exchange's state and since when, by key; `ours`: this end sends the cases, so that its
    signature is the first and not the counter-signature.
    """
    steps = [step for event in events for step in _steps(event, made["sha256"], state_of, ours=ours)]
    told = [step for step in steps if "differing" in step]
    return {
        "route": made["route"], "period": made["period"], "version": made["version"], "sha256": made["sha256"],
        "state": steps[-1]["what"] if steps else "made", "differing": told[-1]["differing"] if told else None,
        "steps": steps,
    }  # fmt: skip


def _steps(
    event: Event, sha256: str, state_of: Callable[[str], tuple[str, datetime | None] | None], *, ours: bool
) -> list[dict[str, Any]]:
    if event.body.get("sha256") != sha256:
        return []
    if event.kind == TOLD:
        return _way(event, state_of, ours=ours)
    if event.kind not in _STEPS:
        return []
    what = "countersigned" if event.kind == SIGNED and not ours else _STEPS[event.kind]
    step = {"what": what, "at": event.at.isoformat(), "by": event.actor}
    return [step | {name: event.body[name] for name in ("differing", "reason_sha256") if name in event.body}]


def _way(
    event: Event, state_of: Callable[[str], tuple[str, datetime | None] | None], *, ours: bool
) -> list[dict[str, Any]]:
    """How far the exchange that carries it came; what the receiver of the cases said stands when it is on its way."""
    state, since = state_of(event.body["exchange"]) or (lifecycle.APPROVED, event.at)
    what = _WAYS.get(state, "sent")
    at = (since or event.at).isoformat()
    step = {"what": what, "at": at, "by": event.actor, "exchange": event.body["exchange"]}
    return [step] if ours or what == "not_taken" else []
