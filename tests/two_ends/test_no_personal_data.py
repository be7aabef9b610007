"""A quarter goes round with a canary for every personal value: none is printed, logged, mailed, named or chained."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import sqlite3
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
import structlog

from exchange import cli, wiring
from exchange.adapters.checker_gx import GxChecker
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.source_sql import SqlSource
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.domain.packet import AROUND
from exchange.domain.person import Role
from exchange.ports import Checker, RowCheck
from exchange.settings import read_settings
from exchange.wiring import certificates
from tests import canaries
from tests.canaries import NEVER, found, in_database, in_file, kinds, word
from tests.console.kit import Console, Person_, console
from tests.outcomes import answers
from tests.servers import PostgresServer

PERIOD, DAY = "2026Q2", date(2026, 7, 3)
KEY = f"131100-cases.Q.{PERIOD}"


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything that is printed or logged (from INFO on) meanwhile."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with redirect_stdout(heard), redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        structlog.reset_defaults()


def command(*words: str) -> tuple[int, str]:
    """The command line as an officer uses it: exit code, and what was printed or logged."""
    before, sys.argv = sys.argv, ["exchange", *words]
    ended = 0
    with overheard() as heard:
        try:
            cli.main()
        except SystemExit as left:
            ended = int(left.code or 0)
        finally:
            sys.argv = before
    return ended, heard.getvalue()


@dataclass
class World:
    """Both homes, where the tax bureau's files are, and everything that was said and posted."""

    home: Path
    returned: Path
    posted: list[str]
    spoken: list[tuple[str, str]] = field(default_factory=list)

    def run(self, end: str, *words: str, codes: Sequence[int] = (0,)) -> str:
        """One command at one end; what it said."""
        code, said = command(*words, "--home", str(self.home / end))
        self.spoken.append((f"{end}: {' '.join(words[:2])}", said))
        assert code in codes, f"{words} ended {code}: {said}"
        return said


