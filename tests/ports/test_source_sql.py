"""The SQL source on SQLite and a real PostgreSQL: both worlds, consistency, refusals, dumps."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.source_sql import SqlSource, load_dump, source
from exchange.domain.case_number import normalise_case_no
from exchange.domain.choice import by_number
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.route import Agreement
from tests.servers import PostgresServer, free_port

ROOT = Path(__file__).parents[2]
WORLDS = ROOT / "tests/worlds"
SINCE = {"sample": date(2026, 7, 1), "sample2": date(2026, 4, 1)}
ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return load_agreement(ROOT)


def read(
    agreement: Agreement, url: str, *, pair: str = "131100", since: date = date(2026, 7, 1), folder: Path | None = None
) -> Mapping[str, pd.DataFrame]:
    courts = [court.id for court in agreement.parties[f"court-{pair}"].courts]
    reader = SqlSource(url, folder=folder or ROOT / "sources" / f"court-{pair}")
    return reader.read(agreement.routes[f"{pair}-cases"], courts=courts, since=since)


@pytest.fixture(params=["sample", "sample2"])
def world(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sample_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('source') / 'source.db'}"
    load_dump(WORLDS / "sample/court_db.sql", url)
    return url


@pytest.fixture
def own(sample_sqlite: str, tmp_path: Path) -> Path:
    """A copy of the first world's SQLite file, to be changed at will."""
    shutil.copy(sa.make_url(sample_sqlite).database or "", tmp_path / "own.db")
    return tmp_path / "own.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the city's folder of queries, to be broken at will."""
    shutil.copytree(ROOT / "sources/court-131100", tmp_path / "sources/court-131100")
    return tmp_path / "sources/court-131100"


def test_both_databases_give_the_same_frames(
    agreement: Agreement, world: str, tmp_path: Path, postgres_url: str
) -> None:
    sqlite_url = f"sqlite:///{tmp_path / 'source.db'}"
    dump = WORLDS / world / "court_db.sql"
    load_dump(dump, sqlite_url)
    load_dump(dump, postgres_url)
    for pair in ("131100", "131103"):
        ours = read(agreement, sqlite_url, pair=pair, since=SINCE[world])
        theirs = read(agreement, postgres_url, pair=pair, since=SINCE[world])
        assert sorted(ours) == sorted(theirs)
        for dataset, frame in ours.items():
            pd.testing.assert_frame_equal(frame, theirs[dataset], obj=dataset)


def test_some_cases_alone_are_those_of_the_whole_read_however_their_number_is_written(
    agreement: Agreement, world: str, tmp_path: Path, postgres_url: str
) -> None:
    urls = [f"sqlite:///{tmp_path / 'source.db'}", postgres_url]
    route, courts = agreement.routes["131100-cases"], agreement.parties["court-131100"].court_ids
    for url in urls:
        load_dump(WORLDS / world / "court_db.sql", url)
        whole = read(agreement, url, since=SINCE[world])
        numbers = normalise_case_no(whole["bankruptcy_case"]["case_no"])
        doubled = sorted(numbers[numbers.duplicated()].dropna())[:1]
        wanted = {*numbers.dropna().iloc[:3], *doubled, "（2026）冀1103破999999号"}
        source = SqlSource(url, folder=ROOT / "sources/court-131100")
        some = source.read(route, courts=courts, since=SINCE[world], only=by_number(wanted))
        records = set(whole["bankruptcy_case"]["_record"][numbers.isin(wanted)])
        assert len(records) == 5
        assert sorted(some) == sorted(whole)
        for dataset, frame in whole.items():
            ours = frame.loc[frame["_record"].isin(records)].reset_index(drop=True)
            pd.testing.assert_frame_equal(some[dataset], ours, obj=dataset)
        none = source.read(route, courts=courts, since=SINCE[world], only=by_number(()))
        assert {len(frame) for frame in none.values()} == {0}


