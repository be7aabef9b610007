"""What an exchange will send, as final bytes: the files an officer approves by their hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Route

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFile:
    """One file: `path` like `data/case_debtor-0001.csv`, `sha256` in hex, `totals` money column → sum."""

    path: str
    bytes: int
    sha256: str
    rows: int
    totals: Mapping[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """The dataset whose rows it holds."""
        return self.path.removeprefix("data/").rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All files of an exchange. `hash` names exactly these bytes; `totals` dataset → money column → sum;
    `records` case_no → the source's id of the case, kept at home."""

    hash: str
    files: tuple[ContentFile, ...]
    totals: Mapping[str, Mapping[str, str]]
    records: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each dataset."""
        counted: dict[str, int] = {}
        for file in self.files:
            counted[file.dataset] = counted.get(file.dataset, 0) + file.rows
        return counted


def stage_content(
    frames: Mapping[str, pd.DataFrame],
    route: Route,
    folder: Path,
    *,
    records: Mapping[str, str] | None = None,
    kind: str = "Q",
) -> Content:
    """Write the final CSV files and `content.json` into a folder, in the route's order of datasets.

    Every dataset a packet of this kind carries gets a file, with the route's columns of it; one without a frame or
    rows has the header alone.
    Raises NeedsPerson 501 to 506.
    """
    import pandas as pd

    from exchange.domain.tabular import MAX_ROWS, add_totals, sorted_rows, write_rows

    for dataset in frames:
        route.contract(dataset)
    files: list[ContentFile] = []
    totals: dict[str, dict[str, str]] = {}
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for whole in route.carries(kind):
        contract = route.wire(whole.dataset)
        frame = frames.get(contract.dataset, pd.DataFrame(columns=list(whole.names), dtype="str"))
        stays = [name for name in whole.names if name not in contract.names]
        table = sorted_rows(frame.drop(columns=stays, errors="ignore"), contract)
        for number, at in enumerate(range(0, max(table.num_rows, 1), MAX_ROWS), start=1):
            path = f"data/{contract.dataset}-{number:04d}.csv"
            with (folder / path).open("wb") as out:
                facts = write_rows(table.slice(at, MAX_ROWS), contract, out)
            files.append(
                ContentFile(
                    path=path, bytes=facts.bytes, sha256=facts.sha256, rows=facts.rows, totals=dict(facts.totals)
                )
            )
            totals[contract.dataset] = add_totals(facts.totals, totals.get(contract.dataset, {}))
    content = Content(hash=content_hash(files), files=tuple(files), totals=totals, records=dict(records or {}))
    (folder / "content.json").write_bytes(dump_content(content))
    return content


def content_hash(files: Sequence[ContentFile | Mapping[str, Any]]) -> str:
    """What an officer approves: SHA-256 over the canonical JSON of [{path, sha256}], by path (§4.8)."""
    named = [(f.path, f.sha256) if isinstance(f, ContentFile) else (f["path"], f["sha256"]) for f in files]
    return sha256_hex(canonical_json([{"path": path, "sha256": sha256} for path, sha256 in sorted(named)]))


def dump_content(content: Content) -> bytes:
    """`content.json`."""
    files = [asdict(file) for file in content.files]
    document = {"hash": content.hash, "files": files, "totals": content.totals, "records": content.records}
    return canonical_json(document)


def load_content(data: bytes) -> Content:
    """`content.json` read back; NeedsPerson 911 when it is none, or its hash is not that of its files."""
    try:
        document = strict_json(data)
        content = Content(
            hash=document["hash"],
            files=tuple(ContentFile(**f) for f in document["files"]),
            totals=document["totals"],
            records=document["records"],
        )
        whole = content.hash == content_hash(content.files)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise NeedsPerson(
            911,
            "The list of files to send is not what was approved.",
            where="content/content.json",
            next_step="Check the exchange anew and have it approved again.",
        )
    return content
