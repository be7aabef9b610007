"""Who may do what: keys by command, default deny for officers, two people wherever the contract says so."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.ends import AS_OF, PAIR, PERIOD, both_ends
from bench.world import build
from exchange import journeys, wiring
from exchange.adapters.keys_files import init_keys
from exchange.domain.errors import ExchangeError
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.steps.review import review
from exchange.wiring import certificates
from tests.running import exchange, run

COURT, TAX = f"court-{PAIR}", f"tax-{PAIR}"


def refused(code: int, action: Callable[[], object]) -> None:
    with pytest.raises(ExchangeError) as caught:
        action()
    assert caught.value.code == code


# Officers


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Parts]:
    """A court whose cases are urgent only when an officer says so."""
    source = build(tmp_path / "court.db", 3)
    with sqlite3.connect(source) as db:
        db.execute("UPDATE pc_aj SET slrq = '2026-01-05', zqsbjzrq = '2026-03-05', dychyrq = '2026-03-20'")
    with both_ends(tmp_path / "ends", source, checker="plain", today=AS_OF) as (made, _):
        duties = {"liaison-1": ("prepare",), "chief-1": ("approve",), "chief-2": ("approve",)}
        yield replace(made, officers=duties)


def case_of(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "court.db") as db:
        return str(db.execute("SELECT ah FROM pc_aj WHERE ajbs = 1").fetchone()[0])


def asked(court: Parts, by: str, tmp_path: Path) -> str:
    return journeys.urgent(replace(court, actor=by), case_of(tmp_path), "即将处置土地", by)


@pytest.mark.parametrize("by", ["nobody", "", "CHIEF-1", "system", "rule"])
def test_who_is_not_listed_sends_nothing(by: str, court: Parts, tmp_path: Path) -> None:
    refused(910, lambda: asked(court, by, tmp_path))
    assert not court.ledger.exchanges()


def test_an_approver_releases_an_urgent_case_alone_and_another_confirms_it(court: Parts, tmp_path: Path) -> None:
    key = asked(court, "chief-1", tmp_path)
    record = journeys.record(court, key)
    assert (record.state, record.approved_by) == ("sent", "chief-1")
    released = next(iter(court.ledger.events(exchange=key, kind="released")))
    assert (released.actor, released.body["mode"]) == ("chief-1", "one_officer")
    assert len(released.body["reason_sha256"]) == 64
    refused(910, lambda: journeys.call(review, court, key, "confirm", by="chief-1"))
    journeys.call(review, court, key, "confirm", by="chief-2")
    assert [e.actor for e in court.ledger.events(exchange=key, kind="confirmed")] == ["chief-2"]


def test_a_liaison_officer_alone_sends_nothing(court: Parts, tmp_path: Path) -> None:
    key = asked(court, "liaison-1", tmp_path)
    record = journeys.record(court, key)
    assert (record.state, record.prepared_by, record.packet_id) == ("prepared", "liaison-1", None)
    journeys.call(review, court, key, "approve", by="chief-1")
    assert journeys.onward(court, key) == "sent"


def test_nothing_is_confirmed_before_it_was_released(court: Parts) -> None:
    key = journeys.quarterly(court, f"{PAIR}-cases", PERIOD, AS_OF)
    refused(908, lambda: journeys.call(review, court, key, "confirm", by="chief-2"))
    assert not list(court.ledger.events(kind="confirmed"))


# Keys


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "exchange.toml").write_text(f'party = "{COURT}"\n')
    return folder


def said(home: Path, *words: str, code: int = 0) -> str:
    done = run(exchange("keys", *words, "--home", str(home)))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def theirs(tmp_path: Path, *, test: bool = False) -> dict[str, tuple[Path, str]]:
    """The tax bureau's certificates as they were handed over: role → (file, fingerprint told by phone)."""
    folder = tmp_path / f"theirs-{test}"
    made = init_keys(folder, TAX, days=365, test=test, now=datetime.now(UTC))
    return {role: (folder / f"{role}.cert.pem", mark) for role, mark in made}


