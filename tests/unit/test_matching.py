"""Matching: each stage with its rule, what is never joined, what never confirms itself, the evidence in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.identifiers import ALPHABET, uscc_valid
from exchange.domain.joins import match_books
from exchange.domain.match_evidence import limits_of
from exchange.domain.match_names import is_branch, is_person, match_name, organisation_code, organisation_ok
from exchange.domain.matching import AMBIGUOUS, CERTAIN, NEAR, NEVER, NONE, PROPOSED, Match, Matches, match_claims
from tests.unit.reconcile_kit import AS_OF, CASE, CLAIM, USCC, World
from tests.unit.reconcile_worlds import agreed

NAME, FORMER = "冀州金桥有限公司", "冀州老桥有限公司"
ELSEWHERE = "（2026）冀1103破99号"


def with_check(head: str) -> str:
    """Seventeen characters and the one that makes them a valid USCC."""
    return next(head + last for last in ALPHABET if uscc_valid(head + last))


OTHER = with_check("91131103MA0XYQDE5")


def matches_of(world: World, *, differently_named: tuple[str, ...] = ()) -> Matches:
    route = agreed().route("131100-cases")
    matched = match_books(world.books(), route, AS_OF)
    return match_claims(matched, limits=limits_of(route, AS_OF), differently_named=differently_named)


def match(world: World, **more: Any) -> Match:
    (found,) = matches_of(world, **more).listed
    return found


def kinds(found: Match, at: int = 0) -> set[str]:
    return {one.kind for one in found.candidates[at].evidence}


def claim(**changes: Any) -> World:
    return World().set("claims", **changes)


def test_a_uscc_and_name_that_agree_are_only_counted() -> None:
    matches = matches_of(World())
    assert (matches.listed, matches.counts) == ((), {"uscc certain": 1})


def test_e08_a_name_alone_is_a_candidate_for_an_officer() -> None:
    found = match(World().set("debtors", uscc=None, old_taxpayer_id=None))
    assert (found.standing, found.rule, found.case_no, found.debtor_no) == (PROPOSED, "name", None, None)
    assert kinds(found) == {"no_uscc_here", "same_name", "same_case", "listed"}


def test_e10_an_old_taxpayer_id_is_mapped_by_its_organisation_code() -> None:
    world = claim(debtor_uscc=None, debtor_old_taxpayer_id="131103MA0ABCDE6")
    found = match(world)
    assert (found.standing, found.rule, found.case_no, found.debtor_no) == (CERTAIN, "old_id", CASE, "1")
    assert {"organisation", "same_name"} <= kinds(found)
    assert world.codes() == ["DEBTOR_MISMATCH"], "a match explains a break, it takes none away"
    backwards = World().set("debtors", uscc=None, old_taxpayer_id="131103MA0ABCDE6")
    assert (match(backwards).standing, match(backwards).rule) == (CERTAIN, "old_id")


def test_an_organisation_code_whose_own_digit_is_wrong_or_without_a_name_only_proposes() -> None:
    bad = claim(debtor_uscc=None, debtor_old_taxpayer_id="131103MA0ABCDE5")
    bad.set("debtors", uscc=with_check("91131103MA0ABCDE5"))
    assert "organisation_digit" in kinds(match(bad))
    assert match(bad).standing == PROPOSED
    unnamed = claim(debtor_uscc=None, debtor_old_taxpayer_id="131103MA0ABCDE6", debtor_name="天津远洋运输有限公司")
    assert (match(unnamed).standing, match(unnamed).rule) == (PROPOSED, "old_id")


def test_e11_a_renamed_company_is_matched_by_its_uscc_and_the_name_told() -> None:
    world = claim(debtor_name="冀州金桥有限责任公司")
    result = world.result()
    assert result.matches is not None
    (found,) = result.matches.listed
    assert (found.standing, found.rule, world.codes()) == (CERTAIN, "uscc", ["NAME_DIFFERS"])
    assert {"same_uscc", "form_only"} <= kinds(found)
    by_former = match(claim(debtor_uscc=None, debtor_name=FORMER))
    assert (by_former.standing, by_former.rule) == (PROPOSED, "former_name")


def test_e12_companies_of_one_name_with_two_usccs_are_never_joined() -> None:
    found = match(claim(debtor_uscc=OTHER))
    assert (found.standing, found.rule, found.case_no) == (NEVER, None, None)
    assert found.candidates[0].barred
    assert {"other_uscc", "same_name"} <= kinds(found)


def test_two_debtors_of_one_name_are_ambiguous() -> None:
    world = claim(debtor_uscc=None).set("debtors", uscc=None, old_taxpayer_id=None)
    world.add("debtors", debtor_no="2", uscc=OTHER, old_taxpayer_id=None, former_name=None)
    found = match(world)
    assert (found.standing, found.case_no, len(found.candidates)) == (AMBIGUOUS, None, 2)


def test_e13_a_branch_is_never_its_head_office() -> None:
    found = match(claim(debtor_uscc=None, debtor_name=f"{NAME}衡水分公司"))
    assert found.standing in (NEVER, NONE)
    with_id = match(claim(debtor_uscc=None, debtor_old_taxpayer_id="131103MA0ABCDE6", debtor_name=f"{NAME}分公司"))
    assert (with_id.standing, "branch" in kinds(with_id)) == (NEVER, True)


def test_e30_a_debtor_nobody_knows_is_matched_to_nothing() -> None:
    world = claim(case_no=ELSEWHERE, debtor_uscc=OTHER, debtor_name="天津远洋运输有限公司")
    found = match(world)
    assert (found.standing, found.candidates, world.codes()) == (NONE, (), ["NO_RESPONSE", "UNKNOWN_CASE"])


def test_a_claim_on_an_unknown_case_proposes_the_case_its_debtor_is_in() -> None:
    found = match(claim(case_no=ELSEWHERE))
    assert (found.standing, found.rule, found.case_no) == (PROPOSED, "uscc", None)
    assert found.candidates[0].case_no == CASE
    assert {"same_uscc", "other_case", "listed"} <= kinds(found)


def test_natural_persons_stay_out() -> None:
    world = claim(debtor_uscc=None, debtor_name="王小明").set("debtors", uscc=None, name="王小明", old_taxpayer_id=None)
    found = match(world)
    assert (found.standing, "person" in kinds(found)) == (NEVER, True)


@pytest.mark.parametrize(
    ("name", "standing"),
    [("冀州市金桥有限公司", PROPOSED), ("冀州金石有限公司", PROPOSED), ("天津远洋运输有限公司", NONE)],
)
def test_similar_names_only_propose(name: str, standing: str) -> None:
    found = match(claim(debtor_uscc=None, debtor_name=name))
    assert found.standing in (standing, NEAR)
    assert found.case_no is None


def test_a_uscc_wrong_in_one_sign_is_proposed() -> None:
    found = match(claim(debtor_uscc=USCC.replace("MA0", "MAO"), debtor_name="冀州的老厂子有限公司"))
    assert (found.standing, found.rule) == (PROPOSED, "near_uscc")
    assert "near_uscc" in kinds(found)


def test_masked_names_are_like_nothing() -> None:
    world = claim(debtor_uscc=None, debtor_name="冀州***有限公司")
    assert match(world.set("debtors", former_name=None)).standing == NONE


def test_names_are_matched_without_blanks_widths_brackets_and_notes() -> None:
    assert match_name(" 冀州金桥（集团） 有限公司〔破产清算中〕") == "冀州金桥(集团)有限公司"
    assert match_name("（破产）") == "(破产)"
    assert is_branch("甲公司衡水分公司")
    assert not is_branch("分公司设备厂")
    assert is_person("王小明", None)
    assert not is_person("红旗厂", None)
    assert is_person("", "11010519491231002X")
    assert organisation_code(USCC) == "MA0ABCDE6" == organisation_code("131103MA0ABCDE6")
    assert organisation_ok("MA0ABCDE6")
    assert not organisation_ok("MA0ABCDE5")


NAMES = st.sampled_from([NAME, FORMER, "冀州金桥有限责任公司", f"{NAME}分公司", "冀州金石有限公司", "王小明"])
IDS = st.sampled_from([None, USCC, OTHER, USCC[:-1] + "8", OTHER[:-1] + "0"])
OLD = st.sampled_from([None, "131103MA0ABCDE6", "131103123456789"])
DEBTOR = st.fixed_dictionaries({"uscc": IDS, "old_taxpayer_id": OLD, "name": NAMES, "former_name": st.none() | NAMES})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(DEBTOR, min_size=1, max_size=3),
    st.fixed_dictionaries({"debtor_uscc": IDS, "debtor_old_taxpayer_id": OLD, "debtor_name": NAMES}),
    st.booleans(),
)
def test_nothing_ambiguous_and_nothing_contradicted_is_ever_certain(
    debtors: list[dict[str, Any]], stated: dict[str, Any], known: bool
) -> None:
    world = World().drop("debtors").set("claims", **stated, case_no=CASE if known else ELSEWHERE)
    for number, one in enumerate(debtors, start=1):
        world.add("debtors", debtor_no=str(number), **one)
    matches = matches_of(world)
    for found in matches.listed:
        assert found.claim_no == CLAIM
        fit = [one for one in found.candidates if not one.barred and not one.near]
        if found.standing != CERTAIN:
            assert (found.case_no, found.debtor_no) == (None, None)
            continue
        assert known
        assert found.rule in ("uscc", "old_id")
        assert len(fit) == 1 == len({one.id for one in fit})
        meant = debtors[int(found.debtor_no or 0) - 1]
        mine = stated["debtor_uscc"]
        both = mine and meant["uscc"] and uscc_valid(mine) and uscc_valid(meant["uscc"])
        assert not both or mine == meant["uscc"]
