"""The reader takes what X.690 allows within bounds and refuses the rest with 306, whatever the bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.cms import der
from exchange.domain.cms.der import Limits, Node, Reader, parse
from exchange.domain.errors import NeedsPerson
from tests.openssl_tools import Dribble


def refused(data: bytes, limits: Limits = der.LIMITS) -> str:
    with pytest.raises(NeedsPerson) as caught:
        parse(data, limits=limits)
    assert caught.value.code == 306
    return caught.value.what


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "missing"),
        (b"\x04", "ends early"),
        (b"\x04\x02a", "ends early"),
        (b"\x04\x01aX", "bytes follow"),
        (b"\x04\x81\x01a", "shortest"),
        (b"\x04\x82\x00\x80" + bytes(128), "shortest"),
        (b"\x04\x89" + bytes(9), "too long"),
        (b"\x04\xff", "too long"),
        (b"\x04\x80a\0\0", "no length"),
        (b"\x1f\x81\x01\x00", "tag"),
        (b"\x00\x00", "tag"),
        (b"\x30\x03\x04\x02a", "past|early|reaches"),
        (b"\x30\x02\x04\x02ab", "reaches"),
        (b"\x30\x80\x04\x01a", "ends early"),
        (b"\x30\x04\x30\x80\x00\x00\x00\x00", "bytes follow"),
        (b"\x30\x03\x30\x80\x00\x00", "."),
        (b"\x30\x02\x00\x00", "tag"),
    ],
)
def test_what_is_not_allowed_is_refused(data: bytes, why: str) -> None:
    import re

    assert re.search(why, refused(data))


def test_limits_on_depth_count_and_length() -> None:
    assert "nesting" in refused(b"\x30\x80" * 40)
    assert "nesting" in refused(b"\x30\x80" * 100_000)
    many = der.tlv(der.SEQUENCE, *[der.tlv(der.NULL)] * 11)
    assert "elements" in refused(many, Limits(count=10))
    assert "longer" in refused(der.tlv(der.OCTET_STRING, bytes(100)), Limits(element=50))
    assert "longer" in refused(b"\x04\x88\x7f" + b"\xff" * 7)
    endless = b"\x30\x80" + der.tlv(der.OCTET_STRING, bytes(20)) * 100
    assert "longer" in refused(endless, Limits(element=500))


def test_a_streamed_string_has_limits_too() -> None:
    pieces = b"\xa0\x80" + der.tlv(der.OCTET_STRING, b"x") * 20 + b"\0\0"
    whole = der.header(der.context(0, constructed=False), 1 << 40)
    for data, limits in ((pieces, Limits(pieces=10)), (pieces, Limits(content=10)), (whole, Limits())):
        with pytest.raises(NeedsPerson, match="past the limit"):
            list(Reader(io.BytesIO(data), limits=limits).octets(0))


def test_pieces_and_one_string_are_the_same_content() -> None:
    text = bytes(range(256)) * 5
    inner = b"".join(der.tlv(der.OCTET_STRING, text[i : i + 100]) for i in range(0, len(text), 100))
    forms = (
        der.tlv(der.context(0, constructed=False), text),
        der.tlv(der.context(0), inner),
        b"\xa0\x80" + inner + b"\0\0",
    )
    for form in forms:
        for stream in (io.BytesIO(form), Dribble(form)):
            reader = Reader(stream)
            assert b"".join(reader.octets(0)) == text
            reader.finish()


def test_an_integer_is_minimal_and_bounded() -> None:
    for bad in (b"\x02\x00", b"\x02\x02\x00\x01", b"\x02\x02\xff\x80", b"\x02\x41" + b"\x01" * 65):
        with pytest.raises(NeedsPerson):
            parse(bad).integer()


def test_an_identifier_is_minimal_and_bounded() -> None:
    for bad in (b"\x06\x00", b"\x06\x01\x80", b"\x06\x02\x80\x01", b"\x06\x21" + b"\x01" * 33):
        with pytest.raises(NeedsPerson):
            parse(bad).oid()


def test_a_bit_string_holds_whole_bytes() -> None:
    assert parse(b"\x03\x02\x00A").bits() == b"A"
    for bad in (b"\x03\x00", b"\x03\x02\x01A"):
        with pytest.raises(NeedsPerson):
            parse(bad).bits()


def test_fields_are_asked_for_in_order() -> None:
    node = parse(der.tlv(der.SEQUENCE, der.integer(5), der.tlv(der.NULL)))
    fields = node.fields()
    assert fields.optional(der.OID) is None
    assert fields.take(der.INTEGER).integer() == 5
    with pytest.raises(NeedsPerson):
        fields.done()
    assert fields.only(der.NULL).content == b""
    for wrong in (fields.take, lambda: parse(b"\x05\x00").fields()):
        with pytest.raises(NeedsPerson):
            wrong()


@given(st.integers(0, 1 << 400))
def test_integers_come_back(value: int) -> None:
    assert parse(der.integer(value)).integer() == value


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 40), max_size=4))
def test_identifiers_come_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    assert parse(der.oid(dotted)).oid() == dotted


trees = st.recursive(
    st.binary(max_size=200).map(lambda body: der.tlv(der.OCTET_STRING, body)),
    lambda inner: st.tuples(st.booleans(), st.lists(inner, max_size=4)).map(
        lambda it: b"\x30\x80" + b"".join(it[1]) + b"\0\0" if it[0] else der.tlv(der.SEQUENCE, *it[1])
    ),
    max_leaves=20,
)


@given(trees)
def test_any_tree_in_der_or_ber_is_read_as_it_stands(data: bytes) -> None:
    node = parse(data)
    assert node.raw == data
    reader = Reader(Dribble(data))
    assert reader.node() == node
    reader.finish()


@settings(max_examples=1000)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        node = parse(data)
    except NeedsPerson as error:
        if error.code != 306:
            raise
        return
    assert node.raw == data
    _accessors(node)


@settings(max_examples=500)
@given(trees, st.data())
def test_any_tree_with_changed_bytes_is_read_or_refused(data: bytes, draws: st.DataObject) -> None:
    changed = bytearray(data)
    for _ in range(draws.draw(st.integers(1, 4))):
        changed[draws.draw(st.integers(0, len(data) - 1))] = draws.draw(st.integers(0, 255))
    seen = bytearray()
    reader = Reader(Dribble(bytes(changed)), seen=seen.extend)
    try:
        node = reader.node()
        reader.finish()
    except NeedsPerson as error:
        if error.code != 306:
            raise
        return
    assert node.raw == bytes(changed) == bytes(seen)


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_as_streamed_string_are_read_or_refused(data: bytes) -> None:
    reader = Reader(io.BytesIO(data))
    try:
        assert len(b"".join(reader.octets(0))) <= len(data)
    except NeedsPerson as error:
        if error.code != 306:
            raise


def _accessors(node: Node) -> None:
    for ask in (node.oid, node.integer, node.octets, node.bits):
        try:
            ask()
        except NeedsPerson as error:
            if error.code != 306:
                raise
