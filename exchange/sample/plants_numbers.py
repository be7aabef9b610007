"""Plants in case numbers: how they are written, whose they are, whether two records share one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exchange.sample.catalogue import Change, Shelf
from exchange.sample.making import Maker
from exchange.sample.rows import Estate

SHELF: Final = Shelf()

WRITTEN: Final = (
    ("half_width_brackets", "案号用半角括号", "half-width brackets", lambda n: n.replace("（", "(").replace("）", ")"),
     ("half_width_brackets",)),
    ("tortoise_shell_brackets", "案号用六角括号", "tortoise-shell brackets",
     lambda n: n.replace("（", "〔").replace("）", "〕"), ("tortoise_shell_brackets",)),
    ("other_brackets", "案号用方头括号", "lenticular brackets", lambda n: n.replace("（", "【").replace("）", "】"),
     ("other_brackets",)),
    ("square_brackets", "案号用方括号", "square brackets", lambda n: n.replace("（", "[").replace("）", "]"),
     ("other_brackets",)),
    ("blanks_in_case_no", "案号前后有空格", "blanks around the number", lambda n: f" {n} ", ("blanks_in_case_no",)),
    ("ideographic_blank", "案号中有全角空格", "an ideographic space inside", lambda n: n.replace("破", "　破"),
     ("blanks_in_case_no",)),
    ("zero_width_blank", "案号中有零宽字符", "a zero-width space inside", lambda n: n.replace("冀", "\u200b冀"),
     ("blanks_in_case_no",)),
    ("line_break_in_case_no", "案号中有换行", "a line break inside", lambda n: n.replace("号", "\n号"),
     ("blanks_in_case_no",)),
    ("full_width_digits", "案号用全角数字", "full-width digits",
     lambda n: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in n), ("full_width_digits_in_case_no",)),
    ("other_width", "案号后缀用全角连字符", "a full-width hyphen before the suffix", lambda n: n.replace("号", "号－1"),
     ("other_width",)),
    ("several_styles", "半角括号并有空格", "half-width brackets and blanks",
     lambda n: n.replace("（", "( ").replace("）", " )"), ("half_width_brackets", "blanks_in_case_no")),
    ("suffix_after", "案号带文书后缀：号之一", "a document's suffix: 号之一", lambda n: f"{n}之一", ()),
    ("suffix_before", "案号带文书后缀：之一号", "a document's suffix: 之一号", lambda n: n.replace("号", "之一号"), ()),
    ("suffix_hyphen", "案号带文书后缀：号-1", "a document's suffix: 号-1", lambda n: f"{n}-1", ()),
    ("suffix_hyphen_before", "案号带文书后缀：-1号", "a document's suffix: -1号",
     lambda n: n.replace("号", "-1号"), ()),
)  # fmt: skip


def _written() -> None:
    for name, zh, en, write, rules in WRITTEN:

        def change(_: Maker, e: Estate, write=write, rules=rules) -> None:  # type: ignore[no-untyped-def]
            e.case_no = write(e.number)
            e.normalised += [(rule, e.number) for rule in rules]

        expected = f"sent; normalised: {', '.join(rules)}" if rules else "sent under the base number; not listed"
        SHELF.change(name, zh, en, expected, "E04", layer="number")(change)


_written()


def _numbered(text: str, *rules: str, holds: tuple[str, ...] = (), plain: str | None = None) -> Change:
    """The record's number is this text; `plain` its normalised form where that differs."""

    def change(_: Maker, e: Estate) -> None:
        e.case_no, e.number = text, plain if plain is not None else text
        e.normalised += [(rule, e.number) for rule in rules]
        e.holds += holds

    return change