def test_keys_are_made_handed_over_pinned_listed_and_taken_back(home: Path, tmp_path: Path) -> None:
    made = said(home, "init")
    for role in ("sign", "decrypt", "archive"):
        assert role in made
    assert said(home, "init") == made
    handed = said(home, "export", "--to", str(tmp_path / "usb"))
    files = sorted(path.name for path in (tmp_path / "usb").iterdir())
    assert [name.rsplit("-", 1)[0] for name in files] == [f"{COURT}-decrypt", f"{COURT}-sign"]
    assert all(b"PRIVATE" not in path.read_bytes() for path in (tmp_path / "usb").iterdir())
    assert files[0] in handed.replace("\n", "")
    cert, mark = theirs(tmp_path)["sign"]
    grouped = " ".join(re.findall("....", mark)).upper()
    said(home, "pin", "--party", TAX, "--role", "sign", "--cert", str(cert), "--fingerprint", grouped)
    listed = said(home, "list")
    assert mark in re.sub(r"\s", "", listed)
    assert all(len(line.split()) == 8 for line in listed.splitlines() if re.fullmatch(r"\s+([0-9a-f]{4} ?)+", line))
    said(home, "unpin", "--party", TAX, "--role", "sign", "--fingerprint", mark)
    said(home, "unpin", "--party", TAX, "--role", "sign", "--fingerprint", mark, code=3)
    assert mark not in re.sub(r"\s", "", said(home, "list"))
    said(home, "pin", "--party", TAX, "--role", "sign", "--cert", str(cert), "--fingerprint", mark)
    with wiring.opened(read_settings(home=home)) as parts:
        events = [(e.kind, e.body["party"], e.body["role"]) for e in parts.ledger.events()]
        assert parts.ledger.verify() == []
    made_here = [("key_made", COURT, role) for role in ("sign", "decrypt", "archive")]
    assert events == made_here + [(kind, TAX, "sign") for kind in ("key_pinned", "key_unpinned", "key_pinned")]


def test_a_run_killed_before_its_event_is_made_up_for(home: Path, tmp_path: Path) -> None:
    settings = read_settings(home=home)
    init_keys(home / "keys", COURT, days=365, test=False, now=datetime.now(UTC))
    certificates.init_keys(settings)
    with wiring.opened(settings) as parts:
        assert len(list(parts.ledger.events(kind="key_made"))) == 3


def test_what_may_not_be_pinned(home: Path, tmp_path: Path) -> None:
    settings = read_settings(home=home)
    (live, mark), (rehearsed, its_mark) = theirs(tmp_path)["sign"], theirs(tmp_path, test=True)["sign"]
    refused(202, lambda: certificates.pin(settings, TAX, "sign", live, its_mark))
    refused(202, lambda: certificates.pin(settings, TAX, "sign", live, mark[:16]))
    refused(914, lambda: certificates.pin(settings, "tax-999999", "sign", live, mark))
    refused(914, lambda: certificates.pin(settings, COURT, "sign", live, mark))
    refused(802, lambda: certificates.pin(settings, TAX, "sign", rehearsed, its_mark))
    refused(905, lambda: certificates.init_keys(settings, test=True))
    assert not list(home.rglob("*.pem"))


def test_a_live_end_uses_no_test_certificate_however_it_came_there(home: Path, tmp_path: Path) -> None:
    rehearsed, _ = theirs(tmp_path, test=True)["sign"]
    (home / "trust" / TAX).mkdir(parents=True)
    (home / "trust" / TAX / "sign-0000000000000000.pem").write_bytes(rehearsed.read_bytes())
    with wiring.opened(read_settings(home=home)) as parts:
        refused(802, lambda: parts.keys.trusted(TAX, "sign"))


@pytest.mark.parametrize("where", ["trust", f"trust/{TAX}", f"trust/{TAX}/*.pem"])
def test_a_folder_of_trust_that_others_can_write_is_not_trusted(where: str, home: Path, tmp_path: Path) -> None:
    settings = read_settings(home=home)
    cert, mark = theirs(tmp_path)["sign"]
    certificates.pin(settings, TAX, "sign", cert, mark)
    place = next(home.glob(where))
    place.chmod(place.stat().st_mode | 0o020)
    with wiring.opened(settings) as parts:
        refused(205, lambda: parts.keys.trusted(TAX, "sign"))
