"""What `exchange contracts check` says of files that were broken on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.adapters.contracts_files import Problem, check, load_agreement, load_problems
from exchange.domain.errors import NeedsPerson

ROOT = Path(__file__).parents[2]
CASE = "contracts/datasets/bankruptcy_case.odcs.yaml"
DEBTOR = "contracts/datasets/case_debtor.odcs.yaml"
ROUTE = "contracts/routes/131100-cases.yaml"
PARTY = "contracts/parties/court-131103.yaml"
TAX = "contracts/parties/tax-131103.yaml"
TERMS = "contracts/terms/bankruptcy.yaml"
STAGE = "schemas/codes/stage.csv"
PROBLEMS = "schemas/codes/problems.yaml"

Edit = Callable[[Path, str, str], None]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts")
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    return tmp_path


def edit(root: Path, file: str, old: str, new: str) -> int:
    """Replace the first occurrence; the line it was on."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, [str(p) for p in problems]
    return problems[0]


BROKEN = [
    (ROUTE, "profile: std", "profil: std", "'profil' is unknown", "'profile'"),
    (ROUTE, "profile: std", "profile: strong", "'strong' is not allowed", "std"),
    (ROUTE, "sender: court-131100", "sender: court-131101", "'court-131101'", "Did you mean 'court-1311"),
    (ROUTE, "dataset: case_event, version: 1.0.0", "dataset: case_event, version: 1.1.0", "1.1.0", "Agree on the new"),
    (ROUTE, "dataset: case_event", "dataset: case_evnt", "'case_evnt'", "'case_event'"),
    (ROUTE, "terms: bankruptcy", "terms: bankrupt", "'bankrupt'", "'bankruptcy'"),
    (ROUTE, "answered_by: 131100-claims", "answered_by: 131103-claims", "does not lead back", "receiver"),
    (ROUTE, "{value: 0.20,", "{value: 1.20,", "right form", "matches"),
    (ROUTE, "terms: bankruptcy", "terms: bankruptcy\nterms: other", "there twice", "Mend"),
    (CASE, "name: accepted_on\n", "name: accepted_day\n", "There is no column 'accepted_on'", "'accepted_day'"),
    (CASE, "value: procedure", "value: proceedure", "There is no code list 'proceedure'", "'procedure'"),
    (CASE, "validValues: [petition, accepted, ", "validValues: [petition, ", "validValues differs", "stage.csv"),
    (CASE, "severity: warn", "severity: warning", "'warning' is not allowed", "warn"),
    (CASE, "physicalType: DATE", "physicalType: TEXT", "types do not fit", "DATE"),
    (CASE, "id: bankruptcy_case", "id: bankruptcy_cases", "not the file's name", "Rename"),
    (PARTY, "since: 2016-07-01", "since: 2016-02-30", "no day of the calendar", "Mend"),
    (PARTY, "until: 2016-06-30", "until: 2016-06-30, since: 2017-01-01", "ends before it begins", "Mend"),
    (PARTY, "kind: court", "kind: cort", "A court lists its courts", "Mend"),
    (TAX, "kind: tax", "kind: texas", "'texas' is no kind of party", "party_kind.csv"),
    (
        ROUTE,
        "{dataset: case_event, version: 1.0.0}",
        "{dataset: case_event, version: 1.0.0, kinds: [Q, U]}",
        "without rows",
        "N",
    ),
    (ROUTE, "  - {dataset: bankruptcy_case, version: 1.0.0}\n", "", "is about cases", "bankruptcy_case"),
    (
        DEBTOR,
        "primaryKeyPosition: 2",
        "primaryKeyPosition: 2\n        classification: personal",
        "names a person",
        "own number",
    ),
    (
        CASE,
        "value: Filed on",
        "value: Filed on\n          - property: normalise\n            value: id",
        "Only text",
        "out",
    ),
    (
        CASE,
        "value: 破产案件",
        "value: 破产案件\n  - property: selectBy\n    value: [filed_on]",
        "go where their case",
        "key",
    ),
    (PARTY, "kind: court", "kind: tax", "A court lists its courts", "Mend"),
    (TERMS, "    rank: tax\n", "    rank: taxes\n", "'taxes' is not a known code", "'tax'"),
    (TERMS, "levy_kinds: [tax, surcharge]", "levy_kinds: [tax]", "No rank is given for principal of surcharge", "Add"),
    (TERMS, "  objection_days:", "  objection_day:", "'objection_days' is missing", "Add"),
    (
        STAGE,
        "declared,已宣告破产,declared bankrupt,true",
        "declared,,declared bankrupt,true",
        "lacks its names",
        "Chinese",
    ),
    (STAGE, "code,name_zh", "code,name", "not the right header", "header"),
    (PROBLEMS, "code: 102", "code: 101", "101 is there twice", "Keep"),
    (PROBLEMS, "severity: retry", "severity: later", "'later' is not allowed", "retry"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "step"), BROKEN, ids=[f"{b[0][-20:]}:{b[2][:20]}" for b in BROKEN]
)
def test_a_broken_file_is_named_with_line_and_remedy(
    copy: Path, file: str, old: str, new: str, what: str, step: str
) -> None:
    line = edit(copy, file, old, new)
    found = [p for p in check(copy) if what in p.what]
    assert found, [str(p) for p in check(copy)]
    assert step in found[0].next_step
    assert found[0].file == file
    if found[0].line is not None:
        assert abs(found[0].line - line) < 8 or what.startswith(("There is no column", "No rank", "'objection"))
    if file != PROBLEMS:
        with pytest.raises(NeedsPerson) as refused:
            load_agreement(copy)
        assert refused.value.code == 905
        assert file in refused.value.where
    else:
        with pytest.raises(NeedsPerson):
            load_problems(copy)


