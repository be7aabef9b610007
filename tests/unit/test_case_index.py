"""How what an officer types becomes what is looked for."""

from __future__ import annotations

import pytest

from exchange.domain.case_index import questions, squeezed, words_of


@pytest.mark.parametrize(
    "typed",
    [
        "（2026）冀1103破2号",
        "(2026)冀1103破2号",
        "〔2026〕 冀１１０３ 破2号之一",
        "2026冀1103破2",
        " ( 2026 ) 冀1103 破 2 号 ",
    ],
)
def test_a_case_number_is_meant_in_any_writing(typed: str) -> None:
    words = words_of("（2026）冀1103破2号", ["枣强恒润隆昌物流有限公司"])
    strict = questions(typed)[0]
    assert any(f"\n{one}\n" in words for one in strict.whole)


def test_names_and_ids_are_found_whole_and_by_parts() -> None:
    words = words_of("（2026）冀1103破2号", ["枣强 恒润（隆昌）物流有限公司", None, "91131122ka11e0ma4k", ""])
    assert words == "\n2026冀1103破2号\n枣强恒润隆昌物流有限公司\n91131122KA11E0MA4K\n"
    assert squeezed("91131122 ka11") == "91131122KA11"
    first, apart = questions("枣强 物流")
    assert "枣强物流" in first.whole
    assert first.parts == ("枣强物流",)
    assert all(piece in words for piece in apart.parts)


def test_nothing_typed_finds_nothing_and_a_long_text_is_cut() -> None:
    assert questions("") == questions(" 　()（）") == ()
    assert all(len(one) <= 201 for one in questions("破" * 5000)[0].whole)
