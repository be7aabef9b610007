"""What a thief of a key, a hostile counterpart or somebody on the way may try with a packet; each has its code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.keys_files import unpin
from exchange.domain import making
from exchange.domain.archive import Limits
from exchange.domain.canonical import canonical_json
from exchange.domain.certificates import fingerprint
from exchange.domain.cms import sign
from exchange.domain.errors import NeedsPerson
from exchange.domain.manifest import parse_manifest, wire_time
from exchange.domain.packet import parse_packet_name
from exchange.domain.unsealing import decrypt
from exchange.steps.audit import audit
from tests.fakes.ends import (
    CASES,
    COURT,
    NOW,
    TAX,
    End,
    Time,
    case_frames,
    introduce,
    later,
    make_end,
    schemas,
    two_ends,
)

KEY = "131103-cases.Q.2026Q3"


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return two_ends(tmp_path)


def packed(court: End) -> tuple[str, dict[str, bytes]]:
    court.approve(KEY, CASES, case_frames(1, 2))
    packet_id = court.pack(KEY)
    return packet_id, court.files(packet_id)


def signed_anew(end: End, files: Mapping[str, bytes], *, at: datetime = NOW, **fields: Any) -> dict[str, bytes]:
    """The packet with another statement, signed with the sender's own key: what a thief of it can do."""
    manifest = json.loads(files["manifest.json"])
    for name, value in fields.items():
        manifest[name] = {**manifest[name], **value} if isinstance(value, dict) else value
    raw = canonical_json(manifest)
    key, certificate = end.keys.signing() if end.clock.now == NOW else _stolen(end)
    return {**files, "manifest.json": raw, "manifest.json.p7s": sign(raw, key, certificate, at=at)}


def _stolen(end: End) -> tuple[Any, Any]:
    """The signing key and certificate, whatever the day."""
    now, end.clock.now = end.clock.now, NOW
    try:
        return end.keys.signing()
    finally:
        end.clock.now = now


def outcome(end: End, key: str, files: Mapping[str, bytes]) -> int | None:
    taken = end.take_in(end.collect(key, files))
    assert taken.result == "refused", taken
    assert not end.ledger.exchanges()
    return taken.code


def days(count: float) -> str:
    return wire_time(NOW + timedelta(days=count))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"profile": "compat"}, 407),
        ({"test": True}, 802),
        ({"contract": {"sha256": "0" * 64}}, 406),
        ({"contract": {"version": "0.9.0"}}, 406),
        ({"approval": {"content_sha256": "0" * 64}}, 409),
        ({"descriptor_sha256": "0" * 64}, 409),
        ({"reasons": {"count": 1, "sha256": "0" * 64}}, 409),
        ({"not_after": days(31)}, 408),
        ({"created_at": days(-40), "not_after": days(365)}, 408),
        ({"previous_manifest_sha256": "1" * 64}, 410),
        ({"recipient_certificates_sha256": ["1" * 64, "2" * 64]}, 301),
        ({"signer_certificate_sha256": "1" * 64}, 202),
        ({"sender": TAX}, 401),
        ({"number": 2}, 401),
        ({"audit_head": "0" * 64, "extra": 1}, 402),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_a_statement_that_is_signed_and_false(fields: dict[str, Any], code: int, ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id, files = packed(court)
    assert outcome(tax, packet_id, signed_anew(court, files, **fields)) == code


@pytest.mark.parametrize("changed", ["manifest.json", "payload-0001.p7m", "manifest.json.p7s"])
def test_what_is_changed_on_the_way_is_not_opened(changed: str, ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id, files = packed(court)
    files[changed] = files[changed].replace(b"two_officers" if b"two_officers" in files[changed] else b"1", b"0", 1)
    assert outcome(tax, packet_id, files) in (201, 303, 306, 401, 402)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, 408), ({"not_after": days(500)}, 408), ({"created_at": days(400), "not_after": days(420)}, 203)],
    ids=["late", "good for ever", "dated today"],
)
def test_a_stolen_key_is_worth_nothing_once_its_certificate_ended(
    fields: dict[str, Any], code: int, tmp_path: Path
) -> None:
    """Dated back to its own days it is past the contract's validity; dated today, it was signed before it was made."""
    clock = Time()
    court, tax = make_end(tmp_path, COURT, clock, days=365), make_end(tmp_path, TAX, clock, days=900)
    introduce(court, tax)
    introduce(tax, court)
    packet_id, files = packed(court)
    later(court, days=400)
    assert outcome(tax, packet_id, signed_anew(court, files, **fields)) == code


def test_a_certificate_no_longer_trusted_opens_nothing(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id, files = packed(court)
    _, certificate = court.keys.signing()
    unpin(tax.home / "trust", COURT, "sign", fingerprint(certificate))
    with pytest.raises(NeedsPerson) as caught:
        tax.take_in(tax.collect(packet_id, files))
    assert caught.value.code == 202
    assert not tax.ledger.exchanges()
    assert list((tax.home / "trust" / COURT).glob("sign-*.revoked"))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        (f"{COURT}.{TAX}.000002.Q", {401}),
        (f"{COURT}.{TAX}.000001.U", {401}),
        (f"{COURT}.tax-131100.000001.Q", {801}),
        (f"court-131100.{TAX}.000001.Q", {801}),
        (f"{TAX}.{COURT}.000001.Q", {801}),
    ],
    ids=["number", "kind", "other receiver", "other sender", "sent back"],
)
def test_the_same_bytes_under_another_name(name: str, codes: set[int], ends: tuple[End, End]) -> None:
    court, tax = ends
    _, files = packed(court)
    assert outcome(tax, name, files) in codes


def test_its_own_packet_sent_back_is_not_the_counterparts(ends: tuple[End, End]) -> None:
    court, _ = ends
    _, files = packed(court)
    taken = court.take_in(court.collect(f"{TAX}.{COURT}.000001.Q", files))
    assert (taken.result, taken.code) == ("refused", 401)


@pytest.mark.parametrize("pieces", [False, True], ids=["one payload", "many"])
def test_a_flood_is_a_flood_in_pieces_too(
    pieces: bool, ends: tuple[End, End], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds are a packet's, not each payload's."""
    if pieces:
        monkeypatch.setattr(making, "_FILL", 1)
    court, tax = ends
    packet_id, files = packed(court)
    folder = tmp_path / "packet"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    manifest = parse_manifest(files["manifest.json"], schemas()["manifest"], packet_id=packet_id)
    route = tax.agreement.on_lane(parse_packet_name(packet_id).sender, TAX)
    small = (Limits(members=3), Limits(total_bytes=600), Limits(member_bytes=10), Limits(document_bytes=10))
    for number, limits in enumerate(small):
        quarantine = tmp_path / f"quarantine-{number}"
        quarantine.mkdir()
        with pytest.raises(NeedsPerson) as caught:
            decrypt(folder, manifest, route, tax.keys.decrypting(), quarantine, limits)
        assert caught.value.code == 307
        assert not list(quarantine.glob("*.plain"))


def test_a_ledger_written_anew_no_longer_has_the_heads_that_were_signed(ends: tuple[End, End], tmp_path: Path) -> None:
    court, _ = ends
    packed(court)
    assert audit(party=COURT, vault=court.vault, ledger=court.ledger) == []
    other = two_ends(tmp_path / "anew")[0]
    other.approve(KEY, CASES, case_frames(1, 3))
    problems = audit(party=COURT, vault=court.vault, ledger=other.ledger)
    assert len(problems) == 1
    assert "was once the head" in problems[0]
