"""Text that wants to be something else: markup in pages, formulas in sheets, commands in SQL, paths in names."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bench.ends import AS_OF, PAIR, PERIOD, both_ends, go_round
from bench.world import build
from exchange import journeys
from exchange.adapters.ledger_sql.engine import make_engine as ledger_engine
from exchange.adapters.ledger_sql.engine import place as ledger_place
from exchange.adapters.source_sql.engine import make_engine as source_engine
from exchange.adapters.source_sql.engine import place as source_place
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts
from tests.running import exchange, run

MARKUP = "<script src=//evil.example/x></script>"
IMAGE = '"><img src=x onerror=alert(1)>'
FORMULA = '=HYPERLINK("http://evil.example","x")'
SQL = "'); DROP TABLE event; --"
PATH = "../../../escaped"


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[Parts, Parts]]:
    source = build(tmp_path / "court.db", 12)
    with sqlite3.connect(source) as db:
        for record, text in enumerate((MARKUP, IMAGE, SQL, PATH), start=1):
            db.execute("UPDATE pc_zwr SET mc = ? WHERE ajbs = ?", (f"{text}有限公司", record))
            db.execute("UPDATE pc_jd SET wsmc = ?, wsh = ? WHERE ajbs = ?", (text, FORMULA, record))
            db.execute("UPDATE pc_cccz SET ccms = ?, msr = ? WHERE ajbs = ?", (FORMULA, text, record))
            db.execute("UPDATE pc_zqsh SET sbh = ?, ly = ? WHERE ajbs = ?", (f"{text}{record}", text, record))
        db.execute("UPDATE pc_aj SET ah = ? WHERE ajbs = 5", (f"（2026）冀1103破{IMAGE}号",))
        db.execute("UPDATE pc_aj SET ah = ? WHERE ajbs = 6", (PATH,))
        db.execute("UPDATE pc_zwr SET mc = ? WHERE ajbs = 7", (FORMULA,))
    with both_ends(tmp_path / "ends", source, checker="plain") as made:
        yield made


def pages(home: Path) -> list[str]:
    return [page.read_text(encoding="utf-8") for page in sorted(home.rglob("*.html"))]


def test_text_stays_text_all_the_way(ends: tuple[Parts, Parts], tmp_path: Path) -> None:
    court, tax = ends
    key = go_round(court, tax)
    journeys.reconcile(court, key)
    made = pages(tmp_path / "ends")
    assert len(made) >= 2
    for page in made:
        assert not re.search(r"<(script|img|iframe|object|link|form|base)\b", page, re.IGNORECASE)
        assert not re.search(r"""<[a-z][^>]*\s(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", page, re.IGNORECASE)
        assert "default-src 'none'" in page
    assert any("&lt;img" in page for page in made), "the malformed number is shown, as text"
    landed = tax.ledger.landed(tax.agreement.route(f"{PAIR}-cases"), "case_event")
    assert set(landed["document_title"]) >= {MARKUP, SQL, PATH}
    assert tax.ledger.verify() == []
    assert not list(tmp_path.parent.rglob("escaped*"))
    with zipfile.ZipFile(io.BytesIO(court.vault.get(key, "breaks.xlsx"))) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
        assert not any("<f>" in sheet or "hyperlink" in sheet for sheet in sheets)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "..", ".work", "a/../../b", "x\x00y", "~root"])
def test_a_key_or_packet_from_outside_leads_nowhere(key: str, ends: tuple[Parts, Parts]) -> None:
    court, _ = ends
    with pytest.raises(NeedsPerson) as caught:
        court.vault.get(key, "outcome.json")
    assert caught.value.code == 905
    for action in (
        lambda: journeys.record(court, key),
        lambda: journeys.receive(court, [key]),
        lambda: journeys.quarterly(court, f"{PAIR}-cases", key, AS_OF),
        lambda: journeys.quarterly(court, key, PERIOD, AS_OF),
    ):
        with pytest.raises((NeedsPerson, ValueError)):
            action()


def test_a_packet_that_is_verified_by_hand_follows_no_link(tmp_path: Path) -> None:
    home, packet = tmp_path / "home", tmp_path / f"court-{PAIR}.tax-{PAIR}.000001.Q"
    home.mkdir()
    (home / "exchange.toml").write_text(f'party = "tax-{PAIR}"\n')
    packet.mkdir()
    (packet / "READY").touch()
    (packet / "manifest.json").symlink_to("/etc/passwd")
    done = run(exchange("verify", str(packet), "--home", str(home)))
    assert done.returncode == 3
    assert "E304" in done.stderr
    assert "root:" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://exchange:pa@ss-w0rd@db.court:5432/cases",
        "postgresql://exchange:pass-w0rd@db.court/cases",
        "postgresql+psycopg://exchange:x@y/pass-w0rd@db.court/cases",
    ],
)
def test_a_password_in_an_address_is_never_shown(url: str) -> None:
    for place in (ledger_place, source_place):
        assert "w0rd" not in place(make_url(url))
        assert "db.court" in place(make_url(url))


@pytest.mark.parametrize("url", ["postgresql://u:p@s:w0rd@host/db", "mysql://u:w0rd@host/db", "w0rd", "://w0rd"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    for make in (ledger_engine, source_engine):
        with pytest.raises(NeedsPerson) as caught:
            make(url)
        assert caught.value.code == 905
        assert "w0rd" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
