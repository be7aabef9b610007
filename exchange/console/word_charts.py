"""Charts of a Word document as Word's own: drawn by Word, with their figures beside them to be edited, no pictures.

A chart is a part of its own (`word/charts/chartN.xml`) with the workbook it was made of. python-docx writes neither;
XlsxWriter makes both in one: its workbook is the figures, the chart in it, values kept, is the chart.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import quoteattr

import xlsxwriter
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

    from exchange.console.report_words import Picture

_CHART: Final = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_BOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SPACE: Final = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_RELS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MM: Final = 36000
"""A millimetre in the units of a drawing."""
_WIDE, _HIGH, _LINE = 150, 62, 6
"""Millimetres: a chart's width and height; the height of a line where bars lie."""
_FEW: Final = 3
"""Categories up to which bars stand apart, lest they are as wide as the page."""
_LABELS: Final = (
    '<c:showVal val="1"/>',
    '<c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
    '<c:showPercent val="0"/><c:showBubbleSize val="0"/>',
)
"""A label says its value alone: what is not said is shown by some programs."""
_TONES: Final[Sequence[Mapping[str, Any]]] = (
    {"fill": {"color": "#1757A6"}},
    {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": "#1757A6", "bg_color": "#DBE8F8"}},
    {"pattern": {"pattern": "small_grid", "fg_color": "#8A5200", "bg_color": "#FFF4DC"}},
    {"fill": {"color": "#FFFFFF"}, "border": {"color": "#0F437F"}},
)
"""How series are filled: apart in grey too, as on the page."""


class WordChart:
    """A chart to be put into a document where docxtpl finds `{{ chart }}`."""

    def __init__(self, document: DocxTemplate, picture: Picture, number: int) -> None:
        self._document, self._picture, self._number = document, picture, number

    def __html__(self) -> str:
        """The run with the drawing; the chart and its workbook become parts of the document."""
        main = self._document.docx.part
        figures, drawn = _made(self._picture)
        chart = Part(PackURI(f"/word/charts/chart{self._number}.xml"), _CHART, drawn, main.package)
        book = Part(PackURI(f"/word/embeddings/chart{self._number}.xlsx"), _BOOK, figures, main.package)
        chart.relate_to(book, RELATIONSHIP_TYPE.PACKAGE)
        lines = len(self._picture.categories) if self._picture.live["across"] else 0
        high = max(_HIGH, 24 + lines * _LINE) * _MM
        drawing = _drawing(main.relate_to(chart, RELATIONSHIP_TYPE.CHART), self._number, self._picture.finding, high)
        return f'</w:t></w:r><w:r>{drawing}</w:r><w:r><w:t xml:space="preserve">'


def _drawing(rel: str, number: int, told: str, high: int) -> str:
    return (
        '<w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f'<wp:extent cx="{_WIDE * _MM}" cy="{high}"/><wp:docPr id="{900 + number}" name="chart {number}" '
        f'descr={quoteattr(told)}/><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f'<a:graphicData uri="{_SPACE}"><c:chart xmlns:c="{_SPACE}" xmlns:r="{_RELS}" r:id="{rel}"/></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing>"
    )


def _made(picture: Picture) -> tuple[bytes, bytes]:
    """The workbook of a chart's figures, and the chart as XML that names it as its first relation."""
    out, live = io.BytesIO(), picture.live
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet, last = book.add_worksheet("Sheet1"), len(live["categories"])
    sheet.write_column(0, 0, [picture.head, *live["categories"]])
    chart = book.add_chart(_kind(live))
    for n, (name, values) in enumerate(_series(picture), 1):
        sheet.write_column(0, n, [name, *values])
        chart.add_series(
            {
                "name": ["Sheet1", 0, n], "categories": ["Sheet1", 1, 0, last, 0],
                "values": ["Sheet1", 1, n, last, n], "gap": 60 if last > _FEW else 250, **_look(live, n - 1),
            }
        )  # fmt: skip
    chart.set_legend({"none": True} if len(live["names"]) == 1 and live["limit"] is None else {"position": "top"})
    ticks = {"minor_tick_mark": "none", "major_tick_mark": "outside"}
    scale = {**ticks, "name": live["unit"], "num_format": "#,##0", "min": 0, "major_gridlines": {"visible": True},
              **({"max": 100} if live["percent"] else {})}  # fmt: skip
    if live["across"]:
        chart.set_y_axis({**ticks, "reverse": True, "major_gridlines": {"visible": False}})
        chart.set_x_axis(scale)
    else:
        chart.set_x_axis(ticks)
        chart.set_y_axis(scale)
    sheet.insert_chart(0, 6, chart)
    book.close()
    with zipfile.ZipFile(out) as made:
        drawn = made.read("xl/charts/chart1.xml").decode("utf-8")
    link = f'<c:externalData xmlns:r="{_RELS}" r:id="rId1"><c:autoUpdate val="0"/></c:externalData>'
    told = drawn.replace("<c:printSettings>", f"{link}<c:printSettings>", 1).replace(*_LABELS)
    return out.getvalue(), told.encode("utf-8")


def _kind(live: Mapping[str, Any]) -> dict[str, str]:
    if live["kind"] == "line":
        return {"type": "line"}
    return {"type": "bar" if live["across"] else "column", **({"subtype": "stacked"} if live["stacked"] else {})}


def _look(live: Mapping[str, Any], n: int) -> Mapping[str, Any]:
    """How a series is drawn; a bar says its figure where there is room for it."""
    if live["kind"] != "line":
        labels = {} if live["stacked"] else {"data_labels": {"value": True, "num_format": "#,##0"}}
        return {**_TONES[n % len(_TONES)], **labels}
    if n == len(live["names"]):
        return {"line": {"color": "#8A5200", "dash_type": "dash", "width": 1.5},
                "marker": {"type": "long_dash", "size": 12, "border": {"color": "#8A5200"}}}  # fmt: skip
    return {"line": {"color": "#1757A6", "width": 2}, "marker": {"type": "circle"}, "data_labels": {"value": True}}


def _series(picture: Picture) -> Sequence[tuple[str, Sequence[float | None]]]:
    """Each series by name; the line agreed on as one of its own."""
    live = picture.live
    told = list(zip(live["names"], live["values"], strict=True))
    limit = [(live["limitName"], [live["limit"]] * len(live["categories"]))] if live["limit"] is not None else []
    return [*told, *limit]
