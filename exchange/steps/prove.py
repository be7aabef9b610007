"""Prove: put what shows that packets were sent and taken in into one ZIP, which stock tools verify anywhere.

Manifests, detached signatures, receipts and certificates; of a whole packet its sealed payloads, of a case their
hashes. No row of any case is in it. `verify.sh` needs sh, openssl and sha256sum.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.certificates import fingerprint
from exchange.domain.cms.signature import sign
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.domain.evidence import README, VERIFY, sums_text
from exchange.domain.manifest import parse_manifest
from exchange.domain.opening import lane_route
from exchange.domain.packet import parse_packet_name
from exchange.domain.route import Agreement
from exchange.domain.unsealing import decrypt
from exchange.ports import Clock, Keys, Ledger, PacketRecord, Vault

FOLDER: Final = "evidence"
"""Under which the vault keeps packs, and what is drawn for them before."""
RECEIPT: Final = "inside/receipt.json"
_PROOFS: Final = ("manifest.json", "manifest.json.p7s")
_DATED: Final = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports, handed from function to function."""

    agreement: Agreement
    party: str
    schemas: Mapping[str, Mapping[str, Any]]
    vault: Vault
    ledger: Ledger
    keys: Keys


def prove(
    subject: str,
    *,
    packets: Sequence[str],
    drawn: str,
    whole: bool,
    agreement: Agreement,
    party: str,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    clock: Clock,
    actor: str,
) -> Mapping[str, str]:
    """A pack about a case or packet: `name` of the ZIP under `FOLDER` in the vault, `sha256`, `subject`.

    `packets` are ids of packets of this end's ledger, `drawn` the folder of the time line's files, `whole` whether
    sealed payloads go along. The list of hashes is signed with this end's key. The ledger says who had it made.
    Raises NeedsPerson 914 for a packet that is not known here.
    """
    end = _End(agreement=agreement, party=party, schemas=schemas, vault=vault, ledger=ledger, keys=keys)
    name = f"{drawn}.zip"
    with vault.workdir() as work:
        inside = work / "pack"
        for packet_id in packets:
            _packet(packet_id, inside, end, whole=whole)
        for file in vault.names(FOLDER, drawn):
            _write(inside / file.rpartition("/")[2], vault.get(FOLDER, file))
        _certificates(inside / "certificates", packets, end)
        about = {"subject": subject, "packets": list(packets), "made_at": clock().isoformat(), "made_by": actor,
                 "party": party, "ledger_head": ledger.head(), "whole": whole}  # fmt: skip
        _write(inside / "pack.json", canonical_json(about))
        _write(inside / "README.txt", README.encode())
        _write(inside / "verify.sh", VERIFY.encode())
        sums = sums_text(_hashed(inside)).encode()
        _write(inside / "SHA256SUMS", sums)
        key, certificate = keys.signing()
        _write(inside / "SHA256SUMS.p7s", sign(sums, key, certificate, at=clock()))
        _zip(inside, work / "pack.zip")
        sha256 = vault.put_file(FOLDER, name, work / "pack.zip")
    made = {"subject": subject, "name": name, "sha256": sha256}
    with ledger.transaction() as write:
        write.append("evidence_made", exchange=None, actor=actor, body={**made, "packets": len(packets)})
    return made


def _packet(packet_id: str, inside: Path, end: _End, *, whole: bool) -> None:
    """One packet's signed manifest, its receipts, and with `whole` all that travelled."""
    record = _record(packet_id, end)
    key = str(record.exchange or record.packet_id) if record.direction == "out" else _key_in(record, end)
    into = inside / "packets" / packet_id
    names = [name.rpartition("/")[2] for name in end.vault.names(key, "packet")]
    for name in names if whole else [name for name in names if name in _PROOFS]:
        _copy(end.vault, key, f"packet/{name}", into / name)
    if record.direction == "out":
        for receipt in sorted({str(e.body["receipt"]) for e in end.ledger.events(exchange=key) if "receipt" in e.body}):
            _receipt_got(receipt, inside / "receipts" / receipt, end)
        return
    for rung in ("opened", "validated", "refused", "acted", "noted"):
        folder = f"receipt-{rung}"
        if end.vault.has(key, f"{folder}/manifest.json"):
            told = json.loads(end.vault.get(key, f"{folder}/manifest.json"))["packet"]
            for name in _PROOFS:
                _copy(end.vault, key, f"{folder}/{name}", inside / "receipts" / told / name)


