"""Rows on the wire: nothing is lost, the same rows give the same bytes, and every defect is named without its value."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain import csv_blocks, tabular
from exchange.domain.contract import Column, Contract
from exchange.domain.errors import NeedsPerson
from exchange.domain.tabular import KeyOrder, add_totals, join_frames, money_totals, read_csv, read_parts, write_csv
from tests.fakes.routes import a_contract

THING = Contract(
    dataset="thing",
    id="urn:test:thing",
    version="1.0.0",
    key=("id", "line"),
    columns=(
        Column(name="id", type="text", required=True),
        Column(name="line", type="int", required=True),
        Column(name="name", type="text", required=False),
        Column(name="amount", type="money", required=False),
        Column(name="on", type="date", required=False),
        Column(name="at", type="time", required=False),
        Column(name="flag", type="bool", required=False),
        Column(name="kind", type="code", required=False, code_list="kinds"),
    ),
    rules=(),
    title_zh="",
    title_en="",
    sha256="0" * 64,
)
HEADER = b"id,line,name,amount,on,at,flag,kind\r\n"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": texts,
            "line": st.integers(-(10**17), 10**17).map(str),
            "name": st.none() | texts,
            "amount": st.none() | st.decimals(-(10**15), 10**15, places=2).map(lambda d: f"{d:.2f}"),
            "on": st.none() | st.dates().map(str),
            "at": st.none() | st.just("2026-07-16T09:30:00+08:00"),
            "flag": st.none() | st.sampled_from(["true", "false"]),
            "kind": st.none() | texts,
        }
    ),
    max_size=12,
    unique_by=lambda row: (row["id"], row["line"]),
)


def frame(found: list[dict[str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=list(THING.names)).astype("str").where(lambda f: f.notna())


def written(data: pd.DataFrame, contract: Contract = THING) -> bytes:
    out = io.BytesIO()
    write_csv(data, contract, out)
    return out.getvalue()


def in_parts(data: bytes) -> tuple[pd.DataFrame, bool]:
    """A file's rows read part by part, and whether its keys came in order."""
    order = KeyOrder(THING)
    return pd.concat(read_parts(io.BytesIO(data), THING, order), ignore_index=True), order.kept


def code_of(data: bytes, **more: bool) -> tuple[int, str]:
    with pytest.raises(NeedsPerson) as problem:
        read_csv(data, THING, **more)
    return problem.value.code, problem.value.where


@settings(max_examples=100, deadline=None)
@given(rows, st.integers(1, 60))
def test_parts_are_the_rows_of_the_whole(found: list[dict[str, str | None]], at_once: int) -> None:
    data = written(frame(found))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "AT_ONCE", at_once)
        parts, in_order = in_parts(data)
    pd.testing.assert_frame_equal(parts, read_csv(data, THING))
    assert in_order


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        (b"a,1,,,,,,\r\na,2,,x,,,,\r\n", 504, "line 3"),
        (b"a,1,,,,,,\r\n,2,,,,,,\r\n", 504, "line 3"),
        (b'a,1,,,,,,\r\na,2,"x,,,,,\r\n', 505, ""),
        (b'a,1,,,,,,\r\na,2,x"y",,,,,\r\n', 505, ""),
        (b"a,1,,,,,,\r\na,2,\0,,,,,\r\n", 505, ""),
        (b"a,1,,,,,,\r\na,2\r\n", 505, ""),
    ],
)
def test_a_part_is_held_to_what_the_whole_is(
    lines: bytes, code: int, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "AT_ONCE", 20)
    with pytest.raises(NeedsPerson) as problem:
        in_parts(HEADER + lines)
    assert (problem.value.code, place in problem.value.where) == (code, True)


def test_a_row_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "AT_ONCE", 20)
    monkeypatch.setattr(csv_blocks, "LONGEST", 100)
    stream = io.BytesIO(HEADER + b'a,1,"' + b"x" * 1000)
    with pytest.raises(NeedsPerson) as problem:
        list(read_parts(stream, THING, KeyOrder(THING)))
    assert problem.value.code == 505
    assert stream.tell() < 200


