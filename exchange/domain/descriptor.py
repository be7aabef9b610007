"""The inner descriptor `datapackage.json`: what lies in a packet's payloads, to the byte and the cent.

docs/packet-format.md §6: a Frictionless Data Package v2, first member of the first payload. It holds a random salt,
so that its hash in the clear manifest tells nothing about what is inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exchange.domain.canonical import canonical_json
from exchange.domain.content import ContentFile
from exchange.domain.contract import Column, ColumnType, Contract
from exchange.domain.errors import NeedsPerson
from exchange.domain.manifest import MAX_BYTES, parse_document
from exchange.domain.route import Route

NAME: Final = "datapackage.json"
PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"

_TYPES: Final[Mapping[ColumnType, str]] = {
    "text": "string",
    "code": "string",
    "date": "date",
    "time": "datetime",
    "money": "number",
    "int": "integer",
    "bool": "boolean",
}
_DIALECT: Final = {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON file beside the rows, like receipt.json; `sha256` in hex."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One file as the descriptor states it; `dataset` and `rows` are None for a document."""

    path: str
    payload: str
    bytes: int
    sha256: str
    dataset: str | None = None
    rows: int | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """The parsed descriptor: `control` dataset → (rows, totals by money column)."""

    packet: str
    salt: str
    contract_sha256: str
    resources: tuple[Resource, ...]
    control: Mapping[str, tuple[int, Mapping[str, str]]]


def build_descriptor(
    *,
    packet_id: str,
    created: str,
    salt: str,
    route: Route,
    files: Sequence[tuple[ContentFile | Document, str]],
    totals: Mapping[str, Mapping[str, str]],
) -> bytes:
    """The descriptor's bytes for files and the payload each lies in; `salt` is 32 hex digits (128 bit), `created`
    the manifest's time."""
    rows: dict[str, int] = {}
    for file, _ in files:
        if isinstance(file, ContentFile):
            rows[file.dataset] = rows.get(file.dataset, 0) + file.rows
    return canonical_json(
        {
            "$schema": PROFILE,
            "name": packet_id.lower(),
            "id": packet_id,
            "created": created,
            "salt": salt,
            "contract": {"id": route.contract_id, "version": route.version, "sha256": route.contract_sha256},
            "control": {d: {"rows": n, "totals": dict(totals.get(d, {}))} for d, n in rows.items()},
            "resources": [_resource(file, payload, route) for file, payload in files],
        }
    )


def parse_descriptor(data: bytes, schema: Mapping[str, Any]) -> Descriptor:
    """A descriptor from bytes; NeedsPerson 402 when it is no strict JSON or off its schema."""
    if len(data) > 64 * MAX_BYTES:
        raise NeedsPerson(402, "The descriptor is too large.", where=NAME, next_step="Ask the sender to pack again.")
    document = parse_document(data, schema, NAME, 402)
    return Descriptor(
        packet=document["id"],
        salt=document["salt"],
        contract_sha256=document["contract"]["sha256"],
        resources=tuple(_parsed(r) for r in document["resources"]),
        control={d: (c["rows"], c["totals"]) for d, c in document["control"].items()},
    )


def table_fields(contract: Contract) -> tuple[tuple[str, str], ...]:
    """(name, Frictionless type) of a contract's columns, in order (§6.3)."""
    return tuple((c.name, _TYPES[c.type]) for c in contract.columns)


def _resource(file: ContentFile | Document, payload: str, route: Route) -> dict[str, Any]:
    common = {"path": file.path, "payload": payload, "bytes": file.bytes, "hash": f"sha256:{file.sha256}"}
    if isinstance(file, Document):
        name = file.path.removesuffix(".json")
        return {"name": name, "format": "json", "mediatype": "application/json", "encoding": "utf-8", **common}
    contract = route.wire(file.dataset)
    return {
        "name": file.path.removeprefix("data/").removesuffix(".csv"),
        "type": "table",
        "dataset": file.dataset,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "rows": file.rows,
        "dialect": _DIALECT,
        "schema": {
            "fields": [_field(c) for c in contract.columns],
            "primaryKey": list(contract.key),
            "missingValues": [""],
        },
        "totals": dict(file.totals),
        **common,
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _TYPES[column.type]}
    if column.title_zh or column.title_en:
        field["title"] = " ".join(part for part in (column.title_zh, column.title_en) if part)
    field["constraints"] = {"required": column.required}
    if column.type == "bool":
        field |= {"trueValues": ["true"], "falseValues": ["false"]}
    return field


def _parsed(resource: Mapping[str, Any]) -> Resource:
    return Resource(
        path=resource["path"],
        payload=resource["payload"],
        bytes=resource["bytes"],
        sha256=resource["hash"].removeprefix("sha256:"),
        dataset=resource.get("dataset"),
        rows=resource.get("rows"),
        fields=tuple((f["name"], f["type"]) for f in resource["schema"]["fields"]) if "schema" in resource else (),
    )
