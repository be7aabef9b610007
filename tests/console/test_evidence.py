"""举证包: whole, of one case alone, and verified by sh, openssl and sha256sum on a machine that knows nothing of us."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import quote

from pypdf import PdfReader

from exchange.console.work import work_once
from exchange.domain.case_entry import CaseQuestion
from tests.console.kit import Console, plain

CASE = "（2026）冀1182破4号"
QUARTER = "131100-cases.Q.2026Q3"


def made(console: Console, subject: str, folder: Path, person: str = "liaison-1") -> Path:
    """A pack made by somebody and unpacked."""
    client = console.as_(person)
    assert client.post("/evidence", {"subject": subject}).status_code == 303
    name = list(console.house.parts.ledger.events(kind="evidence_made"))[-1].body["name"]
    answer = client.get(f"/evidence/{name}")
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(folder)
    return folder / "evidence"


def packet_of(console: Console) -> str:
    """The quarter's packet."""
    known = console.house.parts.ledger.exchange(QUARTER)
    assert known is not None
    return str(known.packet_id)


def verified(pack: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where there is nothing but the stock tools."""
    if not tools.exists():
        tools.mkdir()
        for tool in ("sh", "openssl", "sha256sum", "tar"):
            (tools / tool).symlink_to(str(shutil.which(tool)))
    command = [str(tools / "sh"), "verify.sh"]
    return subprocess.run(command, cwd=pack, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)


def test_a_cases_pack_verifies_at_both_ends_and_tells_of_no_other_case(
    fresh_ends: tuple[Console, Console], tmp_path: Path
) -> None:
    for n, console in enumerate(fresh_ends):
        pack = made(console, CASE, tmp_path / str(n))
        done = verified(pack, tmp_path / "tools")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "核验通过 VERIFIED"
        assert done.stderr == ""
        _only_this_case(console, pack)
        assert len(list((pack / "certificates").iterdir())) == 2
        assert len(list((pack / "packets").iterdir())) >= 2
        assert not list(pack.rglob("*.p7m"))
        told = (pack / "timeline.html").read_text(encoding="utf-8")
        assert "实付" in told
        assert "http" not in told.replace("http://www.w3.org", "")
        text = "".join(page.extract_text() for page in PdfReader(pack / "timeline.pdf").pages)
        assert "1,466,171.66" in text
    events = [e for e in fresh_ends[0].house.parts.ledger.events() if e.kind.startswith("evidence_")]
    assert [(e.kind, e.actor, e.body["subject"]) for e in events] == [
        ("evidence_made", "liaison-1", CASE), ("evidence_taken", "liaison-1", CASE),
    ]  # fmt: skip


def _only_this_case(console: Console, pack: Path) -> None:
    lane = "court-131100.tax-131100"
    every = console.house.parts.ledger.find_cases([lane], CaseQuestion(), limit=500).entries
    others = [str(word) for one in every if one.case_no != CASE for word in (one.case_no, one.debtor)]
    inside = b"\n".join(path.read_bytes() for path in pack.rglob("*") if path.is_file())
    assert len(others) > 200
    assert [word for word in others if word.encode() in inside] == []


def test_one_byte_changed_anywhere_is_found_and_named(ends: tuple[Console, Console], tmp_path: Path) -> None:
    pack, packet = made(ends[0], QUARTER, tmp_path), packet_of(ends[0])
    tools = tmp_path / "tools"
    done = verified(pack, tools)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(pack.rglob("*.p7m"))
    files = [f"packets/{packet}/{name}" for name in ("manifest.json", "manifest.json.p7s", "payload-0001.p7m")]
    files += [str(path.relative_to(pack)) for path in sorted(pack.rglob("receipt.json"))[:1]]
    for file in [*files, "timeline.html", "pack.json", "SHA256SUMS.p7s"]:
        path = pack / file
        whole = path.read_bytes()
        path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
        done = verified(pack, tools)
        assert done.returncode == 1, file
        assert f"FAILED: {file}" in done.stdout, (file, done.stdout)
        path.write_bytes(whole)
    _forged(pack, tools)
    (pack / "timeline.pdf").unlink()
    assert "FAILED: timeline.pdf" in verified(pack, tools).stdout


def _forged(pack: Path, tools: Path) -> None:
    """Who changes a receipt and the list of hashes with it is found by the signatures."""
    receipt, sums = next(iter(pack.rglob("receipt.json"))), pack / "SHA256SUMS"
    kept, listed = receipt.read_bytes(), sums.read_bytes()
    receipt.write_bytes(kept.replace(b"2026-", b"2025-", 1))
    hashed = subprocess.run(["sha256sum", receipt], capture_output=True, check=True, text=True).stdout.split()[0]
    name = str(receipt.relative_to(pack))
    lines = [f"{hashed}  {name}" if line.endswith(f"  {name}") else line for line in listed.decode().splitlines()]
    sums.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = verified(pack, tools).stdout
    assert "FAILED: SHA256SUMS.p7s" in said
    assert f"FAILED: {name}" in said
    receipt.write_bytes(kept)
    sums.write_bytes(listed)


def test_what_is_not_known_makes_no_pack(fresh_ends: tuple[Console, Console]) -> None:
    client = fresh_ends[0].as_("chief-1")
    answer = client.post("/evidence", {"subject": "../../etc <b>"})
    assert answer.status_code == 422
    assert "未交换过该名称的内容" in answer.text
    assert client.get("/evidence/none.zip").status_code == 404
    assert client.get(f"/evidence/{quote('../ledger.db', safe='')}").status_code == 404
    assert "尚未制作举证包" in client.page("/evidence")


def test_a_large_pack_is_made_by_the_worker(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    packet = packet_of(court)
    told = {"subject": packet, "packets": [packet], "drawn": "20261009-0123456789ab", "whole": True}
    court.house.desk.ask("prove", told, by="chief-1", now=court.house.now)
    client = court.as_("chief-1")
    assert "制作中" in plain(client.page("/evidence"))
    job = work_once(court.house)
    assert job is not None
    assert (job.kind, job.state) == ("prove", "done")
    assert packet in plain(client.page("/evidence"))
    assert client.get("/evidence/20261009-0123456789ab.zip").status_code == 200
    assert court.house.parts.ledger.verify() == []
