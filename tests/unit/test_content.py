"""The final files of an exchange and the hash officers approve."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from exchange.domain import tabular
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.content import content_hash, load_content, stage_content
from exchange.domain.errors import NeedsPerson
from tests.fakes.routes import a_contract, a_route

ROUTE = a_route(
    a_contract("case", ("case_no",), {"case_no": "text"}),
    a_contract("claim", ("claim_no",), {"claim_no": "text", "amount": "money"}),
)


def test_files_hash_and_totals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_ROWS", 2)
    claims = pd.DataFrame({"claim_no": list("edcba"), "amount": ["1.10"] * 5}, dtype="str")
    content = stage_content({"claim": claims}, ROUTE, tmp_path, records={"（2026）冀1103破1号": "a1"})
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
    stored = (tmp_path / "content.json").read_bytes()
    assert load_content(stored) == content
    assert json.loads(stored)["records"] == {"（2026）冀1103破1号": "a1"}


def test_the_same_rows_give_the_same_hash(tmp_path: Path) -> None:
    rows = pd.DataFrame({"case_no": ["b", "a"]}, dtype="str")
    one, other = tmp_path / "1", tmp_path / "2"
    one.mkdir()
    other.mkdir()
    assert stage_content({"case": rows}, ROUTE, one).hash == stage_content({"case": rows[::-1]}, ROUTE, other).hash


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"hash":"0","files":[],"totals":{},"records":{}}'])
def test_another_list_is_refused(data: bytes) -> None:
    with pytest.raises(NeedsPerson) as problem:
        load_content(data)
    assert problem.value.code == 911


def test_only_datasets_of_the_route(tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson) as problem:
        stage_content({"other": pd.DataFrame()}, ROUTE, tmp_path)
    assert problem.value.code == 503