def test_no_lead_comes_with_a_case(agreement: Agreement, own: Path) -> None:
    with sqlite3.connect(own) as database:
        database.executescript((ROOT / "examples/tax_lead/ms_ssxs.sql").read_text("utf-8"))
        ((case,),) = database.execute("SELECT ah FROM pc_aj WHERE ajbs = 2")
    source = SqlSource(f"sqlite:///{own}", folder=ROOT / "sources/court-131100")
    courts = agreement.parties["court-131100"].court_ids
    some = source.read(agreement.routes["131100-cases"], courts=courts, since=SINCE["sample"], only=by_number([case]))
    assert (len(some["bankruptcy_case"]), len(some["tax_lead"])) == (1, 0)


def test_a_query_may_end_in_a_semicolon_and_forget_to_cast_its_record(
    agreement: Agreement, own: Path, folder: Path
) -> None:
    query = folder / "case_debtor.sql"
    text = query.read_text("utf-8").replace("CAST(aj.ajbs AS VARCHAR)   AS _record", "aj.ajbs AS _record")
    query.write_text(f"{text.rstrip()};\n", "utf-8")
    with sqlite3.connect(own) as database:
        ((case,),) = database.execute("SELECT ah FROM pc_aj WHERE ajbs = 2")
    source = SqlSource(f"sqlite:///{own}", folder=folder)
    courts = agreement.parties["court-131100"].court_ids
    some = source.read(agreement.routes["131100-cases"], courts=courts, since=SINCE["sample"], only=by_number([case]))
    assert set(some["case_debtor"]["_record"]) == {"2"}


