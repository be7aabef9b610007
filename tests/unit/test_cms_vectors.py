"""Every published vector opens, verifies or is refused with the code it was made for."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest

from exchange.domain.cms import open_sealed, verify
from exchange.domain.errors import NeedsPerson
from tests.openssl_tools import VECTORS, Dribble, index, pair, plain


def _name(line: dict[str, Any]) -> str:
    return str(line["file"])


@pytest.mark.parametrize("line", index("envelope"), ids=_name)
@pytest.mark.parametrize("stream", [io.BytesIO, Dribble])
def test_an_envelope_opens_or_is_refused_with_its_code(line: dict[str, Any], stream: type[io.BytesIO]) -> None:
    out = io.BytesIO()
    sealed = stream((VECTORS / line["file"]).read_bytes())
    if line["code"] == 0:
        open_sealed(sealed, out, [pair(line["key"])], profile=line["profile"])
        assert out.getvalue() == plain()
        return
    with pytest.raises(NeedsPerson) as caught:
        open_sealed(sealed, out, [pair(line["key"])], profile=line["profile"])
    assert caught.value.code == line["code"]
    assert out.getvalue() == b""


@pytest.mark.parametrize("line", index("signature"), ids=_name)
def test_a_signature_holds_or_is_refused_with_its_code(line: dict[str, Any]) -> None:
    signature, (_, pinned) = (VECTORS / line["file"]).read_bytes(), pair(line["key"])
    if line["code"] == 0:
        assert verify(plain(), signature, [pair("stranger")[1], pinned]).certificate == pinned
        return
    with pytest.raises(NeedsPerson) as caught:
        verify(plain(), signature, [pinned])
    assert caught.value.code == line["code"]


def test_the_generator_still_makes_them_all(tmp_path: Any) -> None:
    script = VECTORS.parent / "make_cms_vectors.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=120)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in VECTORS.iterdir()}
    assert (tmp_path / "vectors.json").read_text() == (VECTORS / "vectors.json").read_text()
