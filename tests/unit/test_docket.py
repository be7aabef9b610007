"""The docket: which serials are missing, what probably explains them, what officers said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.adapters.contracts_files import load_agreement
from exchange.domain import docket, gap_book
from exchange.domain.audit import Event
from exchange.domain.errors import NeedsPerson
from exchange.domain.gap_reasons import give
from exchange.domain.points import EXPLAINED, Explanation, Point
from exchange.domain.route import LegalFigure, Party
from exchange.domain.serials import common, count, holds, minus, parse_spans, spans_text, union

AGREEMENT = load_agreement(Path(__file__).parents[2])
CITY, ROUTE = AGREEMENT.parties["court-131100"], AGREEMENT.routes["131100-cases"]
AS_OF = date(2026, 10, 9)


def register(*numbers: str | None, court: str = "冀1103") -> pd.DataFrame:
    rows = [{"_record": str(n), "case_no": number, "court_code": court} for n, number in enumerate(numbers, start=1)]
    return pd.DataFrame(rows, columns=["_record", "case_no", "court_code"], dtype="str")


def gaps(*registers: pd.DataFrame, sender: Party = CITY, as_of: date = AS_OF) -> dict[str, docket.Series]:
    numbers = docket.joined([docket.numbers_of(one, sender) for one in registers])
    looked = docket.looked_at(numbers, sender=sender, route=ROUTE, as_of=as_of)
    return {one.key: one for one in docket.gaps(numbers, looked, sender=sender)}


def told(one: docket.Series) -> set[tuple[str, str, int | None]]:
    return {(hint.record, hint.why, hint.serial) for hint in one.hints}


def test_serials_run_by_court_year_and_type() -> None:
    found = gaps(
        register(
            "（2026）冀1103破1号", "（2026）冀1103破4号", "(2026)冀1103破申2号", "（2025）冀1103破2号",
            "（2026）冀1103强清1号",
        )
    )  # fmt: skip
    assert {key: (spans_text(one.missing), one.highest, one.held) for key, one in found.items()} == {
        "冀1103|2026|破": ("2-3", 4, 2),
        "冀1103|2026|破申": ("1", 2, 1),
        "冀1103|2025|破": ("1", 2, 1),
    }


def test_a_number_counts_for_its_own_court_wherever_it_is_kept() -> None:
    found = gaps(
        register("（2026）冀1103破1号"), register("（2026）冀1103破3号", "（2026）冀1102破1号", court="冀1102")
    )
    assert {key: spans_text(one.missing) for key, one in found.items()} == {"冀1103|2026|破": "2"}


def test_other_forms_and_other_courts_count_for_nothing() -> None:
    found = gaps(
        register(
            "（2026）冀1103破1号", "（2015）冀州商破字第17号", "2016川14民破2号", "（2026）冀0102破9号",
            "（2026）冀1103破99999999999999999999号", None, "", "张三", "（2030）冀1103破7号",
        )
    )  # fmt: skip
    assert found == {}
    assert gaps(register()) == {}


def test_what_shows_a_number_probably_explains_it() -> None:
    found = gaps(
        register(
            "（2026）冀1103破1号", "（2026）冀1103破056号", "（2026）冀1103破60号", "2026年破产第7号",
            "（2026）冀0102破8号", "张三", "（2026）冀1103破60号",
        )
    )["冀1103|2026|破"]  # fmt: skip
    assert spans_text(found.missing) == "2-59"
    assert told(found) == {
        ("2", "malformed", 56), ("4", "malformed", 7), ("5", "other_code", 8), ("6", "malformed", None),
        ("3", "doubled", None), ("7", "doubled", None),
    }  # fmt: skip


def test_a_register_that_begins_later_is_not_asked_about_before() -> None:
    start = LegalFigure(value=Decimal(2026), since=date(2026, 1, 1), source="案件系统二〇二六年上线")
    late = replace(CITY, courts=tuple(replace(court, docket_from=(start,)) for court in CITY.courts))
    rows = register("（2025）冀1103破9号", "（2026）冀1103破2号")
    assert set(gaps(rows)) == {"冀1103|2025|破", "冀1103|2026|破"}
    assert set(gaps(rows, sender=late)) == {"冀1103|2026|破"}
    assert set(gaps(rows, sender=late, as_of=date(2025, 12, 31))) == {"冀1103|2025|破"}


def test_a_point_names_the_series_and_its_open_serials() -> None:
    (found,) = docket.gap_findings({"冀1103|2026|破": ((3, 3), (7, 9)), "冀1102|2026|破": ()})
    assert (found.rule, found.severity, found.record, found.row_key) == ("docket_gap", "verify", None, "冀1103|2026|破")
    assert found.note == "3, 7-9"


def event(seq: int, kind: str, serials: str, category: str = "void_number", exchange: str = "k1") -> Event:
    body: dict[str, Any] = {"series": "冀1103|2026|破", "serials": serials}
    if kind == EXPLAINED:
        body = {"by": "liaison-1", "docket": [body | {"category": category, "note_sha256": f"n{seq}"}]}
    at = datetime(2026, 10, 9, 1, seq, tzinfo=UTC)
    return Event(seq=seq, at=at, kind=kind, exchange=exchange, actor="x", body=body, prev_hash="", hash="")


def series(*missing: tuple[int, int]) -> docket.Series:
    return docket.Series(code="冀1103", year=2026, kind="破", highest=20, held=10, missing=missing)


def test_part_of_the_serials_explained_leaves_the_rest_open() -> None:
    book = gap_book.told_so_far([event(1, EXPLAINED, "3, 7-8")])
    assert spans_text(gap_book.still_open(series((3, 3), (7, 9)), book)) == "9"


def test_what_was_said_holds_later_and_ends_when_the_number_turns_up() -> None:
    said = [event(1, EXPLAINED, "3, 7-9")]
    later = gap_book.series_document(series((3, 3), (7, 8)), gap_book.told_so_far(said), "k2")
    assert (later["open"], later["explained"][0]["serials"], later["explained"][0]["reused"]) == ("", "3, 7-8", True)
    there = gap_book.turned_up(gap_book.told_so_far(said), {"冀1103|2026|破": ((3, 3), (7, 8))}, {"冀1103|2026|破": 20})
    assert {key: spans_text(spans) for key, spans in there.items()} == {"冀1103|2026|破": "9"}
    closed = gap_book.told_so_far([*said, event(2, gap_book.TURNED_UP, "9")])
    assert spans_text(gap_book.still_open(series((9, 9)), closed)) == "9"
    assert gap_book.turned_up(gap_book.told_so_far(said), {}, {"冀1103|2026|破": 2}) == {}
    assert gap_book.turned_up(gap_book.told_so_far(said), {}, {}) == {}


def test_the_last_word_about_a_serial_counts() -> None:
    book = gap_book.told_so_far([event(1, EXPLAINED, "3-5"), event(2, EXPLAINED, "4", category="sealed")])
    assert [(spans_text(one.spans), one.category) for one in book] == [("3, 5", "void_number"), ("4", "sealed")]


def test_of_sealed_serials_the_other_side_reads_how_many_and_nothing_else() -> None:
    book = gap_book.told_so_far([event(1, EXPLAINED, "3"), event(2, EXPLAINED, "7-9", category="sealed")])
    names = {"void_number": "编号作废", "sealed": "依法不公开"}
    reasons = {"n1": "收案后作废", "n2": "涉密案件甲"}
    said = gap_book.statement(book, reasons, names, longest=500)
    assert said == "3号：编号作废，收案后作废；3个编号依法不公开"
    assert gap_book.statement(book, reasons, names, longest=20) == "3号：编号作废；3个编号依法不公开"
    assert gap_book.statement(book[1:], reasons, names, longest=500) == "3个编号依法不公开"


def point(note: str) -> Point:
    return Point(
        id="p", rule="docket_gap", dataset="bankruptcy_case", case_no=None, row_key="冀1103|2026|破", note=note
    )


def test_a_point_has_its_reason_once_every_serial_has_one() -> None:
    names = {"void_number": "编号作废", "sealed": "依法不公开"}
    said = Explanation(point="", category="void_number", reason="收案后作废", by="liaison-1", at="t")
    first = give([point("3, 7-9")], said, "3", book=(), reasons={}, names=names)
    assert (first.whole, [dict(part)["serials"] for part in first.docket]) == ((), ["3"])
    book = gap_book.told_so_far([event(1, EXPLAINED, "3")])
    rest = replace(said, category="sealed", reason="涉密")
    second = give([point("3, 7-9")], rest, None, book=book, reasons={"n1": "收案后作废"}, names=names)
    assert [dict(part)["serials"] for part in second.docket] == ["7-9"]
    (whole,) = second.whole
    assert (whole.category, whole.reason) == ("other", "3号：编号作废，收案后作废；3个编号依法不公开")


@pytest.mark.parametrize("serials", ["4", "x", "9-7"])
def test_only_serials_that_are_asked_about_are_explained(serials: str) -> None:
    said = Explanation(point="", category="void_number", reason="收案后作废", by="liaison-1", at="t")
    with pytest.raises(NeedsPerson) as refused:
        give([point("3, 7-9")], said, serials, book=(), reasons={}, names={})
    assert refused.value.code == 922


@pytest.mark.parametrize(
    ("text", "spans"),
    [("3", ((3, 3),)), ("3, 7-9", ((3, 3), (7, 9))), ("9、7至8，3", ((3, 3), (7, 9))), ("1-2 3", ((1, 3),))],
)
def test_serials_are_read_as_people_write_them(text: str, spans: Any) -> None:
    assert parse_spans(text) == spans


@pytest.mark.parametrize("text", ["", "零", "0", "3-", "9-7", "3;DROP", "-3"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(NeedsPerson) as refused:
        parse_spans(text)
    assert refused.value.code == 922


SETS = st.frozensets(st.integers(1, 30))


@given(SETS, SETS)
def test_ranges_are_sets(one: frozenset[int], other: frozenset[int]) -> None:
    def spans(numbers: frozenset[int]) -> Any:
        return union((n, n) for n in numbers)

    assert minus(spans(one), spans(other)) == spans(one - other)
    assert common(spans(one), spans(other)) == spans(one & other)
    assert count(spans(one)) == len(one)
    assert all(holds(spans(one), n) == (n in one) for n in range(1, 31))
    assert not one or parse_spans(spans_text(spans(one))) == spans(one)


@settings(max_examples=25, deadline=None)
@given(SETS.filter(bool))
def test_what_is_missing_and_what_is_there_make_all_numbers(there: frozenset[int]) -> None:
    found = gaps(register(*(f"（2026）冀1103破{n}号" for n in there))).get("冀1103|2026|破")
    missing = found.missing if found else ()
    assert {n for n in range(1, max(there) + 1) if not holds(missing, n)} == there
    assert count(missing) == max(there) - len(there)
