"""An officer's words: what can be kept and sent, wherever they were typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.errors import NeedsPerson
from exchange.domain.meeting_sharing import LONGEST as LONGEST_OF_MEETING
from exchange.domain.reason import A_WORD, LONGEST, SHORTEST, UNUSABLE, clean_reason, unusable

PROBLEMS = Path(__file__).parents[2] / "schemas/codes/problems.yaml"


@pytest.mark.parametrize("text", ["", "短的", " \t ", "x" * 501, "a\x00bcdefg", "abc\u202edefg", "\ud800abcdef"])
def test_what_is_no_reason(text: str) -> None:
    with pytest.raises(NeedsPerson) as problem:
        clean_reason(text, "--note")
    assert (problem.value.code, problem.value.where) == (947, "--note")
    assert "5 to 500" in problem.value.what
    assert problem.value.code in UNUSABLE


@given(st.text())
def test_a_reason_is_one_line_that_can_be_printed(text: str) -> None:
    try:
        plain = clean_reason(text)
    except NeedsPerson:
        return
    assert plain.isprintable()
    assert SHORTEST <= len(plain) <= LONGEST
    assert clean_reason(plain) == plain


def test_what_was_typed_on_two_lines_with_full_width_blanks_is_one_line() -> None:
    assert clean_reason("\u3000\u3000已与管理人核对，\r\n  截止日为受理日。\n") == "已与管理人核对， 截止日为受理日。"
    assert clean_reason("已办", least=A_WORD) == "已办"
    assert clean_reason("𠀋龘公司来函") == "𠀋龘公司来函"


def test_what_officers_read_names_the_limits_that_hold() -> None:
    known = yaml.safe_load(PROBLEMS.read_text(encoding="utf-8"))
    [told] = [one for one in known if one["code"] == unusable("x", 1, 2).code]
    for least, most in ((SHORTEST, LONGEST), (A_WORD, LONGEST), (SHORTEST, LONGEST_OF_MEETING)):
        assert f"{least}至{most}字" in told["remedy"]["zh"]
        assert f"{least} to {most}" in told["remedy"]["en"]
