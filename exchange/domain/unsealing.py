"""From sealed files to rows: steps 6 to 12 of docs/packet-format.md §7, each a function."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.ahead import together
from exchange.domain.archive import Limits, Member, malformed, read_archive
from exchange.domain.canonical import sha256_hex, sha256_of, strict_json
from exchange.domain.certificates import fingerprint
from exchange.domain.cms import PrivateKey, open_sealed
from exchange.domain.content import content_hash
from exchange.domain.descriptor import NAME, Descriptor, Resource, parse_descriptor, table_fields
from exchange.domain.errors import NeedsPerson
from exchange.domain.manifest import Manifest, Payload, parse_document
from exchange.domain.packet import AROUND, DATA_KINDS, HASHES, HOWTO, hashes_text
from exchange.domain.receipt import NAME as RECEIPT
from exchange.domain.receipt import Receipt, Rejected, parse_receipt
from exchange.domain.route import Route
from exchange.domain.tabular import KeyOrder, add_totals, join_frames, money_totals, read_csv, read_parts

if TYPE_CHECKING:
    import pandas as pd
    from cryptography.x509 import Certificate

    from exchange.domain.contract import Contract

REASONS: Final = "reasons.json"
VOID: Final = "void.json"
CANARY: Final = "canary.json"
STATEMENT: Final = "statement.json"
SIGNING: Final = "signing.json"
NO_REASONS: Final = sha256_hex(b"[]")
"""What a manifest names as hash of the reasons when there are none (§4.2)."""

_DOCUMENTS: Final[Mapping[str, frozenset[str]]] = {
    "R": frozenset({RECEIPT}),
    "V": frozenset({VOID}),
    "K": frozenset({CANARY}),
    "S": frozenset({STATEMENT, SIGNING}),
}


RecordRules = Callable[["Route", str, "pd.DataFrame"], "tuple[pd.DataFrame, Sequence[Rejected]]"]
"""Step 11: (route, dataset, some of its rows) → (rows to land, records refused)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One dataset of a packet: how many rows came, how many are to be landed, the sums of those that came.

    The rows to land lie in the folder `aside` until they are taken; `files` are those that came.
    """

    dataset: str
    received: int
    landed: int
    totals: Mapping[str, str]
    aside: Path
    files: tuple[Path, ...]
    contract: Contract

    def whole(self) -> pd.DataFrame:
        """All rows that came, at once: for a packet that is known to be small."""
        return join_frames([read_csv(file.read_bytes(), self.contract) for file in self.files], self.contract)

    def parts(self) -> Iterator[pd.DataFrame]:
        """The rows to land, part by part; each can be taken once."""
        from exchange.domain.runs import taken_up

        for part in sorted(self.aside.iterdir()) if self.received else ():
            yield taken_up(part)[self.dataset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """The unpacked files: where they are, and each with the payload it lay in."""

    folder: Path
    members: tuple[tuple[str, Member], ...]


def check_hashes(folder: Path, manifest: Manifest) -> None:
    """Step 6: 305 a payload is missing, 304 a file too many, 303 size or hash differs."""
    there = {entry.name for entry in folder.iterdir()}
    named = {payload.name for payload in manifest.payloads}
    if named - there:
        raise _wrong(305, f"{len(named - there)} payloads are missing.", "packet folder", _SEND_AGAIN)
    if there - named - AROUND:
        raise _wrong(304, f"{len(there - named - AROUND)} files too many.", "packet folder", _SEND_AGAIN)
    for payload in manifest.payloads:
        path = folder / payload.name
        if path.stat().st_size != payload.bytes or _sha256(path) != payload.sha256:
            raise _wrong(303, "A payload is not the one the manifest names.", payload.name, _SEND_AGAIN)
    listed = [*((p.name, p.sha256) for p in manifest.payloads), (HOWTO, _sha256(folder / HOWTO))]
    if (folder / HASHES).read_bytes() != hashes_text(listed):
        raise _wrong(303, "The list of hashes does not fit the manifest and HOWTO-OPEN.txt.", HASHES, _SEND_AGAIN)


def decrypt(
    folder: Path,
    manifest: Manifest,
    route: Route,
    keys: Sequence[tuple[PrivateKey, Certificate]],
    quarantine: Path,
    limits: Limits | None = None,
) -> Inner:
    """Steps 7 and 8: 301 not for our keys, 302 damaged, 303, 306, 407 as the envelope says; 307, 308 the archive."""
    ours = {fingerprint(certificate) for _, certificate in keys}
    if not ours & set(manifest.recipient_certificates_sha256):
        raise _wrong(301, "The packet is sealed for none of our keys.", "manifest.json", _OUR_CERTIFICATE)
    _check_room(manifest, quarantine)
    inside = quarantine / "inner"
    inside.mkdir(mode=0o700)
    members: list[tuple[str, Member]] = []
    left = limits or Limits()
    for payload in manifest.payloads:
        plain = quarantine / f"{payload.name}.plain"
        try:
            _decrypt_one(folder / payload.name, payload, plain, route, keys)
            with plain.open("rb") as packed:
                found = read_archive(packed, plain.stat().st_size, inside, limits=left)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise _wrong(906, "The disc filled up while the packet was opened.", "vault", "Make room.") from error
        finally:
            plain.unlink(missing_ok=True)
        members += [(payload.name, member) for member in found]
        unpacked = left.total_bytes - sum(member.bytes for member in found)
        left = replace(left, members=left.members - len(found), total_bytes=unpacked)
    return Inner(folder=inside, members=tuple(members))


def check_inner(inner: Inner, manifest: Manifest, schema: Mapping[str, Any]) -> Descriptor:
    """Step 9: 308 no descriptor first, 402 the descriptor's form, 409 it says other than the manifest, 303 a file."""
    if not inner.members or inner.members[0][1].name != NAME:
        raise malformed("The first member of the first payload is not datapackage.json.")
    first = inner.members[0][1]
    if first.sha256 != manifest.descriptor_sha256:
        raise _differs("The descriptor inside is not the one the manifest names.")
    descriptor = parse_descriptor((inner.folder / NAME).read_bytes(), schema)
    if descriptor.packet != str(manifest.packet) or descriptor.contract_sha256 != manifest.contract.sha256:
        raise _differs("The descriptor inside names another packet or contract than the manifest.")
    there = {member.name: (payload, member) for payload, member in inner.members[1:]}
    stated = {resource.path: resource for resource in descriptor.resources}
    if there.keys() != stated.keys() or len(stated) != len(descriptor.resources):
        raise _differs("The files inside are not those the descriptor lists.")
    for path, resource in stated.items():
        payload, member = there[path]
        if payload != resource.payload:
            raise _differs("A file lies in another payload than the descriptor says.")
        if (member.bytes, member.sha256) != (resource.bytes, resource.sha256):
            raise _wrong(303, "A file inside is not the one the descriptor names.", path, _PACK_AGAIN)
    _check_approved(inner, descriptor, manifest)
    return descriptor


