"""Points: what is one, its id, its order, and how long an explanation may be said again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.audit import Event
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.points import (
    Explanation,
    Standing,
    dump_note,
    dump_points,
    note_name,
    overruled_records,
    point_id,
    points_facts,
    points_of,
    standing,
    until,
)
from exchange.domain.points_page import on_one_line

FOUND = Finding(
    rule="debtor_not_identified", severity="verify", dataset="case_debtor", record="7", case_no="（2026）冀1103破1号",
    row_key="（2026）冀1103破1号|1", column="uscc",
)  # fmt: skip


def event(kind: str, **body: object) -> Event:
    return Event(
        seq=1,
        at=datetime(2026, 10, 9, tzinfo=UTC),
        kind=kind,
        exchange="k",
        actor="li",
        body=body,
        prev_hash="",
        hash="",
    )


def test_what_is_held_is_no_point_and_the_same_thing_is_one() -> None:
    elsewhere = replace(FOUND, record=None, case_no=None, row_key="冀1103|sent|2026Q3", rule="anomaly_cases")
    gone = replace(FOUND, row_key="（2026）冀1103破1号|2")
    refused = replace(gone, rule="negative_amount", severity="reject")
    warned = replace(FOUND, severity="warn", rule="other")
    findings = [FOUND, replace(FOUND, column="old_taxpayer_id"), elsewhere, gone, refused, warned]
    assert [p.rule for p in points_of(findings, held=())] == ["anomaly_cases", "debtor_not_identified"]
    assert [p.rule for p in points_of(findings, held={"7"})] == ["anomaly_cases"]


@pytest.mark.parametrize("number", ["(2026)冀1103破1号", "（2026） 冀1103破1号", "〔2026〕冀1103破1号之一"])
def test_the_id_is_the_same_however_the_number_is_written(number: str) -> None:
    assert point_id(replace(FOUND, case_no=number, record="9", column=None)) == point_id(FOUND)


@given(st.sampled_from(["rule", "dataset", "row_key"]), st.text(min_size=1))
def test_another_thing_has_another_id(name: str, other: str) -> None:
    assert (point_id(replace(FOUND, **{name: other})) == point_id(FOUND)) == (getattr(FOUND, name) == other)


def test_only_rejects_named_by_an_event_are_overruled() -> None:
    reject = replace(FOUND, severity="reject")
    assert overruled_records([reject], [event("overruled", points=[point_id(FOUND)])]) == {(FOUND.rule, "7")}
    assert overruled_records([reject, FOUND], [event("explained", points=[point_id(FOUND)])]) == frozenset()
    assert overruled_records([FOUND], [event("overruled", points=[point_id(FOUND)])]) == frozenset()


@pytest.mark.parametrize(
    ("quarters", "as_of", "last"),
    [
        ("", date(2026, 10, 9), None), ("0", date(2026, 10, 9), "2026-12-31"), ("1", date(2026, 10, 9), "2027-03-31"),
        ("8", date(2026, 7, 1), "2028-09-30"), ("0", date(2026, 12, 31), "2026-12-31"),
    ],
)  # fmt: skip
def test_how_long_an_explanation_may_be_proposed(quarters: str, as_of: date, last: str | None) -> None:
    said = Explanation(point="p", category="c", reason="r", by="li", at="", until=until(quarters, as_of))
    assert said.until == last
    assert said.good_on(as_of)
    assert said.good_on(date(2099, 1, 1)) == (last is None)


def test_the_last_reason_counts_and_stands_as_it_travels() -> None:
    points = points_of([FOUND], held=())
    notes = [
        dump_note(
            [Explanation(point=points[0].id, category="other", reason=text, by=by, at="2026-10-09T01:30:00+00:00")]
        )
        for text, by in (("第一次说明", "li"), ("第二次说明", "wang"))
    ]
    vault = {note_name(sha256_hex(note)): note for note in notes} | {"points.json": dump_points(points)}
    events = [event("checked", **points_facts(points)), *(
        event("explained", points=[points[0].id], note_sha256=sha256_hex(note)) for note in notes
    )]  # fmt: skip
    now = standing("k", events, vault.__getitem__)
    [told] = json.loads(now.reasons())
    assert (told["reason"], told["by"], now.open) == ("第二次说明", "wang", ())
    assert standing("k", events[:1], vault.__getitem__).open == points
    assert Standing(points=points, said={}).reasons() == b"[]"
    for name in vault:
        with pytest.raises(NeedsPerson) as problem:
            standing("k", events, partial(_changed, vault, name))
        assert problem.value.code == 911


def _changed(vault: dict[str, bytes], changed: str, name: str) -> bytes:
    return vault[name] + (b" " if name == changed else b"")


def test_an_exchange_of_before_points_has_none() -> None:
    assert standing("k", [event("checked", content_hash="0")], {}.__getitem__) == Standing(points=(), said={})


def test_a_category_is_said_once_on_a_line() -> None:
    assert on_one_line("debtor_not_identified", "自然人债务人", "已核对证件") == "自然人债务人：已核对证件"
    assert on_one_line("docket_gap", "编号作废", "6号：编号作废，收案后作废") == "6号：编号作废，收案后作废"
