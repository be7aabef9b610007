"""What every DAG here needs between Airflow and the exchange: its outline, its ports, and its errors translated.

`RetryLater` reaches Airflow as itself, and the retry policy tries again; `NeedsPerson` fails the task at once, for
trying again changes nothing and the console holds the item. Anything else is a fault of ours and fails it too, with
the place but without the message, which may quote a row. All are raised anew outside the handler: no cause, no
context, so that no foreign message and no value of a record reaches a task log.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import pendulum
from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from exchange.domain.errors import ExchangeError, RetryLater
from exchange.wiring import Outline, outline

if TYPE_CHECKING:
    from exchange.ports import Parts

P = ParamSpec("P")
R = TypeVar("R")

OUTLINE: Final[Outline] = outline()
START: Final = pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai")


def task_defaults() -> dict[str, Any]:
    """`default_args`: try again only what may get better by itself, or what was killed before it could say."""
    delay = timedelta(seconds=OUTLINE.retry_seconds)
    return {
        "owner": OUTLINE.party,
        "retries": OUTLINE.retries,
        "retry_delay": delay,
        "execution_timeout": timedelta(hours=6),
        "retry_policy": ExceptionRetryPolicy(
            rules=[RetryRule(exception=RetryLater, action=RetryAction.RETRY, retry_delay=delay)],
            default=RetryAction.DEFAULT,
        ),
    }


def guarded(body: Callable[P, R]) -> Callable[P, R]:
    """A task body whose errors are fit for Airflow: retried or not, and fit to be read by anybody."""

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except ExchangeError as problem:
            failure = _as_airflow_sees_it(problem)
        except Exception as fault:
            failure = _fault(fault)
        raise failure

    return run


@contextmanager
def parts(actor: str = "airflow") -> Iterator[Parts]:
    """This end's ports, for the length of a task body. Heavy: only inside a task."""
    from exchange.settings import read_settings
    from exchange.wiring import opened

    with opened(read_settings(), actor=actor) as opened_parts:
        yield opened_parts


def _as_airflow_sees_it(problem: ExchangeError) -> Exception:
    if isinstance(problem, RetryLater):
        return RetryLater(problem.code, problem.what, where=problem.where, next_step=problem.next_step)
    return AirflowFailException(str(problem))


def _fault(fault: Exception) -> Exception:
    if isinstance(fault, AirflowFailException | AirflowSkipException):
        return type(fault)(*fault.args)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)]
    return AirflowFailException(
        f"Unexpected {type(fault).__name__} (its message may quote a row: not shown) at {'; '.join(places[-4:])}."
    )
