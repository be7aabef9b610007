"""The manifest, the descriptor, the receipt: read without mercy. The lane: judged by the table."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from exchange.domain.canonical import canonical_json, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.manifest import (
    NO_HASH,
    SOFTWARE,
    Approval,
    ContractRef,
    Manifest,
    Payload,
    manifest_bytes,
    parse_manifest,
)
from exchange.domain.packet import PacketName, howto_text, packet_of, parse_packet_name
from exchange.domain.receipt import Receipt, Rejected, parse_receipt, receipt_bytes
from exchange.domain.sequence import hash_of, judge, last_taken_in, top_settled
from tests.fakes.ends import ROOT, schemas

NOW = datetime(2026, 10, 9, 1, 30, tzinfo=UTC)
NAME = PacketName(sender="court-131103", receiver="tax-131103", number=127, kind="Q")
H = "ab" * 32


def a_manifest() -> Manifest:
    return Manifest(
        packet=NAME,
        previous_manifest_sha256=H,
        period="2026Q3",
        created_at=NOW,
        not_after=NOW + timedelta(days=30),
        contract=ContractRef(id="131103-cases", version="1.0.0", sha256=H),
        profile="std",
        signer_certificate_sha256=H,
        recipient_certificates_sha256=(H, "cd" * 32),
        payloads=(Payload(name="payload-0001.p7m", bytes=5, sha256=H),),
        descriptor_sha256=H,
        test=False,
        approval=Approval(prepared_by="li", approved_by="wang", content_sha256=H),
        reasons_count=0,
        reasons_sha256=H,
        last_taken_in=(3, H),
        audit_head=H,
        replaces="court-131103.tax-131103.000126.Q",
    )


def refused(data: bytes, packet_id: str = str(NAME)) -> int:
    with pytest.raises(NeedsPerson) as problem:
        parse_manifest(data, schemas()["manifest"], packet_id=packet_id)
    return problem.value.code


def changed(path: str, value: Any) -> bytes:
    document = json.loads(manifest_bytes(a_manifest()))
    *parents, last = path.split("/")
    place = document
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return canonical_json(document)


def test_there_and_back() -> None:
    data = manifest_bytes(a_manifest())
    assert parse_manifest(data, schemas()["manifest"], packet_id=str(NAME)) == a_manifest()
    assert manifest_bytes(parse_manifest(data, schemas()["manifest"], packet_id=str(NAME))) == data


@pytest.mark.parametrize("field", sorted(json.loads(manifest_bytes(a_manifest()))))
def test_every_field_is_needed(field: str) -> None:
    document = json.loads(manifest_bytes(a_manifest()))
    del document[field]
    assert refused(canonical_json(document)) == 402


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extra", 1), ("approval/extra", 1), ("format", "1.1"), ("number", "127"), ("number", 0), ("number", True),
        ("kind", "X"), ("period", "2026-Q3"), ("created_at", "2026-10-09"), ("created_at", "2026-10-09T09:30:00"),
        ("profile", "none"), ("payloads", []), ("payloads/0/name", "../x"), ("payloads/0/bytes", 2**28 + 1),
        ("payloads/0/sha256", H.upper()), ("audit_head", H + "\n"), ("test", 0), ("corrects", ""),
        ("approval/approved_by", "王"), ("recipient_certificates_sha256", [H, H]), ("sender", "Court"),
    ],
)  # fmt: skip
def test_off_its_schema(path: str, value: Any) -> None:
    assert refused(changed(path, value)) == 402


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sender", "court-131100"), ("number", 128), ("kind", "U"), ("packet", "court-131103.tax-131103.000128.Q"),
        ("created_at", "2026-13-09T09:30:00+08:00"), ("not_after", "2026-10-09T09:30:00+08:00"),
        ("payloads/0/name", "payload-0002.p7m"), ("packet", "court-131103.tax-131103.000127.Q\n"),
    ],
)  # fmt: skip
def test_contradictions(path: str, value: Any) -> None:
    assert refused(changed(path, value)) in (401, 402)


def test_a_folder_of_another_name() -> None:
    assert refused(manifest_bytes(a_manifest()), "court-131103.tax-131103.000128.Q") == 401


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"\xef\xbb\xbf{}", b"\xff", b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":NaN}', b"[" * 100_000,
        b"{}" + b" " * 2**20,
    ],
)  # fmt: skip
def test_no_strict_json(data: bytes) -> None:
    assert refused(data) == 401


def test_a_duplicate_key_anywhere() -> None:
    data = manifest_bytes(a_manifest()).replace(b'"number":127', b'"number":127,"number":127')
    assert refused(data) == 401


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_bytes_crash_it(data: st.DataObject) -> None:
    raw = bytearray(manifest_bytes(a_manifest()))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    code = 0
    try:
        parse_manifest(bytes(raw), schemas()["manifest"], packet_id=str(NAME))
    except NeedsPerson as problem:
        code = problem.code
    assert code in (0, 401, 402)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(json_values)
def test_canonical_json_is_read_back(value: Any) -> None:
    assert strict_json(canonical_json(value)) == value
    assert canonical_json(strict_json(canonical_json(value))) == canonical_json(value)


@pytest.mark.parametrize("name", ["manifest", "receipt", "datapackage"])
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])


def test_the_software_is_this_version() -> None:
    project = tomllib.loads((Path(ROOT) / "pyproject.toml").read_text())["project"]
    assert f"{project['name']} {project['version']}" == SOFTWARE


def test_names() -> None:
    assert parse_packet_name(str(NAME)) == NAME
    assert str(NAME) == "court-131103.tax-131103.000127.Q"
    assert packet_of(f"{NAME}+0011aabb") == str(NAME)
    for bad in ("", "a.b.1.Q", "a.b.000000.Q", "a.b.000001.X", "A.b.000001.Q", "a.b.000001.Q/..", "a.b.0000001.Q",
                "a.b.000001.Q\n", "a.b.c.000001.Q", f"{'a' * 100}.b.000001.Q"):  # fmt: skip
        with pytest.raises(NeedsPerson) as problem:
            parse_packet_name(bad)
        assert problem.value.code == 411


def test_howto_warns_in_both_languages() -> None:
    text = howto_text(str(NAME), [("payload-0001.p7m", H)], {"signer": H, "receiver": H}, H).decode("utf-8")
    assert str(NAME) in text
    for part in (
        "openssl cms -verify",
        "openssl cms -decrypt",
        "sha256sum -c",
        "退出码",
        "exit code",
        "删除",
        "delete it",
    ):
        assert part in text


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(receipt="tax-131103.court-131103.000001.R", rung="opened", answers=str(NAME), manifest_sha256=H,
                payloads={"payload-0001.p7m": H}, at=NOW),
        Receipt(receipt="tax-131103.court-131103.000001.R", rung="refused", answers=str(NAME), manifest_sha256=None,
                payloads={}, at=NOW, code=411),
        Receipt(receipt="tax-131103.court-131103.000001.R", rung="missing", answers=str(NAME), manifest_sha256=H,
                payloads={}, at=NOW, missing=(1, 2)),
        Receipt(receipt="tax-131103.court-131103.000001.R", rung="validated", answers=str(NAME), manifest_sha256=H,
                payloads={}, at=NOW, counts={"tax_status": (2, 1)}, totals={"tax_claim": {"total_amount": "-0.01"}},
                rejected=(Rejected(dataset="tax_status", rule="x", code=603, case_no=None, key_sha256=H),)),
    ],
)  # fmt: skip
def test_receipts_there_and_back(receipt: Receipt) -> None:
    data = receipt_bytes(receipt)
    assert parse_receipt(data, schemas()["receipt"]) == receipt
    summary = json.loads(data)["summary"]
    assert summary["zh"]
    assert summary["en"]


@pytest.mark.parametrize(
    ("rung", "code", "missing"), [("opened", 303, ()), ("refused", None, ()), ("missing", None, ())]
)
def test_a_receipt_that_says_two_things(rung: Any, code: int | None, missing: tuple[int, ...]) -> None:
    receipt = Receipt(receipt="a.b.000001.R", rung=rung, answers=str(NAME), manifest_sha256=H, payloads={}, at=NOW,
                      code=code, missing=missing)  # fmt: skip
    with pytest.raises(NeedsPerson) as problem:
        parse_receipt(receipt_bytes(receipt), schemas()["receipt"])
    assert problem.value.code == 402


@dataclass(frozen=True)
class Seen:
    number: int
    state: str
    manifest_sha256: str | None


LANE = [Seen(1, "accepted", "1"), Seen(2, "refused", "2"), Seen(3, "refused", None), Seen(5, "held", "5")]


@pytest.mark.parametrize(
    ("number", "own", "previous", "known", "standing", "missing"),
    [
        (1, "1", NO_HASH, [], "next", ()),
        (1, "1", "x", [], "chain_break", ()),
        (1, "1", NO_HASH, LANE, "duplicate", ()),
        (1, "x", NO_HASH, LANE, "fork", ()),
        (2, "2", "1", LANE, "duplicate", ()),
        (2, "2", "1", LANE[:1], "next", ()),
        (2, "2", "x", LANE[:1], "chain_break", ()),
        (3, "3", "2", LANE, "next", ()),
        (4, "4", "whatever: 3 was never proven", LANE, "next", ()),
        (5, "5", "4", LANE, "gap", (4,)),
        (5, "x", "4", LANE, "fork", ()),
        (7, "7", "6", LANE, "gap", (4, 6)),
        (5, "5", "4", [*LANE, Seen(4, "accepted", "4")], "next", ()),
        (4, "4", "3", [*LANE, Seen(4, "void", None)], "duplicate", ()),
        (5, "5", "anything", [*LANE, Seen(4, "void", None)], "next", ()),
    ],
)
def test_the_lane(
    number: int, own: str, previous: str, known: list[Seen], standing: str, missing: tuple[int, ...]
) -> None:
    judgement = judge(number, own, previous, known)
    assert (judgement.standing, judgement.missing) == (standing, missing)
    top = top_settled(known)
    near = [one for one in known if one.number > min(top, number) - 2]
    assert judge(number, own, previous, near, top=top) == judgement


def test_what_the_other_direction_names() -> None:
    assert last_taken_in(None) == (0, NO_HASH)
    assert last_taken_in(LANE[2]) == (3, NO_HASH)
    assert last_taken_in(LANE[1]) == (2, "2")
    assert hash_of(None) == NO_HASH
    assert hash_of(LANE[1]) == "2"


@given(st.permutations(range(1, 8)))
def test_any_order_of_arrival_ends_in_order(order: list[int]) -> None:
    known: dict[int, Seen] = {}
    for arrived in order:
        queue = [arrived]
        while queue:
            number = queue.pop()
            standing = judge(number, str(number), str(number - 1) if number > 1 else NO_HASH, known.values()).standing
            known[number] = Seen(number, "accepted" if standing == "next" else "held", str(number))
            after = known.get(top_settled(known.values()) + 1)
            if standing == "next" and after is not None:
                queue.append(after.number)
    assert {seen.state for seen in known.values()} == {"accepted"}
