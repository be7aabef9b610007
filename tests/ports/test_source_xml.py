"""The court's exchange XML as a source: equal to the same court in SQL; broken and hostile files, a moving folder."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange import journeys, wiring
from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.source_sql import SqlSource, load_dump
from exchange.adapters.source_xml import XmlSource
from exchange.domain.case_number import normalise_case_no
from exchange.domain.choice import by_number
from exchange.domain.completeness import BESIDE
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.ports import Parts
from exchange.settings import read_settings
from tests.fakes.court_xml import NAMESPACE, write_court_xml, write_register
from tests.outcomes import answers
from tests.servers import PostgresServer
from tests.two_ends.by_data_kit import homes, release, settle

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/court_xml"
AGREEMENT = load_agreement(ROOT)
ROUTE = AGREEMENT.route("131100-cases")
COURTS = [court.id for court in AGREEMENT.parties["court-131100"].courts]
SINCE = date(2026, 7, 1)


def read(folder: Path, **more: Any) -> Mapping[str, pd.DataFrame]:
    reader = XmlSource(f"xml+file://{folder}", folder=more.pop("mappings", ROOT / "sources/court-131100"))
    return reader.read(more.get("route", ROUTE), courts=more.get("courts", COURTS), since=SINCE, beside=BESIDE)


def refused(folder: Path, **more: Any) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        read(folder, **more)
    return caught.value


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("register") / "source.db"
    load_dump(ROOT / "tests/worlds/sample/court_db.sql", f"sqlite:///{path}")
    return path


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The good documents of the example folder, to be broken at will."""
    return Path(shutil.copytree(EXAMPLE / "good", tmp_path / "xml"))


def test_every_value_is_as_it_is_out_of_the_database(register: Path, tmp_path: Path) -> None:
    assert write_court_xml(register, tmp_path / "xml") > 200
    ours = read(tmp_path / "xml")
    theirs = SqlSource(f"sqlite:///{register}", folder=ROOT / "sources/court-131100").read(
        ROUTE, courts=COURTS, since=SINCE
    )
    assert set(ours) == set(theirs)
    for dataset, frame in theirs.items():
        key = ["_record", *ROUTE.contract(dataset).key]
        wanted = frame.replace("", None).sort_values(key, ignore_index=True)
        found = ours[dataset].loc[ours[dataset]["_record"].isin(theirs["bankruptcy_case"]["_record"])]
        pd.testing.assert_frame_equal(found.sort_values(key, ignore_index=True), wanted, obj=dataset)


def test_some_cases_alone_are_those_of_the_whole_folder(register: Path, tmp_path: Path) -> None:
    write_court_xml(register, tmp_path / "xml")
    whole = read(tmp_path / "xml")
    numbers = normalise_case_no(whole["bankruptcy_case"]["case_no"])
    wanted = set(numbers.dropna().iloc[5:8])
    records = set(whole["bankruptcy_case"]["_record"][numbers.isin(wanted)])
    some = XmlSource(f"xml+file://{tmp_path / 'xml'}", folder=ROOT / "sources/court-131100").read(
        ROUTE, courts=COURTS, since=SINCE, only=by_number(wanted)
    )
    assert len(records) == 3
    for dataset, frame in some.items():
        ours = whole[dataset].loc[whole[dataset]["_record"].isin(records)].reset_index(drop=True)
        pd.testing.assert_frame_equal(frame, ours, obj=dataset)


