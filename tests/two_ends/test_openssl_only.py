"""A counterpart without this product: stock openssl, sha256sum and tar open our packets, and make ones we take in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.domain.manifest import wire_time
from tests.fakes.ends import CASES, COURT, TAX, End, case_frames, two_ends

KEY = "131103-cases.Q.2026Q3"
MAKER = Path(__file__).parents[1] / "vectors" / "make_packet_openssl.py"
FIRST = f"{COURT}.{TAX}.000001.Q"

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "sha256sum", "tar", "sh"))), reason="needs stock tools"
)


def commands(howto: str) -> list[str]:
    """The command lines of HOWTO-OPEN.txt, continued ones joined, in order."""
    lines = howto.replace("\\\n", " ").splitlines()
    return [
        line.strip() for line in lines if line.startswith("    ") and line.split()[0] in ("openssl", "sha256sum", "tar")
    ]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def laid_out(court: End, tax: End, folder: Path) -> Path:
    """The packet's files and the three PEM files the text asks for, in one folder."""
    court.approve(KEY, CASES, case_frames(1, 2))
    packet_id = court.pack(KEY)
    folder.mkdir()
    for name, data in court.files(packet_id).items():
        (folder / name).write_bytes(data)
    for target, source in (
        ("sender-sign.pem", court.home / "keys/sign.cert.pem"),
        ("my-cert.pem", tax.home / "keys/decrypt.cert.pem"),
        ("my-key.pem", tax.home / "keys/decrypt.key.pem"),
    ):
        shutil.copy(source, folder / target)
    return folder


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-3072"])
def test_howto_opens_the_packet_with_stock_tools(tmp_path: Path, algorithm: str) -> None:
    court, tax = two_ends(tmp_path, algorithm=algorithm)
    folder = laid_out(court, tax, tmp_path / "packet")
    howto = (folder / "HOWTO-OPEN.txt").read_text("utf-8")
    manifest = json.loads((folder / "manifest.json").read_text())
    certificate, verify, listed, decrypt, unpack, inner = commands(howto)
    assert manifest["signer_certificate_sha256"] in run(certificate, folder).stdout
    assert manifest["signer_certificate_sha256"] in howto
    verified = run(verify, folder)
    assert verified.returncode == 0, verified.stderr
    assert "successful" in verified.stderr
    assert run(listed, folder).returncode == 0
    decrypted = run(decrypt, folder)
    assert "DECRYPTED" in decrypted.stdout, decrypted.stderr
    assert run(unpack, folder).returncode == 0
    assert manifest["descriptor_sha256"] in run(inner, folder).stdout
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert package["id"] == FIRST
    for resource in package["resources"]:
        assert resource["hash"].removeprefix("sha256:") in run(f"sha256sum {resource['path']}", folder).stdout
    assert "衡水" in (folder / "data/case_debtor-0001.csv").read_text("utf-8")


def test_howto_commands_fail_on_damage(tmp_path: Path) -> None:
    court, tax = two_ends(tmp_path)
    folder = laid_out(court, tax, tmp_path / "packet")
    _, verify, listed, decrypt, _, _ = commands((folder / "HOWTO-OPEN.txt").read_text("utf-8"))
    payload = folder / "payload-0001.p7m"
    payload.write_bytes(payload.read_bytes()[:-1] + b"\0")
    assert run(listed, folder).returncode != 0
    assert "FAILED" in run(decrypt, folder).stdout
    assert not (folder / "payload-0001.tar.gz").exists()
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"number":1', b'"number":2'))
    assert run(verify, folder).returncode != 0


def job(court: End, tax: End, folder: Path, algorithm: str) -> dict[str, Any]:
    route, now = court.agreement.route(CASES), court.clock.now
    frames = case_frames(1, 2)
    until = now + timedelta(days=route.days("valid_days", now.date()))
    tables = []
    for contract in route.carries("Q"):
        frame = frames.get(contract.dataset, pd.DataFrame(columns=list(contract.names), dtype="str"))
        rows = frame.astype(object).fillna("").to_numpy().tolist()
        columns = [[c.name, c.type] for c in contract.columns]
        tables.append({"dataset": contract.dataset, "key": list(contract.key), "columns": columns, "rows": rows})
    return {
        "folder": str(folder), "packet": FIRST, "previous": "0" * 64, "profile": route.profile,
        "contract": {"id": route.contract_id, "version": route.version, "sha256": route.contract_sha256},
        "created_at": wire_time(now), "not_after": wire_time(until), "tables": tables,
        "sign_key": str(court.home / "keys/sign.key.pem"), "sign_cert": str(court.home / "keys/sign.cert.pem"),
        "recipients": [str(tax.home / "keys/decrypt.cert.pem"), str(court.home / "keys/archive.cert.pem")],
        "key_type": algorithm[:2] if algorithm.startswith("ec") else "rsa",
    }  # fmt: skip


@pytest.mark.parametrize("algorithm", ["ec-p256", "rsa-3072"])
def test_a_packet_made_by_script_and_openssl_is_taken_in(tmp_path: Path, algorithm: str) -> None:
    court, tax = two_ends(tmp_path, start=datetime.now(UTC), algorithm=algorithm)
    folder = tmp_path / "packet"
    folder.mkdir()
    described = job(court, tax, folder, algorithm)
    made = subprocess.run(
        [sys.executable, "-I", str(MAKER)], input=json.dumps(described), capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    taken = tax.take_in(tax.collect(FIRST, {p.name: p.read_bytes() for p in folder.iterdir()}))
    assert (taken.result, taken.code, taken.rows) == ("accepted", None, 6)
    assert tax.packet(FIRST).manifest_sha256 == made.stdout
    landed = tax.ledger.landed(tax.agreement.route(CASES), "case_debtor")
    assert sorted(landed["name"]) == ['衡水,"试"\r\n公司1', '衡水,"试"\r\n公司2']


def test_the_maker_shares_no_code_with_the_product() -> None:
    assert "exchange" not in MAKER.read_text().replace("make_packet", "").split("import", 1)[1].split("def ")[0]