MALFORMED: Final = (
    ("malformed_words", "案号写成文字", "a number in words", "{y}年破产第{n}号"),
    ("malformed_leading_zero", "序号有前导零", "a leading zero", "（{y}）{c}破申0{n}号"),
    ("malformed_zero", "序号为零", "serial zero", "（{y}）{c}破0号"),
    ("malformed_no_brackets", "新案号无括号", "a new number without brackets", "{y}{c}破{n}号"),
    ("malformed_no_hao", "案号缺“号”字", "号 is missing", "（{y}）{c}破{n}"),
    ("malformed_type", "类型代字不是破产", "another type character", "（{y}）{c}民初{n}号"),
    ("malformed_two_suffixes", "两个文书后缀", "two suffixes", "（{y}）{c}破{n}号之一之二"),
    ("malformed_last_century", "年份不对", "a year no number has", "（1999）{c}破{n}号"),
)


def _forms() -> None:
    for name, zh, en, text in MALFORMED:

        def make(m: Maker, text: str = text) -> Sequence[Estate]:
            court = m.court()
            m.records_of_form += 1
            number = text.format(y=m.setting.as_of.year, c=court.codes[0].code, n=800_000 + m.records_of_form)
            e = m.case(court=court, number=number)
            e.holds.append("case_no_malformed")
            return (e,)

        edges = ("E05",) if name == "malformed_leading_zero" else ()
        SHELF.make(name, zh, en, "held: case_no_malformed; its claims: UNKNOWN_CASE", *edges)(make)


_forms()


@SHELF.make("legacy_zi_di", "旧案号：（2015）…商破字第N号，半角括号", "an old 字第 number, half-width brackets",
            "sent; court code not checked; normalised: half_width_brackets", "E05")  # fmt: skip
def _zi_di(m: Maker) -> Sequence[Estate]:
    m.records_of_form += 1
    plain = f"（2015）衡商破字第{m.records_of_form:02d}号"
    e = m.case(stage="distribution", number=plain)
    _numbered(plain.replace("（", "(").replace("）", ")"), "half_width_brackets", plain=plain)(m, e)
    return (e,)


@SHELF.make(
    "legacy_min_po", "旧案号：2016…民破N号，无括号", "an old 民破 number without brackets", "sent as it stands", "E05"
)
def _min_po(m: Maker) -> Sequence[Estate]:
    m.records_of_form += 1
    court = m.court()
    return (m.case(court=court, stage="distribution", number=f"2016{court.codes[0].code}民破{m.records_of_form}号"),)


@SHELF.make("legacy_of_elsewhere", "外省旧案号 2016川14民破…号", "another province's old number, well formed",
            "held: court_code_differs_from_case_no, not case_no_malformed", "E05")  # fmt: skip
def _elsewhere(m: Maker) -> Sequence[Estate]:
    m.records_of_form += 1
    e = m.case(number=f"2016川14民破{m.records_of_form + 1}号")
    e.holds.append("court_code_differs_from_case_no")
    return (e,)


@SHELF.change("number_empty", "案号为空", "an empty number", "held: case_no_malformed; empty numbers are no duplicates")
def _empty(_: Maker, e: Estate) -> None:
    e.case_no, e.claims = "", []
    e.reviews, e.payments, e.number = [], [], ""
    e.holds.append("case_no_malformed")


@SHELF.change("number_null", "案号为 NULL", "no number at all", "held: case_no_malformed")
def _null(m: Maker, e: Estate) -> None:
    _empty(m, e)
    e.case_no = None


@SHELF.make("number_of_another_court", "案号是别院的", "another court's number",
            "held: court_code_differs_from_case_no; its claims: UNKNOWN_CASE")  # fmt: skip
def _another(m: Maker) -> Sequence[Estate]:
    court = m.court()
    number, _ = m.serial(m.setting.as_of.year, "冀99" + court.codes[0].code[3:])
    e = m.case(court=court, number=number)
    e.holds.append("court_code_differs_from_case_no")
    return (e,)


@SHELF.make("old_court_code", "更名前的法院代字（2016年）", "the court's code before it was renamed, of 2016",
            "sent: a code of its court", "E07")  # fmt: skip
def _old_code(m: Maker) -> Sequence[Estate]:
    return (_renamed_code(m, 2016),)


