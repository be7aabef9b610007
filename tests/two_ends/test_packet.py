"""A packet made at the court and taken in at the tax end, and everything that may go wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from exchange.domain import making
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.making import Made, Sealing, Standing, Statement, document, make_packet
from exchange.domain.manifest import NO_HASH
from exchange.domain.packet import PacketName, other_bytes_key
from exchange.domain.sequence import hash_of
from tests.fakes.ends import (
    CASES,
    CLAIMS,
    COURT,
    TAX,
    End,
    case_frames,
    claim_frames,
    later,
    make_end,
    schemas,
    two_ends,
)

KEY = "131103-cases.Q.2026Q3"
FIRST = f"{COURT}.{TAX}.000001.Q"


@pytest.fixture
def ends(tmp_path: Path) -> tuple[End, End]:
    return two_ends(tmp_path)


def packed(court: End, key: str = KEY, numbers: tuple[int, ...] = (1, 2)) -> str:
    court.approve(key, CASES, case_frames(*numbers))
    packet_id = court.pack(key)
    court.sent(packet_id)
    return packet_id


def answered(one: End, other: End, receipts: list[str]) -> None:
    """Carry receipts over."""
    for receipt in receipts:
        one.sent(receipt)
        assert other.take_in(other.collect(receipt, one.files(receipt))).result == "accepted"


def test_a_packet_goes_there_and_its_receipts_come_back(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    assert packet_id == FIRST
    taken = tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    assert (taken.result, taken.rows, taken.rejected) == ("accepted", 6, 0)
    landed = tax.ledger.landed(tax.agreement.route(CASES), "case_debtor")
    assert sorted(landed["name"]) == ['衡水,"试"\r\n公司1', '衡水,"试"\r\n公司2']
    assert tax.ledger.exchange(packet_id).state == "taken_in"
    receipts = tax.acknowledge(packet_id)
    assert receipts == [f"{TAX}.{COURT}.000001.R", f"{TAX}.{COURT}.000002.R"]
    assert tax.acknowledge(packet_id) == []
    answered(tax, court, receipts)
    assert court.ledger.exchange(KEY).state == "accepted"
    assert court.acknowledge(receipts[0]) == []
    assert not court.ledger.verify()
    assert not tax.ledger.verify()


def test_the_same_packet_is_sealed_once(ends: tuple[End, End]) -> None:
    court, _ = ends
    packet_id = packed(court)
    before = court.files(packet_id)
    assert court.pack(KEY) == packet_id
    assert court.files(packet_id) == before


def test_only_approved_bytes_are_packed(ends: tuple[End, End]) -> None:
    court, _ = ends
    court.approve(KEY, CASES, case_frames(1))
    court.vault.put(KEY, "content/data/case_debtor-0001.csv", b"other")
    with pytest.raises(NeedsPerson) as problem:
        court.pack(KEY)
    assert problem.value.code == 911
    assert not court.ledger.packets()


def test_an_exchange_nobody_approved_is_not_packed(ends: tuple[End, End]) -> None:
    court, _ = ends
    body = {"route": CASES, "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09"}
    with court.ledger.transaction() as write:
        write.append("exchange_opened", exchange=KEY, actor="system", body=body)
    with pytest.raises(NeedsPerson) as problem:
        court.pack(KEY)
    assert problem.value.code == 908


def test_a_certificate_that_would_not_outlive_the_packet_starts_nothing(tmp_path: Path) -> None:
    court, _ = two_ends(tmp_path, days=20)
    court.approve(KEY, CASES, case_frames(1))
    with pytest.raises(NeedsPerson) as problem:
        court.pack(KEY)
    assert problem.value.code == 203


def test_no_case_is_a_signed_nil_exchange(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court, numbers=())
    assert packet_id.endswith(".N")
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"
    assert len(tax.acknowledge(packet_id)) == 2


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        ("manifest.json", {201, 401, 402, 306}),
        ("manifest.json.p7s", {201, 202, 203, 306}),
        ("payload-0001.p7m", {303}),
        ("manifest-sha256.txt", {303}),
        ("HOWTO-OPEN.txt", {303}),
        ("READY", {411}),
    ],
)
def test_one_byte_changed_is_refused(ends: tuple[End, End], file: str, codes: set[int]) -> None:
    court, tax = ends
    packet_id = packed(court)
    files = court.files(packet_id)
    whole = files[file]
    for n, at in enumerate(sorted({*range(0, len(whole), max(1, len(whole) // 12)), max(len(whole) - 1, 0)})):
        files[file] = whole[:at] + bytes([whole[at] ^ 1 if whole else 1]) + whole[at + 1 :] if whole else b"x"
        key = tax.collect(packet_id if n == 0 else other_bytes_key(packet_id, f"{n:08d}"), files)
        taken = tax.take_in(key)
        assert taken.result in ("refused", "duplicate")
        assert taken.code in codes | {405}, (at, taken)
    assert len(tax.ledger.landed(tax.agreement.route(CASES), "bankruptcy_case")) == 0
    assert tax.packet(packet_id).state == "refused"


def test_a_refusal_is_answered_and_the_next_packet_passes(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    files = court.files(packet_id)
    files["payload-0001.p7m"] = files["payload-0001.p7m"][:-1] + b"\0"
    assert tax.take_in(tax.collect(packet_id, files)).code == 303
    receipts = tax.acknowledge(packet_id)
    assert len(receipts) == 1
    answered(tax, court, receipts)
    assert court.ledger.exchange(KEY).state == "rejected"
    assert [e.body["code"] for e in court.ledger.events(exchange=KEY, kind="receipt_refused")] == [303]
    again = packed(court, f"{KEY}.2")
    assert again == f"{COURT}.{TAX}.000002.Q"
    assert tax.take_in(tax.collect(again, court.files(again))).result == "accepted"


def test_a_damaged_manifest_does_not_break_the_chain(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    files = court.files(packet_id)
    files["manifest.json"] += b" "
    assert tax.take_in(tax.collect(packet_id, files)).code == 201
    answered(tax, court, tax.acknowledge(packet_id))
    assert court.ledger.exchange(KEY).state == "rejected"
    again = packed(court, f"{KEY}.2")
    assert tax.take_in(tax.collect(again, court.files(again))).result == "accepted"


def test_forged_bytes_do_not_shut_out_the_packet_itself(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    packet_id = packed(court)
    forger = make_end(tmp_path / "elsewhere", COURT, court.clock)
    forger.home.joinpath("trust").symlink_to(court.home / "trust")
    assert packed(forger) == packet_id
    assert tax.take_in(tax.collect(packet_id, forger.files(packet_id))).code == 202
    genuine = tax.collect(other_bytes_key(packet_id, tax_hash(court, packet_id)), court.files(packet_id))
    assert tax.take_in(genuine).result == "accepted"
    assert tax.packet(packet_id).state == "accepted"


def tax_hash(court: End, packet_id: str) -> str:
    return str(court.packet(packet_id).manifest_sha256)


def test_sealed_for_somebody_else(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    packet_id = packed(court)
    stranger = make_end(tmp_path / "stranger", TAX, court.clock)
    stranger.home.joinpath("trust").symlink_to(tax.home / "trust")
    taken = stranger.take_in(stranger.collect(packet_id, court.files(packet_id)))
    assert (taken.result, taken.code) == ("refused", 301)


def test_a_packet_for_another_party_is_handed_back(ends: tuple[End, End]) -> None:
    court, _ = ends
    packet_id = packed(court)
    taken = court.take_in(court.collect(packet_id, court.files(packet_id)))
    assert (taken.result, taken.code) == ("refused", 801)


@pytest.mark.parametrize(
    ("file", "code"), [("payload-0002.p7m", 304), ("notes.txt", 304), ("payload-0001.p7m", 305),
                       ("HOWTO-OPEN.txt", 411), ("manifest.json.p7s", 411), ("READY", 411)]
)  # fmt: skip
def test_a_file_too_many_or_too_few(ends: tuple[End, End], file: str, code: int) -> None:
    court, tax = ends
    packet_id = packed(court)
    files = court.files(packet_id)
    if file in files:
        del files[file]
    else:
        files[file] = b"x"
    assert tax.take_in(tax.collect(packet_id, files)).code == code


def test_a_duplicate_is_answered_with_the_same_receipts(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    receipts = tax.acknowledge(packet_id)
    assert tax.take_in(packet_id).result == "accepted"
    assert "packet_duplicate" not in tax.kinds(packet_id)
    bytes_before = [tax.files(r) for r in receipts]
    answered(tax, court, receipts)
    assert tax.take_in(packet_id).result == "duplicate"
    assert tax.acknowledge(packet_id) == []
    assert [tax.packet(r).state for r in receipts] == ["sealed", "sealed"]
    assert [tax.files(r) for r in receipts] == bytes_before
    assert tax.kinds(packet_id).count("taken_in") == 1
    assert court.take_in(receipts[0]).result == "accepted"


def test_a_gap_is_held_and_filled(ends: tuple[End, End]) -> None:
    court, tax = ends
    first = packed(court)
    second = packed(court, "131103-cases.U.aaaaaaaaaaaa")
    third = packed(court, "131103-cases.U.bbbbbbbbbbbb")
    held = tax.take_in(tax.collect(third, court.files(third)))
    assert (held.result, held.code, held.missing) == ("held", 403, (1, 2))
    receipts = tax.acknowledge(third)
    assert len(receipts) == 1
    assert tax.acknowledge(third) == []
    answered(tax, court, receipts)
    assert {p.packet_id for p in court.ledger.packets(direction="out", states=["sealed"])} == {first, second}
    assert tax.take_in(tax.collect(first, court.files(first))).result == "accepted"
    assert tax.packet(third).state == "held"
    assert tax.take_in(tax.collect(second, court.files(second))).result == "accepted"
    assert tax.packet(third).state == "accepted"
    assert len(tax.acknowledge(second)) == 6


def test_a_fork_is_an_incident_at_both_ends(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    packet_id = packed(court)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    twin = make_end(tmp_path / "restored", COURT, court.clock)
    twin.home.joinpath("trust").symlink_to(court.home / "trust")
    for path in (court.home / "keys").iterdir():
        (twin.home / "keys" / path.name).write_bytes(path.read_bytes())
    assert packed(twin, numbers=(7,)) == packet_id
    key = tax.collect(other_bytes_key(packet_id, str(twin.packet(packet_id).manifest_sha256)), twin.files(packet_id))
    taken = tax.take_in(key)
    assert (taken.result, taken.code) == ("fork", 404)
    assert tax.packet(packet_id).manifest_sha256 == court.packet(packet_id).manifest_sha256
    assert tax.take_in(key).result == "fork"
    assert tax.kinds(key).count("packet_fork") == 1
    receipts = tax.acknowledge(key)
    assert len(receipts) == 3
    results = []
    for receipt in receipts:
        results.append(court.take_in(court.collect(receipt, tax.files(receipt))).result)
    assert sorted(results) == ["accepted", "accepted", "incident"]
    assert "packet_fork" in court.kinds(KEY)
    assert court.ledger.exchange(KEY).state == "accepted"


def test_past_its_last_day(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    later(court, days=31)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).code == 408


def test_signed_in_the_future(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    later(court, hours=-1)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).code == 203


def test_status_of_a_debtor_never_sent_is_refused_and_listed(ends: tuple[End, End]) -> None:
    court, tax = ends
    first = packed(court)
    tax.take_in(tax.collect(first, court.files(first)))
    frames = case_frames(1, 2)
    with court.ledger.transaction() as write:
        for dataset, frame in frames.items():
            write.land(court.agreement.route(CASES), dataset, frame, number=1, packet_id=FIRST)
    claims, other = claim_frames(), claim_frames("91131181100000016H")
    claims["tax_status"] = pd.concat([claims["tax_status"], other["tax_status"]], ignore_index=True)
    tax.approve("131103-claims.A.aaaaaaaaaaaa", CLAIMS, claims, kind="A")
    packet_id = tax.pack("131103-claims.A.aaaaaaaaaaaa")
    tax.sent(packet_id)
    taken = court.take_in(court.collect(packet_id, tax.files(packet_id)))
    assert (taken.result, taken.rows, taken.rejected) == ("accepted", 2, 1)
    landed = court.ledger.landed(court.agreement.route(CLAIMS), "tax_status")
    assert list(landed["debtor_uscc"]) == ["91131103MA0ABCDE67"]
    receipts = court.acknowledge(packet_id)
    answered(court, tax, receipts)
    told = json.loads(tax.vault.get(receipts[1], "inside/receipt.json"))
    assert [(r["dataset"], r["rule"], r["code"], r["case_no"]) for r in told["rejected"]] == [
        ("tax_status", "debtor_never_sent", 603, None)
    ]
    assert told["counts"]["tax_status"] == {"received": 2, "landed": 1}
    assert "91131181100000016H" not in json.dumps(told)


def test_a_receipt_for_what_we_never_sent_is_an_incident(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    packet_id = packed(court)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    receipts = tax.acknowledge(packet_id)
    lost = make_end(tmp_path / "lost", COURT, court.clock)
    for folder in ("keys", "trust"):
        for path in (court.home / folder).rglob("*.pem"):
            target = lost.home / path.relative_to(court.home)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)
    assert lost.take_in(lost.collect(receipts[0], tax.files(receipts[0]))).result == "incident"


def test_a_killed_pack_is_packed_again(ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch) -> None:
    court, tax = ends
    court.approve(KEY, CASES, case_frames(1))
    put, count = court.vault.put_file, iter(range(4))

    def dying(*args: object) -> str:
        if next(count) == 3:
            raise KeyboardInterrupt
        return put(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(court.vault, "put_file", dying)
    with pytest.raises(KeyboardInterrupt):
        court.pack(KEY)
    monkeypatch.undo()
    packet_id = court.pack(KEY)
    assert packet_id == FIRST
    court.sent(packet_id)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"


def test_a_receipt_that_comes_before_we_noted_the_sending(ends: tuple[End, End]) -> None:
    court, tax = ends
    court.approve(KEY, CASES, case_frames(1))
    packet_id = court.pack(KEY)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    answered(tax, court, tax.acknowledge(packet_id))
    assert court.ledger.exchange(KEY).state == "accepted"
    assert court.packet(packet_id).state == "sealed", "the next send finds it delivered and lands its rows"


def test_the_manifest_names_what_was_taken_in(ends: tuple[End, End]) -> None:
    court, tax = ends
    packet_id = packed(court)
    tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    receipt = tax.acknowledge(packet_id)[0]
    manifest = json.loads(tax.files(receipt)["manifest.json"])
    assert manifest["last_taken_in"] == {"number": 1, "manifest_sha256": court.packet(packet_id).manifest_sha256}
    assert manifest["audit_head"] != "0" * 64
    assert manifest["previous_manifest_sha256"] == "0" * 64
    second = json.loads(tax.files(tax.packet(f"{TAX}.{COURT}.000002.R").packet_id)["manifest.json"])
    assert second["previous_manifest_sha256"] == tax.packet(receipt).manifest_sha256


def test_rsa_keys_travel_too(tmp_path: Path) -> None:
    court, tax = two_ends(tmp_path, algorithm="rsa-3072")
    packet_id = packed(court)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"


def test_a_void_closes_a_number_and_frees_those_behind_it(ends: tuple[End, End], tmp_path: Path) -> None:
    court, tax = ends
    lost = packed(court)
    second = packed(court, "131103-cases.U.aaaaaaaaaaaa")
    assert tax.take_in(tax.collect(second, court.files(second))).result == "held"
    void = voided(court, lost, tmp_path / "void")
    assert tax.take_in(tax.collect(str(void.name), read_folder(tmp_path / "void"))).result == "accepted"
    assert tax.packet(lost).state == "void"
    assert tax.packet(second).state == "accepted"
    assert tax.packet(str(void.name)).state == "accepted"
    assert tax.take_in(tax.collect(lost, court.files(lost))).result == "refused"
    assert len(tax.ledger.landed(tax.agreement.route(CASES), "bankruptcy_case")) == 2
    assert len(tax.acknowledge(second)) == 4


def voided(court: End, packet_id: str, folder: Path) -> Made:
    route = court.agreement.route(CASES)
    folder.mkdir()
    with court.ledger.transaction() as write:
        record = write.number_packet(lane=route.lane, kind="V", exchange=None)
    key, certificate = court.keys.signing()
    return make_packet(
        folder,
        name=PacketName(sender=COURT, receiver=TAX, number=record.number, kind="V"),
        route=route,
        schemas=schemas(),
        inside=[document("void.json", canonical_json({"closes": packet_id, "reason": "withdrawn"}))],
        sealing=Sealing(
            key=key,
            certificate=certificate,
            receiver=court.keys.trusted(TAX, "decrypt")[0],
            archive=court.keys.archive_certificate(),
        ),
        standing=Standing(
            previous_manifest_sha256=hash_of(court.ledger.packets(lane=route.lane, above=record.number - 2)[0]),
            last_taken_in=(0, NO_HASH),
            audit_head=court.ledger.head(),
        ),
        statement=Statement(prepared_by="li", approved_by="wang", at=court.clock(), replaces=packet_id),
    )


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def one_reason(**other: object) -> dict[str, object]:
    said = {
        "point": "0123456789abcdef", "rule": "uscc_check_digit", "dataset": "case_debtor",
        "case_no": "（2026）冀1103破1号", "row_key": None, "note": "", "category": "register_error",
        "reason": "登记机关证明", "by": "li", "at": "2026-10-09T09:30:00+08:00", "since": None,
    }  # fmt: skip
    return said | other


def test_officers_reasons_travel_inside(ends: tuple[End, End]) -> None:
    court, tax = ends
    reasons = canonical_json([one_reason()])
    court.approve(KEY, CASES, case_frames(1), reasons=reasons)
    packet_id = court.pack(KEY)
    manifest = json.loads(court.files(packet_id)["manifest.json"])
    assert manifest["reasons"] == {"count": 1, "sha256": sha256_hex(reasons)}
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"
    assert tax.vault.get(packet_id, "inside/reasons.json") == reasons
    tax.acknowledge(packet_id)
    assert "登记机关证明" in tax.vault.get(packet_id, "received.html").decode()


@pytest.mark.parametrize(
    "other", [{"reason": "短"}, {"extra": 1}, {"point": "x"}, {"case_no": 7}, {"at": "yesterday"}, {"by": ""}]
)
def test_reasons_that_are_none_are_refused(ends: tuple[End, End], other: dict[str, object]) -> None:
    court, tax = ends
    court.approve(KEY, CASES, case_frames(1), reasons=canonical_json([one_reason(**other)]))
    packet_id = court.pack(KEY)
    refused = tax.take_in(tax.collect(packet_id, court.files(packet_id)))
    assert (refused.result, refused.code) == ("refused", 402)


def test_what_a_reason_says_can_do_nothing_to_its_reader(ends: tuple[End, End]) -> None:
    court, tax = ends
    odd = one_reason(
        reason="<script>alert(1)</script>\x1b[2J\u202e", rule="no_such", dataset="nobodys", category="new_here",
        at="2026-99-99T99:99:99+08:00", row_key="a|b\x07",
    )  # fmt: skip
    court.approve(KEY, CASES, case_frames(1), reasons=canonical_json([odd]))
    packet_id = court.pack(KEY)
    assert tax.take_in(tax.collect(packet_id, court.files(packet_id))).result == "accepted"
    tax.acknowledge(packet_id)
    page = tax.vault.get(packet_id, "received.html").decode()
    assert "<script>alert" not in page
    assert not {"\x1b", "\x07", "\u202e"} & set(page)
    assert "new_here" in page


def test_reasons_changed_after_the_approval_are_not_packed(ends: tuple[End, End]) -> None:
    court, _ = ends
    court.approve(KEY, CASES, case_frames(1), reasons=canonical_json([one_reason()]))
    court.vault.put(KEY, "content/reasons.json", canonical_json([one_reason(reason="另一个理由说明")]))
    with pytest.raises(NeedsPerson) as problem:
        court.pack(KEY)
    assert problem.value.code == 911


def test_many_payloads_make_one_packet(ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch) -> None:
    court, tax = ends
    monkeypatch.setattr(making, "_FILL", 600)
    packet_id = packed(court)
    files = court.files(packet_id)
    assert len([name for name in files if name.endswith(".p7m")]) > 2
    assert tax.take_in(tax.collect(packet_id, files)).result == "accepted"
    swapped = {**files, "payload-0001.p7m": files["payload-0002.p7m"], "payload-0002.p7m": files["payload-0001.p7m"]}
    assert tax.take_in(tax.collect(other_bytes_key(packet_id, "0" * 64), swapped)).result == "duplicate"


def test_the_manifest_in_the_clear_tells_no_case(ends: tuple[End, End]) -> None:
    court, _ = ends
    packet_id = packed(court, numbers=(1,))
    clear = b"".join(data for name, data in court.files(packet_id).items() if not name.endswith(".p7m"))
    for secret in ("冀1103", "衡水", "91131103MA0ABCDE67", "赵"):
        assert secret.encode() not in clear
    other = packed(court, f"{KEY}.2", (1,))
    manifests = [json.loads(court.files(p)["manifest.json"]) for p in (packet_id, other)]
    assert manifests[0]["descriptor_sha256"] != manifests[1]["descriptor_sha256"]
