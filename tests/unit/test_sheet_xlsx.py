"""The spreadsheet of breaks: text stays text, amounts are numbers, the same data gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from exchange.adapters.sheet_xlsx import XlsxSheets
from exchange.domain.break_list import break_list
from exchange.domain.break_runs import run_of
from exchange.domain.situation_file import Situations
from exchange.domain.statement_terms import FILED, HELD
from tests.unit.reconcile_kit import AS_OF, World
from tests.unit.reconcile_worlds import agreed


def data(world: World) -> dict[str, Any]:
    result = world.result()
    with TemporaryDirectory() as name:
        situations = Situations(Path(name), parted=False)
        situations.add(result.findings)
    return break_list(
        result,
        situations,
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


def test_a_row_is_as_high_as_what_is_printed_of_it() -> None:
    given = data(World().total("1.00"))
    given["rows"] = [{**one, "match": {"line": "名称相近，顺位相同；" * 40}} for one in given["rows"]]
    sheet = openpyxl.load_workbook(io.BytesIO(XlsxSheets().breaks(given)))["差异 Breaks"]
    assert sheet.cell(3, sheet.max_column).value.startswith("名称相近")
    assert (sheet.row_dimensions[3].height or 18) <= 33


def test_a_list_holds_numbers_days_and_moments_and_its_head_stands_once() -> None:
    at = datetime(2026, 10, 9, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    heads = [("编号", 9), ("时间", 18), ("指纹", 37)]
    given = {"name": "办理留痕", "heads": heads, "rows": [(7, at, "a" * 64), (8, None, None)]}
    told = {"title": "台账 & 其他", "as_of": "2026-10-09", "sheets": [given]}
    sheet = openpyxl.load_workbook(io.BytesIO(XlsxSheets().lists(told)))["办理留痕"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["编号", "时间", "指纹"], [7, datetime(2026, 10, 9, 9, 12), "a" * 64], [8, None, None],  # noqa: DTZ001
    ]  # fmt: skip
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("B2", "A1:C3", "$1:$1")
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.row_dimensions[2].height) == (
        "landscape", 0, 33,
    )  # fmt: skip
    assert sheet.oddHeader.left.text.endswith("台账 && 其他　办理留痕")


def test_a_statement_is_printed_as_two_blocks_beside_their_texts() -> None:
    words = {name: (name, name) for name in (*FILED, *HELD)}
    amounts = dict.fromkeys(words, "0.00") | {"opening": "202434563.55", "closing": "-500.00"}
    line = {"case_no": "（2026）冀1103破1号", "claim_no": "T1", "rank": "tax", "filed_on": "2026-07-01", **amounts}
    given = {
        "period": "2026Q3", "sender": ("法院", "court"), "receiver": ("税务局", "tax"), "cases": [line],
        "lines": [line],
        "filed": [(n, words[n]) for n in FILED], "held": [(n, words[n]) for n in HELD],
        "ranks": [{"name": ("税款债权", "tax"), **amounts}], "movement": [], "rank_names": {"tax": ("税款债权", "tax")},
        "courts": [{"name": ("法院", "court"), "rank": ("税款债权", "tax"), **amounts}],
    }  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(XlsxSheets().statement(given)))
    lines, ranks = book["明细 Lines"], book["汇总 By rank"]
    told = [cell.value for cell in lines[3]][:6]
    assert told[:3] + told[4:] == [line["case_no"], "T1", "税款债权", 202434563.55, 0]
    assert told[3].date().isoformat() == "2026-07-01"
    assert ranks["B4"].value == "=SUM(B3:B3)"
    for sheet, leads in ((lines, 4), (ranks, 1)):
        assert [one.id for one in sheet.col_breaks.brk] == [leads + len(FILED)]
        assert sheet.print_title_cols == f"$A:${'ABCD'[leads - 1]}"
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.freeze_panes) == (None, f"{'ABCDE'[leads]}3")
        assert 50 <= (sheet.page_setup.scale or 100) <= 100
        assert "单位：元" in sheet.oddHeader.right.text
