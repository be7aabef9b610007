"""The console's worker, a process of its own: jobs that outlast a page, and sweeps where Airflow does none.

    python -m exchange.console.work

A job killed in the middle is taken up again: journeys find what they left. Of several workers of one end one works.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from exchange import journeys
from exchange.console import uploads
from exchange.console.house import House, opened
from exchange.desk import Job
from exchange.domain.errors import ExchangeError, RetryLater
from exchange.settings import read_settings
from exchange.steps.add_up import add_up
from exchange.steps.list_matches import list_matches

if TYPE_CHECKING:
    from exchange.ports import Parts

log = structlog.get_logger("console")

_LEASE: Final = "console-work"
_PAUSE_SECONDS: Final = 0.4


def _quarterly(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    as_of = date.fromisoformat(told["as_of"]) if told.get("as_of") else None
    return {"exchange": journeys.quarterly(parts, told["route"], told["period"], as_of)}


def _answer(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"exchange": journeys.answer(parts, Path(told["folder"]), told.get("route"))}


def _urgent(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    key = journeys.urgent(parts, told["case_no"], told["reason"], parts.actor, seen=told.get("seen"))
    return {"exchange": key}


def _preview(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"preview": journeys.preview_urgent(parts, told["case_no"])}


def _onward(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    journeys.onward(parts, told["exchange"])
    return {"exchange": told["exchange"]}


def _reconcile(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    journeys.reconcile(parts, told["exchange"])
    return {"exchange": told["exchange"]}


def _assemble(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    with parts.ledger.lock(f"run:{told['exchange']}"):
        journeys.assemble(parts, told["exchange"])
    return {"exchange": told["exchange"]}


def _verify(parts: Parts, _: Mapping[str, Any]) -> Mapping[str, Any]:
    found = journeys.audited(parts)
    return {"problems": list(found)}


def _share(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"exchange": journeys.share(parts, told.get("route"))}


def _add_up(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    journeys.call(add_up, parts, told["period"], told["route"])
    return dict(told)


def _match(parts: Parts, _: Mapping[str, Any]) -> Mapping[str, Any]:
    journeys.call(list_matches, parts)
    return {}


def _prove(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(journeys.prove(parts, told))


def _sweep(parts: Parts, _: Mapping[str, Any]) -> Mapping[str, Any]:
    swept = journeys.sweep(parts)
    problems = [{"where": where, "code": problem.code} for where, problem in swept.problems]
    return {"done": dict(swept.done), "problems": problems}


KINDS: Final[Mapping[str, Callable[[Parts, Mapping[str, Any]], Mapping[str, Any]]]] = {
    "quarterly": _quarterly,
    "answer": _answer,
    "urgent": _urgent,
    "preview": _preview,
    "onward": _onward,
    "reconcile": _reconcile,
    "share": _share,
    "add_up": _add_up,
    "match": _match,
    "sweep": _sweep,
    "assemble": _assemble,
    "verify": _verify,
    "prove": _prove,
}
"""What may be asked for, by the name a job carries."""


def work_once(house: House) -> Job | None:
    """Do the oldest job, if there is one and nobody else works; the job as it ended."""
    with house.parts.ledger.lock(_LEASE):
        job = house.desk.take()
        if job is None:
            return None
        ended = _done(house, job)
        house.desk.end(ended, house.now)
        if job.kind == "answer":
            uploads.forget(house.settings, job.arguments["folder"])
    return ended


def _done(house: House, job: Job) -> Job:
    person = house.desk.person(job.by)
    parts = house.parts_for(person) if person else replace(house.parts, actor=job.by, officers=house.officers())
    try:
        return replace(job, state="done", found=KINDS[job.kind](parts, job.arguments))
    except ExchangeError as error:
        return replace(job, state="failed", code=error.code, what=error.what, where=error.where)
    except Exception as fault:
        log.error("job_fault", job=job.id, kind=job.kind, fault=type(fault).__name__)  # noqa: TRY400 its text may quote a row
        return replace(job, state="failed", what=type(fault).__name__)


def run(house: House, *, until: Callable[[], bool]) -> None:
    """Jobs as they come, a sweep and a watch every so often, until told to stop."""
    sweeps = house.settings.console.sweep_seconds
    clocks = [_Clock(sweeps, journeys.sweep), _Clock(sweeps and house.settings.watch_seconds, journeys.watch)]
    while not until():
        busy = False
        try:
            busy = work_once(house) is not None
            for clock in clocks:
                if clock.strikes():
                    clock.action(replace(house.parts, today=house.today, officers=house.officers()))
        except RetryLater:
            pass
        except ExchangeError as error:
            log.warning("worker_problem", code=error.code)
        if not busy:
            time.sleep(_PAUSE_SECONDS)


@dataclass(slots=True)
class _Clock:
    """What is done every so many seconds, the first time at once; never with 0."""

    seconds: int
    action: Callable[[Parts], object]
    due: float = 0.0

    def strikes(self) -> bool:
        if not self.seconds or time.monotonic() < self.due:
            return False
        self.due = time.monotonic() + self.seconds
        return True


def main() -> None:
    """Work for the home of the environment until the console that started this ends."""
    parent = os.getppid()
    with opened(read_settings()) as house:
        run(house, until=lambda: os.getppid() != parent)


if __name__ == "__main__":
    main()
