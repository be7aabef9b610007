"""Prints to sign by hand, by fpdf2: A4 across, the font inside, page numbers, the fingerprint on every page.

The font is one this machine has: of Noto, Source Han or WenQuanYi, whose licences allow it to be put in. The same data
gives the same bytes on the same machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from exchange.domain.errors import NeedsPerson

_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_FONTS: Final = (
    ("NotoSansCJK-Regular.ttc", 2), ("NotoSansCJKsc-Regular.otf", 0), ("NotoSansSC-Regular.otf", 0),
    ("NotoSerifCJK-Regular.ttc", 2), ("SourceHanSansSC-Regular.otf", 0), ("SourceHanSansCN-Regular.otf", 0),
    ("wqy-zenhei.ttc", 0), ("wqy-microhei.ttc", 0),
)  # fmt: skip
"""File and, in a collection, the face for simplified Chinese."""
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ROWS: Final = 500


class PdfPrints:
    """PDF behind the port `Prints`."""

    def __init__(self, folders: Sequence[str] = _FOLDERS) -> None:
        self._folders = folders

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement: by rank, quarter against quarter, by court, by case, and the two sides' signatures."""
        pdf = _paper(_font(self._folders), data)
        _title(pdf, data)
        ranks = [((one["name"][0],), one) for one in data["ranks"]] + [(("合计",), data["total"])]
        _table(pdf, "申报的变动（期初＋各项变动＝期末）", ("顺位",), data["filed"], ranks)
        pdf.set_font(size=10)
        pdf.cell(text=f"期末申报合计（大写）：{data['capitals']}", h=8, new_x="LMARGIN", new_y="NEXT")
        _table(pdf, "审查与清偿（期末申报＝已确认＋未确认＋待审查）", ("顺位",), data["held"], ranks)
        if data["case_no"]:
            lines = [((one["claim_no"], data["rank_names"][one["rank"]][0]), one) for one in data["lines"]]
            _table(pdf, "按申报编号", ("申报编号", "顺位"), data["filed"], lines)
        else:
            quarters = [((r["name"][0], q["period"]), q) for r in data["movement"] for q in r["quarters"]]
            _table(pdf, "逐季变动", ("顺位", "季度"), data["filed"], quarters)
            courts = [((one["name"][0], one["rank"][0]), one) for one in data["courts"]]
            _table(pdf, "按法院", ("法院", "顺位"), data["filed"], courts)
            columns = [data["filed"][0], data["filed"][-1], *data["held"]]
            _table(pdf, "按案件", ("案号",), columns, [((one["case_no"],), one) for one in data["cases"]])
        _signatures(pdf, data)
        return bytes(pdf.output())


def _font(folders: Iterable[str]) -> tuple[Path, int]:
    there = [Path(folder) for folder in folders if Path(folder).is_dir()]
    for name, face in _FONTS:
        for folder in there:
            if (found := next(folder.rglob(name), None)) is not None:
                return found, face
    raise NeedsPerson(
        935, "No font with Chinese characters was found.", where=", ".join(folders),
        next_step="Install fonts-noto-cjk and make the statement again, or print the page.",
    )  # fmt: skip


def _paper(font: tuple[Path, int], data: Mapping[str, Any]) -> Any:
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(size=7)
            self.cell(text=f"SHA-256 {data['sha256']}")
            self.cell(w=0, text=f"{self.page_no()} / {{nb}}", align="R")

    pdf = Paper(orientation="L", format="A4")
    pdf.set_creation_date(_MADE)
    pdf.set_title(f"{data['title'][0]} {data['period']}")
    pdf.set_margins(12, 12)
    pdf.set_auto_page_break(True, margin=16)
    pdf.add_font("cjk", fname=font[0], collection_font_number=font[1])
    pdf.add_page()
    pdf.set_font("cjk", size=18)
    return pdf


def _title(pdf: Any, data: Mapping[str, Any]) -> None:
    pdf.cell(w=0, text=f"{data['title'][0]}　{data['period_words'][0]}", h=12, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(size=9)
    case = f"　案号 {data['case_no']}" if data["case_no"] else f"　案件 {data['case_count']} 件"
    sides = f"{data['sender'][0]} 与 {data['receiver'][0]}　第 {data['version']} 版{case}"
    pdf.cell(
        w=0, text=f"{sides}　申报 {data['claim_count']} 笔　单位：元", h=7, align="C", new_x="LMARGIN", new_y="NEXT"
    )


def _table(
    pdf: Any, title: str, leads: Sequence[str], columns: Sequence[Any], rows: Sequence[tuple[Sequence[str], Any]]
) -> None:
    """A titled table of amounts, its head on every page; so many rows at most, the rest is in the sheet."""
    from fpdf.fonts import FontFace

    pdf.set_font(size=11)
    pdf.ln(3)
    if pdf.will_page_break(24):
        pdf.add_page()
    pdf.cell(text=title, h=8, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(size=7.5)
    widths = (*(30 if len(leads) > 1 else 42 for _ in leads), *(24 for _ in columns))
    aligns = (*("LEFT" for _ in leads), *("RIGHT" for _ in columns))
    with pdf.table(
        col_widths=widths, text_align=aligns, line_height=5, padding=0.6, headings_style=FontFace(fill_color=240)
    ) as table:
        table.row([*leads, *(words[0] for _, words in columns)])
        for lead, amounts in rows[:_ROWS]:
            table.row([*lead, *(_amount(amounts[name]) for name, _ in columns)])
    if len(rows) > _ROWS:
        pdf.cell(text=f"此处列前 {_ROWS} 行，共 {len(rows)} 行，其余见表格。", h=6, new_x="LMARGIN", new_y="NEXT")


def _amount(text: str) -> str:
    whole, _, cents = text.partition(".")
    return f"{int(whole):,}.{cents}" if whole not in ("0", "-0") else ("—" if cents == "00" else text)


def _signatures(pdf: Any, data: Mapping[str, Any]) -> None:
    if pdf.will_page_break(42):
        pdf.add_page()
    pdf.ln(4)
    top, half = pdf.get_y(), (pdf.w - pdf.l_margin - pdf.r_margin) / 2
    pdf.set_font(size=10)
    for n, side in enumerate((data["sender"], data["receiver"])):
        left = pdf.l_margin + n * half
        for row, text in enumerate((f"{side[0]}（盖章）", "联络员：", "负责人：", "日　期：　　　　年　　月　　日")):
            pdf.set_xy(left, top + row * 9)
            pdf.cell(text=text, h=8)
