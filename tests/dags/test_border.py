"""Between Airflow and the exchange: which errors are tried again, and what of them may be read in a task log."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from exchange.domain.errors import NeedsPerson, RetryLater

pytestmark = pytest.mark.airflow

NAME = "冀州某某有限公司"


@pytest.fixture
def border(court: None) -> Any:
    import exchange_border

    return exchange_border


def raising(error: Exception) -> Any:
    def body() -> NoReturn:
        try:
            int(NAME)
        except ValueError as cause:
            raise error from cause
        raise AssertionError

    return body


def test_what_may_get_better_stays_itself_without_its_cause(border: Any):
    with pytest.raises(RetryLater) as seen:
        border.guarded(raising(RetryLater(101, "The server is away.", where="sftp", next_step="Wait.")))()
    assert (seen.value.code, seen.value.where) == (101, "sftp")
    assert seen.value.__cause__ is None
    assert seen.value.__context__ is None


def test_what_needs_a_person_fails_at_once_and_says_what_to_do(border: Any):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=r"E902: No\. \[db\] Next: Ask\.") as seen:
        border.guarded(raising(NeedsPerson(902, "No.", where="db", next_step="Ask.")))()
    assert seen.value.__cause__ is None
    assert seen.value.__context__ is None


def test_a_fault_of_ours_shows_its_place_and_not_its_message(border: Any):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException) as seen:
        border.guarded(raising(KeyError(NAME)))()
    assert NAME not in str(seen.value)
    assert "KeyError" in str(seen.value)
    assert "test_border.py" in str(seen.value)
    assert seen.value.__context__ is None


@pytest.mark.parametrize("kind", ["AirflowFailException", "AirflowSkipException"])
def test_airflow_s_own_words_pass(border: Any, kind: str):
    import airflow.sdk.exceptions

    own = getattr(airflow.sdk.exceptions, kind)
    with pytest.raises(own, match="未指定季度") as seen:
        border.guarded(raising(own("未指定季度")))()
    assert seen.value.__context__ is None


def test_a_body_that_works_returns_what_it_returns(border: Any):
    assert border.guarded(lambda key: key)("131100-cases.Q.2026Q3") == "131100-cases.Q.2026Q3"
