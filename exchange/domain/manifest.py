"""The manifest: a packet's signed statement of contents. docs/packet-format.md §4.

Built as canonical bytes; read without mercy: duplicate keys, unknown fields and anything off its schema are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, cast

from jsonschema import Draft202012Validator

from exchange.domain.canonical import canonical_json, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.packet import PacketName, payload_name
from exchange.domain.route import PacketKind, Profile

FORMAT: Final = "1.0"
SOFTWARE: Final = "court-tax-exchange 0.1.0"
NO_HASH: Final = "0" * 64
"""Stands for the manifest before a lane's first."""

MAX_BYTES: Final = 2**20
_SHANGHAI: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One sealed file: name, bytes and SHA-256 (hex) of the ciphertext."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRef:
    """What both parties agreed, as the manifest names it."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who let the content go, as role ids, and the hash of what they approved."""

    prepared_by: str | None
    approved_by: str
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Every field of §4.2. Times aware; hashes in lower-case hex; `last_taken_in` is (number, manifest hash)."""

    packet: PacketName
    previous_manifest_sha256: str
    period: str | None
    created_at: datetime
    not_after: datetime
    contract: ContractRef
    profile: Profile
    signer_certificate_sha256: str
    recipient_certificates_sha256: tuple[str, ...]
    payloads: tuple[Payload, ...]
    descriptor_sha256: str
    test: bool
    approval: Approval
    reasons_count: int
    reasons_sha256: str
    last_taken_in: tuple[int, str]
    audit_head: str
    corrects: str | None = None
    replaces: str | None = None
    software: str = SOFTWARE


def wire_time(at: datetime) -> str:
    """A time as documents have it: whole seconds, Asia/Shanghai's offset."""
    return at.astimezone(_SHANGHAI).isoformat(timespec="seconds")


def manifest_bytes(manifest: Manifest) -> bytes:
    """The bytes that are signed (§4.1)."""
    return canonical_json(_document(manifest))


def parse_manifest(data: bytes, schema: Mapping[str, Any], *, packet_id: str) -> Manifest:
    """A manifest from bytes, for the packet its folder names.

    Raises NeedsPerson 401 (no strict JSON, or it contradicts itself or the folder) and 402 (off its schema).
    """
    if len(data) > MAX_BYTES:
        raise malformed("The manifest is larger than 1 MiB.")
    document = parse_document(data, schema, "manifest.json", 401)
    try:
        manifest = _manifest(document)
    except ValueError:
        manifest = None
    if manifest is None or str(manifest.packet) != document["packet"] or document["packet"] != packet_id:
        raise malformed("The manifest's packet id, sender, receiver, number, kind or times contradict each other.")
    if [p.name for p in manifest.payloads] != [payload_name(n + 1) for n in range(len(manifest.payloads))]:
        raise malformed("The payloads are not numbered from 1.")
    if manifest.not_after <= manifest.created_at:
        raise malformed("The packet expires before it was made.")
    return manifest


def parse_document(data: bytes, schema: Mapping[str, Any], name: str, code: int) -> dict[str, Any]:
    """A JSON document that is strict JSON (else `code`) and follows its schema (else 402)."""
    try:
        document = strict_json(data)
    except ValueError as problem:
        reason = "it is not UTF-8" if isinstance(problem, UnicodeDecodeError) else _reason(problem)
        document = None
    else:
        reason = ""
    if reason:
        raise NeedsPerson(
            code, f"The document is not strict JSON: {reason}.", where=name, next_step="Ask the sender to pack again."
        )
    errors = sorted(Draft202012Validator(dict(schema)).iter_errors(document), key=lambda e: list(map(str, e.path)))
    if errors:
        place = "/".join(str(part) for part in errors[0].absolute_path) or "(top)"
        raise NeedsPerson(
            402,
            f"{len(errors)} places do not match the schema, by {errors[0].validator!r} first.",
            where=f"{name} at {place}",
            next_step="Ask the sender to make the document as docs/packet-format.md has it.",
        )
    return cast("dict[str, Any]", document)


def malformed(what: str) -> NeedsPerson:
    """Problem 401."""
    return NeedsPerson(401, what, where="manifest.json", next_step="Ask the sender to pack again.")


def _reason(problem: ValueError) -> str:
    known = ("a key is there twice", "only whole numbers are allowed", "nested too deeply")
    return str(problem) if str(problem) in known else "it is not well formed"


def _document(m: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "packet": str(m.packet),
        "sender": m.packet.sender,
        "receiver": m.packet.receiver,
        "number": m.packet.number,
        "kind": m.packet.kind,
        "previous_manifest_sha256": m.previous_manifest_sha256,
        "period": m.period,
        "created_at": wire_time(m.created_at),
        "not_after": wire_time(m.not_after),
        "contract": {"id": m.contract.id, "version": m.contract.version, "sha256": m.contract.sha256},
        "profile": m.profile,
        "signer_certificate_sha256": m.signer_certificate_sha256,
        "recipient_certificates_sha256": list(m.recipient_certificates_sha256),
        "payloads": [{"name": p.name, "bytes": p.bytes, "sha256": p.sha256} for p in m.payloads],
        "descriptor_sha256": m.descriptor_sha256,
        "corrects": m.corrects,
        "replaces": m.replaces,
        "test": m.test,
        "approval": {
            "prepared_by": m.approval.prepared_by,
            "approved_by": m.approval.approved_by,
            "content_sha256": m.approval.content_sha256,
        },
        "reasons": {"count": m.reasons_count, "sha256": m.reasons_sha256},
        "last_taken_in": {"number": m.last_taken_in[0], "manifest_sha256": m.last_taken_in[1]},
        "audit_head": m.audit_head,
        "software": m.software,
    }


def _manifest(d: Mapping[str, Any]) -> Manifest:
    """ValueError when a time is none."""
    return Manifest(
        packet=PacketName(
            sender=d["sender"], receiver=d["receiver"], number=d["number"], kind=cast("PacketKind", d["kind"])
        ),
        previous_manifest_sha256=d["previous_manifest_sha256"],
        period=d["period"],
        created_at=datetime.fromisoformat(d["created_at"]),
        not_after=datetime.fromisoformat(d["not_after"]),
        contract=ContractRef(**d["contract"]),
        profile=d["profile"],
        signer_certificate_sha256=d["signer_certificate_sha256"],
        recipient_certificates_sha256=tuple(d["recipient_certificates_sha256"]),
        payloads=tuple(Payload(**p) for p in d["payloads"]),
        descriptor_sha256=d["descriptor_sha256"],
        corrects=d["corrects"],
        replaces=d["replaces"],
        test=d["test"],
        approval=Approval(**d["approval"]),
        reasons_count=d["reasons"]["count"],
        reasons_sha256=d["reasons"]["sha256"],
        last_taken_in=(d["last_taken_in"]["number"], d["last_taken_in"]["manifest_sha256"]),
        audit_head=d["audit_head"],
        software=d["software"],
    )
