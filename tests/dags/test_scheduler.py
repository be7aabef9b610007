"""A real scheduler end to end: API server, scheduler and DAG processor over PostgreSQL, driven by REST.

What only this shows: tasks run in workers of their own (no database of Airflow's there), retries and refusals are
Airflow's own, and the same quarter run again opens nothing twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import pytest

from exchange import wiring
from exchange.adapters.airflow_local import AirflowLocal, end_leftovers
from exchange.cli.two_ends import Ends, World, build
from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson
from tests.dags.conftest import DAGS, PLUGINS, PROJECT
from tests.servers import PostgresServer, postgres_server

__all__ = ["postgres_server"]

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.timeout(600)]

QUARTERLY = "quarterly_131100_cases"
KEY = "131100-cases.Q.2026Q3"
ROUND = {"period": "2026Q3", "as_of": "2026-10-09"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    ends: Ends
    airflow: AirflowLocal


@pytest.fixture(scope="module")
def live(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("live")
    example = PROJECT / "examples" / "2026Q3"
    ends = build(
        World(home=home, source=example / "court_db.sql", answer=example / "tax_return", pair="131100",
              period="2026Q3", as_of=date(2026, 10, 9))
    )  # fmt: skip
    database = postgres_server.new_database()
    env = {
        "EXCHANGE_HOME": str(ends.court.home), "EXCHANGE_PARTY": ends.court.party, "EXCHANGE_CHECKER": "plain",
        "EXCHANGE_RETRY_SECONDS": "1", "EXCHANGE_WATCH_SECONDS": "86400", "EXCHANGE_SWEEP_SECONDS": "86400",
    }  # fmt: skip
    url = postgres_server.url(database).replace("+psycopg:", "+psycopg2:")
    try:
        local = AirflowLocal(
            home / "airflow", dags=DAGS, plugins=PLUGINS, env=env, database=url, read_in=wiring.READ_IN
        )
        with local as airflow:
            yield Live(ends=ends, airflow=airflow)
    finally:
        ends.point.stop()
        postgres_server.drop_database(database)
        shutil.rmtree(home, ignore_errors=True)


def test_the_quarter_runs_to_the_approval_gate_and_again_opens_nothing(live: Live):
    airflow = live.airflow
    run = airflow.trigger(QUARTERLY, ROUND)
    assert airflow.wait(QUARTERLY, run) == "success", airflow.tasks(QUARTERLY, run)
    assert airflow.import_errors() == []
    assert set(airflow.tasks(QUARTERLY, run)) == {"open", "batches", "extract[0]", "validate[0]", "assemble"}
    assert airflow.xcom(QUARTERLY, run, "open") == KEY
    assert airflow.xcom(QUARTERLY, run, "assemble") == lifecycle.CHECKED
    with wiring.opened(live.ends.court) as court:
        events = len(list(court.ledger.events(exchange=KEY)))
    again = airflow.trigger(QUARTERLY, ROUND)
    assert airflow.wait(QUARTERLY, again) == "success"
    with wiring.opened(live.ends.court) as court:
        assert [e.key for e in court.ledger.exchanges(kind="Q")] == [KEY]
        assert len(list(court.ledger.events(exchange=KEY))) == events


def test_the_form_refuses_a_quarter_written_wrong(live: Live):
    with pytest.raises(NeedsPerson) as refused:
        live.airflow.trigger(QUARTERLY, {"period": "the third"})
    assert refused.value.code == 917


def test_a_run_without_a_quarter_fails_at_once_and_says_so(live: Live):
    run = live.airflow.trigger(QUARTERLY, {})
    assert live.airflow.wait(QUARTERLY, run) == "failed"
    assert live.airflow.attempts(QUARTERLY, run, "open") == 1
    assert "未指定季度" in live.airflow.log(QUARTERLY, run, "open")


def test_what_needs_a_person_is_not_tried_again_and_the_reason_stays_out_of_the_log(live: Live):
    form = {"case_no": "（2026）冀1103破999999号", "reason": "OTHER", "note": "一句不应出现在日志里的话"}
    run = live.airflow.trigger("exchange_urgent", form)
    assert live.airflow.wait("exchange_urgent", run) == "failed"
    assert live.airflow.attempts("exchange_urgent", run, "push") == 1
    log = live.airflow.log("exchange_urgent", run, "push")
    assert "Next:" in log
    assert form["note"] not in log
    instance = live.airflow.call("GET", f"/api/v2/dags/exchange_urgent/dagRuns/{run}/taskInstances/push")
    assert form["note"] not in str(instance["rendered_fields"])


def test_what_is_in_the_way_is_tried_again_until_it_is_gone(live: Live):
    airflow = live.airflow
    with wiring.opened(live.ends.court) as court:
        with court.ledger.lock("watch"):
            run = airflow.scheduled("exchange_watch")
            airflow.until(lambda: airflow.tasks("exchange_watch", run)["look"] == "up_for_retry", "be retried", 120)
        assert airflow.wait("exchange_watch", run) == "success"
    assert airflow.attempts("exchange_watch", run, "look") >= 2
    assert "E907" in airflow.log("exchange_watch", run, "look")


def test_a_sweep_that_finds_the_other_end_away_is_skipped_not_failed(live: Live):
    live.ends.point.stop()
    run = live.airflow.scheduled("exchange_sweep")
    assert live.airflow.wait("exchange_sweep", run) == "success"
    assert live.airflow.tasks("exchange_sweep", run) == {"take_up": "skipped"}


def test_a_pid_that_went_to_another_process_is_left_alone(tmp_path: Path):
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes/scheduler").write_text(f"{psutil.Process().pid} 1")
    assert end_leftovers(tmp_path) == 0


def test_what_a_killed_run_left_is_found_and_ended(live: Live):
    """The last test of this file: it ends the Airflow of the others, as the next start after a kill would."""
    home = live.airflow.home
    pids = [int(record.read_text().split()[0]) for record in (home / "processes").glob("*")]
    leaders = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    family = leaders + [child for process in leaders for child in process.children(recursive=True)]
    assert end_leftovers(home) == len(leaders) == 3
    _, alive = psutil.wait_procs(family, timeout=5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
    assert end_leftovers(home) == 0
