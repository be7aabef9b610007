"""One quarter goes round on PostgreSQL and OpenSSH at both ends; servers go away in the middle and come back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from bench.ends import release
from exchange import journeys, wiring
from exchange.adapters.channel_sftp import SftpChannel, SftpLogin
from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.wiring import certificates
from tests.outcomes import WORLDS, answers, assert_same
from tests.servers import PostgresServer, running_postgres
from tests.servers_sshd import Sshd, running_sshd

COURT, TAX, ROUTE, PERIOD, AS_OF = "court-131100", "tax-131100", "131100-cases", "2026Q2", date(2026, 7, 3)
KEY = f"{ROUTE}.Q.{PERIOD}"


@dataclass(frozen=True, kw_only=True)
class Real:
    """Both ends and the servers between them."""

    court: Parts
    tax: Parts
    postgres: PostgresServer
    sshd: Sshd


@pytest.fixture
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("real")
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        sshd = stack.enter_context(running_sshd(folder / "sshd"))
        root = sshd.home("point", mode=0o700)
        sftp = {
            "kind": "sftp", "host": "127.0.0.1", "port": sshd.port, "user": sshd.user, "root": str(root),
            "key_file": str(sshd.user_key), "host_keys": [sshd.host_fingerprint],
        }  # fmt: skip
        told = {"checker": "plain", "today": AS_OF, "officers": {"liaison-1": ["prepare"], "chief-1": ["approve"]}}
        ends = {
            COURT: {"channels": {TAX: sftp}, "source_url": postgres.url(postgres.new_database())},
            TAX: {"channels": {COURT: {"kind": "folder", "root": str(root)}}},
        }
        settings = {
            party: read_settings(
                home=folder / party, party=party, ledger_url=postgres.url(postgres.new_database()), **told, **more
            )
            for party, more in ends.items()
        }
        made = {party: {c.role: c for c in certificates.init_keys(one)} for party, one in settings.items()}
        for party, other in ((COURT, TAX), (TAX, COURT)):
            for role in ("sign", "decrypt"):
                known = made[other][role]
                certificates.pin(settings[party], other, role, known.certificate, known.fingerprint)
        wiring.load_source(settings[COURT], WORLDS / "sample2/court_db.sql")
        court, tax = (stack.enter_context(wiring.opened(settings[party])) for party in (COURT, TAX))
        yield Real(court=court, tax=tax, postgres=postgres, sshd=sshd)


def _sweep_until(real: Real, parts: Parts, key: str, state: str) -> None:
    for _ in range(6):
        if journeys.record(parts, key).state == state:
            return
        for end in (real.court, real.tax):
            swept = journeys.sweep(end)
            assert swept.problems == []
    pytest.fail(f"{key} is {journeys.record(parts, key).state}")


@pytest.mark.slow
def test_the_quarter_goes_round_though_servers_go_away(real: Real) -> None:
    court, tax = real.court, real.tax
    real.postgres.stop()
    with pytest.raises(RetryLater) as away:
        journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    assert away.value.code == 901
    real.postgres.start()
    assert journeys.quarterly(court, ROUTE, PERIOD, AS_OF) == KEY
    release(court, KEY)

    os.kill(real.sshd.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(RetryLater):
            journeys.onward(_with_login(real, timeout_s=1), KEY)
    finally:
        os.kill(real.sshd.process.pid, signal.SIGCONT)
    assert journeys.record(court, KEY).state == lifecycle.PACKED
    _sweep_until(real, court, KEY, lifecycle.ACCEPTED)

    answer = journeys.answer(tax, WORLDS / "sample2/tax_return")
    release(tax, answer)
    _sweep_until(real, tax, answer, lifecycle.ACCEPTED)
    assert_same(json.loads(court.vault.get(KEY, "outcome.json")), answers("sample2"))
    assert [court.ledger.verify(), tax.ledger.verify()] == [[], []]
    assert len(list(court.ledger.events(kind="sent"))) == 1


def _with_login(real: Real, **other: Any) -> Parts:
    """The court, logging in otherwise."""
    login = SftpLogin(
        host="127.0.0.1", port=real.sshd.port, user=real.sshd.user, root=str(real.sshd.folder / "srv/point"),
        key_file=real.sshd.user_key, host_keys=(real.sshd.host_fingerprint,),
    )  # fmt: skip
    channel = SftpChannel(own=COURT, counterpart=TAX, attempts=1, login=replace(login, **other))
    return replace(real.court, channels={TAX: channel})


def test_another_host_key_sends_nothing(real: Real) -> None:
    court = real.court
    journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    release(court, KEY)
    with pytest.raises(NeedsPerson) as refused:
        journeys.onward(_with_login(real, host_keys=("SHA256:" + "A" * 43,)), KEY)
    assert refused.value.code == 102
    assert real.sshd.host_fingerprint in str(refused.value)
    assert journeys.record(court, KEY).state == lifecycle.PACKED
    assert real.tax.channels[COURT].arrived() == []
    assert journeys.onward(court, KEY) == lifecycle.SENT