@SHELF.make("old_court_code_late", "更名前的法院代字（2024年）", "the old code on a number of 2024",
            "sent; finding old_court_code_on_new_case", "E07")  # fmt: skip
def _old_code_late(m: Maker) -> Sequence[Estate]:
    return (_renamed_code(m, 2024),)


def _renamed_code(m: Maker, year: int) -> Estate:
    renamed = [court for court in m.setting.courts if any(code.until for code in court.codes)]
    court = renamed[0] if renamed else m.setting.courts[0]
    code = next((code.code for code in court.codes if code.until), court.codes[0].code)
    return m.case(stage="distribution", court=court, number=m.serial(year, code)[0])


@SHELF.make("duplicate_both_fit", "两个案件同一案号", "two records with one number, both fit",
            "both held: duplicate_case_no")  # fmt: skip
def _both(m: Maker) -> Sequence[Estate]:
    court = m.court()
    first = m.case(court=court)
    second = m.case(court=court, claim=None, number=first.number)
    for e in (first, second):
        e.holds.append("duplicate_case_no")
    return first, second


@SHELF.make("duplicate_written_differently", "同一案号两种写法", "one number, written in two ways",
            "both held: duplicate_case_no; one normalised")  # fmt: skip
def _two_ways(m: Maker) -> Sequence[Estate]:
    first, second = _both(m)
    second.case_no = first.number.replace("（", "(").replace("）", ")")
    second.normalised.append(("half_width_brackets", first.number))
    return first, second


@SHELF.make("duplicate_one_fits", "同一案号，只有一院相符", "one number, it fits one record's court alone",
            "the fitting one sent; the other held: court_code_differs_from_case_no, duplicate_case_no")  # fmt: skip
def _one_fits(m: Maker) -> Sequence[Estate]:
    courts = m.setting.courts
    first = m.case(court=courts[0])
    second = m.case(claim=None, court=courts[-1], number=first.number)
    if len(courts) > 1:
        second.holds += ["court_code_differs_from_case_no", "duplicate_case_no"]
    else:
        for e in (first, second):
            e.holds.append("duplicate_case_no")
    return first, second


@SHELF.make("duplicate_three", "三件同号，两件相符", "three records with one number, two of them fit",
            "all three held: duplicate_case_no")  # fmt: skip
def _three(m: Maker) -> Sequence[Estate]:
    first, second = _both(m)
    own = next(court for court in m.setting.courts if court.id == first.court)
    other = next((court for court in m.setting.courts if court.id != first.court), own)
    third = m.case(claim=None, court=other, number=first.number)
    third.holds += ["duplicate_case_no", *(["court_code_differs_from_case_no"] if other is not own else [])]
    return first, second, third


@SHELF.make("duplicate_fitting_one_is_bad", "相符的一件另有缺陷", "the one that fits breaks another rule",
            "the fitting one held for that alone; the other for two reasons")  # fmt: skip
def _fitting_bad(m: Maker) -> Sequence[Estate]:
    first, second = _one_fits(m)
    first.debtors[0].name = "*" + first.debtors[0].name
    first.holds.append("name_is_masked")
    return first, second


@SHELF.make("duplicate_of_unselected", "与未入选案件同号", "one number shared with a petition that was refused",
            "sent: the other one is not selected")  # fmt: skip
def _unselected(m: Maker) -> Sequence[Estate]:
    first = m.case()
    return first, m.unaccepted("not_accepted", number=first.number)


@SHELF.make(
    "petition_elsewhere",
    "上级法院受理，指定下级审理",
    "accepted under 冀11破申, tried under the district's number",
    "one case sent; the petition's record is not selected",
    "E06",
)
def _petition(m: Maker) -> Sequence[Estate]:
    case, petition = m.case(court=m.setting.courts[-1]), m.unaccepted("petition", court=m.setting.courts[0])
    petition.debtors[0].name, petition.debtors[0].uscc = case.debtors[0].name, case.debtors[0].uscc
    case.events[0].document_no = f"{petition.number}之一"
    return case, petition