@pytest.mark.parametrize("lines", [b"b,1,,,,,,\r\na,1,,,,,,\r\n", b"a,1,,,,,,\r\na,1,,,,,,\r\n"])
def test_parts_say_when_their_keys_are_in_no_order(lines: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "AT_ONCE", 5)
    assert not in_parts(HEADER + lines)[1]


@settings(max_examples=150, deadline=None)
@given(rows, st.randoms())
def test_there_and_back(found: list[dict[str, str | None]], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    data = written(frame(found))
    assert written(frame(shuffled)) == data
    read = read_csv(data, THING)
    expected = sorted(found, key=lambda row: (str(row["id"]).encode(), int(str(row["line"]))))
    got = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in read.to_dict("records")]
    assert got == expected
    assert written(read) == data
    lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert lines[1:] == [[row[name] or "" for name in THING.names] for row in expected]


def test_the_bytes_themselves() -> None:
    data = frame(
        [
            {"id": "b", "line": "10", "name": 'a"b,c\r\nd'},
            {"id": "b", "line": "9", "name": "𠮷野家", "amount": "-12.30", "on": "2026-02-28", "flag": "true"},
        ]
    ).assign(_record="x")
    assert written(data) == (
        HEADER + "b,9,𠮷野家,-12.30,2026-02-28,,true,\r\n".encode() + b'b,10,"a""b,c\r\nd",,,,,\r\n'
    )


def test_facts_and_exact_totals() -> None:
    out = io.BytesIO()
    data = frame([{"id": str(n), "line": "1", "amount": "9999999999999999.99"} for n in range(300)])
    facts = write_csv(data, THING, out)
    assert (facts.rows, facts.bytes) == (300, len(out.getvalue()))
    assert facts.totals == {"amount": str(Decimal("9999999999999999.99") * 300)}
    assert money_totals(data.head(0), THING) == {"amount": "0.00"}
    assert add_totals({"a": "0.10"}, {"a": "0.20", "b": "-1.00"}) == {"a": "0.30", "b": "-1.00"}


def test_an_empty_text_is_missing() -> None:
    assert written(frame([{"id": "a", "line": "1", "name": ""}])) == HEADER + b"a,1,,,,,,\r\n"
    assert read_csv(HEADER + b'a,1,"",,,,,\r\n', THING)["name"].isna().all()


def test_one_column_alone() -> None:
    single = a_contract("single", ("id",), {"id": "text"})
    assert written(pd.DataFrame({"id": ["2", "1"]}, dtype="str"), single) == b"id\r\n1\r\n2\r\n"


def test_a_bom_and_any_order_of_columns_pass() -> None:
    read = read_csv(b"\xef\xbb\xbfline,id,kind,flag,at,on,amount,name\n1,a,k,true,,,1.00,n\n", THING)
    assert list(read.columns) == list(THING.names)
    assert read.iloc[0].to_dict()["name"] == "n"
    assert all(str(kind) == "str" for kind in read.dtypes)


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b"id,line,name,amount,on,at,flag,kind,phone\r\n", 501, "phone"),
        (b"id,line,name,amount,on,at,flag\r\n", 502, "kind"),
        (b"id,line,name,amount,on,at,flag,kind,kind\r\n", 505, "thing"),
        (b"", 505, "thing"),
        (b"\r\n", 505, "thing"),
        (HEADER + b"a,1\r\n", 505, "thing"),
        (HEADER + b"a,1,,,,,,,\r\n", 505, "thing"),
        (HEADER + b"a,1,\xff,,,,,\r\n", 505, "thing"),
        (HEADER + b"a,1,\0,,,,,\r\n", 505, "thing"),
        (HEADER + b'a,1,x"y",,,,,\r\n', 505, "thing"),
        (HEADER + b'a,1,"x"y,,,,,\r\n', 505, "thing"),
        (HEADER + b'a,1,"x,,,,,\r\n', 505, "thing"),
        (HEADER + b'a,1,",\r\n', 505, "thing"),
        (HEADER + b"a,1,,1.0,,,,\r\n", 504, "column amount, line 2"),
        (HEADER + b"b,1,,1.00,,,,\r\na,1,,1e5,,,,\r\n", 504, "column amount, line 3"),
        (HEADER + "a,1,,１.00,,,,\r\n".encode(), 504, "amount"),
        (HEADER + b"a,1,,,2026-02-30,,,\r\n", 504, "column on"),
        (HEADER + b"a,1,,,2026-2-3,,,\r\n", 504, "column on"),
        (HEADER + b"a,1,,,,2026-07-16 09:30:00,,\r\n", 504, "column at"),
        (HEADER + b"a,1,,,,2026-07-16T09:30:00,,\r\n", 504, "column at"),
        (HEADER + b"a,1,,,,,1,\r\n", 504, "column flag"),
        (HEADER + b"a,01,,,,,,\r\n", 504, "column line"),
        (HEADER + b",1,,,,,,\r\n", 504, "column id"),
        (HEADER + b"a,1,,,,,,\r\nb,1,,,,,,\r\na,1,,,,,,\r\n", 506, "id|line, line 4"),
    ],
)
def test_a_defect_is_named(data: bytes, code: int, where: str) -> None:
    found = code_of(data)
    assert found[0] == code
    assert where in found[1]
    assert "dataset thing" in found[1]


