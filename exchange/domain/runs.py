"""Rows put aside on a private disk, so that a step holds one part of an exchange in memory at a time.

A *run* is a part's rows of one dataset, checked and in the order of its key; `merged` gives many runs back as one, in
that order, block by block. Files are Arrow's own and hold plain rows: they belong into a private folder that goes away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.contract import Contract
from exchange.domain.tabular import sorted_rows, sorted_together
from exchange.domain.text import as_array

Rows = pd.DataFrame | Iterable[pd.DataFrame]
"""A dataset's rows, whole or part by part."""

_AT_ONCE: Final = 200_000
"""Rows of all runs together that are looked at while they are merged."""

_BLOCK: Final = 2_000
"""Rows that are read at once."""

_CASES: Final = 20_000
"""Cases of a share, where nobody says otherwise."""


def shares(
    frames: Mapping[str, pd.DataFrame], records: pd.Series, *, most: int | None = None
) -> Iterator[dict[str, pd.DataFrame]]:
    """Rows of cases, told by their `_record`, in shares of so many cases at most (20,000) with all their rows; where
    they are few, at once."""
    known, most = as_array(records), most or _CASES
    if len(known) <= most:
        yield dict(frames)
        return
    of_row = {name: _share_of(as_array(frame["_record"]), known, most) for name, frame in frames.items()}
    for number in range(-(-len(known) // most)):
        yield {name: frame.loc[of_row[name] == number] for name, frame in frames.items()}


def _share_of(records: pa.Array, known: pa.Array, most: int) -> npt.NDArray[np.int32]:
    places = pc.fill_null(pc.index_in(records, value_set=known), 0)
    return np.asarray(places, dtype=np.int32) // most


def put_aside(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write text frames as they are into a new folder."""
    folder.mkdir(parents=True)
    for number, (name, frame) in enumerate(frames.items()):
        columns = [as_array(frame[column]) for column in frame]
        _write(pa.table(columns, names=list(frame.columns)), folder / f"{number:02d}.{name}")


def taken_up(folder: Path) -> dict[str, pd.DataFrame]:
    """The frames that were put aside, in their order; the files are gone after."""
    frames = {}
    for path in sorted(folder.iterdir()):
        with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as stored:
            frames[path.name.partition(".")[2]] = stored.read_all().to_pandas().astype("str")
        path.unlink()
    return frames


def put_aside_in(folder: Path) -> list[str]:
    """The names of the frames that were put aside, in their order."""
    return [path.name.partition(".")[2] for path in sorted(folder.iterdir())]


def looked_up(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of one of the frames that were put aside, which stay there."""
    (path,) = folder.glob(f"*.{name}")
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as stored:
        table = stored.read_all().select(list(columns))
    found: pd.DataFrame = table.to_pandas().astype("str")
    return found


def _write(table: pa.Table, path: Path) -> None:
    """Write a table in blocks small enough to be read one by one."""
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as made:
        made.write_table(table, max_chunksize=_BLOCK)


def add_run(frame: pd.DataFrame, contract: Contract, path: Path) -> None:
    """Check a part's rows and put them aside in the order of their key. Raises 501, 502, 504, 506."""
    _write(sorted_rows(frame, contract), path)


def merged(paths: Sequence[Path], contract: Contract) -> Iterator[pa.Table]:
    """The rows of all runs in the order of the key, in blocks; NeedsPerson 506 for a key that is in two of them.

    Of each run no more than its share of `_AT_ONCE` rows is held, and all rows that begin with the same key value.
    """
    share = max(_AT_ONCE // max(len(paths), 1), _BLOCK)
    runs = [_Run(path, contract, share) for path in paths]
    try:
        while runs := [run for run in runs if run.filled()]:
            bound = min((run.last for run in runs if not run.ended), default=None)
            parts = [run.until(bound) for run in runs]
            block = pa.concat_tables(parts)
            if block.num_rows:
                yield sorted_together(block, contract) if sum(p.num_rows > 0 for p in parts) > 1 else block
            else:
                next(run for run in runs if not run.ended and run.last == bound).more()
    finally:
        for run in runs:
            run.close()


class _Run:
    """One run, read from its front."""

    def __init__(self, path: Path, contract: Contract, share: int) -> None:
        self._source = pa.OSFile(str(path))
        self._stored = pa.ipc.open_file(self._source)
        self._next, self._share = 0, share
        self._key = contract.key[0]
        self._kind = pa.int64() if contract.column(self._key).type == "int" else pa.large_string()
        self._held = self._stored.schema.empty_table()

    @property
    def ended(self) -> bool:
        """Whether all of it has been read."""
        return bool(self._next >= self._stored.num_record_batches)

    @property
    def last(self) -> Any:
        """The first key value of the last row held."""
        return self._held[self._key].slice(self._held.num_rows - 1).cast(self._kind)[0].as_py()

    def filled(self) -> bool:
        """Read on when nothing is held; False at the end."""
        if not self._held.num_rows:
            self.more()
        return bool(self._held.num_rows)

    def more(self) -> None:
        """Read another share."""
        batches, rows = self._held.to_batches(), 0
        while rows < self._share and not self.ended:
            batches.append(self._stored.get_batch(self._next))
            rows += batches[-1].num_rows
            self._next += 1
        self._held = pa.Table.from_batches(batches, schema=self._stored.schema)

    def until(self, bound: Any) -> pa.Table:
        """Take the rows whose first key value lies before a bound; all of them when there is none."""
        if bound is None:
            taken, self._held = self._held, self._held.slice(self._held.num_rows)
            return taken
        count = pc.sum(pc.less(self._held[self._key].cast(self._kind), pa.scalar(bound, self._kind))).as_py() or 0
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        return taken

    def close(self) -> None:
        """Let the file go."""
        self._source.close()
