"""One DAG for each route this end sends on every quarter: open, extract and check by batches of courts, assemble.

A run ends at the approval gate in the ledger; the sweep takes the exchange on once two officers have released it.
Tasks hand each other the exchange's key and the batches' names, never rows.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow.sdk import DAG, Param, dag, task
from airflow.sdk.exceptions import AirflowFailException
from exchange_border import OUTLINE, START, guarded, parts, task_defaults
from quarter_timetable import QuarterTimetable, quarter_of

NOTE = """
**季度交换**：提取 → 校验 → 汇总，到“待复核”为止；复核在控制台由两名人员完成，发送由 `exchange_sweep` 接续。
手工补跑某一季度：填写“季度”（如 2026Q3）；留空则取本次运行所属的季度。同一季度重复运行不会产生第二个批次。

Quarterly exchange up to the approval gate. Running it again for the same quarter opens nothing twice.
"""
PARAMS = {
    "period": Param(
        None, type=["null", "string"], pattern="^20[0-9]{2}Q[1-4]$", title="季度 period", description="如 2026Q3；可空"
    ),
    "as_of": Param(
        None, type=["null", "string"], format="date", title="截至日 as of", description="数据截至日；可空，默认为今天"
    ),
}


@task(task_id="open")
@guarded
def open_exchange(route_id: str, **context: Any) -> str:
    """Open the quarter's exchange, or find it; its key."""
    from exchange import journeys

    given, start = context["params"], context.get("data_interval_start")
    period = given["period"] or (str(quarter_of(start)) if start else None)
    if period is None:
        raise AirflowFailException("未指定季度：请填写 period（如 2026Q3）。This run has no quarter: give a period.")
    as_of = date.fromisoformat(given["as_of"]) if given["as_of"] else None
    with parts() as ports:
        return journeys.open_quarter(ports, route_id, period, as_of)


@task
@guarded
def batches(key: str) -> list[str]:
    """The names of the exchange's batches of courts."""
    from exchange import journeys

    with parts() as ports:
        return journeys.batches(ports, key)


@task(map_index_template="{{ task.op_kwargs['batch'] }}", max_active_tis_per_dag=4)
@guarded
def extract(key: str, batch: str) -> str:
    """Read one batch of courts into the vault; the batch's name."""
    from exchange import journeys

    with parts() as ports:
        journeys.extract(ports, key, batch)
    return batch


@task(map_index_template="{{ task.op_kwargs['batch'] }}")
@guarded
def validate(key: str, batch: str) -> None:
    """Check one batch's rows."""
    from exchange import journeys

    with parts() as ports:
        journeys.validate(ports, key, batch)


@task(trigger_rule="none_failed")
@guarded
def assemble(key: str) -> str:
    """Join the batches and stage what will be sent; the state the exchange waits in."""
    from exchange import journeys

    with parts() as ports:
        return journeys.assemble(ports, key)


def quarterly(route_id: str) -> DAG:
    """The DAG of one route."""

    @dag(
        dag_id=f"quarterly_{route_id.replace('-', '_')}",
        dag_display_name=f"季度交换 {route_id}",
        schedule=QuarterTimetable(),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        params=PARAMS,
        default_args=task_defaults(),
        tags=["exchange", "季度", OUTLINE.party],
        doc_md=NOTE,
    )
    def flow() -> None:
        key: Any = open_exchange(route_id)
        extracted = extract.partial(key=key).expand(batch=batches(key))
        validate.partial(key=key).expand(batch=extracted) >> assemble(key)

    return flow()


for route in OUTLINE.quarterly_routes:
    quarterly(route)
