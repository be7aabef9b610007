"""What an exchange will send, as final bytes: the files an officer approves by their hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.ahead import ahead, together
from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Route

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from exchange.domain.contract import Contract

RECORDS: Final = "records.parquet"
"""Which of the source's cases each case number is: kept at home, beside the files that travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFile:
    """One file: `path` like `data/case_debtor-0001.csv`, `sha256` in hex, `totals` money column → sum."""

    path: str
    bytes: int
    sha256: str
    rows: int
    totals: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        """Whether it holds rows; a document holds none."""
        return self.path.startswith("data/")

    @property
    def dataset(self) -> str:
        """The dataset whose rows it holds."""
        return self.path.removeprefix("data/").rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All files of an exchange. `hash` names exactly these bytes; `totals` dataset → money column → sum."""

    hash: str
    files: tuple[ContentFile, ...]
    totals: Mapping[str, Mapping[str, str]]

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each dataset."""
        counted: dict[str, int] = {}
        for file in filter(lambda file: file.is_table, self.files):
            counted[file.dataset] = counted.get(file.dataset, 0) + file.rows
        return counted


def stage_content(
    frames: Mapping[str, pd.DataFrame],
    route: Route,
    folder: Path,
    *,
    records: pd.DataFrame | None = None,
    kind: str = "Q",
) -> Content:
    """Write the final CSV files and `content.json` into a folder, in the route's order of datasets.

    Every dataset a packet of this kind carries gets a file, with the route's columns of it; one without a frame or
    rows has the header alone. `records` (case_no and `_record`, the source's id) go into
    `records.parquet` beside them.
    Raises NeedsPerson 501 to 506.
    """
    return stage_parts([frames], route, folder, records=records, kind=kind)


def stage_documents(documents: Mapping[str, bytes], folder: Path) -> Content:
    """Documents that travel instead of rows, and `content.json`, written into a folder."""
    files = []
    for path, data in sorted(documents.items()):
        (folder / path).write_bytes(data)
        files.append(ContentFile(path=path, bytes=len(data), sha256=sha256_hex(data), rows=0))
    content = Content(hash=content_hash(files), files=tuple(files), totals={})
    (folder / "content.json").write_bytes(dump_content(content))
    return content


def stage_parts(
    parts: Iterable[Mapping[str, pd.DataFrame]],
    route: Route,
    folder: Path,
    *,
    records: pd.DataFrame | None = None,
    kind: str = "Q",
) -> Content:
    """The same of an exchange that comes part by part: the same rows give the same bytes, however they are parted.

    No more than two parts, or two blocks of the files, are held in memory.
    """
    from exchange.domain.parquet import to_parquet
    from exchange.domain.tabular import add_totals

    (folder / "data").mkdir(parents=True, exist_ok=True)
    runs = _runs(parts, route, folder, kind)
    carried = [route.wire(whole.dataset) for whole in route.carries(kind)]
    written = together(lambda contract: [*_files(runs[contract.dataset], contract, folder)], carried)
    files = [file for of_dataset in written for file in of_dataset]
    totals: dict[str, dict[str, str]] = {}
    for file in files:
        totals[file.dataset] = add_totals(file.totals, totals.get(file.dataset, {}))
    content = Content(hash=content_hash(files), files=tuple(files), totals=totals)
    (folder / "content.json").write_bytes(dump_content(content))
    if records is not None:
        (folder / RECORDS).write_bytes(to_parquet(records[["case_no", "_record"]].sort_values("case_no")))
    return content


def _runs(parts: Iterable[Mapping[str, pd.DataFrame]], route: Route, folder: Path, kind: str) -> dict[str, list[Path]]:
    """Each part's rows of each dataset, checked and sorted, in a file of its own; where they lie by dataset."""
    carried = {whole.dataset: whole for whole in route.carries(kind)}
    runs = list(map(partial(_runs_of_part, carried, route, folder), count(), ahead(parts)))
    return {dataset: [of_part[dataset] for of_part in runs] for dataset in carried}


def _runs_of_part(
    carried: Mapping[str, Contract], route: Route, folder: Path, number: int, frames: Mapping[str, pd.DataFrame]
) -> dict[str, Path]:
    import pandas as pd

    from exchange.domain.runs import add_run

    runs = {}
    for dataset in frames:
        route.contract(dataset)
    for dataset, whole in carried.items():
        contract = route.wire(dataset)
        frame = frames.get(dataset)
        if frame is None:
            frame = pd.DataFrame(columns=list(whole.names), dtype="str")
        stays = [name for name in whole.names if name not in contract.names]
        runs[dataset] = folder / f".{dataset}-{number:06d}.run"
        add_run(frame.drop(columns=stays, errors="ignore"), contract, runs[dataset])
    return runs


def _files(runs: Sequence[Path], contract: Contract, folder: Path) -> Iterator[ContentFile]:
    """The runs of one dataset as its files, each with as many rows as one may hold; the runs are gone after."""
    from exchange.domain.runs import merged
    from exchange.domain.tabular import RowsFile

    for number, pieces in groupby(_cut(merged(runs, contract), contract), key=itemgetter(0)):
        path = f"data/{contract.dataset}-{number:04d}.csv"
        with (folder / path).open("wb") as out:
            file = RowsFile(contract, out)
            for _, piece in pieces:
                file.add(piece)
        facts = file.facts
        yield ContentFile(path=path, bytes=facts.bytes, sha256=facts.sha256, rows=facts.rows, totals=dict(facts.totals))
    for run in runs:
        run.unlink()


def _cut(blocks: Iterable[pa.Table], contract: Contract) -> Iterator[tuple[int, pa.Table]]:
    """(number of a file, rows for it); the first file is there without rows too."""
    from exchange.domain import tabular

    yield 1, tabular.no_rows(contract)
    done = 0
    for block in blocks:
        at = 0
        while at < block.num_rows:
            piece = block.slice(at, tabular.MAX_ROWS - done % tabular.MAX_ROWS)
            yield done // tabular.MAX_ROWS + 1, piece
            done += piece.num_rows
            at += piece.num_rows


def content_hash(files: Sequence[ContentFile | Mapping[str, Any]]) -> str:
    """What an officer approves: SHA-256 over the canonical JSON of [{path, sha256}], by path (§4.8)."""
    named = [(f.path, f.sha256) if isinstance(f, ContentFile) else (f["path"], f["sha256"]) for f in files]
    return sha256_hex(canonical_json([{"path": path, "sha256": sha256} for path, sha256 in sorted(named)]))


def dump_content(content: Content) -> bytes:
    """`content.json`."""
    files = [asdict(file) for file in content.files]
    document = {"hash": content.hash, "files": files, "totals": content.totals}
    return canonical_json(document)


def load_content(data: bytes) -> Content:
    """`content.json` read back; NeedsPerson 949 when it is none, or its hash is not that of its files."""
    try:
        document = strict_json(data)
        content = Content(
            hash=document["hash"],
            files=tuple(ContentFile(**f) for f in document["files"]),
            totals=document["totals"],
        )
        whole = content.hash == content_hash(content.files)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise NeedsPerson(
            949,
            "The list of files to send is not the one that was written.",
            where="content/content.json",
            next_step="Restore the file from the backup; where nothing was sent, refuse and run it anew.",
        )
    return content
