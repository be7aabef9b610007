"""The spreadsheet of breaks: text stays text, amounts are numbers, the same data gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest

from exchange.adapters.sheet_xlsx import XlsxSheets
from exchange.domain.break_list import break_list
from exchange.domain.break_runs import run_of
from tests.unit.reconcile_kit import AS_OF, World
from tests.unit.reconcile_worlds import agreed


def data(world: World) -> dict[str, Any]:
    result = world.result()
    return break_list(
        result,
        key="131100-cases.Q.2026Q3",
        period="2026Q3",
        as_of=AS_OF,
        route=agreed().route("131100-cases"),
        agreement=agreed(),
        books=world.books(),
        found={record.id: record for record in run_of("k", "r", AS_OF, result, {}).records},
        works={},
    )


def opened(world: World) -> Any:
    return openpyxl.load_workbook(io.BytesIO(XlsxSheets().breaks(data(world))))


@pytest.mark.parametrize("name", ["=1+1", "+SUM(A1)", "-2", "@cmd", '=HYPERLINK("http://x","y")', "http://x", "007"])
def test_nothing_in_the_data_becomes_a_formula_a_link_or_a_number(name: str) -> None:
    world = World().total("1.00").set("debtors", name=name).set("cases", court_name=name)
    sheet = opened(world)["差异 Breaks"]
    row = {sheet.cell(1, at).value: sheet.cell(3, at) for at in range(1, 20)}
    for cell in (row["法院"], row["债务人"]):
        assert (cell.value, cell.data_type, cell.hyperlink, cell.quotePrefix) == (name, "s", None, True)


def test_amounts_are_numbers_with_two_places_and_ids_are_text() -> None:
    sheet = opened(World().total("1.00").set("claims", claim_no="0001").set("lines", 0, claim_no="0001").set(
        "lines", 1, claim_no="0001").drop("reviews").drop("distributions"))["差异 Breaks"]  # fmt: skip
    row = {sheet.cell(1, at).value: sheet.cell(3, at) for at in range(1, 20)}
    assert (row["申报（应付）额"].value, row["对照额"].value, row["相差"].value) == (1, 1050000, -1049999)
    assert row["相差"].number_format.startswith("#,##0.00")
    assert (row["申报编号"].value, row["申报编号"].data_type) == ("0001", "s")


def test_a_limit_is_a_day_excel_can_sort() -> None:
    given = data(World().drop("claims").drop("lines").drop("reviews").drop("distributions"))
    sheet = openpyxl.load_workbook(io.BytesIO(XlsxSheets().breaks(given)))["差异 Breaks"]
    row = {sheet.cell(1, at).value: sheet.cell(3, at) for at in range(1, 20)}
    assert row["期限"].value.date().isoformat() == given["rows"][0]["due_on"]
    assert (row["期限"].is_date, row["期限"].number_format) == (True, "yyyy-mm-dd")


def test_heads_filters_frozen_rows_and_print() -> None:
    book = opened(World().total("1.00"))
    assert book.sheetnames == ["汇总 Summary", "差异 Breaks", "提示 Infos"]
    sheet = book["差异 Breaks"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("F3", "A2:X3", "$1:$2")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.print_area, sheet.cell(1, 12).value) == ("'差异 Breaks'!$A$1:$L$3", "相差")
    assert sheet.oddHeader.right.text.endswith("131100-cases.Q.2026Q3　2026-10-09")


def test_a_row_of_several_debtors_is_as_high_as_its_names() -> None:
    sheet = opened(World().total("1.00").set("debtors", name="衡水市" * 12))["差异 Breaks"]
    assert sheet.row_dimensions[3].height > 36


def test_the_same_data_gives_the_same_bytes() -> None:
    world = World().total("1.00")
    assert XlsxSheets().breaks(data(world)) == XlsxSheets().breaks(data(world))
    with zipfile.ZipFile(io.BytesIO(XlsxSheets().breaks(data(world)))) as packed:
        assert "2026-10-09" in packed.read("docProps/core.xml").decode()


def test_books_that_agree_give_an_empty_list() -> None:
    book = opened(World())
    assert book["差异 Breaks"].max_row == 2


def test_situations_and_estates_have_sheets_of_their_own() -> None:
    world = World().add("debtors", debtor_no="2", name="冀州第二有限公司", uscc="SECOND")
    world.add("reviews", claim_no="T9", declared_amount="1.00", confirmed_amount="1.00")
    book = opened(world)
    assert book.sheetnames[3:] == ["其他情形 Situations", "合并破产 Estates"]
    listed = [[cell.value for cell in row] for row in book["其他情形 Situations"].iter_rows(min_row=3)]
    assert [row[1].split()[0] for row in listed] == [
        "债权表所列申报编号税务机关没有", "合并破产中个别债务人无申报", "合并破产：一案多个债务人",
    ]  # fmt: skip
    assert all(row[6] and row[7] for row in listed)
    sums = [[cell.value for cell in row] for row in book["合并破产 Estates"].iter_rows(min_row=3)]
    assert [row[1:] for row in sums] == [
        ["合计 Total", 1, 1050000, 1050000, 5000],
        ["冀州***有限公司", 1, 1050000, 1050000, 5000],
        ["冀州***有限公司", 0, 0, 0, 0],
    ]
