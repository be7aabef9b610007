"""How a packet is made: archive, envelope, manifest, signature, helping texts. docs/packet-format.md §2 to §6.

Writes into a local folder; whoever calls stores the files before the packet is numbered.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from exchange.domain.archive import Source, write_archive
from exchange.domain.canonical import sha256_hex
from exchange.domain.certificates import check_valid, check_world, fingerprint
from exchange.domain.cms import PrivateKey, seal, sign
from exchange.domain.content import ContentFile, content_hash
from exchange.domain.descriptor import NAME, Document, build_descriptor, parse_descriptor
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST, READY
from exchange.domain.manifest import Approval, ContractRef, Manifest, Payload, manifest_bytes, parse_manifest, wire_time
from exchange.domain.packet import (
    HASHES,
    HOWTO,
    MAX_PAYLOAD,
    SIGNATURE,
    PacketName,
    hashes_text,
    howto_text,
    payload_name,
)
from exchange.domain.route import Route
from exchange.domain.unsealing import NO_REASONS, REASONS

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ROLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_FILL: Final = MAX_PAYLOAD - 2**20
"""Bytes of files, not yet packed, that go into one payload: its ciphertext then can't pass MAX_PAYLOAD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A file to travel: what it is, and how to open its bytes."""

    file: ContentFile | Document
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Who signs and who can open: this end's signing key, the receiver's certificate, the own archive's."""

    key: PrivateKey
    certificate: Certificate
    receiver: Certificate
    archive: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a packet states about its sender's books at the moment it is made."""

    previous_manifest_sha256: str
    last_taken_in: tuple[int, str]
    audit_head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the manifest says besides: who let it go and when (aware), the period, and the officers' reasons
    (bytes of a JSON list of `reasons_count` elements, None when there are none)."""

    prepared_by: str | None
    approved_by: str
    at: datetime
    period: str | None = None
    reasons: bytes | None = None
    reasons_count: int = 0
    corrects: str | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A packet lying in a folder: its files in order, READY last."""

    name: PacketName
    manifest_sha256: str
    files: tuple[str, ...]


def make_packet(
    folder: Path,
    *,
    name: PacketName,
    route: Route,
    schemas: Mapping[str, Mapping[str, Any]],
    inside: Sequence[Inside],
    sealing: Sealing,
    standing: Standing,
    statement: Statement,
    totals: Mapping[str, Mapping[str, str]] | None = None,
) -> Made:
    """Make one packet's files in an empty folder; what is made is read back by the reader's own rules.

    NeedsPerson 203 for a certificate that is not valid now, 407 for one that does not fit the profile, 802 or 803
    for one of the other world, 911 when a file changes while it is packed.
    """
    at, reasons = statement.at, statement.reasons
    _check_certificates(sealing, route, at)
    groups = _grouped([*inside, *([document(REASONS, reasons)] if reasons is not None else [])])
    descriptor = build_descriptor(
        packet_id=str(name),
        created=wire_time(at),
        salt=secrets.token_hex(16),
        route=route,
        files=[(item.file, payload_name(n)) for n, group in enumerate(groups, start=1) for item in group],
        totals=totals or {},
    )
    parse_descriptor(descriptor, schemas["datapackage"])
    payloads = [_seal_group(folder, n, group, descriptor, sealing, route) for n, group in enumerate(groups, start=1)]
    approved = content_hash([{"path": item.file.path, "sha256": item.file.sha256} for item in inside])
    manifest = _manifest(name, route, payloads, sha256_hex(descriptor), approved, sealing, standing, statement)
    parse_manifest(manifest_bytes(manifest), schemas["manifest"], packet_id=str(name))
    return _write_around(folder, manifest, sealing, at)


def _manifest(
    name: PacketName,
    route: Route,
    payloads: Sequence[Payload],
    descriptor_sha256: str,
    content_sha256: str,
    sealing: Sealing,
    standing: Standing,
    statement: Statement,
) -> Manifest:
    return Manifest(
        packet=name,
        previous_manifest_sha256=standing.previous_manifest_sha256,
        period=statement.period,
        created_at=statement.at,
        not_after=not_after(route, statement.at),
        contract=ContractRef(id=route.contract_id, version=route.version, sha256=route.contract_sha256),
        profile=route.profile,
        signer_certificate_sha256=fingerprint(sealing.certificate),
        recipient_certificates_sha256=(fingerprint(sealing.receiver), fingerprint(sealing.archive)),
        payloads=tuple(payloads),
        descriptor_sha256=descriptor_sha256,
        test=route.test,
        approval=Approval(
            prepared_by=role_id(statement.prepared_by) if statement.prepared_by else None,
            approved_by=role_id(statement.approved_by),
            content_sha256=content_sha256,
        ),
        reasons_count=statement.reasons_count,
        reasons_sha256=NO_REASONS if statement.reasons is None else sha256_hex(statement.reasons),
        last_taken_in=standing.last_taken_in,
        audit_head=standing.audit_head,
        corrects=statement.corrects,
        replaces=statement.replaces,
    )


