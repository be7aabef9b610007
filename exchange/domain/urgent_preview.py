"""What an urgent transfer will carry, as an officer looks at it before: the very rows, persons masked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.masking import masked
from exchange.domain.route import Route


def shown(
    route: Route, frames: Mapping[str, pd.DataFrame], *, points: int, fresh: bool, exchange: str | None
) -> dict[str, Any]:
    """One route's part: each dataset's rows with the columns that leave. A value that names a person is masked.

    `points` wait for an officer's reason before it goes; `fresh`: this state was not sent yet; `exchange` is the urgent
    transfer that carries this very state already: sending it again opens no other.
    """
    carried = [contract.dataset for contract in route.carries("U") if contract.dataset in frames]
    return {
        "route": route.id, "receiver": route.receiver, "points": points, "fresh": fresh, "exchange": exchange,
        "datasets": [{"dataset": name, "rows": _rows(route, name, frames[name])} for name in carried],
    }  # fmt: skip


def _rows(route: Route, dataset: str, frame: pd.DataFrame) -> list[list[str | None]]:
    columns = route.wire(dataset).columns
    return [
        [masked(column, value) for column, value in zip(columns, row, strict=True)]
        for row in _texts(frame, [c.name for c in columns])
    ]


def _texts(frame: pd.DataFrame, columns: Sequence[str]) -> list[list[str | None]]:
    text = frame.reindex(columns=list(columns)).astype("object")
    rows: list[list[str | None]] = text.where(text.notna(), None).to_numpy().tolist()
    return rows


def rows_sha256(parts: Sequence[tuple[Route, Mapping[str, pd.DataFrame]]]) -> str:
    """A hash of every value that would leave, on all routes, in hex; the order of rows does not matter."""
    told = []
    for route, frames in parts:
        for contract in route.carries("U"):
            if contract.dataset in frames:
                names = route.wire(contract.dataset).names
                rows = sorted(map(str, _texts(frames[contract.dataset], names)))
                told.append([route.id, contract.dataset, rows])
    return sha256_hex(canonical_json(told))
