"""Bad input at either end: a clear error with its code, what, where and what next; nothing sent, nothing lost."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.ends import AS_OF, PAIR, PERIOD, both_ends, go_round, release
from bench.world import build
from exchange import journeys, wiring
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.steps.review import review
from exchange.wiring import certificates
from tests.outcomes import WORLDS
from tests.running import exchange, run

ROUTE = f"{PAIR}-cases"
ANSWER = WORLDS / "sample" / "tax_return"
Ends = tuple[Parts, Parts]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ends"


@pytest.fixture
def ends(home: Path, tmp_path: Path) -> Iterator[Ends]:
    with both_ends(home, build(tmp_path / "court.db", 5), checker="plain") as made:
        yield made


def _approved(court: Parts) -> str:
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    release(court, key)
    return key


def _raised(kind: type[ExchangeError], code: int, action: Callable[[], object]) -> ExchangeError:
    with pytest.raises(kind) as caught:
        action()
    assert caught.value.code == code
    assert caught.value.what
    assert caught.value.where
    assert caught.value.next_step
    assert wiring.problem(code) is not None
    return caught.value


# The return files at the tax end


def _spoil(folder: Path, name: str, change: Callable[[list[str]], list[str]]) -> Path:
    shutil.copytree(ANSWER, folder)
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    (folder / name).write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "column", "change"),
    [
        (501, "salary", lambda rows: [rows[0] + ",salary", *(r + ",1" for r in rows[1:])]),
        (502, "cutoff_on", lambda rows: [",".join(c for n, c in enumerate(r.split(",")) if n != 10) for r in rows]),
        (504, "total_amount", lambda rows: [rows[0], rows[1].rpartition(",")[0] + ",12a.3", *rows[2:]]),
    ],
    ids=["unknown column", "missing column", "bad amount"],
)
def test_a_spoilt_return_file(
    code: int, column: str, change: Callable[[list[str]], list[str]], ends: Ends, tmp_path: Path
) -> None:
    _, tax = ends
    folder = _spoil(tmp_path / "return", "tax_claim.csv", change)
    error = _raised(NeedsPerson, code, lambda: journeys.answer(tax, folder))
    assert "tax_claim" in error.where + error.what
    assert column in error.where + error.what
    assert "12a.3" not in str(error)
    assert not tax.ledger.exchanges(kind="A")


def test_a_return_without_one_of_its_files(ends: Ends, tmp_path: Path) -> None:
    shutil.copytree(ANSWER, tmp_path / "return")
    (tmp_path / "return/tax_status.csv").unlink()
    error = _raised(NeedsPerson, 503, lambda: journeys.answer(ends[1], tmp_path / "return"))
    assert "tax_status.csv" in str(error)


def test_a_claim_on_an_unknown_case_is_listed_and_still_sent(ends: Ends) -> None:
    court, tax = ends
    go_round(court, tax)
    key = journeys.answer(tax, ANSWER)
    outcome = tax.vault.get(key, "outcome.json").decode()
    assert "case_never_received" in outcome
    assert journeys.record(tax, key).state == "checked"


# Review


def test_the_preparer_may_not_approve_and_strangers_may_nothing(ends: Ends) -> None:
    court, _ = ends
    both = replace(court, officers={"solo": ("prepare", "approve")})
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    journeys.call(review, both, key, "prepare", by="solo")
    _raised(NeedsPerson, 910, lambda: journeys.call(review, both, key, "approve", by="solo"))
    _raised(NeedsPerson, 910, lambda: journeys.call(review, court, key, "approve", by="nobody"))
    assert journeys.record(court, key).state == "prepared"


def test_content_changed_after_the_checks_can_not_leave(ends: Ends, home: Path) -> None:
    court, _ = ends
    key = _approved(court)
    file = home / f"court/vault/{key}/content/data/bankruptcy_case-0001.csv"
    file.write_bytes(file.read_bytes().replace(b"meeting_held", b"terminated__", 1))
    _raised(NeedsPerson, 911, lambda: journeys.onward(court, key))
    assert not court.ledger.packets(direction="out")


# Keys


def test_a_key_missing_readable_or_expired(ends: Ends, home: Path) -> None:
    court, _ = ends
    key = _approved(court)
    file = home / "court/keys/sign.key.pem"
    file.chmod(0o644)
    assert "chmod" in str(_raised(NeedsPerson, 205, lambda: journeys.onward(court, key)))
    file.chmod(0o600)
    aside = file.rename(file.with_suffix(".aside"))
    _raised(NeedsPerson, 204, lambda: journeys.onward(court, key))
    aside.rename(file)
    years = timedelta(days=3 * 365)
    from exchange.adapters.keys_files import KeyFiles

    late = replace(court, keys=KeyFiles(home / "court", clock=lambda: datetime.now(UTC) + years))
    _raised(NeedsPerson, 203, lambda: journeys.onward(late, key))
    assert journeys.onward(court, key) == "sent"


# On the way


def _sent(ends: Ends, home: Path) -> tuple[str, Path]:
    key = _approved(ends[0])
    assert journeys.onward(ends[0], key) == "sent"
    packet_id = journeys.record(ends[0], key).packet_id or ""
    return key, home / f"point/court-{PAIR}.tax-{PAIR}/{packet_id}"


def test_one_byte_changed_is_refused_and_answered(ends: Ends, home: Path) -> None:
    court, tax = ends
    key, packet = _sent(ends, home)
    payload = packet / "payload-0001.p7m"
    data = bytearray(payload.read_bytes())
    data[len(data) // 2] ^= 1
    payload.write_bytes(data)
    assert not journeys.sweep(tax).problems
    assert not journeys.sweep(court).problems
    assert journeys.record(court, key).state == "rejected"
    assert tax.ledger.landed(tax.agreement.route(ROUTE), "bankruptcy_case").empty
    quarantined = [p for p in (home / "tax/vault").rglob("*") if p.suffix in {".csv", ".gz", ".tar"}]
    assert quarantined == []
    again = _approved(court)
    assert again == f"{key}.2"
    journeys.onward(court, again)
    journeys.sweep(tax)
    journeys.sweep(court)
    assert journeys.record(court, again).state == "accepted"


def test_sealed_for_somebody_else(ends: Ends, home: Path) -> None:
    court, tax = ends
    key, _ = _sent(ends, home)
    shutil.rmtree(home / "tax/keys")
    certificates.init_keys(read_settings(home=home / "tax", party=tax.party))
    journeys.sweep(tax)
    refused = list(tax.ledger.events(kind="packet_refused"))
    assert [event.body["code"] for event in refused] == [301]
    assert journeys.record(court, key).state == "sent"


def test_the_same_packet_twice_is_answered_once_more_and_not_landed_twice(ends: Ends, home: Path) -> None:
    court, tax = ends
    key, packet = _sent(ends, home)
    shutil.copytree(packet, home / "copy")
    journeys.sweep(tax)
    rows = len(tax.ledger.landed(tax.agreement.route(ROUTE), "bankruptcy_case"))
    shutil.move(home / "copy", packet)
    assert not journeys.sweep(tax).problems
    assert [event.body["packet_id"] for event in tax.ledger.events(kind="packet_duplicate")] == [packet.name]
    assert len(tax.ledger.landed(tax.agreement.route(ROUTE), "bankruptcy_case")) == rows
    journeys.sweep(court)
    assert journeys.record(court, key).state == "accepted"


def test_another_packet_under_the_same_number_is_an_incident(ends: Ends, home: Path) -> None:
    _, tax = ends
    _, packet = _sent(ends, home)
    journeys.sweep(tax)
    manifest = (home / f"point/court-{PAIR}.tax-{PAIR}/taken/{packet.name}") / "manifest.json"
    fork = home / f"point/court-{PAIR}.tax-{PAIR}/{packet.name}"
    shutil.copytree(manifest.parent, fork)
    (fork / "manifest.json").write_bytes(manifest.read_bytes().replace(b'"U"', b'"Q"') + b" ")
    journeys.sweep(tax)
    assert len(list(tax.ledger.events(kind="taken_in"))) == 1
    assert list(tax.ledger.events(kind="packet_fork")) or list(tax.ledger.events(kind="packet_refused"))


def test_two_runs_at_once_wait_for_each_other(ends: Ends) -> None:
    court, _ = ends
    with court.ledger.lock(f"run:{ROUTE}.Q.{PERIOD}"):
        _raised(RetryLater, 907, lambda: journeys.quarterly(court, ROUTE, PERIOD, AS_OF))
    assert journeys.quarterly(court, ROUTE, PERIOD, AS_OF) == f"{ROUTE}.Q.{PERIOD}"


# By command: exit codes and what is read on the terminal


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("", 904), ("CREATE TABLE fy (fydm VARCHAR(20);", 904), ("CREATE TABLE other (a INTEGER);", 903)],
    ids=["empty dump", "malformed dump", "tables missing"],
)
def test_a_bad_dump(spoil: str, code: int, tmp_path: Path) -> None:
    dump = tmp_path / "court_db.sql"
    dump.write_text(spoil)
    done = run(
        exchange(
            *("demo", "--source", str(dump), "--return", str(ANSWER), "--period", PERIOD, "--as-of", "2026-10-09"),
            *("--home", str(tmp_path / "home"), "--no-airflow"),
        )
    )
    assert done.returncode == 3
    assert f"E{code}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_source_lost_a_column(ends: Ends, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "court.db") as db:
        db.execute("ALTER TABLE pc_aj RENAME COLUMN slrq TO slrq_old")
    error = _raised(NeedsPerson, 903, lambda: journeys.quarterly(ends[0], ROUTE, PERIOD, AS_OF))
    assert "slrq" in str(error)


def test_unknown_exchange_and_unknown_home_by_command(tmp_path: Path) -> None:
    done = run(exchange("show", "nothing", "--home", str(tmp_path)))
    assert done.returncode == 3
    assert "E905" in done.stderr
    assert "Traceback" not in done.stderr