def _key_in(record: PacketRecord, end: _End) -> str:
    key = str(record.exchange or record.packet_id)
    return key if end.vault.has(key, "packet/manifest.json") else record.packet_id


def _record(packet_id: str, end: _End) -> PacketRecord:
    name = parse_packet_name(packet_id)
    found = [p for p in end.ledger.packets(lane=name.lane, numbers=[name.number]) if p.packet_id == packet_id]
    if not found:
        raise NeedsPerson(914, "This end knows no such packet.", where=packet_id, next_step="Take it from the ledger.")
    return found[0]


def _receipt_got(receipt: str, into: Path, end: _End) -> None:
    """A receipt that came: its packet's signed manifest, the receipt, and the inner descriptor that ties the two."""
    if not end.vault.has(receipt, "packet/manifest.json"):
        return
    for name in _PROOFS:
        _copy(end.vault, receipt, f"packet/{name}", into / name)
    if end.vault.has(receipt, RECEIPT):
        _copy(end.vault, receipt, RECEIPT, into / "receipt.json")
        descriptor = _descriptor(receipt, end)
        if descriptor is not None:
            _write(into / "datapackage.json", descriptor)


def _descriptor(receipt: str, end: _End) -> bytes | None:
    """The receipt packet's `datapackage.json`, opened anew with our keys; None when they no longer open it."""
    with end.vault.workdir() as work:
        folder = work / "packet"
        for name in end.vault.names(receipt, "packet"):
            _copy(end.vault, receipt, name, folder / name.rpartition("/")[2])
        (work / "quarantine").mkdir(mode=0o700)
        try:
            manifest = parse_manifest(
                (folder / "manifest.json").read_bytes(), end.schemas["manifest"], packet_id=receipt
            )  # fmt: skip
            route = lane_route(end.agreement, manifest.packet.sender, manifest.packet.receiver, "R")
            inner = decrypt(folder, manifest, route, end.keys.decrypting(), work / "quarantine")
        except ExchangeError:
            return None
        found = inner.folder / "datapackage.json"
        return found.read_bytes() if found.is_file() else None


def _certificates(into: Path, packets: Sequence[str], end: _End) -> None:
    """The signing certificates of both sides, pinned or our own; a manifest says which signed it."""
    others = {parse_packet_name(one).sender for one in packets} | {parse_packet_name(one).receiver for one in packets}
    held = [(end.party, end.keys.signing()[1])]
    for other in sorted(others - {end.party}):
        held += [(other, certificate) for certificate in end.keys.trusted(other, "sign")]
    for party, certificate in held:
        name = f"{party}-sign-{fingerprint(certificate)[:16]}.pem"
        _write(into / name, certificate.public_bytes(Encoding.PEM))


def _hashed(inside: Path) -> Iterator[tuple[str, str]]:
    for path in _files(inside):
        yield path.relative_to(inside).as_posix(), sha256_hex(path.read_bytes())


def _files(inside: Path) -> Iterable[Path]:
    return sorted(path for path in inside.rglob("*") if path.is_file())


def _zip(inside: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for file in _files(inside):
            name = zipfile.ZipInfo(f"evidence/{file.relative_to(inside).as_posix()}", date_time=_DATED)
            name.external_attr = (0o755 if file.name == "verify.sh" else 0o644) << 16
            name.compress_type = zipfile.ZIP_STORED if file.suffix == ".p7m" else zipfile.ZIP_DEFLATED
            with file.open("rb") as plain, pack.open(name, "w") as into:
                shutil.copyfileobj(plain, into)


def _copy(vault: Vault, key: str, name: str, into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    with vault.open(key, name) as stored, into.open("wb") as copy:
        shutil.copyfileobj(stored, copy)


def _write(into: Path, data: bytes) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_bytes(data)