def test_no_value_is_ever_named() -> None:
    for line in (b"secret,1,,secret,,,,\r\n", b"secret,1\r\n", b'secret,1,"secret\r\n', b"secret,1,,,,,,\r\n" * 2):
        with pytest.raises(NeedsPerson) as problem:
            read_csv(HEADER + line, THING)
        assert "secret" not in str(problem.value)
        assert problem.value.__cause__ is None
        assert problem.value.__context__ is None


def test_an_unknown_header_is_not_echoed_when_it_may_be_data() -> None:
    assert code_of("id,line,name,amount,on,at,flag,kind,张三 13800000000\r\n".encode())[1].count("张三") == 0


def test_files_of_people() -> None:
    data = HEADER + b"a,1,,5,,,1,\nb,1,,5.5,,,0,\nc,1,,-0.05,,,true,\n"
    assert code_of(data)[0] == 504
    read = read_csv(data, THING, zero_one_bools=True)
    assert list(read["amount"]) == ["5.00", "5.50", "-0.05"]
    assert list(read["flag"]) == ["true", "false", "true"]
    assert code_of(HEADER + b"a,1,,5.555,,,,\n", zero_one_bools=True)[0] == 504
    assert code_of(HEADER + b"a,1,,,,,2,\n", zero_one_bools=True)[0] == 504


def test_a_frame_is_checked_before_it_is_written() -> None:
    good = frame([{"id": "a", "line": "1"}])
    for bad, code in (
        (good.assign(phone="1"), 501),
        (good.drop(columns="kind"), 502),
        (good.assign(amount="1"), 504),
        (good.assign(line=np.nan), 504),
        (pd.concat([good, good]), 506),
    ):
        with pytest.raises(NeedsPerson) as problem:
            written(bad)
        assert problem.value.code == code


def test_files_of_one_dataset_hold_a_key_once() -> None:
    one = read_csv(HEADER + b"a,1,,,,,,\r\n", THING)
    assert len(join_frames([one, one.assign(line="2")], THING)) == 2
    with pytest.raises(NeedsPerson) as problem:
        join_frames([one, one], THING)
    assert problem.value.code == 506


def test_a_file_holds_no_more_rows_than_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_ROWS", 2)
    three = frame([{"id": str(n), "line": "1"} for n in range(3)])
    with pytest.raises(NeedsPerson) as problem:
        written(three)
    assert problem.value.code == 505
    with pytest.raises(NeedsPerson):
        read_csv(HEADER + b"a,1,,,,,,\r\nb,1,,,,,,\r\nc,1,,,,,,\r\n", THING)


def test_a_slice_of_many_rows_equals_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    many = frame([{"id": f"{n:05d}", "line": "1", "name": f'x"{n}' if n % 7 == 0 else None} for n in range(1000)])
    whole = written(many)
    monkeypatch.setattr(tabular, "_SLICE", 7)
    assert written(many) == whole
    monkeypatch.setattr(tabular, "_BLOCK", 64)
    assert len(read_csv(whole, THING)) == 1000
