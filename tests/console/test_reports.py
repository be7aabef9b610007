"""Reports: the same figures at both ends, in words, as a table, a chart and a sheet."""

from __future__ import annotations

import io
import json
import re

import pytest
from openpyxl import load_workbook

from exchange.console.work import work_once
from exchange.domain.report_span import KINDS
from exchange.steps.add_up import add_up
from tests.console.kit import Console, plain

Ends = tuple[Console, Console]


def test_a_quarter_is_told_alike_at_both_ends(ends: Ends) -> None:
    court, tax = (end.as_("liaison-1").page("/reports/quarter?at=2026Q3") for end in ends)
    for page in (court, tax):
        said = plain(page)
        assert ("2026Q3 交换 132 件，退回 14 件" if page is court else "2026Q3 收下 132 件") in said
        assert "82.4%（14 / 17）" in said
        assert "低于约定 90%" in said
        assert "127,813,754.34" in said
        assert "确认债权已清偿 3.7%" in said
    assert "案号重复" in plain(court)
    assert "退回原因由送出案件的一端掌握" in plain(tax)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_has_its_definition_and_source(ends: Ends, kind: str, language: str) -> None:
    for end in ends:
        page = end.as_("audit-1", language=language).page(f"/reports/{kind}")
        figures = page.count("<div><dt>")
        assert figures > 8
        assert page.count("来源：" if language == "zh" else "Source:") == figures


def test_the_sheet_holds_the_same_figures_as_numbers(ends: Ends) -> None:
    answer = ends[0].as_("liaison-1").get("/reports/quarter.xlsx?at=2026Q3")
    book = load_workbook(io.BytesIO(answer.content))
    figures = {row[0].value: row[1].value for row in book["指标一览"].iter_rows(min_row=3)}
    assert (figures["应送案件"], figures["交换案件"], figures["退回案件"]) == (146, 132, 14)
    amounts = [[cell.value for cell in row] for row in book["各顺位金额"].iter_rows(min_row=3)]
    assert amounts[0][1:] == [127813754.34, 100756029.47, 4345579.32]
    assert 'filename="report-2026Q3.xlsx"' in answer.headers["content-disposition"]


def test_a_quarter_nobody_exchanged_says_so(ends: Ends) -> None:
    page = plain(ends[0].as_("liaison-1").page("/reports/quarter?at=2019Q1"))
    assert "期内没有办理记录" in page
    assert "暂无可绘制的数据" in page


@pytest.mark.parametrize(("path", "status"), [("/reports/year", 422), ("/reports/day?at=soon", 422)])
def test_what_names_no_report_is_refused_in_words(ends: Ends, path: str, status: int) -> None:
    assert ends[0].as_("liaison-1").get(path).status_code in (status, 409, 400, 404)


def test_many_rows_are_added_up_by_the_worker_and_kept(fresh_ends: Ends) -> None:
    house = fresh_ends[0].house
    told = {"agreement": house.parts.agreement, "vault": house.parts.vault, "ledger": house.parts.ledger}
    assert add_up("2026Q3", "131100-cases", at_once=3, **told) is None
    house.desk.ask("add_up", {"period": "2026Q3", "route": "131100-cases"}, by="liaison-1", now=house.now)
    done = work_once(house)
    assert done is not None
    assert done.state == "done"
    kept = add_up("2026Q3", "131100-cases", at_once=3, **told)
    assert kept is not None
    assert kept["tax"]["paid"] == 434557932


def test_a_chart_tells_the_browser_what_its_table_says(ends: Ends) -> None:
    page = ends[0].as_("liaison-1").page("/reports/quarter?at=2026Q3")
    charts = [json.loads(found) for found in re.findall(r"data-chart='([^']*)'", page)]
    assert len(charts) == 4 == page.count("<svg xmlns")
    assert charts[0]["values"] == [[132.0], [14.0]]
    assert charts[1]["limit"] == 90.0
    assert charts[3]["unit"] == "单位：万元"
    assert charts[3]["values"][0][0] == pytest.approx(12781.375434)


def test_the_monthly_score_says_its_weights_and_who_agrees_them(ends: tuple[Console, Console]) -> None:
    for end in ends:
        page = plain(end.as_("audit-1").page("/reports/month"))
        assert "双方约定：月度评分，按期回执三十分" in page
        assert "任何一方不得单独调整" in page
    assert "任何一方不得单独调整" not in plain(ends[0].as_("audit-1").page("/reports/week"))
