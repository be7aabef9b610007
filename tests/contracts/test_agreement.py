"""The agreement as it stands: complete, bilingual, and valid against the standard it claims to follow."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator, Draft202012Validator
from open_data_contract_standard.model import OpenDataContractStandard

from exchange.adapters.contracts_files import check, load_agreement, load_problems
from exchange.adapters.source_sql.folder import read_folder
from exchange.domain.checks import ACROSS, RULES
from exchange.domain.route import Agreement

ROOT = Path(__file__).parents[2]
DATASETS = sorted((ROOT / "contracts/datasets").glob("*.yaml"))
CHINESE = re.compile("[\u4e00-\u9fff]")

COLUMNS = {
    "bankruptcy_case": "case_no petition_case_no? court_code court_name procedure stage filed_on accepted_on? "
    "announced_on? claims_due_on? first_meeting_on? declared_on? terminated_on? administrator_name? "
    "administrator_lead? administrator_phone? administrator_appointed_on? judge is_major source_updated_at",
    "case_in_exchange": "case_no why changed_columns? corrects?",
    "case_debtor": "case_no debtor_no name former_name? uscc? old_taxpayer_id? address? legal_representative? "
    "industry_code?",
    "case_event": "case_no event_no event happened_on document_no? document_title?",
    "asset_disposal": "case_no disposal_no asset_kind description appraised_amount? deal_amount? dealt_on? "
    "buyer? platform?",
    "claim_review": "case_no claim_no rank declared_amount confirmed_amount review_status reviewed_on reason?",
    "distribution": "case_no claim_no rank payable_amount paid_amount paid_on",
    "case_void": "case_no reason decided_on document_no? corrects",
    "tax_claim": "claim_no version kind supplements? case_no debtor_uscc? debtor_old_taxpayer_id? debtor_name "
    "tax_authority filed_on cutoff_on total_amount",
    "tax_claim_line": "claim_no version line_no levy_code period_start period_end due_on component amount rank",
    "tax_payment": "claim_no version levy_code period_start period_end paid_on amount",
    "tax_status": "debtor_uscc as_of registration invoices_suspended inspection_open",
    "break_item": "id code case_no claim_no? line_no? rank? claimed_amount? compared_amount? difference_amount? "
    "at_stake_amount due_on? state decision? reason? first_seen asked",
    "break_answer": "id answer difference_amount? reason? answered_by answered_on",
    "meeting_act": "act_no act_order act subject meeting? question? question_kind? about_case? about_break? "
    "about_exchange? text? period? day? owner_party? owner? route? figure? value? acted_by acted_at",
    "tax_lead": "lead_no court_code case_no lead_kind basis taxpayer_name taxpayer_uscc counterparty_name? "
    "counterparty_uscc? amount happened_on? judged_on? document_no? found_on source_updated_at",
}
KEYS = {
    "bankruptcy_case": "case_no",
    "case_in_exchange": "case_no",
    "case_debtor": "case_no debtor_no",
    "case_event": "case_no event_no",
    "asset_disposal": "case_no disposal_no",
    "claim_review": "case_no claim_no rank",
    "distribution": "case_no claim_no rank paid_on",
    "case_void": "case_no",
    "tax_claim": "claim_no version",
    "tax_claim_line": "claim_no version line_no",
    "tax_payment": "claim_no version levy_code period_start period_end paid_on",
    "tax_status": "debtor_uscc as_of",
    "break_item": "id",
    "break_answer": "id",
    "meeting_act": "act_no",
    "tax_lead": "lead_no",
}
RULE_IDS = {
    "case_no_malformed": "reject",
    "court_code_differs_from_case_no": "reject",
    "duplicate_case_no": "reject",
    "unknown_stage_code": "reject",
    "accepted_on_missing": "reject",
    "accepted_on_in_future": "reject",
    "claims_due_before_announcement": "reject",
    "case_without_debtor": "reject",
    "uscc_check_digit": "reject",
    "name_is_a_formula": "reject",
    "name_is_masked": "reject",
    "negative_amount": "reject",
    "uscc_missing_old_taxpayer_id": "warn",
    "claim_period_shorter_than_30_days": "warn",
    "claim_period_longer_than_3_months": "warn",
    "meeting_before_claims_due": "warn",
}


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return load_agreement(ROOT)


def test_nothing_is_wrong() -> None:
    assert [str(problem) for problem in check(ROOT)] == []


@pytest.mark.parametrize("file", DATASETS, ids=lambda f: f.name)
def test_every_contract_is_valid_odcs(file: Path) -> None:
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert document["apiVersion"] == "v3.1.0"
    assert [e.message for e in Draft201909Validator(schema).iter_errors(document)] == []
    assert OpenDataContractStandard.from_string(file.read_text(encoding="utf-8")).id == document["id"]


def test_datasets_have_the_agreed_columns_and_keys(agreement: Agreement) -> None:
    contracts = {c.dataset: c for r in agreement.routes.values() for c in r.datasets}
    assert {name: " ".join(c.key) for name, c in contracts.items()} == KEYS
    found = {n: " ".join(c.name + ("" if c.required else "?") for c in k.columns) for n, k in contracts.items()}
    assert found == COLUMNS


def test_agreed_rules_are_there_with_titles_and_functions(agreement: Agreement) -> None:
    contracts = {c.dataset: c for r in agreement.routes.values() for c in r.datasets}
    rules = [(c.dataset, rule) for c in contracts.values() for rule in c.rules]
    assert {r.id: r.severity for _, r in rules if r.comparable} == RULE_IDS
    assert {r.runs for _, r in rules} <= set(RULES) | ACROSS
    for dataset, rule in rules:
        assert CHINESE.search(rule.title_zh), (dataset, rule.id)
        assert rule.title_en, (dataset, rule.id)
        assert not CHINESE.search(rule.title_en), (dataset, rule.id)
        alone = not contracts[dataset].of_case
        assert rule.reach == ("row" if alone or rule.id == "negative_amount" else "case")
        assert not (alone and rule.comparable)
        assert rule.comparable or alone or rule.severity in ("warn", "verify")
    assert {r.id for _, r in rules if r.overrulable} == {"uscc_check_digit"}


def test_personal_data_is_marked_and_ids_have_no_column(agreement: Agreement) -> None:
    contracts = {c.dataset: c for r in agreement.routes.values() for c in r.datasets}
    personal = {f"{c.dataset}.{k.name}" for c in contracts.values() for k in c.columns if k.personal}
    assert personal == {
        "bankruptcy_case.administrator_lead",
        "bankruptcy_case.administrator_phone",
        "bankruptcy_case.judge",
        "case_debtor.legal_representative",
        "asset_disposal.buyer",
    }
    names = " ".join(k.name for c in contracts.values() for k in c.columns)
    assert not re.search(r"id_card|identity|bank_account|staff|note", names)


def test_code_lists_are_bilingual(agreement: Agreement) -> None:
    for codes in agreement.codes.values():
        for code in codes.names_zh:
            assert CHINESE.search(codes.names_zh[code]), (codes.name, code)
            assert re.search("[A-Za-z]", codes.names_en[code]), (codes.name, code)
    assert "47" not in agreement.codes["stage"]
    assert agreement.codes["levy"].extra["10101"] == {"kind": "tax"}


def test_parties_and_their_courts(agreement: Agreement) -> None:
    city = agreement.parties["court-131100"]
    assert sorted(c.id for c in city.courts) == sorted(
        f"冀{code}" for code in (11, 1102, 1103, 1121, 1122, 1123, 1124, 1125, 1126, 1127, 1128, 1182)
    )
    (seed,) = agreement.parties["court-131103"].courts
    assert [(c.code, c.since, c.until) for c in seed.codes] == [
        ("冀1103", date(2016, 7, 1), None),
        ("冀1181", None, date(2016, 6, 30)),
    ]
    assert agreement.parties["tax-131100"].courts == ()


def test_routes_answer_each_other_and_hold_the_terms(agreement: Agreement) -> None:
    lanes = [f"{pair}-{what}" for pair in ("131100", "131103") for what in ("cases", "claims", "social")]
    assert sorted(agreement.routes) == lanes
    on = date(2026, 10, 9)
    for route in agreement.routes.values():
        if route.answered_by is not None:
            assert agreement.routes[route.answered_by].answered_by == route.id
        assert (route.figure("held_share_limit", on), route.days("held_count_limit", on)) == (Decimal("0.20"), 5)
        assert [route.stops(held, 25, on) for held in (4, 5, 6)] == [False, False, True]
        assert route.days("valid_days", on) == 30
        assert route.figure("late_fee_rate", on) == Decimal("0.0005")
        assert route.figure("objection_days", on) == 15
        assert len(route.contract_sha256) == 64
        assert not route.test
    assert agreement.routes["131100-cases"].review.urgent == "automatic"
    assert agreement.routes["131103-cases"].review.urgent == "one_officer"
    assert len({r.contract_sha256 for r in agreement.routes.values()}) == len(lanes)


def test_ranks_cover_every_component_and_kind_of_levy(agreement: Agreement) -> None:
    table = agreement.routes["131100-claims"].rank_table(date(2026, 10, 9))
    kinds = {entry["kind"] for entry in agreement.codes["levy"].extra.values()}
    assert set(table) == {(c, k) for c in agreement.codes["component"].names_zh for k in kinds}
    assert table["principal", "surcharge"] == "tax"
    assert table["principal", "nontax"] == "ordinary"
    assert table["late_fee", "social_insurance"] == "subordinated"
    assert table["interest", "tax"] == "ordinary"
    assert set(table.values()) == set(agreement.codes["rank"].names_zh)


@pytest.mark.parametrize("party", ["court-131100", "court-131103"])
def test_source_codes_lead_to_codes_of_the_wire(agreement: Agreement, party: str) -> None:
    columns = {k.name: k.code_list for r in agreement.routes.values() for c in r.datasets for k in c.columns}
    for column, codes in read_folder(ROOT / "sources" / party).codes.items():
        assert set(codes.values()) <= set(agreement.codes[columns[column] or ""].names_zh), column


def test_schemas_are_schemas_and_answers_fit_the_outcome() -> None:
    for file in (ROOT / "schemas").glob("*.schema.json"):
        Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))
    outcome = Draft202012Validator(json.loads((ROOT / "schemas/outcome.schema.json").read_text(encoding="utf-8")))
    for world in ("sample", "sample2"):
        answers = json.loads((ROOT / "tests/worlds" / world / "answers.json").read_text(encoding="utf-8"))
        assert [e.message for e in outcome.iter_errors({**answers, "findings": [], "exchanges": []})] == []
        assert not outcome.is_valid(answers)


def test_every_code_raised_is_in_the_catalogue() -> None:
    catalogue = load_problems(ROOT)
    families = ("channel", "trust", "integrity", "manifest", "schema", "records", "correction", "addressee", "internal")
    for entry in catalogue.values():
        assert entry.family == families[entry.code // 100 - 1]
        assert CHINESE.search(entry.text_zh)
        assert CHINESE.search(entry.remedy_zh)
        assert entry.remedy_en.endswith(".")
    raised = {
        code: f"{file.name}:{line}" for file in (ROOT / "exchange").rglob("*.py") for code, line in _codes_in(file)
    }
    missing = {code: place for code, place in raised.items() if code not in catalogue}
    assert missing == {}
    assert len(raised) > 20


def _codes_in(file: Path) -> list[tuple[int, int]]:
    """Whole numbers from 101 to 999 that are the first argument of a call whose second is a text: the codes."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and _is_error(node):
            first: Any = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, int) and 101 <= first.value <= 999:
                found.append((first.value, node.lineno))
    return found


def _is_error(call: ast.Call) -> bool:
    named = getattr(call.func, "id", getattr(call.func, "attr", "")) in ("NeedsPerson", "RetryLater")
    return named or (len(call.args) > 1 and _is_text(call.args[1]))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def test_loading_is_light_and_kept_until_a_file_changes() -> None:
    code = (
        "import sys; from pathlib import Path; from exchange.adapters.contracts_files import load_agreement as load;"
        f"one = load(Path({str(ROOT)!r})); assert load(Path({str(ROOT)!r})) is one;"
        "print(sorted({'pandas', 'numpy', 'great_expectations', 'paramiko', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_figure_has_a_name_in_both_languages() -> None:
    known = load_agreement(ROOT).codes["figure"]
    for file in [*(ROOT / "contracts/routes").glob("*.yaml"), *(ROOT / "contracts/terms").glob("*.yaml")]:
        for figure in yaml.safe_load(file.read_text(encoding="utf-8"))["figures"]:
            assert CHINESE.search(known.names_zh[figure]), (file.name, figure)
            assert not CHINESE.search(known.names_en[figure]), (file.name, figure)
