"""A second counterpart and a dataset that stands alone, by data only: the shipped ones, and ones nobody knows."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange import journeys, wiring
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import check, load_agreement
from exchange.domain.content import stage_content
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import check_rows, prepare
from exchange.domain.period import Period
from exchange.domain.route import RouteLine
from exchange.settings import read_settings
from exchange.steps.send import send
from tests.fakes.ends import Time, introduce, make_end
from tests.servers import PostgresServer
from tests.two_ends.by_data_kit import homes, release, settle

ROOT = Path(__file__).parents[2]
LEADS = ROOT / "examples/tax_lead"
PAIR = "131103"
COURT, TAX, BUREAU = f"court-{PAIR}", f"tax-{PAIR}", f"ss-{PAIR}"
AS_OF = date(2026, 10, 9)
PERIOD = "2026Q3"
SOCIAL_CLAIM = (
    "INSERT INTO pc_zqsh (shbs, ajbs, zqrmc, sbh, zqxz_dm, sbje, qrje, shzt_dm, shrq, ly) VALUES "
    "(900001, 14, '冀州区社会保险事业管理局', 'SB001', 'social_insurance', 8800.00, 8800.00, '1', '2026-07-04', '');"
)
AGREEMENT = load_agreement(ROOT)


def rows_of(name: str) -> list[dict[str, str]]:
    with (LEADS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(rows: list[dict[str, str]]) -> dict[str, set[str]]:
    """Lead number → rules its row breaks, as the court's checks have it."""
    route = AGREEMENT.route("131100-cases")
    sender = AGREEMENT.parties[route.sender]
    contract = route.contract("tax_lead")
    frame = pd.DataFrame(rows, columns=[*contract.names, "_record"]).astype("str")
    prepared = prepare({"tax_lead": frame}, route=route, sender=sender, period=Period.parse(PERIOD), as_of=AS_OF)
    found = check_rows(
        prepared, route=route, sender=sender, codes=AGREEMENT.codes, as_of=AS_OF, is_workday=lambda _: True,
        checker=PlainChecker(),
    )  # fmt: skip
    broken: dict[str, set[str]] = {row["lead_no"]: set() for row in rows}
    for finding in found:
        if finding.dataset == "tax_lead":
            broken[str(finding.row_key)].add(finding.rule)
    return broken


def test_good_leads_break_no_rule_and_bad_ones_break_theirs() -> None:
    assert set().union(*findings(rows_of("good.csv")).values()) == set()
    bad = rows_of("bad.csv")
    assert findings(bad) == {row["lead_no"]: {row["breaks"]} for row in bad}
    named = {rule.id for rule in AGREEMENT.route("131100-cases").contract("tax_lead").rules}
    assert named <= {row["breaks"] for row in bad}


@pytest.mark.slow
def test_a_quarter_to_two_counterparts_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    dump = tmp_path / "court.sql"
    register = (ROOT / "examples/2026Q3/court_db.sql").read_text(encoding="utf-8")
    leads = (LEADS / "ms_ssxs.sql").read_text(encoding="utf-8")
    dump.write_text("\n".join((register, leads, SOCIAL_CLAIM)), encoding="utf-8")
    urls = {who: postgres_server.url(postgres_server.new_database()) for who in ("source", COURT, TAX, BUREAU)}
    others = {party: {"ledger_url": urls[party], "today": AS_OF} for party in (TAX, BUREAU)}
    with homes(tmp_path, COURT, others, ledger_url=urls[COURT], source_url=urls["source"], today=AS_OF) as ends:
        court, tax, bureau = ends[COURT], ends[TAX], ends[BUREAU]
        wiring.load_source(read_settings(home=tmp_path / COURT, source_url=urls["source"]), dump)
        assert journeys.quarterly_routes(court) == [f"{PAIR}-cases", f"{PAIR}-social"]
        keys = [journeys.quarterly(court, route, PERIOD, AS_OF) for route in journeys.quarterly_routes(court)]
        for key in keys:
            release(court, key)
        for key in keys:
            settle(ends, COURT, key)

        cases, social = (court.agreement.route(key.split(".")[0]) for key in keys)
        landed = tax.ledger.landed(cases, "tax_lead")
        names = list(cases.contract("tax_lead").names)
        ours = [row for row in rows_of("good.csv") if row["court_code"] == "冀1103"]
        assert landed[names].fillna("").to_dict("records") == ours
        assert len(tax.ledger.landed(cases, "claim_review")) > 1
        told = json.loads(court.vault.get(keys[0], "outcome.json"))
        assert [f["rule"] for f in told["findings"] if f["dataset"] == "tax_lead"] == ["lead_case_no_malformed"]

        for line in ("bankruptcy_case", "case_debtor", "case_event", "claim_review"):
            there = bureau.ledger.landed(social, line)
            assert set(there.columns) - {"_record", "_number", "_packet"} == set(social.line(line).columns or ())
            assert len(there), line
        assert list(bureau.ledger.landed(social, "claim_review")["claim_no"]) == ["SB001"]
        with pytest.raises(NeedsPerson) as unanswered:
            journeys.reconcile(court, keys[1])
        assert unanswered.value.code == 905
        assert [end.ledger.verify() for end in ends.values()] == [[], [], []]
        judges = set(court.ledger.landed(cases, "bankruptcy_case")["judge"])
        page = court.vault.get(keys[1], "report.html").decode() + court.vault.get(keys[1], "outcome.json").decode()
        assert not [name for name in judges if name in page]


