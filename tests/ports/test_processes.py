"""Batches in processes of their own: the same content as in turn; an error comes back as it was raised."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.ends import AS_OF, PERIOD, both_ends
from bench.world import build
from exchange import journeys
from exchange.adapters.processes import Processes
from exchange.domain.errors import NeedsPerson, RetryLater

ROUTE = "131100-cases"


def _refuse(_: Any, key: str, batch: str) -> None:
    if batch == "b002":
        raise NeedsPerson(927, "Nothing gives it.", where=f"{key}/{batch}", next_step="Add a query.")


def _die(_: Any, __: str, batch: str) -> None:
    if batch == "b001":
        os._exit(9)


def _note(parts: Path, key: str, batch: str) -> None:
    (parts / f"{key}.{batch}.{os.getpid()}").touch()


def test_every_batch_is_taken_in_another_process(tmp_path: Path) -> None:
    Processes(partial(nullcontext, tmp_path), most=2)(_note, "k", ["b001", "b002", "b003"])  # type: ignore[arg-type]
    found = [path.name.split(".") for path in tmp_path.iterdir()]
    assert sorted(batch for _, batch, _ in found) == ["b001", "b002", "b003"]
    assert str(os.getpid()) not in {process for _, _, process in found}


class _Counted(AbstractContextManager[Path]):
    """An end that leaves a file when it is opened, and one when it is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Path:
        (self._folder / f"opened.once.{os.getpid()}").touch(exist_ok=False)
        return self._folder

    def __exit__(self, *_: object) -> None:
        (self._folder / f"closed.once.{os.getpid()}").touch(exist_ok=False)


def test_a_process_opens_the_end_once_and_closes_it(tmp_path: Path) -> None:
    Processes(partial(_Counted, tmp_path), most=1)(_note, "k", ["b001", "b002"])  # type: ignore[arg-type]
    found = sorted(path.name.split(".")[:2] for path in tmp_path.iterdir())
    assert found == [["closed", "once"], ["k", "b001"], ["k", "b002"], ["opened", "once"]]


def test_what_a_process_raises_is_raised_here() -> None:
    with pytest.raises(NeedsPerson) as caught:
        Processes(partial(nullcontext, None), most=2)(_refuse, "k", ["b001", "b002"])  # type: ignore[arg-type]
    told = (caught.value.what, caught.value.where, caught.value.next_step)
    assert (caught.value.code, *told) == (927, "Nothing gives it.", "k/b002", "Add a query.")


def test_a_process_that_is_killed_is_told_and_tried_again() -> None:
    with pytest.raises(RetryLater) as caught:
        Processes(partial(nullcontext, None), most=1)(_die, "k", ["b001", "b002"])  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.where) == (929, "k")


def test_a_quarter_read_by_two_processes_is_the_same_content(tmp_path: Path) -> None:
    source = build(tmp_path / "court.db", 24)
    hashes = []
    for name, processes in (("alone", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        more = {"checker": "plain", "batch_size": 6, "processes": processes}
        with both_ends(tmp_path / name, source, **more) as (court, _):
            key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
            hashes.append(journeys.record(court, key).content_hash)
            assert court.ledger.verify() == []
    assert hashes[0] == hashes[1]
