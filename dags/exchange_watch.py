"""Every quarter of an hour: urgent cases found and sent, limits that run out told. Cron may run the same command."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task
from exchange_border import OUTLINE, START, guarded, parts, task_defaults


@task
@guarded
def look() -> dict[str, int]:
    """Counts of what was found."""
    from exchange import journeys

    with parts() as ports:
        return journeys.watch(ports)


@dag(
    dag_id="exchange_watch",
    dag_display_name="时限与紧急案件监测 watch",
    schedule=timedelta(seconds=OUTLINE.watch_seconds),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults() | {"execution_timeout": timedelta(hours=1)},
    tags=["exchange", "监测"],
    doc_md="监测时限与紧急案件：发现即推送、即预警。Watches limits and urgent cases.",
)
def watch() -> None:
    """One task."""
    look()


watch()
