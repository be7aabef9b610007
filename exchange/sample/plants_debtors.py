"""Plants in debtors: codes, old ids, names, several debtors, branches, people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from exchange.sample import names
from exchange.sample.catalogue import Shelf, broken
from exchange.sample.making import Maker
from exchange.sample.rows import Debtor, Estate

SHELF: Final = Shelf()
BAD: Final = "uscc_check_digit"


def _wrong_check(code: str) -> str:
    return code[:17] + names.ALPHABET[(names.ALPHABET.index(code[17]) + 7) % 31]


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


for _id, _zh, _en, _write, _edges in (
    ("uscc_wrong_check", "信用代码校验位错", "a wrong check character", _wrong_check, ()),
    ("uscc_o_for_zero", "信用代码把0写成O", "O for 0", lambda c: "9113110O" + c[8:], ("E09",)),
    ("uscc_i_for_one", "信用代码把1写成I", "I for 1", lambda c: "9I" + c[2:], ()),
    ("uscc_17_characters", "信用代码少一位", "one character short", lambda c: c[:17], ()),
    ("uscc_19_characters", "信用代码多一位", "one character more", lambda c: c + "0", ()),
    ("uscc_is_old_id", "信用代码栏填了十五位旧识别号", "an old taxpayer id in its place", lambda c: c[2:17], ()),
    ("uscc_scientific", "信用代码成了科学计数", "turned into a number by a spreadsheet", lambda _: "9.11311E+17", ()),
    ("uscc_words", "信用代码栏写“无”", "a word in its place", lambda _: "无", ()),
):  # fmt: skip

    @SHELF.change(_id, _zh, _en, f"held: {BAD}; its claims: UNKNOWN_CASE", *_edges, layer="debtor")
    def _bad(_: Maker, e: Estate, write: Callable[[str], str] = _write) -> None:
        e.debtors[0].uscc = write(e.debtors[0].uscc or "")
        e.holds.append(BAD)


for _id, _zh, _en, _write, _rules in (
    ("uscc_lower_case", "信用代码小写", "lower case", str.lower, ("lower_case_uscc",)),
    ("uscc_blanks", "信用代码含空格", "blanks in it", lambda c: f"{c[:8]} {c[8:]}　", ("blanks_in_uscc",)),
    ("uscc_full_width", "信用代码全角", "full width", _wide, ("other_width",)),
    ("uscc_all_styles", "信用代码全角小写带空格", "full width, lower case, a blank",
     lambda c: _wide(c.lower()) + " ", ("lower_case_uscc", "blanks_in_uscc", "other_width")),
):  # fmt: skip

    @SHELF.change(_id, _zh, _en, f"sent; normalised: {', '.join(_rules)}; its claim still matches", layer="debtor")
    def _styled(_: Maker, e: Estate, write: Callable[[str], str] = _write, rules: tuple[str, ...] = _rules) -> None:
        code = e.debtors[0].uscc or ""
        e.debtors[0].uscc = write(code)
        e.normalised += [(rule, code) for rule in rules]


def _recode(e: Estate, code: str) -> None:
    """Give the first debtor another code everywhere."""
    for claim in e.claims:
        for version in claim.versions:
            version.uscc = code
    for status in e.statuses:
        status.uscc = code
    e.debtors[0].uscc = code


@SHELF.change(
    "uscc_letter_in_region",
    "登记管理部门代码带字母（N2…）",
    "a code that begins with N2, as rural collectives' do",
    "sent: letters are allowed everywhere",
)
def _letters(_: Maker, e: Estate) -> None:
    _recode(e, names.with_check("N2" + (e.debtors[0].uscc or "")[2:17]))


@SHELF.change("uscc_organisation_digit", "组织机构代码自身校验位错", "the organisation code's own digit is wrong",
              "sent: that digit is not checked")  # fmt: skip
def _inner(_: Maker, e: Estate) -> None:
    code = e.debtors[0].uscc or ""
    other = "1" if code[16] != "1" else "2"
    _recode(e, names.with_check(code[:16] + other))


@SHELF.change("uscc_blanks_alone", "信用代码栏只有空格", "blanks alone in its place",
              "sent; as if empty; its claim by USCC: DEBTOR_MISMATCH")  # fmt: skip
def _blank_code(_: Maker, e: Estate) -> None:
    e.debtors[0].uscc, e.statuses = " ", []
    broken(e.claims[0], "DEBTOR_MISMATCH")


@SHELF.change(
    "uscc_missing",
    "缺信用代码，税务登记中名称唯一",
    "no USCC at the court; the name is one taxpayer's alone",
    "sent; its claim: DEBTOR_MISMATCH until an officer confirms",
    "E08",
)
def _no_code(_: Maker, e: Estate) -> None:
    e.debtors[0].uscc, e.statuses = None, []
    broken(e.claims[0], "DEBTOR_MISMATCH")


def _old_only(m: Maker, e: Estate) -> str:
    m.bodies += 1
    old = names.old_taxpayer_id("131103", m.bodies)
    e.debtors[0].uscc, e.debtors[0].old_id, e.statuses = None, old, []
    return old


@SHELF.change("old_id_both_sides", "双方都只有十五位旧识别号", "fifteen characters on both sides",
              "warned: uscc_missing_old_taxpayer_id; the claim matches", "E10")  # fmt: skip
def _old_both(m: Maker, e: Estate) -> None:
    old = _old_only(m, e)
    e.claims[0].last.uscc, e.claims[0].last.old_id = "", f" {old.lower()}"
    e.warns.append("uscc_missing_old_taxpayer_id")


@SHELF.change("old_id_fourteen", "旧识别号只有十四位", "an old id of fourteen characters", "sent, not warned")
def _old_short(m: Maker, e: Estate) -> None:
    old = _old_only(m, e)[:14]
    e.debtors[0].old_id = old
    e.claims[0].last.uscc, e.claims[0].last.old_id = "", old


@SHELF.change("old_id_at_tax_alone", "税务一方用十五位旧识别号", "the tax side files under the old id alone",
              "DEBTOR_MISMATCH; finding old_id_fits_uscc", "E10")  # fmt: skip
def _old_tax(_: Maker, e: Estate) -> None:
    code = e.debtors[0].uscc or ""
    e.claims[0].last.uscc, e.claims[0].last.old_id = "", e.division + code[8:17]
    broken(e.claims[0], "DEBTOR_MISMATCH")


for _id, _zh, _write in (
    ("formula_equals", "名称以=开头", lambda n: f"=SUM({n})"), ("formula_plus", "名称以+开头", lambda n: f"+{n}"),
    ("formula_minus", "名称以-开头", lambda n: f"-{n}"), ("formula_at", "名称以@开头", lambda n: f"@{n}"),
    ("formula_full_width", "名称以全角＝开头", lambda n: f"＝{n}"),
):  # fmt: skip

    @SHELF.change(_id, _zh, "a name that a spreadsheet would run", "held: name_is_a_formula", layer="debtor")
    def _formula(_: Maker, e: Estate, write: Callable[[str], str] = _write) -> None:
        e.debtors[0].name = write(e.debtors[0].name)
        e.holds.append("name_is_a_formula")


@SHELF.change("formula_after_blank", "空格后是公式符号", "a formula behind a blank",
              "held: name_is_a_formula; normalised: blanks_around_name", layer="debtor")  # fmt: skip
def _formula_blank(_: Maker, e: Estate) -> None:
    name = f"@{e.debtors[0].name}"
    e.debtors[0].name = f" {name}"
    e.normalised.append(("blanks_around_name", name))
    e.holds.append("name_is_a_formula")


@SHELF.change(
    "formula_in_former_name", "曾用名是公式", "a formula in the former name", "held: name_is_a_formula", layer="debtor"
)
def _formula_former(_: Maker, e: Estate) -> None:
    e.debtors[0].former = "-1+1"
    e.holds.append("name_is_a_formula")


@SHELF.change("formula_sign_inside", "名称中间有=号", "an equals sign inside a name", "sent", layer="debtor")
def _sign_inside(_: Maker, e: Estate) -> None:
    _rename(e, e.debtors[0].name[:2] + "=" + e.debtors[0].name[2:])


def _rename(e: Estate, name: str) -> None:
    """Give the first debtor another name on both sides."""
    for claim in e.claims:
        for version in claim.versions:
            version.name = name
    e.debtors[0].name = name


for _id, _zh, _star in (("masked", "名称带*", "*"), ("masked_full_width", "名称带＊", "＊")):

    @SHELF.change(_id, _zh, "a masked name", "held: name_is_masked", layer="debtor")
    def _masked(_: Maker, e: Estate, star: str = _star) -> None:
        e.debtors[0].name = e.debtors[0].name[:2] + star * 2 + e.debtors[0].name[4:]
        e.holds.append("name_is_masked")


@SHELF.change("masked_former_name", "曾用名被遮盖", "a masked former name", "held: name_is_masked", layer="debtor")
def _masked_former(_: Maker, e: Estate) -> None:
    e.debtors[0].former = "衡水*公司"
    e.holds.append("name_is_masked")


@SHELF.change(
    "blanks_around_name",
    "名称前后有空格",
    "blanks around the name",
    "sent; normalised: blanks_around_name",
    layer="debtor",
)
def _blank_name(_: Maker, e: Estate) -> None:
    name = e.debtors[0].name
    e.debtors[0].name = f" {name}　"
    e.normalised.append(("blanks_around_name", name))


@SHELF.change("blanks_around_former_name", "曾用名前后有空格", "blanks around the former name",
              "sent; normalised: blanks_around_name", layer="debtor")  # fmt: skip
def _blank_former(m: Maker, e: Estate) -> None:
    former = names.company(m.rng)
    e.debtors[0].former = f"\t{former}"
    e.normalised.append(("blanks_around_name", former))


@SHELF.change(
    "rare_ideographs", "名称有生僻字", "ideographs of CJK extension B", "sent, character by character", layer="debtor"
)
def _rare(m: Maker, e: Estate) -> None:
    rare = "".join(m.rng.sample(names.RARE, 2))
    _rename(e, e.debtors[0].name.replace("公司", f"{rare}公司"))


@SHELF.change(
    "quoted_address", "住所有引号、逗号和换行", "quotes, a comma and a line break in the address", "sent as it stands"
)
def _quoted(_: Maker, e: Estate) -> None:
    e.debtors[0].address = '河北省衡水市"老城区", 12号\n院内二层 O\'Brien路'


@SHELF.change(
    "renamed",
    "受理前两周更名，以旧名申报",
    "renamed two weeks before acceptance, claimed under the former name",
    "no break: the former name is known",
    "E11",
    layer="debtor",
)
def _renamed(m: Maker, e: Estate) -> None:
    e.debtors[0].former = e.debtors[0].name
    e.debtors[0].name = names.company(m.rng)


@SHELF.change("renamed_unknown", "更名而法院无曾用名", "renamed, the court has no former name", "NAME_DIFFERS", "E11")
def _renamed_unknown(m: Maker, e: Estate) -> None:
    e.debtors[0].name = names.company(m.rng) + "新"
    broken(e.claims[0], "NAME_DIFFERS")


@SHELF.make("homonyms", "两家同名企业，代码不同", "two companies of one name, different USCC",
            "two cases; each claim matches its own; never joined", "E12")  # fmt: skip
def _homonyms(m: Maker) -> Sequence[Estate]:
    first, second = m.case(), m.case()
    _rename(second, first.debtors[0].name)
    return first, second


@SHELF.make("homonym_filed_in_wrong_case", "同名另一企业的代码", "a claim under the homonym's code",
            "DEBTOR_MISMATCH: the name alone joins nothing", "E12")  # fmt: skip
def _wrong_homonym(m: Maker) -> Sequence[Estate]:
    first, second = _homonyms(m)
    first.claims[0].last.uscc = second.debtors[0].uscc or ""
    broken(first.claims[0], "DEBTOR_MISMATCH")
    return first, second


@SHELF.change("branch", "债务人是分公司，自有欠税", "the debtor is a branch with arrears of its own",
              "sent; no break; finding debtor_is_a_branch", "E13")  # fmt: skip
def _branch(_: Maker, e: Estate) -> None:
    _rename(e, f"{e.debtors[0].name}冀州分公司")


@SHELF.make(
    "branch_files_in_head_office_case",
    "分公司欠税报在总公司案件",
    "a branch's arrears in its head office's case",
    "DEBTOR_MISMATCH; finding branch_files_as_debtor",
    "E13",
)
def _branch_claim(m: Maker) -> Sequence[Estate]:
    e = m.case(claim=None)
    m.bodies += 1
    head = e.debtors[0]
    branch = Debtor(id=0, name=f"{head.name}冀州分公司", uscc=names.uscc(e.division, m.bodies))
    broken(m.claims.claim(e, branch), "DEBTOR_MISMATCH")
    return (e,)


@SHELF.make("consolidated", "三家关联企业实质合并，各自申报", "three affiliates in one case, one claim each",
            "no break; finding several_debtors_in_case", "E28")  # fmt: skip
def _consolidated(m: Maker) -> Sequence[Estate]:
    e = m.case(debtors=3, claim=None)
    for debtor in e.debtors:
        e.blocks = 0
        m.claims.review(e, m.claims.claim(e, debtor, blocks=2))
    return (e,)


@SHELF.make(
    "consolidated_one_bad",
    "合并案件中一家代码有误",
    "one of three debtors has a wrong code",
    f"the whole case held: {BAD}",
)
def _one_bad(m: Maker) -> Sequence[Estate]:
    e = m.case(debtors=3)
    e.debtors[2].uscc = _wrong_check(e.debtors[2].uscc or "")
    e.holds.append(BAD)
    return (e,)


@SHELF.make(
    "natural_person",
    "合并自然人股东为债务人，无信用代码",
    "a natural person among the debtors, without a code",
    "sent; no break",
)
def _natural(m: Maker) -> Sequence[Estate]:
    e = m.case()
    m.debtor_ids += 1
    e.debtors.append(Debtor(id=m.debtor_ids, name=names.person(m.rng), uscc=None, address="河北省衡水市", industry=""))
    return (e,)


@SHELF.make(
    "individual_business",
    "个体工商户（92…）与合作社（93…）",
    "an individual business and a cooperative",
    "sent; no break",
)
def _individual(m: Maker) -> Sequence[Estate]:
    e = m.case(debtors=0)
    m.debtor(e, kind="92", name=f"冀州区某{m.rng.choice(names.STEMS)}橡胶制品加工部")
    m.debtor(e, kind="93", name="衡水某某农业种植专业合作社")
    for debtor in e.debtors:
        m.claims.review(e, m.claims.claim(e, debtor))
    return (e,)


@SHELF.change("no_debtor", "案件无债务人", "a case without a debtor", "held: case_without_debtor", layer="debtor")
def _nobody(_: Maker, e: Estate) -> None:
    e.debtors, e.statuses = [], []
    e.holds.append("case_without_debtor")


@SHELF.make(
    "debtor_in_two_cases",
    "同一债务人两件在办",
    "one debtor in two open cases",
    "both sent; finding debtor_in_two_cases",
)
def _twice(m: Maker) -> Sequence[Estate]:
    first, second = m.case(), m.case(claim=None)
    one, other = first.debtors[0], second.debtors[0]
    other.name, other.uscc, second.statuses = one.name, one.uscc, []
    m.claims.claim(second)
    return first, second


@SHELF.change("abnormal", "非正常户", "abnormal in the tax register, an inspection open", "sent; no break", "E29")
def _abnormal(_: Maker, e: Estate) -> None:
    e.statuses[0].registration, e.statuses[0].suspended, e.statuses[0].inspection = "abnormal", True, True


@SHELF.change(
    "deregistered",
    "在办案件的债务人已注销",
    "deregistered while its case goes on",
    "no break; finding deregistered_while_case_open",
)
def _gone(_: Maker, e: Estate) -> None:
    e.statuses[0].registration = "deregistered"