def not_after(route: Route, at: datetime) -> datetime:
    """The last moment a packet made at a time may be taken in, by its route's terms."""
    made_on = at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    return at + timedelta(days=route.days("valid_days", made_on))


def check_outlives(sealing: Sealing, until: datetime) -> None:
    """203 when a certificate ends before the packet does: an exchange that would outlive one does not start."""
    for certificate in (sealing.certificate, sealing.receiver, sealing.archive):
        check_valid(certificate, until)


def role_id(actor: str) -> str:
    """An officer as the manifest names one: the login where it is plain ASCII, else a short hash of it."""
    return actor if _ROLE.fullmatch(actor) else f"officer-{sha256_hex(actor.encode())[:12]}"


def document(path: str, data: bytes) -> Inside:
    """A JSON document to travel beside or instead of rows."""
    return Inside(
        file=Document(path=path, bytes=len(data), sha256=sha256_hex(data)),
        open=lambda: BytesIO(data),
    )


def _check_certificates(sealing: Sealing, route: Route, at: datetime) -> None:
    for certificate in (sealing.certificate, sealing.receiver, sealing.archive):
        check_valid(certificate, at)
        check_world(certificate, live=not route.test)


def _grouped(files: Sequence[Inside]) -> list[list[Inside]]:
    """Files by payload, cut between files."""
    groups: list[list[Inside]] = [[]]
    size = 0
    for item in files:
        if groups[-1] and size + item.file.bytes > _FILL:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += item.file.bytes + 1024
    return groups


def _seal_group(
    folder: Path, number: int, group: Sequence[Inside], descriptor: bytes, sealing: Sealing, route: Route
) -> Payload:
    """One payload: packed, sealed, and the plain archive gone again."""
    name = payload_name(number)
    sources = [Source(name=item.file.path, bytes=item.file.bytes, open=item.open) for item in group]
    if number == 1:
        sources.insert(0, Source(name=NAME, bytes=len(descriptor), open=lambda: BytesIO(descriptor)))
    plain, sealed = folder / f".{name}.plain", folder / name
    try:
        with plain.open("xb") as out:
            plain.chmod(0o600)
            write_archive(sources, out)
        with plain.open("rb") as stream, sealed.open("xb") as target:
            recipients = (sealing.receiver, sealing.archive)
            sha256 = seal(stream, plain.stat().st_size, target, recipients, profile=route.profile)
    finally:
        plain.unlink(missing_ok=True)
    size = sealed.stat().st_size
    if size > MAX_PAYLOAD:
        raise NeedsPerson(
            905,
            f"One file fills more than a payload of {MAX_PAYLOAD // 2**20} MiB.",
            where=name,
            next_step="Ask the developers: the file must be cut by rows.",
        )
    return Payload(name=name, bytes=size, sha256=sha256)


def _write_around(folder: Path, manifest: Manifest, sealing: Sealing, at: datetime) -> Made:
    """The signed manifest and the texts beside it; READY last."""
    raw = manifest_bytes(manifest)
    payloads = [(p.name, p.sha256) for p in manifest.payloads]
    certificates = {
        "signer": manifest.signer_certificate_sha256,
        "receiver": manifest.recipient_certificates_sha256[0],
    }
    howto = howto_text(str(manifest.packet), payloads, certificates, manifest.descriptor_sha256)
    texts = {
        MANIFEST: raw,
        SIGNATURE: sign(raw, sealing.key, sealing.certificate, at=at),
        HOWTO: howto,
        HASHES: hashes_text([*payloads, (HOWTO, hashlib.sha256(howto).hexdigest())]),
        READY: b"",
    }
    for name, data in texts.items():
        (folder / name).write_bytes(data)
    names = [MANIFEST, SIGNATURE, *(name for name, _ in payloads), HASHES, HOWTO, READY]
    return Made(name=manifest.packet, manifest_sha256=sha256_hex(raw), files=tuple(names))
