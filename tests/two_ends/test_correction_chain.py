"""Corrections at the receiver: taken in by their chain, held until their turn, refused whole when they miss it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from exchange.domain.corrections import void_frame
from tests.fakes.ends import CASES, COURT, TAX, End, case_frames, later, two_ends
from tests.two_ends.test_openssl_only import commands, run
from tests.unit.test_corrections import correction, number

FIRST, SECOND, THIRD = (f"{COURT}.{TAX}.{n:06d}.{kind}" for n, kind in ((1, "Q"), (2, "C"), (3, "C")))


def packed(court: End, key: str, frames: dict, kind: str, corrects: str | None = None) -> str:
    court.approve(key, CASES, frames, kind, **({"corrects": corrects} if corrects else {}))
    packet_id = court.pack(key)
    court.sent(packet_id)
    later(court, minutes=1)
    return packet_id


def taken(tax: End, court: End, packet_id: str) -> tuple[str, int | None]:
    result = tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    return result.result, result.code


def cases(end: End) -> dict[str, str]:
    rows = end.ledger.landed(end.agreement.route(CASES), "bankruptcy_case")
    return dict(zip(rows["case_no"], rows["_packet"], strict=True))


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return two_ends(tmp_path)


def test_a_correction_that_comes_first_waits_for_what_it_corrects(ends: tuple[End, End]) -> None:
    court, tax = ends
    packed(court, "q", case_frames(1, 2), "Q")
    packed(court, "c", correction(1, FIRST), "C", FIRST)
    packed(court, "v", correction(1, SECOND, voided=2, void_corrects=FIRST), "C", SECOND)
    assert taken(tax, court, THIRD) == ("held", 403)
    assert taken(tax, court, SECOND) == ("held", 403)
    assert cases(tax) == {}
    assert taken(tax, court, FIRST)[0] == "accepted"
    assert [p.state for p in tax.ledger.packets(direction="in")] == ["accepted"] * 3
    assert cases(tax) == {number(1): THIRD}
    assert tax.ledger.verify() == []


def test_a_correction_of_what_was_refused_is_refused_and_the_lane_goes_on(ends: tuple[End, End]) -> None:
    court, tax = ends
    packed(court, "q", case_frames(1, 2), "Q")
    packed(court, "c", correction(1, FIRST), "C", FIRST)
    packed(court, "q.2", case_frames(1, 2), "Q")
    damaged = court.files(FIRST)
    damaged["payload-0001.p7m"] = damaged["payload-0001.p7m"][:-1] + b"\0"
    assert tax.take_in(tax.collect(FIRST, damaged)).result == "refused"
    assert taken(tax, court, SECOND) == ("refused", 701)
    assert cases(tax) == {}
    again = f"{COURT}.{TAX}.000003.Q"
    assert taken(tax, court, again)[0] == "accepted"
    assert cases(tax) == {number(1): again, number(2): again}
    packed(court, "old", correction(1, FIRST), "C", FIRST)
    assert taken(tax, court, f"{COURT}.{TAX}.000004.C") == ("refused", 701)
    packed(court, "right", correction(1, again), "C", again)
    assert taken(tax, court, f"{COURT}.{TAX}.000005.C")[0] == "accepted"
    packed(court, "crossed", correction(1, again), "C", again)
    assert taken(tax, court, f"{COURT}.{TAX}.000006.C") == ("refused", 702)
    assert cases(tax) == {number(1): f"{COURT}.{TAX}.000005.C", number(2): again}


@pytest.mark.skipif(not all(map(shutil.which, ("openssl", "sha256sum", "tar", "sh"))), reason="needs stock tools")
def test_a_correction_is_read_with_openssl_tar_and_csv_alone(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    packed(court, "q", case_frames(1, 2), "Q")
    frames = correction(1, FIRST, voided=2, void_corrects=FIRST)
    frames["case_void"] = void_frame(
        number(2), reason="dismissed", decided_on=court.clock.now.date(), document_no="（2026）1号", corrects=FIRST
    )  # fmt: skip
    packed(court, "c", frames, "C", FIRST)
    folder = tmp_path / "packet"
    folder.mkdir()
    for name, data in court.files(SECOND).items():
        (folder / name).write_bytes(data)
    shutil.copy(court.home / "keys/sign.cert.pem", folder / "sender-sign.pem")
    shutil.copy(tax.home / "keys/decrypt.cert.pem", folder / "my-cert.pem")
    shutil.copy(tax.home / "keys/decrypt.key.pem", folder / "my-key.pem")
    for command in commands((folder / "HOWTO-OPEN.txt").read_text("utf-8")):
        assert run(command, folder).returncode == 0, command
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["corrects"], manifest["replaces"]) == ("C", FIRST, None)
    with (folder / "data/case_in_exchange-0001.csv").open(encoding="utf-8", newline="") as told:
        assert list(csv.DictReader(told)) == [
            {"case_no": number(1), "why": "corrected", "changed_columns": "", "corrects": FIRST}
        ]
    with (folder / "data/case_void-0001.csv").open(encoding="utf-8", newline="") as told:
        (void,) = csv.DictReader(told)
    assert (void["case_no"], void["reason"], void["corrects"]) == (number(2), "dismissed", FIRST)
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert package["control"]["case_void"] == {"rows": 1, "totals": {}}