def test_a_column_outside_the_line_is_refused_at_both_ends(tmp_path: Path) -> None:
    clock = Time()
    court, bureau = make_end(tmp_path, "court-131103", clock), make_end(tmp_path, "ss-131103", clock)
    introduce(court, bureau)
    introduce(bureau, court)
    agreed = court.agreement
    route = agreed.route("131103-social")
    lines = {name: RouteLine(kinds=line.kinds) for name, line in route.lines.items()}
    whole = replace(agreed, routes={**agreed.routes, route.id: replace(route, lines=lines)})
    case: dict[str, Any] = dict.fromkeys(route.contract("bankruptcy_case").names, None)
    case |= {
        "case_no": "（2026）冀1103破1号", "court_code": "冀1103", "court_name": "甲", "procedure": "liquidation",
        "stage": "accepted", "filed_on": "2026-05-01", "judge": "赵某", "is_major": "false",
        "source_updated_at": "2026-07-16T09:30:00+08:00",
    }  # fmt: skip
    frames = {"bankruptcy_case": pd.DataFrame([case]).astype("str")}

    court.agreement = whole
    court.approve("131103-social.Q.2026Q3", route.id, frames)
    packet = court.pack("131103-social.Q.2026Q3")
    taken = bureau.take_in(bureau.collect(packet, court.files(packet)))
    assert (taken.result, taken.code) == ("refused", 402)
    assert b"judge" in court.vault.get("131103-social.Q.2026Q3", "content/data/bankruptcy_case-0001.csv")

    with pytest.raises(NeedsPerson) as kept:
        send(
            "131103-social.Q.2026Q3", agreement=agreed, vault=court.vault, ledger=court.ledger, channels={}, clock=clock
        )
    assert kept.value.code in (501, 502)
    content = stage_content(frames, route, tmp_path)
    assert content.rows["bankruptcy_case"] == 1
    assert "赵某" not in (tmp_path / "data/bankruptcy_case-0001.csv").read_text(encoding="utf-8-sig")


def test_the_program_names_nobody_and_nothing_that_is_only_data() -> None:
    data = re.compile(r"tax_lead|lead_kind|ms_ssxs|social_security|ss-1311|-social\b|涉税线索|社会保险事业")
    files = [*(ROOT / "exchange").rglob("*.py"), *(ROOT / "exchange").rglob("*.html"), *(ROOT / "dags").glob("*.py")]
    assert [str(f.relative_to(ROOT)) for f in files if data.search(f.read_text(encoding="utf-8"))] == []


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: sealed_asset
name: Sealed asset
version: 1.0.0
status: active
description: {purpose: 查封财产。, limitations: 不含自然人。}
customProperties:
  - {property: nameZh, value: 查封财产}
  - {property: selectBy, value: [sealed_on]}
schema:
  - name: sealed_asset
    physicalName: sealed_asset
    physicalType: csv
    logicalType: object
    businessName: 查封财产
    description: Sealed asset
    properties:
      - {name: seal_no, businessName: 编号, description: 编号,
         logicalType: string, physicalType: TEXT, required: true,
         primaryKey: true, primaryKeyPosition: 1, customProperties: [{property: nameEn, value: Number}]}
      - {name: court_code, businessName: 法院, description: 法院。,
         logicalType: string, physicalType: TEXT, required: true,
         customProperties: [{property: nameEn, value: Court}]}
      - {name: plate, businessName: 车牌, description: 车牌。,
         logicalType: string, physicalType: TEXT, required: true,
         customProperties: [{property: nameEn, value: Plate}]}
      - {name: keeper, businessName: 保管人, description: 保管人。,
         logicalType: string, physicalType: TEXT, required: false,
         classification: personal, customProperties: [{property: nameEn, value: Keeper}]}
      - {name: sealed_on, businessName: 日期, description: 日期。,
         logicalType: date, physicalType: DATE, required: true,
         customProperties: [{property: nameEn, value: Sealed on}]}
    quality:
      - {id: plate_malformed, name: 车牌不正确, description: The plate is malformed, dimension: conformity,
         type: custom, engine: exchange,
         implementation: {rule: pattern, severity: reject, reach: row, columns: [plate], beyond: true,
         params: {pattern: '冀[A-Z][0-9A-Z]{5,6}'}}}