class Desk(BaseHTTPRequestHandler):
    """Takes alerts that are posted."""

    posted: list[str]

    def do_POST(self) -> None:
        self.posted.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole round, played once."""
    folder = tmp_path_factory.mktemp("canaries")
    made = World(home=folder / "ends", returned=canaries.planted_return(folder / "return"), posted=[])
    desk = type("OurDesk", (Desk,), {"posted": made.posted})
    server = HTTPServer(("127.0.0.1", 0), desk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        _settle(made.home, canaries.planted_source(folder / "source.db"), f"json://127.0.0.1:{server.server_port}/")
        _whole_round(made)
        _bad_days(made)
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _settle(home: Path, source: Path, mail: str) -> None:
    (home / "point").mkdir(parents=True)
    for end, other, more in (
        ("court", "tax", f'source_url = "sqlite:///{source}"\nmail_url = "{mail}"\nchecker = "gx"'),
        ("tax", "court", 'checker = "plain"'),
    ):
        (home / end).mkdir()
        (home / end / "exchange.toml").write_text(
            f'party = "{end}-131100"\ntoday = {DAY}\n{more}\n'
            '[officers]\nliaison-1 = ["prepare"]\nchief-1 = ["approve"]\nchief-2 = ["approve"]\n'
            f'[channels."{other}-131100"]\nkind = "folder"\nroot = "{home / "point"}"\n'
        )
    ends = [read_settings(home=home / end) for end in ("court", "tax")]
    made = [{c.role: c for c in certificates.init_keys(settings)} for settings in ends]
    for settings, other_end, theirs in ((ends[0], ends[1], made[1]), (ends[1], ends[0], made[0])):
        for role in ("sign", "decrypt"):
            cert = theirs[role]
            certificates.pin(settings, other_end.party, role, cert.certificate, cert.fingerprint)


def _whole_round(world: World) -> None:
    world.run("court", "watch")
    calm = _a_case_of_no_hurry(world)
    world.run("court", "urgent", "--case", calm, "--reason", word("OFFICERREASON", 3), "--by", "chief-1")
    key = _quarter_at_the_court(world)
    for end in ("court", "tax") * 3:
        world.run(end, "sweep")
    said = world.run("tax", "answer", "--from", str(world.returned))
    answer = next(w for w in said.split() if w.startswith("131100-claims.A."))
    world.run("tax", "review", "prepare", answer, "--by", "liaison-1")
    world.run("tax", "review", "approve", answer, "--by", "chief-1")
    for end in ("tax", "court") * 3:
        world.run(end, "sweep", "--json")
    world.run("court", "reconcile", key)
    for end in ("court", "tax"):
        for look in (("status",), ("status", "--json"), ("audit", "verify"), ("keys", "list")):
            world.run(end, *look)
    world.run("court", "show", key)


def _a_case_of_no_hurry(world: World) -> str:
    known = answers("sample2")
    calm = sorted(set(known["sent"]) - {one["record"] for one in known["urgent"]})
    with sqlite3.connect(world.home.parent / "source.db") as db:
        rows = db.execute("SELECT ajbs, ah FROM pc_aj WHERE ajzt_dm = '50' ORDER BY ajbs")
        return next(str(number) for record, number in rows if record in calm)


def _quarter_at_the_court(world: World) -> str:
    """Read, sent back by an officer for a reason, read again, lifted where it stopped, released by two."""
    world.run("court", "run", "quarterly", "--period", PERIOD)
    world.run("court", "review", "refuse", KEY, "--by", "chief-1", "--reason", f"因 {word('OFFICERREASON', 1)} 退回")
    world.run("court", "run", "quarterly", "--period", PERIOD)
    key, reason = f"{KEY}.2", word("OFFICERREASON", 2)
    world.run("court", "review", "lift", key, "--by", "chief-2", "--reason", reason, codes=(0, 3))
    explained = ("--rule", "docket_gap", "--as", "void_number", "--reason", "该号收案后作废", "--by", "liaison-1")
    world.run("court", "explain", key, *explained)
    world.run("court", "control", key)
    world.run("court", "review", "prepare", key, "--by", "liaison-1")
    world.run("court", "review", "approve", key, "--by", "chief-1")
    return key


def _bad_days(world: World) -> None:
    """What goes wrong with values in hand: return files that are refused, and a case nobody knows."""
    claims = world.returned / "tax_claim.csv"
    good = claims.read_text(encoding="utf-8")
    spoilt: tuple[Callable[[str], str], ...] = (
        lambda text: text.replace("73310003.83", word("BADAMOUNT", 1)),
        lambda text: text.replace("2026-03-15", word("BADDAY", 1)),
        lambda text: text.replace(",original,", f",{word('BADKIND', 1)},"),
        lambda text: word("BADROW", 1) + text.partition("\n")[2],
        lambda text: text.replace("冀州", '"'),
        lambda text: text.replace("冀州", "\x00"),
        lambda text: text + text.splitlines()[1] + "\n",
    )
    for spoil in spoilt:
        claims.write_text(spoil(good), encoding="utf-8")
        world.run("tax", "answer", "--from", str(world.returned), codes=(0, 3))
    claims.write_text(good, encoding="utf-8")
    case = f"（2026）冀1103破{word('NOSUCHCASE', 1)}号"
    world.run("court", "urgent", "--case", case, "--reason", word("OFFICERREASON", 4), "--by", "chief-1", codes=(3,))
    world.run("court", "urgent", "--case", case, "--reason", word("OFFICERREASON", 5), "--by", "nobody", codes=(3,))


def test_nothing_is_said(world: World) -> None:
    assert {what: told for what, said in world.spoken if (told := kinds(found(said)))} == {}
    assert len(world.spoken) > 40


def test_nothing_is_posted_or_logged_with_an_alert(world: World) -> None:
    assert len(world.posted) > 5
    assert kinds(found("\n".join(json.dumps(json.loads(p), ensure_ascii=False) for p in world.posted))) == set()
    assert kinds(found((world.home / "court/alerts.log").read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize("end", ["court", "tax"])
def test_nothing_is_in_the_ledger_but_landed_rows(end: str, world: World) -> None:
    told = {table: kinds(known) for table, known in in_database(world.home / end / "ledger.db").items()}
    assert told.pop("break_", set()) <= {"AMOUNT"}
    assert told.pop("case_index", set()) <= {"ADMIN"}, "what cases are found by stands beside the landed rows"
    assert told.pop("case_words", set()) <= {"NAME", "FORMER"}
    assert told == {}


def test_nothing_is_named_after_it(world: World) -> None:
    assert found("\n".join(str(path.relative_to(world.home)) for path in world.home.rglob("*"))) == set()


def test_what_has_no_column_never_leaves_the_source(world: World) -> None:
    stored = {path: kinds(in_file(path)) for path in world.home.rglob("*") if path.is_file()}
    assert {path.name: told & NEVER for path, told in stored.items() if told & NEVER} == {}
    everything = set().union(*stored.values())
    assert {"JUDGE", "LEGALREP", "NAME", "FORMER", "BUYER", "LEAD", "PHONE", "ADDRESS", "REVIEW"} <= everything


def test_the_clear_part_of_a_packet_tells_nothing(world: World) -> None:
    clear = [p for p in world.home.rglob("*") if p.is_file() and (p.name in AROUND or p.suffix == ".p7m")]
    assert len(clear) > 50
    assert {path.name: told for path in clear if (told := in_file(path))} == {}


def test_pages_mask_names(world: World) -> None:
    """Amounts are what the pages are about. A number that is none stands as it is: that is the finding."""
    pages = list(world.home.rglob("vault/**/*.html"))
    assert len(pages) > 5
    told = {page: kinds(found(page.read_text(encoding="utf-8"))) - {"AMOUNT", "BADNUMBER"} for page in pages}
    assert {page: some for page, some in told.items() if some} == {}


def test_the_working_list_names_companies_alone(world: World) -> None:
    for sheet in world.home.rglob("vault/**/*.xlsx"):
        with zipfile.ZipFile(sheet) as book:
            text = "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        assert kinds(found(text)) - {"AMOUNT"} <= {"NAME"}


def test_the_outcome_tells_names_only_where_blanks_were_cut(world: World) -> None:
    """data.md: `normalised` gives `to`, which for blanks_around_name is the name; it stays in the vault."""
    for path in world.home.rglob("vault/**/outcome.json"):
        outcome = json.loads(path.read_text(encoding="utf-8"))
        for one in outcome.get("normalised", ()):
            if one["rule"] == "blanks_around_name":
                one["to"] = ""
        assert kinds(found(json.dumps(outcome, ensure_ascii=False))) <= {"BADNUMBER", "AMOUNT"}, path


def test_every_decision_and_look_is_in_the_chain(world: World) -> None:
    """Who is shown an outcome is written down first; reasons are there as hashes."""
    key = f"{KEY}.2"
    code, said = command("show", key, "--json", "--home", str(world.home / "court"))
    assert (code, json.loads(said)["period"]) == (0, PERIOD)
    with wiring.opened(read_settings(home=world.home / "court")) as court:
        events = list(court.ledger.events())
    looked = [e for e in events if e.kind == "looked_at"]
    assert [(e.exchange, e.body["what"]) for e in looked] == [(key, "reasons"), (key, "outcome.json")]
    assert all(e.actor for e in looked)
    decided = {(e.kind, e.actor) for e in events if "content_hash" in e.body and "by" in e.body}
    wanted = {("refused", "chief-1"), ("prepared", "liaison-1"), ("approved", "chief-1"), ("released", "chief-1")}
    assert wanted <= decided
    assert {e.body["role"] for e in events if e.kind == "key_made"} == {"sign", "decrypt", "archive"}
    assert {e.body["role"] for e in events if e.kind == "key_pinned"} == {"sign", "decrypt"}
    assert all("reason_sha256" in e.body for e in events if e.kind == "refused")


@pytest.mark.parametrize("checker", [PlainChecker(), GxChecker()], ids=["plain", "gx"])
def test_a_rule_that_crashes_on_a_value_does_not_tell_it(checker: Checker) -> None:
    def crash(frame: pd.DataFrame) -> None:
        raise ValueError(f"cannot judge {frame['name'].iloc[0]}")

    contract = wiring.agreement(read_settings()).route("131100-cases").contract("case_debtor")
    frame = pd.DataFrame({name: [word("NAME", 1)] for name in contract.names}, dtype="str")
    check = RowCheck(rule="odd", columns=("name",), broken=crash)
    with overheard() as heard, pytest.raises(NeedsPerson) as caught:
        checker.run(contract, [check], frame)
    assert caught.value.code == 915
    assert found(str(caught.value) + heard.getvalue()) == set()


def test_a_database_that_chokes_on_a_value_does_not_tell_it(postgres_server: PostgresServer, tmp_path: Path) -> None:
    import psycopg

    database = postgres_server.new_database()
    url = postgres_server.url(database)
    try:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE pc_aj (ah text, slrq text)")
            connection.execute("INSERT INTO pc_aj VALUES (%s, %s)", (word("BADNUMBER", 1), word("BADDATE", 1)))
        (tmp_path / "bankruptcy_case.sql").write_text(
            "SELECT ah AS _record, ah AS case_no, CAST(slrq AS date) AS accepted_on FROM pc_aj"
        )
        route = wiring.agreement(read_settings()).route("131100-cases")
        others = [c.dataset for c in route.datasets if c.dataset != "bankruptcy_case"]
        (tmp_path / "codes.yaml").write_text(f"not_supplied: [{', '.join(others)}]\n")
        with overheard() as heard, pytest.raises(ExchangeError) as caught:
            SqlSource(url, folder=tmp_path).read(route, courts=["冀1103"], since=DAY)
    finally:
        postgres_server.drop_database(database)
    assert found(str(caught.value) + heard.getvalue()) == set()
    assert "22007" in str(caught.value)


def test_an_unexpected_fault_shows_its_place_and_not_its_words() -> None:
    def choke() -> None:
        try:
            int(word("NAME", 1))
        except ValueError as cause:
            raise RuntimeError(f"row of {word('JUDGE', 1)}") from cause

    cli.app.command("choke", hidden=True)(choke)
    try:
        code, said = command("choke")
    finally:
        cli.app.registered_commands.pop()
    assert code == 1
    assert "RuntimeError" in said
    assert "choke" in said
    assert found(said) == set()


PERSONAL: frozenset[str] = frozenset({"JUDGE", "LEGALREP", "LEAD", "PHONE", "BUYER"})
"""What the contracts call personal: the columns whose values name or reach a natural person."""


@pytest.mark.parametrize("end", ["court", "tax"])
def test_the_console_shows_no_person_unasked_and_says_each_time_it_does(end: str, world: World) -> None:
    """Every page links lead to, as somebody who never revealed; then every form that reveals; then every file."""
    with console(world.home / end, {"every-1": ("周岩", frozenset(Role))}) as here:
        officer = here.as_("every-1")
        walked = dict(_walk(officer, most=3))
        assert len({re.sub(r"\d+", "", path.partition("?")[0]) for path in walked}) > 25
        told = {path: kinds(found(text)) & (PERSONAL | NEVER) for path, text in walked.items()}
        assert {path: some for path, some in told.items() if some} == {}
        assert any(kinds(found(text)) & {"NAME"} for text in walked.values()), "the walk came where data is"
        forms = {action: fields for text in walked.values() for action, fields in _reveals(text)}
        assert len(forms) > 1
        for action, fields in forms.items():
            _revealed(here, officer, action, fields)
        files = sorted({link for text in walked.values() for link in _links(text) if _FILE.search(link)})
        assert len(files) > 3
        for link in files:
            _taken(here, officer, link)


def _revealed(here: Console, officer: Person_, action: str, fields: dict[str, str]) -> None:
    """Shown at once, or on the page one is led to: there each time anew."""
    before = here.house.parts.ledger.head()
    answer = officer.post(action, fields)
    assert here.house.parts.ledger.head() != before, action
    pages = [answer.text] if answer.status_code == 200 else []
    for _ in range(0 if pages else 2):
        before = here.house.parts.ledger.head()
        pages.append(officer.page(answer.headers["location"]))
        assert here.house.parts.ledger.head() != before, f"{action}: seen again, and nobody would know"
    assert any(kinds(found(page)) & PERSONAL for page in pages), action


def _taken(here: Console, officer: Person_, link: str) -> None:
    """A file names no person; whom cases are about only with a word in the ledger."""
    before = here.house.parts.ledger.head()
    answer = officer.get(link)
    assert answer.status_code == 200, link
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        inside = kinds(found("\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())))
    assert inside & (PERSONAL | NEVER) == set(), link
    if inside & {"NAME", "TAXNAME"}:
        assert here.house.parts.ledger.head() != before, f"{link} tells whom cases are about, unsaid"


_FILE = re.compile(r"\.(xlsx|docx)(\?|$)")


def _links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="(/[^"#]*)', text)]


def _walk(officer: Person_, *, most: int) -> Iterator[tuple[str, str]]:
    """Every page that links lead to from the first one, `most` of each kind; a page's kind is its path without what
    names one thing, and which tab it is."""
    waiting, seen, of_kind = ["/"], {"/"}, Counter[str]()
    while waiting:
        path = waiting.pop(0)
        answer = officer.get(path)
        if answer.status_code != 200 or "html" not in answer.headers["content-type"]:
            continue
        yield path, answer.text
        for link in _links(answer.text):
            bare, _, asked = link.partition("?")
            kind = re.sub(r"[^/]*[\d（][^/]*", "*", bare) + "".join(re.findall(r"(?:tab|show|stand)=\w+", asked))
            if link in seen or bare.startswith(("/static", "/language")) or _FILE.search(link) or ".pdf" in link:
                continue
            seen.add(link)
            of_kind[kind] += 1
            if of_kind[kind] <= most:
                waiting.append(link)


def _reveals(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The forms of a page that show names in full."""
    for action, inner in re.findall(r'(?s)<form[^>]*action="([^"]*/reveal)"[^>]*>(.*?)</form>', text):
        fields = re.findall(r'name="(\w+)" value="([^"]*)"', inner)
        yield html.unescape(action), {name: html.unescape(value) for name, value in fields if name != "csrf"}
