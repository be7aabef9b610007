"""A report as a spreadsheet: its figures with their definitions, and a sheet for each chart's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.console.report_words import FIGURES, KINDS, picture, shown

if TYPE_CHECKING:
    from exchange.console.reports_view import Report
    from exchange.console.visit import Visit
    from exchange.domain.report_figures import Figure


def sheet(visit: Visit, told: Report) -> bytes:
    """The workbook, in this person's language."""
    say = visit.say
    heads = [
        (say("Figure of the report"), 30), (say("Value"), 14), (say("Of"), 10), (say("Definition"), 62),
        (say("Source"), 44),
    ]  # fmt: skip
    rows = [_row(visit, one) for section in told.sections for one in section.figures]
    tables: list[dict[str, Any]] = [{"name": say("Figures"), "heads": heads, "rows": rows, "money": False}]
    for chart in told.charts:
        drawn = picture(visit, told, chart)
        tables.append(
            {
                "name": say("table " + chart.code), "money": chart.unit == "yuan",
                "heads": [(drawn.head, 34), *((name, 20) for name in drawn.series)],
                "rows": [[name, *(one.values[n] for one in chart.series)] for n, name in enumerate(drawn.categories)],
            }
        )  # fmt: skip
    if told.rules:
        named = [[zh if visit.language == "zh" else en, many] for zh, en, many in told.rules]
        heads = [(say("Rule"), 60), (say("Places"), 12)]
        tables.append({"name": say("Rejected by rule"), "heads": heads, "rows": named, "money": False})
    title = f"{say(KINDS[told.span.kind])} {told.span.text}"
    return visit.parts.sheets.report({"title": title, "as_of": visit.today.isoformat(), "tables": tables})


def _row(visit: Visit, one: Figure) -> list[Any]:
    words = shown(visit, one)
    return [visit.say(FIGURES[one.code][0]), one.value, one.whole, words.definition, words.source]
