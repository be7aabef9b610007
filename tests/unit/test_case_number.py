"""Case numbers: the one form, what is listed, the three accepted forms."""

from __future__ import annotations

import pandas as pd
import pytest

from exchange.domain.case_number import applied, normalise, normalise_case_no, parse, parts

PLAIN = "（2026）冀1103破3号"


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        (PLAIN, ()),
        ("(2026)冀1103破3号", ("half_width_brackets",)),
        ("(2026）冀1103破3号", ("half_width_brackets",)),
        ("〔2026〕冀1103破3号", ("tortoise_shell_brackets",)),
        ("〔2026)冀1103破3号", ("half_width_brackets", "tortoise_shell_brackets")),
        ("[2026]冀1103破3号", ("other_brackets",)),
        ("【2026】冀1103破3号", ("other_brackets",)),
        ("［2026］冀1103破3号", ("other_brackets",)),
        ("{2026}冀1103破3号", ("other_brackets",)),
        ("〈2026〉冀1103破3号", ("other_brackets",)),
        ("《2026》冀1103破3号", ("other_brackets",)),
        ("「2026」冀1103破3号", ("other_brackets",)),
        ("︵2026︶冀1103破3号", ("other_brackets",)),
        (" （2026）冀1103破3号", ("blanks_in_case_no",)),
        ("（2026）冀1103 破 3 号", ("blanks_in_case_no",)),
        ("（2026）冀1103破3号\u3000", ("blanks_in_case_no",)),
        ("（2026）冀1103破3号\u00a0", ("blanks_in_case_no",)),
        ("（2026）冀1103破3号\n", ("blanks_in_case_no",)),
        ("（2026）冀1103\u200b破3号", ("blanks_in_case_no",)),
        ("\ufeff（2026）冀1103破3号", ("blanks_in_case_no",)),
        ("（2026）冀1103破\u200d3\u2060号", ("blanks_in_case_no",)),
        ("（２０２６）冀１１０３破３号", ("full_width_digits_in_case_no",)),
        ("(２026) 冀1103破3号", ("half_width_brackets", "blanks_in_case_no", "full_width_digits_in_case_no")),
        ("（2026）冀1103破③号", ("other_width",)),
    ],
)
def test_every_way_of_writing_leads_to_one_form(raw: str, rules: tuple[str, ...]) -> None:
    assert normalise(raw) == PLAIN
    assert applied(raw) == rules
    assert applied(normalise(raw)) == ()


@pytest.mark.parametrize(
    "suffixed",
    ["3号之一", "3之一号", "3号-1", "3-1号", "3号之1", "3之12号", "3号之二十三", "3号之一百", "3-2号之一", "3号-十"],
)
def test_a_documents_suffix_is_cut_and_the_cut_alone_is_not_listed(suffixed: str) -> None:
    assert normalise(f"（2026）冀1103破{suffixed}") == PLAIN
    assert applied(f"（2026）冀1103破{suffixed}") == ()


def test_a_suffix_goes_with_other_rules() -> None:
    assert normalise("(2026)冀1103破3号之一") == PLAIN
    assert applied("(2026)冀1103破3号之一") == ("half_width_brackets",)


@pytest.mark.parametrize("rest", ["3号补正", "3号之", "3号之x", "3号之一裁", "3之号"])
def test_what_is_no_suffix_stays(rest: str) -> None:
    assert normalise(f"（2026）冀1103破{rest}") == f"（2026）冀1103破{rest}"


@pytest.mark.parametrize(
    ("number", "form", "code"),
    [
        ("（2026）冀1103破3号", "strict", "冀1103"),
        ("（2026）冀11破3号", "strict", "冀11"),
        ("（2026）冀1103强清3号", "strict", "冀1103"),
        ("（2026）冀1103破申3号", "strict", "冀1103"),
        ("（2015）江宁商破字第17号", "legacy1", "江宁"),
        ("（2015）江宁商破字第017号", "legacy1", "江宁"),
        ("（2009）冀民破第3号", "legacy1", "冀"),
        ("（2015）江宁商破字第17号之补正裁定", "legacy1", "江宁"),
        ("（2015）江宁商破第17号", "legacy1", "江宁"),
        ("2016川14民破2号", "legacy2", "川14"),
        ("（2016）冀1103民破2号", "legacy2", "冀1103"),
        ("（2016）冀1103民算02号", "legacy2", "冀1103"),
        ("（2026）冀1103破03号", "malformed", ""),
        ("（2026）冀1103破0号", "malformed", ""),
        ("（1999）冀1103破3号", "malformed", ""),
        ("2026冀1103破3号", "malformed", ""),
        ("（2026）最高法破3号", "malformed", ""),
        ("（2026）冀破3号", "malformed", ""),
        ("（2026）冀1103执3号", "malformed", ""),
        ("（2026）冀11031破3号", "malformed", ""),
        ("2026年破产第7号", "malformed", ""),
        ("（2015）破字第17号", "malformed", ""),
        ("", "malformed", ""),
    ],
)
def test_three_forms_are_accepted_and_no_other(number: str, form: str, code: str) -> None:
    assert (parse(number).form, parse(number).code) == (form, code)


def test_columns_keep_their_index_and_what_is_missing() -> None:
    column = pd.Series(["(2026)冀1103破3号", None, " \u200b ", "x"], index=[3, 1, 9, 0], dtype="str")
    changed = normalise_case_no(column)
    assert list(changed.index) == [3, 1, 9, 0]
    assert changed.isna().tolist() == [False, True, True, False]
    assert list(parts(changed)["form"]) == ["strict", "malformed", "malformed", "malformed"]
    assert list(parts(changed)["serial"]) == ["3", "", "", ""]
    assert normalise_case_no(pd.Series([], dtype="str")).empty
