"""An answer checked in parts is the answer checked whole: the same findings, the same bytes."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from bench.world import STATUS, answer, number_of, uscc
from exchange.adapters.contracts_files import load_agreement
from exchange.domain.answer_parts import answer_parts
from exchange.domain.answer_report import Counted, counts_of, counts_together
from exchange.domain.answering import Answer, check_answer, together
from exchange.domain.content import stage_parts
from exchange.domain.errors import NeedsPerson
from exchange.domain.tabular import MAX_ROWS, KeyOrder, read_parts
from exchange.settings import PROJECT

AGREED = load_agreement(PROJECT)
ROUTE = AGREED.route("131100-claims")
CASES = 60


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Path]:
    """An answer with a line of no claim, an unknown levy, a negative amount, a stranger's status."""
    folder = answer(tmp_path / "answer", CASES)
    lines = folder / "tax_claim_line.csv"
    text = lines.read_text(encoding="utf-8").replace("10104", "99999", 2).replace(",tax\n", ",tax\n", 1)
    first = text.splitlines()[1].split(",")
    text += ",".join(["TSSB999999999", *first[1:]]) + "\n"
    lines.write_text(text, encoding="utf-8")
    with (folder / "tax_status.csv").open("a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerow([uscc("91131103900000000"), "2026-10-01", "normal", "0", "1"])
    return {file.stem: file for file in sorted(folder.glob("*.csv"))}


def checked(given: dict[str, Path], folder: Path, parts: int) -> tuple[Answer, str, dict[str, int], Counted]:
    """What was found, the hash of what goes, its rows, and how they count."""
    cases = pd.DataFrame({"case_no": [number_of(n) for n in range(1, CASES)]}, dtype="str")
    debtors = pd.DataFrame({"uscc": [uscc(f"91131103{n:09d}") for n in range(1, CASES + 1)]}, dtype="str")
    found = [
        check_answer(part, route=ROUTE, code_lists=AGREED.codes_of(ROUTE), cases=cases, debtors=debtors)
        for part in answer_parts(given, ROUTE, folder / "parts", parts=parts)
    ]
    content = stage_parts((one.frames for one in found), ROUTE, folder / "content", kind="A")
    counted = counts_together(counts_of(one.frames) for one in found)
    return together(found, ROUTE), content.hash, content.rows, counted


def test_sums_that_64_bits_have_no_room_for_are_told_and_counted_exactly(
    given: dict[str, Path], tmp_path: Path
) -> None:
    """Sixteen digits of yuan are the most a line may have; the lines of a levy add up to far more."""
    most = "9999999999999999.99"
    lines = pd.read_csv(given["tax_claim_line"], dtype=str, keep_default_na=False)
    lines["amount"] = most
    lines.to_csv(given["tax_claim_line"], index=False)

    found, _, rows, counted = checked(given, tmp_path, 1)

    assert "total_is_not_sum_of_lines" in {finding.rule for finding in found.findings}
    fen = int(most.replace(".", ""))
    of_ranks = [of for (what, _), of in counted.items() if what == "rank"]
    assert sum(number for number, _ in of_ranks) == rows["tax_claim_line"]
    assert sum(total for _, total in of_ranks) == rows["tax_claim_line"] * fen > 2**63


def test_parts_make_no_difference(given: dict[str, Path], tmp_path: Path) -> None:
    whole, few, many = (checked(given, tmp_path / str(parts), parts) for parts in (1, 3, 50))
    assert whole == few == many
    found, _, rows, counted = whole
    rules = {(finding.rule, finding.note) for finding in found.findings}
    assert ("line_without_claim", f"tax_claim_line.csv line {3 * CASES + 2}") in rules
    assert ("status_of_debtor_never_sent", f"tax_status.csv line {CASES + 2}") in rules
    assert ("levy_code_unknown", "tax_claim_line.csv line 3") in rules
    assert ("case_never_received", f"tax_claim.csv line {CASES + 1}") in rules
    assert (found.claims, found.held, found.refused) == (CASES, 2, 1)
    assert counted["rank", "tax"][0] == 2 * (CASES - 2)
    assert (rows["tax_claim"], rows["tax_claim_line"], rows["tax_status"]) == (CASES - 2, 3 * CASES - 6, CASES)


def test_a_key_that_is_twice_is_refused_however_far_apart(given: dict[str, Path], tmp_path: Path) -> None:
    file = given["tax_claim"]
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.splitlines()[1] + "\n", encoding="utf-8")
    with pytest.raises(NeedsPerson) as caught:
        checked(given, tmp_path, 3)
    assert caught.value.code == 506


def test_a_file_of_people_may_hold_more_rows_than_one_of_the_wire(tmp_path: Path) -> None:
    file = tmp_path / "tax_status.csv"
    rows = (f"{n:018d},2026-10-01,normal,0,1\n" for n in range(MAX_ROWS + 1))
    file.write_text(",".join(STATUS) + "\n" + "".join(rows), encoding="utf-8")
    contract = ROUTE.wire("tax_status")
    with file.open("rb") as stream:
        assert sum(map(len, read_parts(stream, contract, KeyOrder(contract), from_people=True))) == MAX_ROWS + 1
