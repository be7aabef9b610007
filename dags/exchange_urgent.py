"""An urgent case, sent at once by hand: the form asks for its number and why.

What is typed here is kept by Airflow and seen by everybody who may see its runs: so the reason is a code with a short
note that must not name anybody. Neither travels in XCom or in rendered fields; the task reads them from the run.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException
from exchange_border import START, guarded, parts, task_defaults

REASONS = {
    "DEADLINE": "债权申报期限将届满 claim period about to end",
    "SCALE": "职工、债权人众多或债务数额巨大 many people or large debt",
    "PUBLIC": "国有、金融、房地产等重要主体 debtor of public importance",
    "ASSETS": "即将处置土地、房屋等重大资产 large assets about to be sold",
    "SUSPICION": "涉嫌逃税骗税虚开线索 suspected tax offence",
    "GROUP": "关联企业实质合并 substantive consolidation",
    "UNREST": "群体性事件或者重大舆情风险 risk of unrest",
    "OTHER": "联络员认定的其他情形 other, by the liaison officer",
}
NOTE = """
**紧急推送**：一案即时发送。注意：本表单内容会显示在运行记录中，**不得填写个人信息**（姓名、身份证号、电话、住址等）。
操作人即当前登录用户，须为 `exchange.toml` 中列明的角色编号。

Sends one case at once. Everything typed here stays visible in Airflow: no personal data. The acting officer is the
user logged in to Airflow, whose name has to be a role id of `[officers]`.
"""


@task
@guarded
def push(**context: Any) -> str:
    """Open, release as the route says, pack and send the case's packet; the exchange's key."""
    from exchange import journeys

    given, officer = context["params"], context["dag_run"].triggering_user_name
    if not officer:
        raise AirflowFailException(
            "未识别操作人：请登录后提交。Nobody is named as the acting officer: log in and retry."
        )
    reason = "：".join(filter(None, (given["reason"], given["note"])))
    with parts(officer) as ports:
        return journeys.urgent(ports, given["case_no"], reason, officer)


@dag(
    dag_id="exchange_urgent",
    dag_display_name="紧急推送 urgent case",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=4,
    params={
        "case_no": Param(type="string", minLength=8, maxLength=60, title="案号", description="如（2026）冀1103破1号"),
        "reason": Param(
            type="string", enum=list(REASONS), values_display=REASONS, title="事由", description="紧急推送的理由"
        ),
        "note": Param(
            None,
            type=["null", "string"],
            maxLength=80,
            title="补充说明",
            description="不得填写个人信息 no personal data",
        ),
    },
    default_args=task_defaults(),
    tags=["exchange", "紧急"],
    doc_md=NOTE,
)
def urgent() -> None:
    """One task."""
    push()


urgent()