def read_inner(
    inner: Inner, descriptor: Descriptor, manifest: Manifest, route: Route, rules: RecordRules, aside: Path
) -> tuple[dict[str, Received], list[Rejected], dict[str, bytes]]:
    """Steps 10 and 11, part by part, two datasets at a time: (rows by dataset, records refused, documents by name).

    402, 409 the descriptor, 501 to 506 the rows, 602 their number. Rows to land are put aside in a private folder.
    """
    kind = manifest.packet.kind
    tables = [r for r in descriptor.resources if r.dataset is not None]
    documents = {r.path for r in descriptor.resources if r.dataset is None}
    wanted = _DOCUMENTS.get(kind)
    if (wanted is not None and (tables or documents != wanted)) or (wanted is None and documents - {REASONS}):
        raise _differs(f"A packet of kind {kind} does not hold these files.")
    files: dict[str, list[Resource]] = {}
    for resource in tables:
        _check_fields(resource, route)
        files.setdefault(str(resource.dataset), []).append(resource)
    if kind in DATA_KINDS:
        _check_carried(kind, files, route)
    read = together(lambda name: _read_dataset(inner, files[name], route, rules, aside / name), files)
    received = {rows.dataset: rows for rows, _ in read}
    rejected = [record for _, refused in read for record in refused]
    return received, rejected, {path: (inner.folder / path).read_bytes() for path in sorted(documents)}


def _check_carried(kind: str, there: Collection[str], route: Route) -> None:
    """A packet holds the datasets of its kind, all of them and no others; a test packet those of any kind."""
    carried = {k: [c.dataset for c in route.carries(k)] for k in ((kind,) if kind != "T" else ("Q", "C", "B", "M"))}
    if any(set(names) == set(there) for names in carried.values()):
        return
    first = next(iter(carried.values()))
    missing, odd = [n for n in first if n not in there], sorted(set(there) - set(first))
    what = f"Datasets are missing: {', '.join(missing)}." if missing else f"Not of this kind: {', '.join(odd)}."
    raise _wrong(503, what, NAME, _PACK_AGAIN)


def read_receipt(documents: Mapping[str, bytes], schema: Mapping[str, Any]) -> Receipt:
    """The receipt of a packet of kind R; 402 when it is malformed."""
    return parse_receipt(documents[RECEIPT], schema)


def check_signing(documents: Mapping[str, bytes], schema: Mapping[str, Any]) -> None:
    """What is said of a statement is as its schema has it; 402 when it is not."""
    if SIGNING in documents:
        parse_document(documents[SIGNING], schema, SIGNING, 402)


def check_reasons(documents: Mapping[str, bytes], schema: Mapping[str, Any]) -> None:
    """The officers' reasons, where there are any, are as their schema has them; 402 when they are not."""
    if REASONS in documents:
        parse_document(documents[REASONS], schema, REASONS, 402)


