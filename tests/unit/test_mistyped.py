"""Broken USCCs: what was meant is always among the suggestions, and no suggestion confirms itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.identifiers import ALPHABET, uscc_valid
from exchange.domain.matching import AMBIGUOUS, PROPOSED
from exchange.domain.mistyped import hint, meant
from tests.unit.reconcile_kit import USCC, World
from tests.unit.test_matching import ELSEWHERE, claim, kinds, match, with_check

HEADS = st.text(ALPHABET, min_size=17, max_size=17).map(with_check)
PLACES = st.integers(0, 16)
STRANGE = "天津远洋运输有限公司"


@given(HEADS, PLACES, st.sampled_from(ALPHABET))
def test_whatever_one_sign_was_wrong_the_code_meant_is_suggested(code: str, at: int, sign: str) -> None:
    wrong = code[:at] + sign + code[at + 1 :]
    assert meant(wrong).get(code) == ("one" if sign != code[at] and not _swap(wrong, code) else meant(wrong).get(code))
    assert all(uscc_valid(one) for one in meant(wrong))
    assert len(meant(wrong)) <= 18 + 17


@given(HEADS, PLACES)
def test_swapped_lost_and_added_signs_are_undone(code: str, at: int) -> None:
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert swapped == code or meant(swapped)[code] == "swapped"
    assert meant(code[:at] + code[at + 1 :])[code] == "lost"
    assert code in meant(code[:at] + "7" + code[at:])


def _swap(one: str, other: str) -> bool:
    return meant(one).get(other) == "swapped"


@pytest.mark.parametrize("code", ["", "9" * 40, "不是代码不是代码不是代码不是代码不是", USCC, "\x00" * 18])
def test_what_is_valid_or_hopeless_has_no_suggestion(code: str) -> None:
    assert meant(code) == {}
    assert hint(code) is None


def test_e09_o_for_0_is_told_by_its_place_and_not_by_the_code() -> None:
    broken = USCC.replace("0", "O", 1)
    told = hint(broken)
    assert told is not None
    assert f"第 {broken.index('O') + 1} 位" in told[0]
    assert USCC[:8] not in told[0] + told[1]
    assert hint(USCC[:-1] + ("1" if USCC[-1] != "1" else "2")) is None, "whichever sign is wrong"


def test_e09_neighbours_swapped_are_proposed_with_the_evidence() -> None:
    found = match(claim(debtor_uscc=USCC[:9] + USCC[10] + USCC[9] + USCC[11:], debtor_name=STRANGE))
    assert (found.standing, found.rule, found.case_no) == (PROPOSED, "near_uscc", None)
    assert "仅相邻两位互换" in found.candidates[0].evidence[0].zh


def test_e09_a_broken_code_that_fits_one_debtor_of_the_register_finds_its_case() -> None:
    known = match(claim(case_no=ELSEWHERE, debtor_uscc=USCC.replace("MA0", "MAO"), debtor_name=STRANGE))
    assert (known.standing, known.rule) == (PROPOSED, "near_uscc")
    assert {"near_uscc", "only_fit", "other_case"} <= kinds(known)


def test_e09_a_broken_code_that_fits_two_debtors_is_told_by_nobody_but_an_officer() -> None:
    broken = USCC[:10] + ("7" if USCC[10] != "7" else "8") + USCC[11:]
    other = next(one for one, slip in meant(broken).items() if one != USCC and slip == "one")
    world = claim(case_no=ELSEWHERE, debtor_uscc=broken, debtor_name=STRANGE)
    world.add("debtors", debtor_no="2", uscc=other, name="冀州银桥有限公司", old_taxpayer_id=None, former_name=None)
    found = match(world)
    assert (found.standing, found.case_no, len(found.candidates)) == (AMBIGUOUS, None, 2)
    assert "only_fit" not in kinds(found)


def test_e09_the_courts_own_broken_code_that_was_let_go_is_met_by_the_claims() -> None:
    world = World().set("debtors", uscc=USCC.replace("MA0", "MAO"), old_taxpayer_id=None, name="冀州银桥有限公司")
    found = match(world)
    assert (found.standing, found.rule) == (PROPOSED, "near_uscc")
