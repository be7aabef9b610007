"""The DAGs as Airflow sees them: parsed, serialised, with their forms and limits."""

from __future__ import annotations

import copy
from typing import Any

import pytest

EXPECTED = {"quarterly_131100_cases", "quarterly_131100_social", "exchange_urgent", "exchange_watch", "exchange_sweep"}

pytestmark = pytest.mark.airflow


def test_every_dag_is_read(bag: Any):
    assert bag.import_errors == {}
    assert set(bag.dags) == EXPECTED


def test_every_dag_goes_through_serialisation(bag: Any):
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        back = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        assert back.task_dict.keys() == dag.task_dict.keys()
        if dag.dag_id.startswith("quarterly_"):
            assert back.timetable.summary == dag.timetable.summary


def test_there_is_one_quarterly_dag_for_each_route_this_end_sends_on(bag: Any, court: None):
    from exchange.wiring import outline

    quarterly = {i for i in bag.dags if i.startswith("quarterly_")}
    assert quarterly == {f"quarterly_{route.replace('-', '_')}" for route in outline().quarterly_routes}


def test_nothing_catches_up_and_no_run_overtakes_another(bag: Any):
    assert {(i, d.catchup, d.max_active_runs) for i, d in bag.dags.items()} == {
        ("quarterly_131100_cases", False, 1),
        ("quarterly_131100_social", False, 1),
        ("exchange_watch", False, 1),
        ("exchange_sweep", False, 1),
        ("exchange_urgent", False, 4),
    }


def test_intervals_come_from_the_settings(bag: Any, court: None):
    from exchange.settings import read_settings

    told = read_settings()
    for dag_id, seconds in (("exchange_watch", told.watch_seconds), ("exchange_sweep", told.sweep_seconds)):
        assert bag.dags[dag_id].schedule.total_seconds() == seconds


def test_every_pool_exists(bag: Any):
    assert {task.pool for dag in bag.dags.values() for task in dag.tasks} == {"default_pool"}


def test_the_quarter_goes_open_extract_validate_assemble(bag: Any):
    dag = bag.dags["quarterly_131100_cases"]
    assert {t.task_id: set(t.upstream_task_ids) for t in dag.tasks} == {
        "open": set(),
        "batches": {"open"},
        "extract": {"open", "batches"},
        "validate": {"open", "extract"},
        "assemble": {"open", "validate"},
    }


@pytest.mark.parametrize(
    ("period", "fine"),
    [("2026Q3", True), (None, True), ("2026Q5", False), ("1999Q1", False), ("2026-3", False), ("2026Q3 ", False)],
)
def test_the_quarter_is_written_one_way(bag: Any, period: str | None, fine: bool):
    assert accepts(bag.dags["quarterly_131100_cases"].params, period=period) is fine


@pytest.mark.parametrize(("as_of", "fine"), [("2026-10-08", True), (None, True), ("08.10.2026", False)])
def test_the_day_is_written_one_way(bag: Any, as_of: str | None, fine: bool):
    assert accepts(bag.dags["quarterly_131100_cases"].params, as_of=as_of) is fine


@pytest.mark.parametrize(
    ("form", "fine"),
    [
        ({"case_no": "（2026）冀1103破1号", "reason": "DEADLINE"}, True),
        ({"case_no": "（2026）冀1103破1号", "reason": "OTHER", "note": "合议庭要求"}, True),
        ({"case_no": "（2026）冀1103破1号"}, False),
        ({"reason": "DEADLINE"}, False),
        ({"case_no": "（2026）冀1103破1号", "reason": "because"}, False),
        ({"case_no": "（2026）冀1103破1号", "reason": "OTHER", "note": "长" * 81}, False),
    ],
)
def test_the_urgent_form_asks_for_a_case_and_a_listed_reason(bag: Any, form: dict[str, str], fine: bool):
    assert accepts(bag.dags["exchange_urgent"].params, **form) is fine


def test_the_urgent_form_warns_of_personal_data(bag: Any):
    dag = bag.dags["exchange_urgent"]
    assert "不得填写个人信息" in dag.doc_md
    assert "不得填写个人信息" in dag.params.get_param("note").description
    assert dag.params.get_param("case_no").schema["title"] == "案号"
    assert dag.params.get_param("reason").schema["title"] == "事由"


def test_only_what_may_get_better_is_tried_again(bag: Any):
    from airflow.sdk import RetryAction

    from exchange.domain.errors import NeedsPerson, RetryLater

    for dag in bag.dags.values():
        for task in dag.tasks:
            decide = task.retry_policy.evaluate
            assert decide(RetryLater(101, "away"), 1, 5).action == RetryAction.RETRY
            assert decide(NeedsPerson(601, "no"), 1, 5).action == RetryAction.DEFAULT
            assert task.retries == (0 if dag.dag_id == "exchange_sweep" else 5)


def accepts(params: Any, **values: Any) -> bool:
    from airflow.sdk.exceptions import ParamValidationError

    filled = copy.deepcopy(params)
    try:
        for name in filled:
            param = filled.get_param(name)
            param.resolve(values[name]) if name in values else param.resolve()
    except ParamValidationError:
        return False
    return True
