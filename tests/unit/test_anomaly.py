"""A court's figures against its last quarters: robust, silent on small counts and short histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from exchange.adapters.contracts_files import load_agreement
from exchange.domain.anomaly import anomalies, band, dump_figures, earlier, load_figures
from exchange.domain.audit import ExchangeRecord
from exchange.domain.court_figures import court_figures
from exchange.domain.finding import Finding
from exchange.domain.period import Period
from exchange.domain.points import point_id
from exchange.domain.route import Anomaly, Court, CourtCode, Party

AGREED = load_agreement(Path(__file__).parents[2])
ROUTE = AGREED.route("131103-cases")
TERMS = Anomaly(
    quarters=8, least_quarters=4, factor=Decimal(3), spread=Decimal("0.10"), floor_count=5,
    floor_amount=Decimal(1000), floor_share=Decimal("0.20"),
)  # fmt: skip
COURTS = (
    Court(id="A", name="甲", division="131103", codes=(CourtCode(code="冀1181", until=date(2016, 7, 1)),
                                                     CourtCode(code="冀1103", since=date(2016, 7, 1)))),
    Court(id="B", name="乙", division="131102", codes=(CourtCode(code="冀1102"),)),
)  # fmt: skip
SENDER = Party(id="court-131103", kind="court", name_zh="法院", name_en="court", courts=COURTS)

figures = st.decimals(0, 10**6, places=2)
histories = st.lists(figures, min_size=4, max_size=12)


@given(history=histories, order=st.randoms())
def test_the_order_of_quarters_plays_no_part(history: list[Decimal], order: object) -> None:
    mixed = list(history)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assert band(mixed, Decimal(5), TERMS) == band(history, Decimal(5), TERMS)


@given(history=histories, times=st.integers(2, 1000))
def test_the_unit_of_amounts_plays_no_part(history: list[Decimal], times: int) -> None:
    once, more = band(history, Decimal(0), TERMS), band([f * times for f in history], Decimal(0), TERMS)
    assert once is not None
    assert more is not None
    assert (more.middle, more.half) == (once.middle * times, once.half * times)


@given(history=histories, floor=figures)
def test_what_is_less_than_the_floor_away_is_never_odd(history: list[Decimal], floor: Decimal) -> None:
    limits = band(history, floor, TERMS)
    assert limits is not None
    assert limits.holds(limits.middle)
    assert limits.holds(limits.middle + floor)
    assert not limits.holds(limits.middle + limits.half + Decimal("0.01"))


@given(figure=figures, history=st.lists(figures, max_size=3))
def test_a_short_history_says_nothing(figure: Decimal, history: list[Decimal]) -> None:
    assert band(history, Decimal(0), TERMS) is None


@given(level=st.integers(10, 1000), wild=st.lists(figures, min_size=1, max_size=3))
def test_a_few_wild_quarters_do_not_hide_a_court_that_falls_silent(level: int, wild: list[Decimal]) -> None:
    limits = band([*[Decimal(level)] * 5, *wild], Decimal(5), TERMS)
    assert limits is not None
    assert not limits.holds(Decimal(0))


def _odd(now: dict[str, dict[str, Decimal]], *history: dict[str, dict[str, Decimal]]) -> list[Finding]:
    route = replace(ROUTE, anomaly=TERMS)
    return list(
        anomalies(now, history, route=route, sender=SENDER, period=Period.parse("2026Q3"), as_of=date(2026, 10, 9))
    )


def _sent(a: int, b: int = 2) -> dict[str, dict[str, Decimal]]:
    return {"A": {"sent": Decimal(a)}, "B": {"sent": Decimal(b)}}


def test_the_words_name_court_measure_and_band() -> None:
    [found] = _odd(_sent(3, 4), *(_sent(n) for n in (39, 41, 41, 43)))
    assert (found.rule, found.severity, found.row_key) == ("anomaly_cases", "verify", "冀1103|sent|2026Q3")
    assert found.note == "已送 sent 41±12, now 3 (4 季 quarters)"
    assert _odd(_sent(3, 4), *(_sent(n) for n in (39, 41, 41))) == []


def test_every_measure_has_its_rule_and_its_words() -> None:
    now = {
        "A": {
            "held_share": Decimal("0.5"),
            "rows.case_event": Decimal(90),
            "sum.distribution.paid_amount": Decimal(9999),
        }
    }
    before = {"A": dict.fromkeys(now["A"], Decimal(0))}
    found = [f for name, figure in now["A"].items() for f in _odd({"A": {name: figure}}, *[before] * 4)]
    assert {(f.rule, f.dataset) for f in found} == {
        ("anomaly_held", "bankruptcy_case"), ("anomaly_rows", "case_event"), ("anomaly_amounts", "distribution"),
    }  # fmt: skip
    assert any(f.note.startswith("财产分配·实付金额") for f in found)
    assert any("0.0 %±20.0 %, now 50.0 %" in f.note for f in found)
    assert len({point_id(f) for f in found}) == 3


def test_several_odd_figures_of_a_court_are_one_thing_to_explain() -> None:
    before = {"A": {"sent": Decimal(40), "selected": Decimal(40), "rows.case_event": Decimal(80)}}
    few, more = ({"A": dict.fromkeys(names, Decimal(0))} for names in (["sent", "selected"], before["A"]))
    [one] = _odd(few, *[before] * 4)
    assert (one.rule, one.note.count("now 0"), one.note.count("；")) == ("anomaly_court", 2, 1)
    assert point_id(one) == point_id(_odd(few, *[before] * 5)[0])
    assert point_id(one) != point_id(_odd(more, *[before] * 4)[0]), "a reason for two is none for three"


def test_a_route_without_terms_and_a_court_without_history_say_nothing() -> None:
    odd = anomalies(_sent(0), [_sent(99)] * 8, route=replace(ROUTE, anomaly=None), sender=SENDER,
                    period=Period.parse("2026Q3"), as_of=date(2026, 10, 9))  # fmt: skip
    assert list(odd) == []
    assert _odd({"A": {"sent": Decimal(90)}}, *[{"B": {"sent": Decimal(1)}}] * 8) == []
    assert _odd({}, *[_sent(40)] * 8) == []


def _exchange(key: str, period: str | None, state: str = "accepted", direction: str = "out") -> ExchangeRecord:
    return ExchangeRecord(key=key, route="r", direction=direction, kind="Q", period=period, as_of=None, state=state)  # type: ignore[arg-type]


def test_only_what_went_out_in_the_last_eight_quarters_counts() -> None:
    known = [
        _exchange("old", "2024Q2"), _exchange("first", "2024Q3"), _exchange("back", "2026Q1", "refused"),
        _exchange("back.2", "2026Q1"), _exchange("held", "2026Q2", "checked"),
        _exchange("theirs", "2025Q1", direction="in"),
        _exchange("this", "2026Q3", "extracted"), _exchange("later", "2026Q4"),
    ]  # fmt: skip
    assert earlier(known[6], known, 8) == ["first", "back.2"]
    assert earlier(_exchange("u", None), known, 8) == []


def test_figures_are_exact_by_court_and_come_back_as_they_were() -> None:
    cases = pd.DataFrame({"_record": ["1", "2", "3", "4"], "court_code": ["A", "A", "B", "?"]}, dtype="str")
    sent = {
        "case_event": pd.DataFrame({"_record": ["1", "1", "3", "4", "9"], "event_no": list("12345")}, dtype="str"),
        "distribution": pd.DataFrame(
            {
                "_record": ["1", "3", "1"],
                "payable_amount": ["0.10", None, "0.20"],
                "paid_amount": ["1.00", "7.00", None],
            },
            dtype="str",
        ),
    }
    found = court_figures(cases, {"2"}, sent, route=ROUTE, sender=SENDER)
    a, b = found["A"], found["B"]
    assert (a["selected"], a["sent"], a["held_share"], b["selected"]) == (2, 1, Decimal("0.5000"), 1)
    assert (a["rows.case_event"], b["rows.case_event"]) == (2, 1)
    assert (a["sum.distribution.payable_amount"], b["sum.distribution.payable_amount"]) == (Decimal("0.30"), 0)
    assert (a["sum.distribution.paid_amount"], b["sum.distribution.paid_amount"]) == (1, 7)
    assert load_figures(dump_figures(found)) == found


def test_a_quarter_without_cases_has_figures_too() -> None:
    nothing = pd.DataFrame({"_record": [], "court_code": []}, dtype="str")
    found = court_figures(nothing, (), {"case_event": nothing}, route=ROUTE, sender=SENDER)
    assert found["A"] == {"selected": 0, "sent": 0, "held_share": 0, "rows.case_event": 0}
