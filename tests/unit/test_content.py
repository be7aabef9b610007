"""The final files of an exchange and the hash officers approve."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain import runs, tabular
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.content import RECORDS, content_hash, load_content, stage_content, stage_parts
from exchange.domain.errors import NeedsPerson
from exchange.domain.parquet import from_parquet
from tests.fakes.routes import a_contract, a_route

ROUTE = a_route(
    a_contract("case", ("case_no",), {"case_no": "text"}),
    a_contract("claim", ("claim_no",), {"claim_no": "text", "amount": "money"}),
)


EVENTS = a_route(
    a_contract("event", ("case_no", "event_no"), {"case_no": "text", "event_no": "int"}),
)


def test_files_hash_and_totals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_ROWS", 2)
    claims = pd.DataFrame({"claim_no": list("edcba"), "amount": ["1.10"] * 5}, dtype="str")
    records = pd.DataFrame({"case_no": ["（2026）冀1103破1号"], "_record": ["a1"], "stage": ["accepted"]}, dtype="str")
    content = stage_content({"claim": claims}, ROUTE, tmp_path, records=records)
    assert [f.path for f in content.files] == [
        "data/case-0001.csv",
        "data/claim-0001.csv",
        "data/claim-0002.csv",
        "data/claim-0003.csv",
    ]
    assert content.rows == {"case": 0, "claim": 5}
    assert content.totals == {"case": {}, "claim": {"amount": "5.50"}}
    for file in content.files:
        assert sha256_hex((tmp_path / file.path).read_bytes()) == file.sha256
    listed = [{"path": f.path, "sha256": f.sha256} for f in content.files]
    assert content.hash == sha256_hex(canonical_json(listed)) == content_hash(list(reversed(listed)))
    assert load_content((tmp_path / "content.json").read_bytes()) == content
    assert from_parquet((tmp_path / RECORDS).read_bytes()).to_dict("list") == {
        "case_no": ["（2026）冀1103破1号"], "_record": ["a1"],
    }  # fmt: skip
    assert sorted(f.name for f in tmp_path.iterdir()) == ["content.json", "data", RECORDS]


def test_the_same_rows_give_the_same_hash(tmp_path: Path) -> None:
    rows = pd.DataFrame({"case_no": ["b", "a"]}, dtype="str")
    one, other = tmp_path / "1", tmp_path / "2"
    one.mkdir()
    other.mkdir()
    assert stage_content({"case": rows}, ROUTE, one).hash == stage_content({"case": rows[::-1]}, ROUTE, other).hash


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200)), unique=True, max_size=60),
    st.integers(1, 5),
    st.integers(1, 25),
    st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_the_same_rows_in_parts_give_the_same_bytes(
    keys: list[tuple[int, int]], parts: int, most: int, block: int
) -> None:
    rows = pd.DataFrame([{"case_no": f"破{c}", "event_no": str(n)} for c, n in keys], columns=["case_no", "event_no"])
    rows = rows.astype("str")
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabular, "MAX_ROWS", most)
        patch.setattr(runs, "_BLOCK", block)
        patch.setattr(runs, "_AT_ONCE", block)
        whole = stage_content({"event": rows}, EVENTS, Path(folder) / "whole")
        frames = ({"event": rows.iloc[n::parts].reset_index(drop=True)} for n in range(parts))
        parted = stage_parts(frames, EVENTS, Path(folder) / "parted")
    assert parted == whole
    assert whole.rows == {"event": len(keys)}


def test_a_key_in_two_parts_is_refused(tmp_path: Path) -> None:
    row = pd.DataFrame({"case_no": ["a"], "event_no": ["1"]}, dtype="str")
    with pytest.raises(NeedsPerson) as problem:
        stage_parts([{"event": row}, {"event": row}], EVENTS, tmp_path)
    assert problem.value.code == 506


def test_no_part_at_all_gives_files_without_rows(tmp_path: Path) -> None:
    assert stage_parts([], EVENTS, tmp_path).rows == {"event": 0}


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"hash":"0","files":[],"totals":{}}'])
def test_another_list_is_refused(data: bytes) -> None:
    with pytest.raises(NeedsPerson) as problem:
        load_content(data)
    assert problem.value.code == 949


def test_only_datasets_of_the_route(tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson) as problem:
        stage_content({"other": pd.DataFrame()}, ROUTE, tmp_path)
    assert problem.value.code == 503