def test_at_least_the_selected_cases_and_all_their_rows(agreement: Agreement, world: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    load_dump(WORLDS / world / "court_db.sql", url)
    frames = read(agreement, url, since=SINCE[world])
    selected = set(map(str, json.loads((WORLDS / world / "answers.json").read_text(encoding="utf-8"))["selected"]))
    records = set(frames["bankruptcy_case"]["_record"])
    assert selected <= records
    for dataset, table in {"case_debtor": "pc_zwr", "case_event": "pc_jd", "asset_disposal": "pc_cccz"}.items():
        with sqlite3.connect(tmp_path / "source.db") as database:
            rows = database.execute(f"SELECT ajbs FROM {table}").fetchall()
        assert sum(str(r[0]) in records for r in rows) == len(frames[dataset])


def test_frames_have_the_contract_and_nothing_else(agreement: Agreement, sample_sqlite: str) -> None:
    frames = read(agreement, sample_sqlite)
    route = agreement.routes["131100-cases"]
    held = {c.dataset for c in route.carries("Q")} - {"case_in_exchange", "tax_lead"}  # it has no table of leads
    assert set(frames) == held
    for dataset, frame in frames.items():
        assert tuple(frame.columns) == (*route.contract(dataset).names, "_record")
        assert {str(kind) for kind in frame.dtypes} == {"str"}
        assert not (frame == "").any().any()


def test_id_numbers_appear_nowhere(agreement: Agreement, world: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    load_dump(WORLDS / world / "court_db.sql", url)
    with sqlite3.connect(tmp_path / "source.db") as database:
        numbers = {row[0] for row in database.execute("SELECT fddbrsfz FROM pc_zwr")}
        clerks = {row[0] for row in database.execute("SELECT DISTINCT sjy FROM pc_aj")}
    judges = set(read(agreement, url, since=date(1990, 1, 1))["bankruptcy_case"]["judge"])
    for frame in read(agreement, url, since=date(1990, 1, 1)).values():
        for column in frame:
            values = set(frame[column].dropna())
            assert not values & numbers
            if column not in ("uscc", "claim_no"):
                assert not any(ID_NUMBER.search(value) for value in values), column
            if column not in ("judge", "administrator_lead", "legal_representative"):
                assert not values & (clerks - judges), column


def test_wire_form(agreement: Agreement, sample_sqlite: str) -> None:
    frames = read(agreement, sample_sqlite)
    cases = frames["bankruptcy_case"].set_index("_record")
    assert cases.loc["2", "source_updated_at"] == "2026-07-16T09:30:00+08:00"
    assert cases.loc["2", "court_name"] == "故城县人民法院"
    assert cases.loc["2", ["procedure", "stage", "is_major"]].tolist() == ["liquidation", "terminated", "false"]
    assert cases.loc["173", "case_no"] == " （2026）冀1122破2号 "
    assert "47" in set(cases["stage"])
    assert cases["petition_case_no"].isna().all()
    debtors = frames["case_debtor"].set_index("_record")
    assert debtors.loc["154", "name"] == "冀州金桥科锐铸造集团𠀋龘有限公司"
    assert debtors.loc["200", "address"] == '河北省衡水市"老城区", 12号\n院内二层'
    assert debtors.loc["135", "name"] != debtors.loc["135", "name"].strip()
    assert frames["claim_review"]["declared_amount"].str.fullmatch(r"-?\d+\.\d{2}").all()
    assert frames["claim_review"]["reason"].isna().sum() > 0


def test_odd_values_become_wire_or_stay_as_they_were(agreement: Agreement, own: Path) -> None:
    with sqlite3.connect(own) as database:
        database.executescript(
            """
            UPDATE pc_aj SET gxsj = '2026-08-01', slrq = '2026-01-02 00:00:00' WHERE ajbs = 1;
            UPDATE pc_aj SET ggrq = 'morgen', zjrq = '' WHERE ajbs = 1;
            UPDATE pc_aj SET gxsj = '2026-08-01 01:02:03.456+00:00', sfzd = NULL, ajlx_dm = '99' WHERE ajbs = 4;
            UPDATE pc_aj SET ajzt_dm = NULL, fydm = '冀1103' WHERE ajbs = 5;
            UPDATE pc_aj SET ajzt_dm = '10' WHERE ajbs = 6;
            UPDATE pc_cccz SET pgj = 1e3, cjj = 0.125 WHERE czbs = 1;
            UPDATE pc_cccz SET pgj = -0.001, cjj = -5 WHERE czbs = 2;
            UPDATE pc_zwr SET mc = '   ', cym = '', tyshxydm = '  ' WHERE ajbs = 1;
            """
        )
    frames = read(agreement, f"sqlite:///{own}")
    cases = frames["bankruptcy_case"].set_index("_record")
    assert cases.loc["1", "source_updated_at"] == "2026-08-01T00:00:00+08:00"
    assert cases.loc["1", ["accepted_on", "announced_on"]].tolist() == ["2026-01-02", "morgen"]
    assert pd.isna(cases.loc["1", "terminated_on"])
    assert cases.loc["4", "source_updated_at"] == "2026-08-01T09:02:03+08:00"
    assert cases.loc["4", "procedure"] == "99"
    assert pd.isna(cases.loc["4", "is_major"])
    assert pd.isna(cases.loc["5", "stage"])
    assert "6" not in cases.index
    disposals = frames["asset_disposal"].set_index("disposal_no")
    assert disposals.loc["1", ["appraised_amount", "deal_amount"]].tolist() == ["1000.00", "0.125"]
    assert disposals.loc["2", ["appraised_amount", "deal_amount"]].tolist() == ["-0.001", "-5.00"]
    debtor = frames["case_debtor"].set_index("_record").loc["1"]
    assert debtor[["name", "former_name", "uscc"]].isna().all()


def test_what_ended_long_ago_stays_out_and_unknown_stages_stay_in(agreement: Agreement, own: Path) -> None:
    with sqlite3.connect(own) as database:
        database.executescript(
            """
            UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-06-30', gxsj = '2026-06-30 23:59:59' WHERE ajbs = 1;
            UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-06-30', gxsj = '2026-07-01 00:00:00' WHERE ajbs = 2;
            UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-07-01', gxsj = '2026-06-30 00:00:00' WHERE ajbs = 3;
            UPDATE pc_aj SET ajzt_dm = '80', zjrq = NULL, gxsj = '2020-01-01 00:00:00' WHERE ajbs = 4;
            UPDATE pc_aj SET ajzt_dm = 'XX', zjrq = NULL WHERE ajbs = 5;
            UPDATE pc_aj SET ajzt_dm = '90', zjrq = NULL WHERE ajbs = 6;
            UPDATE pc_aj SET fydm = '冀0101' WHERE ajbs = 7;
            """
        )
    records = set(read(agreement, f"sqlite:///{own}")["bankruptcy_case"]["_record"])
    assert {"2", "3", "4", "5"} <= records
    assert not {"1", "6", "7"} & records


def test_other_creditors_stay_out(agreement: Agreement, own: Path) -> None:
    with sqlite3.connect(own) as database:
        database.executescript(
            """
            INSERT INTO pc_zqsh VALUES (9001, 1, '衡水银行', 'BANK1', 'ordinary', 5, 5, '1', '2026-07-04', '');
            INSERT INTO pc_zqsh VALUES (9002, 1, NULL, 'NOBODY', 'ordinary', 5, 5, '1', '2026-07-04', '');
            INSERT INTO pc_fp VALUES (9001, 1, 'BANK1', 'ordinary', 5, 5, '2026-07-04');
            INSERT INTO pc_fp VALUES (9003, 1, 'UNLISTED', 'tax', 5, 5, '2026-07-04');
            """
        )
    frames = read(agreement, f"sqlite:///{own}")
    assert not {"BANK1", "NOBODY"} & set(frames["claim_review"]["claim_no"])
    assert "BANK1" not in set(frames["distribution"]["claim_no"])
    assert "UNLISTED" in set(frames["distribution"]["claim_no"])


def test_of_several_administrators_the_latest_counts(agreement: Agreement, own: Path) -> None:
    with sqlite3.connect(own) as database:
        database.executescript(
            """
            INSERT INTO pc_glr VALUES (1, '后任', '乙', '0318-1', '2027-01-01');
            INSERT INTO pc_glr VALUES (1, '甲后任', '甲', '0318-2', '2027-01-01');
            INSERT INTO pc_glr VALUES (1, '无日期', '丙', '0318-3', NULL);
            DELETE FROM pc_glr WHERE ajbs = 2;
            """
        )
    cases = read(agreement, f"sqlite:///{own}")["bankruptcy_case"].set_index("_record")
    assert cases.index.is_unique
    assert cases.loc["1", "administrator_name"] == "后任"
    assert pd.isna(cases.loc["2", "administrator_name"])


def test_no_case_is_empty_frames(agreement: Agreement, sample_sqlite: str) -> None:
    frames = SqlSource(sample_sqlite, folder=ROOT / "sources/court-131100").read(
        agreement.routes["131100-cases"], courts=["冀9999"], since=date(2026, 7, 1)
    )
    assert {len(frame) for frame in frames.values()} == {0}
    assert {str(kind) for frame in frames.values() for kind in frame.dtypes} == {"str"}


@pytest.fixture(params=["sqlite", "postgres"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    else:
        url = f"sqlite:///{tmp_path / 'live.db'}"
        with sqlite3.connect(tmp_path / "live.db") as database:
            database.execute("PRAGMA journal_mode = WAL")
    load_dump(WORLDS / "sample/court_db.sql", url)
    return url


def test_a_write_during_the_read_is_not_seen(agreement: Agreement, live: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(agreement, live)
    genuine, written = source._frame, threading.Event()

    def write_after_the_first(*arguments: object) -> pd.DataFrame:
        frame = genuine(*arguments)  # type: ignore[arg-type]
        if not written.is_set():
            engine = sa.create_engine(live)
            with engine.begin() as other:
                other.exec_driver_sql("UPDATE pc_zwr SET mc = 'CHANGED'")
                other.exec_driver_sql("DELETE FROM pc_jd")
            engine.dispose()
            written.set()
        return frame

    monkeypatch.setattr(source, "_frame", write_after_the_first)
    during = read(agreement, live)
    assert written.is_set()
    for dataset, frame in before.items():
        pd.testing.assert_frame_equal(frame, during[dataset], obj=dataset)
    after = read(agreement, live)
    assert set(after["case_debtor"]["name"]) == {"CHANGED"}
    assert after["case_event"].empty


def test_the_connection_can_not_write(live: str) -> None:
    with pytest.raises(ExchangeError), source._snapshot(live) as connection:
        connection.exec_driver_sql("DELETE FROM pc_jd")


def refused(agreement: Agreement, url: str, **more: Path) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        read(agreement, url, **more)  # type: ignore[arg-type]
    return caught.value


def test_a_column_without_a_contract_column_is_refused(agreement: Agreement, sample_sqlite: str, folder: Path) -> None:
    query = folder / "case_debtor.sql"
    query.write_text(query.read_text(encoding="utf-8").replace("zwr.hydm ", "zwr.fddbrsfz AS id_number, zwr.hydm "))
    error = refused(agreement, sample_sqlite, folder=folder)
    assert (type(error), error.code) == (NeedsPerson, 903)
    assert "'id_number'" in error.what
    assert "case_debtor.sql" in error.where


@pytest.mark.parametrize("gone", ["zwr.mc                     AS name,", "CAST(aj.ajbs AS VARCHAR)   AS _record,"])
def test_a_required_column_left_out_is_refused(
    agreement: Agreement, sample_sqlite: str, folder: Path, gone: str
) -> None:
    query = folder / "case_debtor.sql"
    assert gone in query.read_text(encoding="utf-8")
    query.write_text(query.read_text(encoding="utf-8").replace(gone, ""))
    assert refused(agreement, sample_sqlite, folder=folder).code == 903


@pytest.mark.parametrize("change", ["ALTER TABLE pc_zwr RENAME COLUMN cym TO cym2", "DROP TABLE pc_zwr"])
def test_a_renamed_column_or_table_is_named(agreement: Agreement, live: str, change: str) -> None:
    engine = sa.create_engine(live)
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()
    error = refused(agreement, live)
    assert (type(error), error.code) == (NeedsPerson, 903)
    assert ("zwr.cym" if "RENAME" in change else "pc_zwr") in error.what
    assert "case_debtor.sql" in error.where


def test_a_wrong_password_a_missing_database_and_a_missing_right(
    agreement: Agreement, postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = sa.make_url(postgres_url).database or ""
    for url in (postgres_server.url(database, password="wrong-password"), postgres_server.url("nowhere")):
        error = refused(agreement, url)
        assert (type(error), error.code) == (NeedsPerson, 902)
        assert "password" not in error.where
        assert "wrong-password" not in str(error)
    load_dump(WORLDS / "sample/court_db.sql", postgres_url)
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("REVOKE ALL ON pc_zwr FROM CURRENT_USER")
    engine.dispose()
    assert refused(agreement, postgres_url).code == 902


def test_a_database_that_is_away(agreement: Agreement, tmp_path: Path) -> None:
    for url in (f"postgresql://exchange:pw@127.0.0.1:{free_port()}/x", f"sqlite:///{tmp_path / 'none.db'}"):
        error = refused(agreement, url)
        assert (type(error), error.code) == (RetryLater, 901)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("url", ["", "mysql://host/x", "sqlite://", "no address"])
def test_an_address_that_is_none(agreement: Agreement, url: str) -> None:
    assert refused(agreement, url).code == 905


def test_a_file_that_is_no_database(agreement: Agreement, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"nothing of the kind" * 100)
    assert refused(agreement, f"sqlite:///{tmp_path / 'x.db'}").code == 905


@pytest.mark.parametrize(
    "text",
    [
        "codes: {stage: {10: petition}}",
        "kodes: {}",
        "timezone: Asia/Shanghai",
        "codes: [",
        "codes:\n  stage: {'10': a, '10': b}",
        "same_as: court-000000",
    ],
)
def test_a_broken_code_map(agreement: Agreement, sample_sqlite: str, folder: Path, text: str) -> None:
    (folder / "codes.yaml").write_text(text)
    error = refused(agreement, sample_sqlite, folder=folder)
    assert error.code == 905


def test_a_party_without_a_folder_or_queries(agreement: Agreement, sample_sqlite: str, tmp_path: Path) -> None:
    assert refused(agreement, sample_sqlite, folder=tmp_path / "nobody").code == 905
    (tmp_path / "empty").mkdir()
    assert refused(agreement, sample_sqlite, folder=tmp_path / "empty").code == 927


def test_a_query_of_its_own_counts_before_the_shared_one(
    agreement: Agreement, sample_sqlite: str, folder: Path
) -> None:
    own = folder.parent / "court-131103"
    shutil.copytree(ROOT / "sources/court-131103", own)
    text = (folder / "case_event.sql").read_text(encoding="utf-8")
    (own / "case_event.sql").write_text(text.replace("ORDER BY", "WHERE jd.jdlx_dm = '01' ORDER BY"))
    frames = read(agreement, sample_sqlite, pair="131103", folder=own)
    assert set(frames["case_event"]["event"]) == {"acceptance"}
    assert len(frames["case_debtor"]) > 0


def tables(url: str) -> dict[str, int]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        found = {n: connection.exec_driver_sql(f"SELECT count(*) FROM {n}").scalar_one() for n in names}
    engine.dispose()
    return found


GOOD = "BEGIN;\nCREATE TABLE t (a VARCHAR(9), b INTEGER);\nINSERT INTO t (a, b) VALUES ('x;''\n--y', 1);\nCOMMIT;\n"


def test_the_same_dump_again_does_nothing_and_another_replaces_it(database_url: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text(GOOD)
    load_dump(dump, database_url)
    load_dump(dump, database_url)
    assert tables(database_url) == {"t": 1, "exchange_dump": 1}
    dump.write_text("CREATE TABLE u (a INTEGER); -- a remark\nINSERT INTO u VALUES (1); INSERT INTO u VALUES (2);")
    load_dump(dump, database_url)
    assert tables(database_url) == {"u": 2, "exchange_dump": 1}


def test_quoted_newlines_semicolons_percent_and_colons_survive(database_url: str, tmp_path: Path) -> None:
    value = 'a;b\n--c /* d */ "e" 100% :name \\ 𠀋'
    dump = tmp_path / "dump.sql"
    dump.write_text(f"CREATE TABLE t (a VARCHAR(99));\nINSERT INTO t VALUES ('{value}''');", encoding="utf-8")
    load_dump(dump, database_url)
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT a FROM t").scalar_one() == value + "'"
    engine.dispose()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("-- nothing\n", None),
        ("BEGIN;\nCOMMIT;\n", None),
        (GOOD.removesuffix("COMMIT;\n"), 5),
        (GOOD.replace("--y', 1", "--y, 1"), 3),
        (GOOD.removesuffix(";\nCOMMIT;\n"), 3),
        (GOOD.replace("COMMIT", "DROP TABLE t;\nCOMMIT"), 5),
        (GOOD.replace("COMMIT", "INSERT INTO t VALUES (1, 2, 3);\nCOMMIT"), 5),
        (GOOD.replace("COMMIT", "INSERT INTO nowhere VALUES (1);\nCOMMIT"), 5),
        (GOOD.replace("COMMIT", "INSERT INTO t SELECT 1, 2;\nCOMMIT"), 5),
        (GOOD.replace("COMMIT", "ATTACH 'x' AS y;\nCOMMIT"), 5),
        (GOOD + "/* no end", 6),
        (GOOD + "<html>", 6),
    ],
)
def test_a_malformed_dump_loads_nothing_and_names_the_line(
    database_url: str, tmp_path: Path, text: str, line: int | None
) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text(text)
    with pytest.raises(NeedsPerson) as refusal:
        load_dump(dump, database_url)
    assert refusal.value.code == 904
    assert refusal.value.where == (f"{dump}:{line}" if line else str(dump))
    assert "t" not in tables(database_url)


def test_not_utf8_and_not_there(database_url: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_bytes(b"CREATE TABLE t (a TEXT);\n" + "INSERT INTO t VALUES ('法院');".encode("gb18030"))
    with pytest.raises(NeedsPerson) as refusal:
        load_dump(dump, database_url)
    assert (refusal.value.code, refusal.value.where) == (904, f"{dump}:2")
    with pytest.raises(NeedsPerson, match="E904"):
        load_dump(tmp_path / "none.sql", database_url)


def test_a_failed_replacement_leaves_the_old_load(database_url: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text(GOOD)
    load_dump(dump, database_url)
    dump.write_text(GOOD.replace("COMMIT", "INSERT INTO t VALUES (1, 2, 3);\nCOMMIT"))
    with pytest.raises(NeedsPerson, match="E904"):
        load_dump(dump, database_url)
    assert tables(database_url) == {"t": 1, "exchange_dump": 1}


def test_a_live_database_is_never_overwritten(database_url: str, tmp_path: Path) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
    engine.dispose()
    dump = tmp_path / "dump.sql"
    dump.write_text(GOOD)
    with pytest.raises(NeedsPerson) as refusal:
        load_dump(dump, database_url)
    assert refusal.value.code == 905
    assert tables(database_url) == {"t": 0}


KILLED = """
import os, signal, sys
from pathlib import Path
from exchange.adapters.source_sql import dump
genuine, count = dump._run, 0
def run(*arguments):
    global count
    count += 1
    if count == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    genuine(*arguments)
dump._run = run
dump.load_dump(Path(sys.argv[1]), sys.argv[2])
"""


def test_a_killed_load_leaves_nothing_half(agreement: Agreement, database_url: str, tmp_path: Path) -> None:
    world = str(WORLDS / "sample/court_db.sql")
    killed = subprocess.run([sys.executable, "-c", KILLED, world, database_url], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert "pc_aj" not in tables(database_url)
    load_dump(Path(world), database_url)
    assert len(read(agreement, database_url)["bankruptcy_case"]) == 146
    assert tables(database_url)["pc_aj"] == 300


def test_a_query_for_one_kind_of_receiver_is_read_for_no_other(agreement: Agreement, sample_sqlite: str) -> None:
    route = agreement.routes["131100-cases"]
    other = replace(route, receiver="bureau-131100", id="131100-bureau")
    reader = SqlSource(sample_sqlite, folder=ROOT / "sources/court-131100")
    with pytest.raises(NeedsPerson) as lacking:
        reader.read(other, courts=["冀1103"], since=date(2026, 7, 1))
    assert lacking.value.code == 927
    assert "claim_review, distribution" in lacking.value.what
    assert "claim_review.to-bureau.sql" in lacking.value.next_step


def test_what_a_source_does_not_hold_is_declared_for_good_or_by_its_table(
    agreement: Agreement, sample_sqlite: str, folder: Path
) -> None:
    codes = (folder / "codes.yaml").read_text(encoding="utf-8").partition("optional_tables:")[0]
    (folder / "codes.yaml").write_text(codes, encoding="utf-8")
    (folder / "tax_lead.sql").unlink()
    (folder / "case_event.sql").unlink()
    assert refused(agreement, sample_sqlite, folder=folder).code == 927
    told = "not_supplied: [case_event, tax_lead]\noptional_tables: {asset_disposal: no_such, case_debtor: pc_zwr}\n"
    (folder / "codes.yaml").write_text(codes + told, encoding="utf-8")
    frames = read(agreement, sample_sqlite, folder=folder)
    assert sorted(frames) == ["bankruptcy_case", "case_debtor", "claim_review", "distribution"]
    (folder / "codes.yaml").write_text(codes + "optional_tables: [asset_disposal]\n", encoding="utf-8")
    assert "optional_tables" in refused(agreement, sample_sqlite, folder=folder).what


def test_an_own_query_counts_before_any_that_is_shared(agreement: Agreement, sample_sqlite: str, folder: Path) -> None:
    own = folder.parent / "court-1"
    own.mkdir()
    (own / "codes.yaml").write_text("same_as: court-131100\n", encoding="utf-8")
    (own / "distribution.sql").write_text("SELECT 1 AS odd", encoding="utf-8")
    assert "'odd' is no column" in refused(agreement, sample_sqlite, folder=own).what
