"""Every minute or two: whatever has become ready is taken up. The next sweep is the retry of this one."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from exchange_border import OUTLINE, START, guarded, parts, task_defaults


@task
@guarded
def take_up() -> dict[str, int]:
    """Counts of what was done; failed when a person is needed, skipped when the world was only in the way."""
    from exchange import journeys
    from exchange.domain.errors import RetryLater

    with parts() as ports:
        try:
            swept = journeys.sweep(ports)
        except RetryLater as later:
            raise AirflowSkipException(str(later)) from None
    lasting = [str(problem) for _, problem in swept.problems if not isinstance(problem, RetryLater)]
    if lasting:
        raise AirflowFailException(f"{len(lasting)} need a person: {' | '.join(lasting)}")
    if swept.problems:
        raise AirflowSkipException(" | ".join(str(problem) for _, problem in swept.problems))
    return swept.done


@dag(
    dag_id="exchange_sweep",
    dag_display_name="收发与对账 sweep",
    schedule=timedelta(seconds=OUTLINE.sweep_seconds),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults() | {"retries": 0, "execution_timeout": timedelta(hours=2)},
    tags=["exchange", "收发"],
    doc_md="收取、验收、回执、打包、发送、对账。Collects, takes in, receipts, packs, sends, reconciles.",
)
def sweep() -> None:
    """One task."""
    take_up()


sweep()
