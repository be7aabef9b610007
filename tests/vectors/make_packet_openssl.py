"""A packet made without the product: Python's standard library, `openssl` and docs/packet-format.md, nothing else.

Proves that a counterpart can write its own sender. Reads one JSON document on standard input:
{"folder", "packet", "previous", "contract": {"id", "version", "sha256"}, "profile", "created_at", "not_after",
"sign_key", "sign_cert", "recipients": [certificate files], "key_type": "ec" or "rsa",
"tables": [{"dataset", "key": [...], "columns": [[name, type]], "rows": [[...]], "money": [...]}], "missing": [...]}
and prints the SHA-256 of the manifest it made.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import secrets
import subprocess
import sys
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def csv_bytes(names: list[str], rows: list[list[str]]) -> bytes:
    def field(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text

    return "".join(",".join(field(cell) for cell in row) + "\r\n" for row in [names, *rows]).encode("utf-8")


def archive(members: list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def der_sha256(certificate: str) -> str:
    made = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True)
    return sha256(made.stdout)


def seal(plain: Path, sealed: Path, recipients: list[str], profile: str, key_type: str) -> None:
    command = ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-in", str(plain), "-out", str(sealed)]
    command.append("-aes-256-gcm" if profile == "std" else "-aes-256-cbc")
    for certificate in recipients:
        command += ["-recip", certificate]
        if profile == "std" and key_type == "rsa":
            command += ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
        if profile == "std" and key_type == "ec":
            command += ["-keyopt", "ecdh_kdf_md:sha256"]
    subprocess.run(command, check=True, capture_output=True)


TYPES = {"text": "string", "code": "string", "date": "date", "time": "datetime", "money": "number", "int": "integer",
         "bool": "boolean"}  # fmt: skip


def resource(table: dict[str, Any], data: bytes) -> dict[str, Any]:
    names = [name for name, _ in table["columns"]]
    totals = {
        name: str(sum((Decimal(row[names.index(name)] or "0") for row in table["rows"]), Decimal("0.00")))
        for name, kind in table["columns"] if kind == "money"
    }  # fmt: skip
    return {
        "name": f"{table['dataset']}-0001", "type": "table", "path": f"data/{table['dataset']}-0001.csv",
        "dataset": table["dataset"], "payload": "payload-0001.p7m", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8", "bytes": len(data), "hash": f"sha256:{sha256(data)}", "rows": len(table["rows"]),
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": {"fields": [{"name": name, "type": TYPES[kind]} for name, kind in table["columns"]],
                   "primaryKey": table["key"], "missingValues": [""]},
        "totals": totals,
    }  # fmt: skip


def descriptor(job: dict[str, Any], resources: list[dict[str, Any]]) -> bytes:
    return canonical({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "name": job["packet"].lower(),
        "id": job["packet"], "created": job["created_at"], "salt": secrets.token_hex(16), "contract": job["contract"],
        "control": {r["dataset"]: {"rows": r["rows"], "totals": r["totals"]} for r in resources},
        "resources": resources,
    })  # fmt: skip


def manifest(job: dict[str, Any], payload: bytes, inner: bytes, files: list[tuple[str, bytes]]) -> bytes:
    sender, receiver, number, kind = job["packet"].split(".")
    approved = canonical([{"path": path, "sha256": sha256(data)} for path, data in sorted(files)])
    return canonical({
        "format": "1.0", "packet": job["packet"], "sender": sender, "receiver": receiver, "number": int(number),
        "kind": kind, "previous_manifest_sha256": job["previous"], "period": "2026Q3",
        "created_at": job["created_at"], "not_after": job["not_after"], "contract": job["contract"],
        "profile": job["profile"], "signer_certificate_sha256": der_sha256(job["sign_cert"]),
        "recipient_certificates_sha256": [der_sha256(c) for c in job["recipients"]],
        "payloads": [{"name": "payload-0001.p7m", "bytes": len(payload), "sha256": sha256(payload)}],
        "descriptor_sha256": sha256(inner), "corrects": None, "replaces": None, "test": False,
        "approval": {"prepared_by": "preparer", "approved_by": "approver", "content_sha256": sha256(approved)},
        "reasons": {"count": 0, "sha256": sha256(b"[]")},
        "last_taken_in": {"number": 0, "manifest_sha256": "0" * 64}, "audit_head": "0" * 64,
        "software": "shell and openssl",
    })  # fmt: skip


def main() -> None:
    job = json.load(sys.stdin)
    folder = Path(job["folder"])
    files = [
        (f"data/{t['dataset']}-0001.csv", csv_bytes([n for n, _ in t["columns"]], t["rows"])) for t in job["tables"]
    ]
    inner = descriptor(job, [resource(t, data) for t, (_, data) in zip(job["tables"], files, strict=True)])
    plain, sealed = folder / "plain", folder / "payload-0001.p7m"
    plain.write_bytes(archive([("datapackage.json", inner), *files]))
    seal(plain, sealed, job["recipients"], job["profile"], job["key_type"])
    plain.unlink()
    signed = manifest(job, sealed.read_bytes(), inner, files)
    (folder / "manifest.json").write_bytes(signed)
    subprocess.run(
        ["openssl", "cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER", "-in", folder / "manifest.json",
         "-signer", job["sign_cert"], "-inkey", job["sign_key"], "-out", folder / "manifest.json.p7s"],
        check=True, capture_output=True,
    )  # fmt: skip
    howto = b"See docs/packet-format.md\n"
    (folder / "HOWTO-OPEN.txt").write_bytes(howto)
    listed = f"{sha256(sealed.read_bytes())}  payload-0001.p7m\n{sha256(howto)}  HOWTO-OPEN.txt\n"
    (folder / "manifest-sha256.txt").write_bytes(listed.encode())
    (folder / "READY").write_bytes(b"")
    sys.stdout.write(sha256(signed))


if __name__ == "__main__":
    main()
