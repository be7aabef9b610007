"""What the steps of one exchange leave each other in the vault: names, and findings as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from exchange.domain.audit import Event, ExchangeRecord
from exchange.domain.canonical import sha256_hex
from exchange.domain.content import RECORDS, load_content
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.parquet import from_parquet
from exchange.domain.period import Period
from exchange.domain.route import Route
from exchange.domain.tabular import join_frames, read_csv, read_kept

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCheck:
    """The findings of one batch, and what they are about: hashes of the extracted files and of the contract."""

    files: Mapping[str, str]
    contract_sha256: str
    findings: tuple[Finding, ...]


def round_of(record: ExchangeRecord) -> tuple[Period, date]:
    """The quarter of an exchange and the day it looks from; where nothing was said, those of its opening."""
    opened = record.opened_at.astimezone(_SHANGHAI).date() if record.opened_at else None
    as_of = record.as_of or opened
    if as_of is None:
        raise NeedsPerson(
            914, "The exchange has no as-of day.", where=record.key, next_step="Open it anew with an as-of day."
        )
    return Period.parse(record.period) if record.period else Period.of(as_of), as_of


def extract_name(batch: str, dataset: str) -> str:
    """Where a batch's rows of a dataset lie."""
    return f"extract/{batch}/{dataset}.parquet"


def check_name(batch: str) -> str:
    """Where a batch's findings lie."""
    return f"check/{batch}.json"


def profile_name(batch: str) -> str:
    """Where it lies how a batch's rows look, column by column."""
    return f"check/{batch}.profile.json"


def dump_check(check: BatchCheck) -> bytes:
    """A batch's findings as JSON; no values of rows."""
    document = {
        "files": dict(check.files),
        "contract_sha256": check.contract_sha256,
        "findings": [finding.as_dict() for finding in check.findings],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def load_check(data: bytes) -> BatchCheck:
    """What `dump_check` wrote."""
    document: Mapping[str, Any] = json.loads(data)
    return BatchCheck(
        files=document["files"],
        contract_sha256=document["contract_sha256"],
        findings=tuple(Finding(**one) for one in document["findings"]),
    )


def extracted_frames(
    read: Callable[[str], bytes], files: Mapping[str, str], batch: str, key: str, *, private: bool = False
) -> dict[str, pd.DataFrame]:
    """A batch's rows as extracted, by dataset, or those of its `private` queries, by name.

    NeedsPerson 949 when stored bytes are not those that were read.
    """
    frames = {}
    for dataset, expected in files.items():
        if dataset.startswith("_") is not private:
            continue
        name = extract_name(batch, dataset)
        data = read(name)
        if sha256_hex(data) != expected:
            raise NeedsPerson(
                949,
                "The extracted rows are not those that were read from the source.",
                where=f"{key}/{name}",
                next_step="Refuse the exchange and open it anew; report the change as an incident.",
            )
        frames[dataset] = from_parquet(data)
    return frames


def content_records(has: Callable[[str], bool], read: Callable[[str], bytes]) -> dict[str, str]:
    """Case number → the source's id of the case, of what an exchange of this end carries; empty where it kept none."""
    name = f"content/{RECORDS}"
    if not has(name):
        return {}
    kept = from_parquet(read(name))
    return dict(zip(kept["case_no"].tolist(), kept["_record"].tolist(), strict=True))


def content_frames(read: Callable[[str], bytes], route: Route, key: str) -> dict[str, pd.DataFrame]:
    """The rows an exchange of this end carries, by dataset, out of its stored content; NeedsPerson 949 when the bytes
    are not those that were listed."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for dataset, data in _content_files(read, key):
        parts.setdefault(dataset, []).append(read_csv(data, route.wire(dataset)))
    return {dataset: join_frames(found, route.wire(dataset)) for dataset, found in parts.items()}


def kept_frames(read: Callable[[str], bytes], route: Route, key: str) -> dict[str, pd.DataFrame]:
    """The same of an exchange that may have followed another version: in the columns agreed now. What it had no column
    for is missing; columns and datasets that are agreed no more are left out."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for dataset, data in _content_files(read, key):
        if route.has(dataset):
            parts.setdefault(dataset, []).append(read_kept(data, route.wire(dataset)))
    return {dataset: join_frames(found, route.wire(dataset)) for dataset, found in parts.items()}


def _content_files(read: Callable[[str], bytes], key: str) -> Iterator[tuple[str, bytes]]:
    for file in load_content(read("content/content.json")).files:
        data = read(f"content/{file.path}")
        if sha256_hex(data) != file.sha256:
            raise NeedsPerson(
                949,
                "The stored rows are not those that were checked.",
                where=f"{key}/content/{file.path}",
                next_step="Compare the vault with its backup and find out who changed the file.",
            )
        yield file.dataset, data


def files_of(events: Iterable[Event], batch: str) -> Mapping[str, str] | None:
    """Dataset → SHA-256 of a batch's extracted files, out of the `batch_extracted` events; None when not read yet."""
    for event in events:
        if event.body["batch"] == batch:
            found: Mapping[str, str] = event.body["files"]
            return found
    return None
