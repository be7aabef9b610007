"""An answer's files taken apart on a private disk, so that a country's claims are checked a part at a time.

A claim's rows stay together: they are parted by the first column of their key, which is the claim's number (of a
status the debtor's). Every rule of `answering` looks at one claim or at one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import pandas as pd

from exchange.domain.answering import LINE
from exchange.domain.contract import Contract
from exchange.domain.route import Route
from exchange.domain.runs import put_aside, taken_up
from exchange.domain.tabular import KeyOrder, join_frames, read_parts

BYTES: Final = 40 * 2**20
"""Bytes of the files that make about one part."""


def answer_parts(
    files: Mapping[str, Path], route: Route, folder: Path, *, parts: int
) -> Iterator[dict[str, pd.DataFrame]]:
    """The rows of every dataset an answer carries, in so many parts, each row with the number of its line under `LINE`.

    A dataset without a file has no rows. Raises NeedsPerson 501, 502, 504, 505, 506.
    """
    contracts = {contract.dataset: route.wire(contract.dataset) for contract in route.carries("A")}
    for dataset, file in files.items():
        with file.open("rb") as stream:
            _put_apart(stream, contracts[dataset], folder, parts)
    for part in range(parts):
        yield {dataset: _together(folder / f"{part}" / dataset, contract) for dataset, contract in contracts.items()}


def _put_apart(stream: BinaryIO, contract: Contract, folder: Path, parts: int) -> None:
    line = 2
    for number, frame in enumerate(read_parts(stream, contract, KeyOrder(contract), from_people=True)):
        lined = frame.assign(**{LINE: np.arange(line, line + len(frame)).astype("str")}).astype("str")
        line += len(frame)
        places = pd.util.hash_array(frame[contract.key[0]].to_numpy(dtype=object), categorize=False) % parts
        for part in range(parts):
            some = lined if parts == 1 else lined.loc[places == part]
            put_aside({contract.dataset: some}, folder / f"{part}" / contract.dataset / f"{number:06d}")


def _together(folder: Path, contract: Contract) -> pd.DataFrame:
    pieces = [taken_up(piece)[contract.dataset] for piece in sorted(folder.iterdir())] if folder.is_dir() else []
    if not pieces:
        return pd.DataFrame(columns=[*contract.names, LINE], dtype="str")
    return join_frames(pieces, contract)