def check_totals(received: Mapping[str, Received], descriptor: Descriptor) -> dict[str, dict[str, str]]:
    """Step 12, dataset → money column → sum: 602 when rows or sums are not those the descriptor states."""
    found = {dataset: (rows.received, dict(rows.totals)) for dataset, rows in received.items()}
    stated = {dataset: (rows, dict(sums)) for dataset, (rows, sums) in descriptor.control.items()}
    if found != stated:
        off = sorted(d for d in found.keys() | stated.keys() if found.get(d) != stated.get(d))
        raise _wrong(602, "Rows or sums differ from the control totals.", f"dataset {', '.join(off)}", _PACK_AGAIN)
    return {dataset: sums for dataset, (_, sums) in found.items()}


def _check_approved(inner: Inner, descriptor: Descriptor, manifest: Manifest) -> None:
    """The content is the approved one, and the officers' reasons are those the manifest counts."""
    files = [{"path": r.path, "sha256": r.sha256} for r in descriptor.resources if r.path != REASONS]
    if content_hash(files) != manifest.approval.content_sha256:
        raise _differs("The files inside are not the content that was approved.")
    count, sha256 = 0, NO_REASONS
    if (inner.folder / REASONS).exists():
        raw = (inner.folder / REASONS).read_bytes()
        try:
            reasons = strict_json(raw)
        except ValueError:
            reasons = None
        count, sha256 = len(reasons) if isinstance(reasons, list) else -1, sha256_hex(raw)
    if (count, sha256) != (manifest.reasons_count, manifest.reasons_sha256):
        raise _differs("The officers' reasons inside are not those the manifest counts.")


def _check_fields(resource: Resource, route: Route) -> None:
    contract = route.wire(str(resource.dataset))
    if sorted(resource.fields) != sorted(table_fields(contract)) or not resource.path.startswith(
        f"data/{contract.dataset}-"
    ):
        raise _wrong(402, "The descriptor's table schema is not the contract's.", resource.path, _PACK_AGAIN)


def _read_dataset(
    inner: Inner,
    resources: Sequence[Resource],
    route: Route,
    rules: RecordRules,
    aside: Path,
) -> tuple[Received, list[Rejected]]:
    """A dataset's files checked part by part, what is to be landed of them put aside; and the records refused."""
    from exchange.domain.runs import put_aside

    contract = route.wire(str(resources[0].dataset))
    order, received, landed, parts = KeyOrder(contract), 0, 0, 0
    totals: dict[str, str] = {}
    rejected: list[Rejected] = []
    for resource in resources:
        before = received
        with (inner.folder / resource.path).open("rb") as stream:
            for frame in read_parts(stream, contract, order):
                kept, refused = rules(route, contract.dataset, frame)
                rejected += refused
                put_aside({contract.dataset: kept}, aside / f"{parts:06d}")
                parts, received, landed = parts + 1, received + len(frame), landed + len(kept)
                totals = add_totals(totals, money_totals(frame, contract))
        if received - before != resource.rows:
            raise _wrong(602, "The file has another number of rows than stated.", resource.path, _PACK_AGAIN)
    found = Received(
        dataset=contract.dataset, received=received, landed=landed, totals=totals, aside=aside, contract=contract,
        files=tuple(inner.folder / resource.path for resource in resources),
    )  # fmt: skip
    if not order.kept:  # rows in no order are held against each other whole: 506 for a key in two parts or files
        found.whole()
    return found, rejected


def _decrypt_one(
    sealed: Path, payload: Payload, plain: Path, route: Route, keys: Sequence[tuple[PrivateKey, Certificate]]
) -> None:
    with sealed.open("rb") as source, plain.open("xb") as out:
        plain.chmod(0o600)
        sha256 = open_sealed(source, out, keys, profile=route.profile)
    if sha256 != payload.sha256:
        raise _wrong(303, "A payload changed while it was opened.", payload.name, _SEND_AGAIN)


def _check_room(manifest: Manifest, quarantine: Path) -> None:
    """Free space for the ciphertext's plain text, unpacked ten times over, before anything is written."""
    wanted = sum(p.bytes for p in manifest.payloads) * 11 + 2**24
    if shutil.disk_usage(quarantine).free < wanted:
        raise _wrong(906, f"Opening the packet may take {wanted // 2**20} MiB.", "vault", "Make room and try again.")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return sha256_of(stream)


_SEND_AGAIN: Final = "Ask the sender to send the stored packet again."
_PACK_AGAIN: Final = "Ask the sender to correct it in a new packet."
_OUR_CERTIFICATE: Final = "Give the sender this end's decryption certificate and ask for a new packet."


def _differs(what: str) -> NeedsPerson:
    return _wrong(409, what, NAME, _PACK_AGAIN)


def _wrong(code: int, what: str, where: str, next_step: str) -> NeedsPerson:
    return NeedsPerson(code, what, where=where, next_step=next_step)
