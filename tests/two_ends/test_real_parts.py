"""A world goes round on PostgreSQL and OpenSSH; each part breaks on the way, and the end is the same."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.ends import release
from exchange import journeys, wiring
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.ports import Parts
from tests.fakes.discs import small_disc
from tests.outcomes import WORLDS, answers, assert_same
from tests.servers import PostgresServer
from tests.two_ends.real_ends import COURT, PAIR, TAX, RealEnds, Server, real_ends, servers

pytestmark = pytest.mark.slow
WORLD = "sample2"
ROUTE = f"{PAIR}-cases"


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[PostgresServer, Server]]:
    with servers() as both:
        yield both


@pytest.fixture
def ends(machines: tuple[PostgresServer, Server], tmp_path: Path) -> Iterator[RealEnds]:
    postgres, server = machines
    (tmp_path / "point").mkdir()
    with real_ends(postgres, server, tmp_path, tmp_path / "point", WORLD) as made:
        yield made


def _clear(error: ExchangeError) -> int:
    assert error.what
    assert error.where
    assert error.next_step
    assert wiring.problem(error.code) is not None
    return error.code


def _raised(kind: type[ExchangeError], action: Callable[[], object]) -> int:
    with pytest.raises(kind) as caught:
        action()
    return _clear(caught.value)


def _codes(swept: journeys.Swept) -> set[int]:
    return {_clear(problem) for _, problem in swept.problems}


def _shown(done: subprocess.CompletedProcess[str], code: int, exit_code: int) -> None:
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert f"E{code}" in done.stderr
    assert "next" in done.stderr
    assert "Traceback" not in done.stderr
    assert "a fault of this program" not in done.stderr


def _exchanged(*ends: Parts) -> None:
    """Sweep at both ends until neither has anything to do, without a problem."""
    for _ in range(10):
        swept = [journeys.sweep(parts) for parts in ends]
        assert [problem for one in swept for problem in one.problems] == []
        if all(one.idle for one in swept):
            return
    pytest.fail("the ends do not come to rest")


def _quarter(ends: RealEnds, court: Parts) -> str:
    return journeys.quarterly(court, ROUTE, ends.period, date.fromisoformat(ends.as_of))


def _sent_once(ends: RealEnds, court: Parts, tax: Parts) -> None:
    for parts in (court, tax):
        sent = Counter(e.body["packet_id"] for kind in ("sent", "receipt_sent") for e in parts.ledger.events(kind=kind))
        assert set(sent.values()) == {1}
        assert not list(parts.ledger.events(kind="packet_duplicate"))
        assert not list(parts.ledger.events(kind="packet_refused"))
        assert parts.ledger.verify() == []
        assert {p.state for p in parts.ledger.packets(direction="out")} == {"sent"}
    for lane in (f"{COURT}.{TAX}", f"{TAX}.{COURT}"):
        assert [entry.name for entry in (ends.root / lane).iterdir()] == ["taken"]


class Breaking:
    """A channel that lets something happen after the first packet is out."""

    def __init__(self, channel: Any, happens: Callable[[], None]) -> None:
        self._channel, self._happens = channel, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def publish(self, *args: Any, **more: Any) -> None:
        """Publish, then let it happen, once."""
        self._channel.publish(*args, **more)
        while self._happens:
            self._happens.pop()()


def test_a_world_goes_round_while_every_part_breaks(ends: RealEnds) -> None:
    with ends.open() as (court, tax):
        _the_database_is_away(ends, court)
        journeys.watch(court)
        _the_server_is_away(ends, court)
        _the_database_goes_in_the_middle(ends, court)
        _exchanged(court, tax)
        key = _quarter(ends, court)
        release(court, key)
        _the_line_is_cut_in_the_middle(ends, court, key)
    _the_host_key_changes(ends)
    with ends.open() as (court, tax):
        _exchanged(court, tax)
        assert journeys.record(court, key).state == "accepted"
        answer = journeys.answer(tax, WORLDS / WORLD / "tax_return")
        release(tax, answer)
        _exchanged(tax, court)
        assert journeys.record(tax, answer).state == "accepted"
        assert_same(json.loads(court.vault.get(key, "outcome.json")), answers(WORLD))
        _sent_once(ends, court, tax)


def _the_database_is_away(ends: RealEnds, court: Parts) -> None:
    ends.postgres.stop()
    assert _raised(RetryLater, lambda: _quarter(ends, court)) == 901
    assert _raised(RetryLater, lambda: journeys.watch(court)) == 901
    _shown(ends.command("court", "run", "quarterly", "--period", ends.period, "--as-of", ends.as_of), 901, 4)
    ends.postgres.start()


def _the_server_is_away(ends: RealEnds, court: Parts) -> None:
    ends.server.stop()
    assert _codes(journeys.sweep(court)) == {101, 907}, "a packet that waits to leave holds up the packing of the next"
    _shown(ends.command("court", "sweep"), 101, 4)
    assert {p.state for p in court.ledger.packets(direction="out")} == {"sealed"}
    ends.server.start()


def _the_database_goes_in_the_middle(ends: RealEnds, court: Parts) -> None:
    channel = Breaking(court.channels[TAX], ends.postgres.stop)
    assert _raised(RetryLater, lambda: journeys.sweep(replace(court, channels={TAX: channel}))) == 901
    ends.postgres.start()
    assert not list(court.ledger.events(kind="sent"))


def _the_line_is_cut_in_the_middle(ends: RealEnds, court: Parts, key: str) -> None:
    court.channels[TAX].close()
    ends.line.cut_after_bytes = 12_000
    assert _raised(RetryLater, lambda: journeys.onward(court, key)) in (101, 105)
    packet_id = journeys.record(court, key).packet_id
    lane = ends.root / f"{COURT}.{TAX}"
    assert (lane / f".incoming-{packet_id}").is_dir()
    assert not (lane / str(packet_id)).exists()
    _shown(ends.command("court", "send", key), 105, 4)
    ends.line.cut_after_bytes = None


def _the_host_key_changes(ends: RealEnds) -> None:
    new = ends.server.new_host_key()
    done = ends.command("court", "sweep")
    _shown(done, 102, 3)
    assert new in done.stderr.replace("\n", "").replace("│", "").replace(" ", "")
    ends.host_keys = [*ends.host_keys, new]
    ends.write()


def test_a_login_key_that_is_no_longer_known(ends: RealEnds) -> None:
    known = ends.server.sshd.folder / "authorized_keys"
    line = known.read_text(encoding="ascii")
    with ends.open() as (court, tax):
        key = _quarter(ends, court)
        release(court, key)
        known.write_text("", encoding="ascii")
        assert _raised(NeedsPerson, lambda: journeys.onward(court, key)) == 103
        _shown(ends.command("court", "send", key), 103, 3)
        known.write_text(line, encoding="ascii")
        _exchanged(court, tax)
        assert journeys.record(court, key).state == "accepted"
        _sent_once(ends, court, tax)


def test_a_wrong_password_of_either_database(ends: RealEnds) -> None:
    run = ("run", "quarterly", "--period", ends.period, "--as-of", ends.as_of)
    ends.write(source_password="wrong")
    _shown(ends.command("court", *run), 902, 3)
    ends.write(ledger_password="wrong")
    _shown(ends.command("court", *run), 902, 3)
    ends.write()
    with ends.open() as (court, _):
        assert [e.state for e in court.ledger.exchanges()] == ["opened"]
    assert ends.command("court", *run).returncode == 0


def test_a_disc_that_is_full_at_the_far_side(machines: tuple[PostgresServer, Server], tmp_path: Path) -> None:
    with (
        small_disc(tmp_path / "disc", size_kib=4096) as disc,
        real_ends(*machines, tmp_path, disc, WORLD) as ends,
        ends.open() as (court, tax),
    ):
        key = _quarter(ends, court)
        release(court, key)
        (disc / "another's").write_bytes(b"x" * (4096 * 1024 - 900 * 1024))
        assert _raised(RetryLater, lambda: journeys.onward(court, key)) == 104
        _shown(ends.command("court", "sweep"), 104, 4)
        (disc / "another's").unlink()
        _exchanged(court, tax)
        assert journeys.record(court, key).state == "accepted"
        _sent_once(ends, court, tax)


def _together(ends: RealEnds, end: str, *words: str) -> list[int]:
    """Two processes of one command at once; their exit codes, sorted."""
    both = [ends.start(end, *words) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    for process, text in zip(both, said, strict=True):
        assert "Traceback" not in text
        assert process.returncode in (0, 4), text
        assert ("E907" in text) == (process.returncode == 4), text
    return sorted(process.returncode for process in both)


def test_two_runs_and_two_sweeps_at_once(ends: RealEnds) -> None:
    assert 0 in _together(ends, "court", "run", "quarterly", "--period", ends.period, "--as-of", ends.as_of)
    with ends.open() as (court, tax):
        assert [(e.key, e.state) for e in court.ledger.exchanges()] == [(ends.key, "checked")]
        kinds = Counter(event.kind for event in court.ledger.events(exchange=ends.key))
        assert kinds == {"exchange_opened": 1, "batch_extracted": 1, "extracted": 1, "checked": 1}
        journeys.watch(court)
        release(court, ends.key)
        for end in ("court", "tax", "court", "tax", "court"):
            assert 0 in _together(ends, end, "sweep")
        assert {e.state for e in court.ledger.exchanges()} == {"accepted"}
        _sent_once(ends, court, tax)
