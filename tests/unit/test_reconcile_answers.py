"""Both sample worlds give exactly the breaks, infos and counts their answers hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exchange.domain.breaks import Result
from exchange.domain.reconciliation import reconcile_books
from tests.unit import reconcile_worlds as worlds


def shapes(found: Iterable[Mapping[str, Any]]) -> set[tuple[tuple[str, Any], ...]]:
    return {tuple(sorted(one.items(), key=str)) for one in found}


def reconciled(world: str, folder: Path) -> Result:
    agreed = worlds.agreed()
    as_of = date.fromisoformat(worlds.answers(world)["as_of"])
    return reconcile_books(
        worlds.books(world, folder), route_out=agreed.route("131100-cases"), levy=agreed.codes["levy"], as_of=as_of
    )


@pytest.mark.parametrize("world", ["sample", "sample2"])
def test_the_answers_to_the_letter(world: str, tmp_path: Path) -> None:
    result, expected = reconciled(world, tmp_path).as_outcome(), worlds.answers(world)
    assert shapes(result["breaks"]) == shapes(expected["breaks"])
    assert len(result["breaks"]) == len(expected["breaks"])
    assert shapes(result["infos"]) == shapes(expected["infos"])
    assert result["break_counts"] == expected["break_counts"]


@pytest.mark.parametrize("world", ["sample", "sample2"])
def test_the_same_books_give_the_same_result_in_any_order_of_rows(world: str, tmp_path: Path) -> None:
    first = reconciled(world, tmp_path)
    books = worlds.books(world, tmp_path / "again") if (tmp_path / "again").mkdir() is None else None
    assert books is not None
    shuffled = type(books)(
        **{name: getattr(books, name).sample(frac=1, random_state=7) for name in books.__dataclass_fields__}
    )
    agreed = worlds.agreed()
    again = reconcile_books(
        shuffled,
        route_out=agreed.route("131100-cases"),
        levy=agreed.codes["levy"],
        as_of=date.fromisoformat(worlds.answers(world)["as_of"]),
    )
    assert [b.id for b in again.breaks] == [b.id for b in first.breaks]
    assert [b.amounts for b in again.breaks] == [b.amounts for b in first.breaks]
    assert again.as_outcome() == first.as_outcome()
