"""Plays every DAG of one end in this process, settings in the environment: `python -m tests.dags.played <case>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def main(case_no: str) -> None:
    """What fails first (no quarter, no such case: Airflow keeps the last run of each), then what works."""
    from airflow.utils.db import initdb

    initdb()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"], load_op_links=False)
    assert bag.import_errors == {}, bag.import_errors
    quarterly: Any = bag.dags["quarterly_131100_cases"]
    urgent: Any = bag.dags["exchange_urgent"]
    told = {"reason": "OTHER", "note": "合议庭要求"}
    states = [
        _state(quarterly, {"period": None, "as_of": None}),
        _state(urgent, {"case_no": "（2026）冀1103破99999号", **told}),
        _state(quarterly, {"period": "2026Q2", "as_of": "2026-07-03"}),
        _state(bag.dags["exchange_watch"], {}),
        _state(urgent, {"case_no": case_no, **told}),
        _state(bag.dags["exchange_sweep"], {}),
    ]
    print("STATES", *states)


def _state(dag: Any, conf: dict[str, Any]) -> str:
    """How a run ended."""
    return str(dag.test(logical_date=None, run_conf=conf).state)


if __name__ == "__main__":
    sys.path[:0] = [os.environ["AIRFLOW__CORE__DAGS_FOLDER"], os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"]]
    main(sys.argv[1])
    assert Path(os.environ["AIRFLOW_HOME"]).is_dir()