def test_a_quarter_out_of_xml_is_byte_for_byte_the_one_out_of_sql(
    register: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    ledger, theirs = (postgres_server.url(postgres_server.new_database()) for _ in range(2))
    write_court_xml(register, tmp_path / "xml", court="冀1103")
    write_register(register, tmp_path / "xml", court="冀1103", since=SINCE.isoformat())
    court, tax, key, as_of = "court-131103", "tax-131103", "131103-cases.Q.2026Q3", date(2026, 10, 9)
    sql = read_settings(
        home=tmp_path / "sql", party=court, checker="plain", today=as_of, source_url=f"sqlite:///{register}"
    )
    with wiring.opened(sql) as parts:
        journeys.quarterly(parts, "131103-cases", "2026Q3", as_of)
        content = journeys.record(parts, key).content_hash
        whole = complete(parts, key)
        assert (whole["docket"]["checked"], whole["control"]["checked"]) == (True, True)
    url = f"xml+file://{tmp_path / 'xml'}"
    others = {tax: {"today": as_of, "ledger_url": theirs}}
    with homes(tmp_path, court, others, source_url=url, today=as_of, ledger_url=ledger) as ends:
        journeys.quarterly(ends[court], "131103-cases", "2026Q3", as_of)
        assert journeys.record(ends[court], key).content_hash == content
        assert complete(ends[court], key) == whole
        release(ends[court], key)
        settle(ends, court, key)
        landed = ends[tax].ledger.landed(AGREEMENT.route("131103-cases"), "bankruptcy_case")
        assert len(landed) > 20


def complete(parts: Parts, key: str) -> dict[str, Any]:
    """What an exchange found out about its completeness."""
    outcome = json.loads(parts.vault.get(key, "outcome.json"))
    return {name: outcome[name] for name in ("docket", "control", "late")}


def test_a_document_that_was_not_exported_and_a_missing_number_are_points(register: Path, tmp_path: Path) -> None:
    """The register lists and counts what the folder lost: the case by its number, its rows and sums by court."""
    write_court_xml(register, tmp_path / "xml", court="冀1103")
    write_register(register, tmp_path / "xml", court="冀1103", since=SINCE.isoformat())
    sent = answers("sample")["sent"]
    lost = next(file for file in sorted((tmp_path / "xml").glob("0*.xml")) if int(file.stem) in sent)
    lost.unlink()
    url, as_of, key = f"xml+file://{tmp_path / 'xml'}", date(2026, 10, 9), "131103-cases.Q.2026Q3"
    told = read_settings(home=tmp_path / "court", party="court-131103", checker="plain", today=as_of, source_url=url)
    with wiring.opened(told) as parts:
        journeys.quarterly(parts, "131103-cases", "2026Q3", as_of)
        points = json.loads(parts.vault.get(key, "points.json"))
        found = {rule: [p["note"] for p in points if p["rule"] == rule] for rule in {p["rule"] for p in points}}
        assert found["case_not_read"] == [f"#{int(lost.stem)}"]
        assert {"docket_gap", "control_total_differs"} <= found.keys()
        assert "bankruptcy_case" in {one["dataset"] for one in complete(parts, key)["control"]["variances"]}


def test_what_social_security_alone_gets_is_read_and_counted_alike_out_of_both(register: Path, tmp_path: Path) -> None:
    """Its own claims, and no premiums the tax bureau declares; a claim whose document lost it shows in the totals."""
    own, courts = Path(shutil.copy(register, tmp_path / "own.db")), ["冀1103"]
    with sqlite3.connect(own) as database:
        database.execute("UPDATE pc_zqsh SET zqrmc = '衡水市社会保险事业管理局' WHERE shbs % 3 = 0")
        database.execute("UPDATE pc_zqsh SET zqrmc = '税务局（社会保险费）' WHERE shbs % 3 = 1")
    write_court_xml(own, tmp_path / "xml", court="冀1103")
    write_register(own, tmp_path / "xml", court="冀1103", since=SINCE.isoformat())
    route, mappings = AGREEMENT.route("131103-social"), ROOT / "sources/court-131100"
    sql = SqlSource(f"sqlite:///{own}", folder=mappings).read(route, courts=courts, since=SINCE, beside=BESIDE)
    xml = read(tmp_path / "xml", route=route, courts=courts)
    for name, key in (("claim_review", ["claim_no", "rank"]), ("_control_more", ["dataset", "measure"])):
        ours = (
            xml[name].loc[xml[name]["_record"].isin(sql["bankruptcy_case"]["_record"])] if "rank" in key else xml[name]
        )
        wanted = sql[name].sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(ours.sort_values(key, ignore_index=True), wanted, obj=name)
    assert set(xml["_control_more"]["dataset"]) == {"claim_review"}
    assert 0 < len(xml["claim_review"]) < len(read(tmp_path / "xml", courts=courts)["claim_review"])

    def differs() -> set[tuple[str, str]]:
        told = read_settings(
            home=tmp_path / "court", party="court-131103", checker="plain", today=date(2026, 10, 9),
            source_url=f"xml+file://{tmp_path / 'xml'}",
        )  # fmt: skip
        with wiring.opened(told) as parts:
            key = journeys.quarterly(parts, route.id, "2026Q3", date(2026, 10, 9))
            return {(one["dataset"], one["measure"]) for one in complete(parts, key)["control"]["variances"]}

    lost = next(f for f in (tmp_path / "xml").glob("0*.xml") if "社会保险事业" in text_of(f) and chosen(f, sql))
    lost.write_text(text_of(lost).replace("社会保险事业", "他").replace("GB18030", "UTF-8"), "utf-8")
    assert {("claim_review", "rows"), ("claim_review", "declared_amount")} <= differs()


def text_of(file: Path) -> str:
    data = file.read_bytes()
    return data.decode("gb18030" if b"GB18030" in data[:60] else "utf-8")


def chosen(file: Path, frames: Mapping[str, pd.DataFrame]) -> bool:
    """Whether a document's case has claims among what was read."""
    return str(int(file.stem)) in set(frames["claim_review"]["_record"])


def test_the_register_of_the_example_is_read_beside_its_cases() -> None:
    reader = XmlSource(f"xml+file://{EXAMPLE / 'good'}", folder=ROOT / "sources/court-131100")
    frames = reader.read(ROUTE, courts=["冀1103"], since=SINCE, beside=BESIDE)
    assert frames["_docket"]["stage"].tolist() == ["meeting_held", "accepted", "terminated", "petition"]
    assert frames["_docket"]["terminated_on"].tolist()[2] == "2026-07-30"
    assert len(frames["_control"]) == 4
    assert frames["_control_more"]["figure"].tolist() == ["1", "12000000"]
    social = reader.read(AGREEMENT.route("131100-social"), courts=["冀1103"], since=SINCE, beside=BESIDE)
    assert social["_control_more"]["figure"].tolist() == ["1", "880000"]
    assert reader.read(ROUTE, courts=["冀1102"], since=SINCE, beside=BESIDE)["_docket"].empty


def test_the_example_shows_fallbacks_several_administrators_and_what_is_missing() -> None:
    frames = read(EXAMPLE / "good")
    cases = frames["bankruptcy_case"].set_index("_record")
    assert cases.loc["900000000000002", "accepted_on"] == "2026-08-03"
    assert cases.loc["900000000000003", "stage"] == "terminated"
    assert len(cases.loc[["900000000000001"]]) == 2
    assert pd.isna(cases.loc["900000000000002", "judge"])
    assert "13112119800101" not in "".join(frame.to_csv() for frame in frames.values())
    assert list(frames["claim_review"]["claim_no"]) == ["131103TSSB202609001"]
    social = read(EXAMPLE / "good", route=AGREEMENT.route("131100-social"))
    assert list(social["claim_review"]["claim_no"]) == ["SB202609001"]
    assert len(read(EXAMPLE / "good", courts=["冀1102"])["bankruptcy_case"]) == 0


def test_e06_the_petitions_number_of_another_court_stands_beside_the_cases_own(example: Path) -> None:
    file = example / "case-1.xml"
    told = "<申请审查案号>（2026）冀11破申7号</申请审查案号><收案来源>"
    file.write_text(file.read_text("utf-8").replace("<收案来源>", told, 1), "utf-8")
    cases = read(example)["bankruptcy_case"].set_index("_record").loc[["900000000000001"]]
    assert set(cases["petition_case_no"]) == {"（2026）冀11破申7号"}
    assert set(cases["case_no"]) == {"（2026）冀1103破901号"}


def test_every_broken_document_is_named_and_nothing_is_read() -> None:
    error = refused(EXAMPLE / "broken")
    assert isinstance(error, NeedsPerson)
    assert error.code == 928
    for name, why in (
        ("cut.xml", "no whole XML (line "), ("entities.xml", "document type or entities"), ("empty.xml", "empty"),
        ("other-root.xml", "root is none of"), ("not-gb18030.xml", "is not gb18030 (line"),
    ):  # fmt: skip
        assert f"{name}: it" in error.what
        assert why in error.what
    assert "nothing is left out" in error.next_step


def _case(number: int, inside: str = "") -> str:
    head = f'<破产案件 xmlns="{NAMESPACE}"><案件标识>{number}</案件标识>'
    return f"{head}<经办法院><代码>冀1103</代码></经办法院>{inside}</破产案件>"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (_case(900000000000001), "about the case of case-1.xml"),
        (_case(5).replace("<案件标识>5</案件标识>", ""), "no record id"),
        (_case(5).replace("冀1103", ""), "no court"),
        (_case(5, "<a>" * 70 + "</a>" * 70), "deeper or larger"),
        (_case(5, "<a/>" * 200_001), "deeper or larger"),
        (f'<?xml version="1.0" encoding="utf-7"?>{_case(5)}', "'utf-7' is none of"),
        (_case(5, " " * 2**24), "larger than 16 MiB"),
    ],
    ids=["twice", "no id", "no court", "deep", "many", "encoding", "large"],
)
def test_a_document_that_is_odd_stops_the_read(example: Path, document: str, why: str) -> None:
    (example / "odd.xml").write_text(document, encoding="utf-8")
    error = refused(example)
    assert (error.code, why in error.what) == (928, True), error.what