"""
DUMP = """\
CREATE TABLE cf (id INTEGER PRIMARY KEY, fydm VARCHAR(20), hp VARCHAR(20), bgr VARCHAR(20), rq DATE);
INSERT INTO cf VALUES (1, '冀1103', '冀T12345', '钱某', '2026-08-01');
INSERT INTO cf VALUES (2, '冀1103', '冀T9', '孙某', '2026-08-02');
INSERT INTO cf VALUES (3, '冀1103', '冀T54321', '李某', '2026-01-02');
"""
QUERY = """\
SELECT CAST(id AS VARCHAR) AS _record, CAST(id AS VARCHAR) AS seal_no, fydm AS court_code, hp AS plate, bgr AS keeper,
       CAST(rq AS VARCHAR) AS sealed_on
FROM cf WHERE fydm IN :courts
"""


def test_a_counterpart_and_a_dataset_nobody_has_heard_of_by_files_alone(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    project = tmp_path / "project"
    for folder in ("contracts", "schemas", "sources"):
        shutil.copytree(ROOT / folder, project / folder)
    kinds = project / "schemas/codes/party_kind.csv"
    kinds.write_text(kinds.read_text(encoding="utf-8") + "traffic_police,交通警察,traffic police\n", encoding="utf-8")
    write(project, "contracts/datasets/sealed_asset.odcs.yaml", CONTRACT)
    write(
        project,
        "contracts/parties/police-131103.yaml",
        "id: police-131103\nkind: traffic_police\nname: {zh: 交警, en: Police}\n",
    )
    social = (project / "contracts/routes/131103-social.yaml").read_text(encoding="utf-8")
    head, _, rest = social.partition("datasets:\n")
    line = "  - {dataset: sealed_asset, version: 1.0.0, columns: [seal_no, court_code, plate, sealed_on]}\n"
    text = head.replace("131103-social", "131103-seals").replace("ss-131103", "police-131103") + "datasets:\n" + line
    write(project, "contracts/routes/131103-seals.yaml", text + "review:\n" + rest.partition("review:\n")[2])
    write(project, "sources/court-131103/sealed_asset.sql", QUERY)
    (project / "sources/court-131100/_cases.sql").unlink()
    assert [str(problem) for problem in check(project)] == []

    court, police, key = "court-131103", "police-131103", "131103-seals.Q.2026Q3"
    source = postgres_server.url(postgres_server.new_database())
    told = {"today": AS_OF, "project": project}
    with homes(tmp_path, court, {police: told}, source_url=source, **told) as ends:
        write(tmp_path, "cf.sql", DUMP)
        wiring.load_source(read_settings(home=tmp_path / court, source_url=source), tmp_path / "cf.sql")
        assert journeys.quarterly_routes(ends[court]) == ["131103-seals"]
        assert journeys.quarterly(ends[court], "131103-seals", PERIOD, AS_OF) == key
        release(ends[court], key)
        settle(ends, court, key)
        route = ends[police].agreement.route("131103-seals")
        landed = ends[police].ledger.landed(route, "sealed_asset")
        assert landed[["seal_no", "plate", "sealed_on"]].to_numpy().tolist() == [["1", "冀T12345", "2026-08-01"]]
        assert "keeper" not in landed.columns
        outcome = json.loads(ends[court].vault.get(key, "outcome.json"))
        assert [(f["rule"], f["row_key"]) for f in outcome["findings"]] == [("plate_malformed", "2")]
        assert [p.kind for p in ends[police].ledger.packets(direction="in") if p.kind != "R"] == ["Q"]

        following = journeys.quarterly(ends[court], "131103-seals", "2026Q4", AS_OF)
        release(ends[court], following)
        settle(ends, court, following)
        kinds_sent = [p.kind for p in ends[court].ledger.packets(direction="out") if p.exchange == following]
        assert kinds_sent == ["N"]