def test_the_catalogue_of_problems_is_read_again_only_when_it_changed(copy: Path) -> None:
    first = load_problems(copy)
    assert load_problems(copy) is first
    with (copy / PROBLEMS).open("a", encoding="utf-8") as text:
        text.write("\n# changed\n")
    assert load_problems(copy) is not first
    assert load_problems(copy) == first


RULES = [
    (CASE, "rule: case_no_malformed", "rule: case_no_malforme", "no rule function 'case_no_malforme'", "case_no_malfo"),
    (
        DEBTOR,
        "rule: name_is_masked",
        "rule: accepted_on_missing",
        "looks at 'stage', which is not among its columns",
        "docs",
    ),
    (DEBTOR, "rule: name_is_masked", "rule: pattern", "needs the parameter `pattern`", "docs/add-a-dataset.md"),
    (
        DEBTOR,
        "rule: name_is_masked",
        "rule: pattern\n          params: {pattern: '['}",
        "is no regular expression",
        "docs/add-a-dataset.md",
    ),
]


LEAD = "contracts/datasets/tax_lead.odcs.yaml"
RULES += [
    (LEAD, "value: [found_on", "value: [found_day", "`selectBy` names no column 'found_day'", "found_on"),
    (LEAD, "value: [found_on", "value: [lead_no", "which is no day or time", "date or timestamp"),
    (LEAD, "reach: row", "reach: case", "no case to hold", "reach: row"),
    (LEAD, "beyond: true", "beyond: false", "not among the agreed lists", "beyond: true"),
    (LEAD, "pattern: '（", "patern: '（", "needs the parameter `pattern`", "docs/add-a-dataset.md"),
    (ROUTE, "kinds: [Q, N]", "kinds: [Q]", "without rows", "Add N"),
]


@pytest.mark.parametrize(("file", "old", "new", "what", "step"), RULES, ids=[r[3][:30] for r in RULES])
def test_what_a_newcomer_gets_wrong_is_found_by_the_check(
    copy: Path, file: str, old: str, new: str, what: str, step: str
) -> None:
    line = edit(copy, file, old, new)
    problem = only(check(copy))
    assert what in problem.what
    assert step in problem.next_step
    assert problem.file == file
    assert abs((problem.line or 0) - line) < 12


def test_exact_line_of_an_unknown_key(copy: Path) -> None:
    line = edit(copy, ROUTE, "answered_by: ", "answers_by: ")
    unknown = next(p for p in check(copy) if "unknown" in p.what)
    assert (unknown.line, unknown.where) == (line, "answers_by")
    assert str(unknown).startswith(f"{ROUTE}:{line} (answers_by): ")


def test_yaml_that_can_not_be_read(copy: Path) -> None:
    edit(copy, PARTY, "name:", "name: [")
    assert only(check(copy)).line is not None


def test_not_utf8(copy: Path) -> None:
    (copy / PARTY).write_bytes("id: 法院".encode("gb18030"))
    assert only(check(copy)).what == "The file is not UTF-8."


def test_python_tags_are_refused(copy: Path) -> None:
    edit(copy, PARTY, "kind: court", "kind: !!python/object/apply:os.getcwd []")
    assert "can't be read" in only(check(copy)).what


def test_a_stray_file_and_an_empty_folder(copy: Path) -> None:
    (copy / "contracts/routes/notes.txt").write_text("x")
    assert "not of this folder" in only(check(copy)).what
    shutil.rmtree(copy / "contracts/parties")
    assert any("nothing here" in p.what for p in check(copy))


def test_two_routes_on_one_lane(copy: Path) -> None:
    text = (copy / ROUTE).read_text(encoding="utf-8").replace("id: 131100-cases", "id: 131100-more")
    (copy / "contracts/routes/131100-more.yaml").write_text(text, encoding="utf-8")
    assert any("already leads" in p.what for p in check(copy))


def test_two_courts_with_one_code(copy: Path) -> None:
    edit(copy, "contracts/parties/court-131100.yaml", "{code: 冀1102}", "{code: 冀1121}")
    assert any("belongs to two courts" in p.what for p in check(copy))


def test_missing_code_list_is_reported_not_a_crash(copy: Path) -> None:
    (copy / "schemas/codes/component.csv").unlink()
    assert any("no code list 'component'" in p.what for p in check(copy))


def test_a_missing_schema_is_reported(copy: Path) -> None:
    (copy / "schemas/route.schema.json").unlink()
    assert any(p.file == "schemas/route.schema.json" for p in check(copy))


def test_a_changed_file_is_read_again_and_changes_the_hash(copy: Path) -> None:
    before = load_agreement(copy)
    assert load_agreement(copy) is before
    edit(copy, "contracts/datasets/case_event.odcs.yaml", "status: active", "status: draft")
    after = load_agreement(copy)
    assert after.routes["131100-cases"].contract_sha256 != before.routes["131100-cases"].contract_sha256
    assert after.routes["131100-claims"].contract_sha256 == before.routes["131100-claims"].contract_sha256


def test_the_terms_are_part_of_what_was_agreed(copy: Path) -> None:
    before = load_agreement(copy).routes["131103-claims"].contract_sha256
    edit(copy, TERMS, "value: 15, since: 2019", "value: 20, since: 2019")
    assert load_agreement(copy).routes["131103-claims"].contract_sha256 != before