def test_links_and_pipes_are_not_followed(example: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.xml").write_text(_case(7), encoding="utf-8")
    (example / "link.xml").symlink_to(tmp_path / "elsewhere.xml")
    os.mkfifo(example / "pipe.xml")
    error = refused(example)
    assert "2 documents" in error.what
    assert "link.xml" in error.what


def test_a_folder_that_changes_while_it_is_read_is_read_again_later(example: Path) -> None:
    def reading(path: Path) -> bytes:
        (example / "late.xml").write_text(_case(9), encoding="utf-8")
        return path.read_bytes()

    reader = XmlSource(f"xml+file://{example}", folder=ROOT / "sources/court-131100", reading=reading)
    with pytest.raises(RetryLater) as moved:
        reader.read(ROUTE, courts=COURTS, since=SINCE)
    assert "changed while it was read" in moved.value.what


def test_a_folder_that_is_away_empty_or_no_folder(tmp_path: Path) -> None:
    assert (type(refused(tmp_path / "gone")), refused(tmp_path / "gone").code) == (RetryLater, 901)
    (tmp_path / "empty").mkdir()
    assert "no XML file" in refused(tmp_path / "empty").what
    with pytest.raises(NeedsPerson) as odd:
        XmlSource("xml+file://host/x", folder=tmp_path).read(ROUTE, courts=COURTS, since=SINCE)
    assert odd.value.code == 905


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        (
            "case_debtor.xml.yaml",
            "each: 与案实体名录/R\ncolumns: {nick: 名称}\n",
            "'nick' is no column of the contract",
        ),
        ("case_debtor.xml.yaml", "each: 与案实体名录/R\n", "It has columns, and may have"),
        ("case_debtor.xml.yaml", "columns: {name: {if: a}}\n", "'name' must be a path"),
        ("case_debtor.xml.yaml", "where: {path: a}\ncolumns: {name: a}\n", "`where` must have"),
        ("_docket.xml.yaml", "root: a\ncolumns: {_record: a}\n", "`columns` must also give case_no"),
        ("_docket.xml.yaml", "columns: {_record: a}\n", "It has columns, root"),
        ("_case.xml.yaml", "namespace: x\n", "It has court, namespace, record, roots"),
    ],
)
def test_a_mapping_that_is_wrong_is_named(example: Path, tmp_path: Path, file: str, text: str, what: str) -> None:
    mappings = Path(shutil.copytree(ROOT / "sources/court-131100", tmp_path / "sources/court-131100"))
    (mappings / file).write_text(text, encoding="utf-8")
    error = refused(example, mappings=mappings)
    assert (error.code, what in error.what) == (905, True), error.what
    assert file in error.where


def test_a_dataset_without_a_mapping_is_not_silently_empty(example: Path, tmp_path: Path) -> None:
    mappings = Path(shutil.copytree(ROOT / "sources/court-131100", tmp_path / "sources/court-131100"))
    (mappings / "case_event.xml.yaml").unlink()
    error = refused(example, mappings=mappings)
    assert (error.code, "case_event.xml.yaml" in error.next_step) == (927, True)
