"""报表: the daily look, the weekly report, the monthly score, the quarterly review; each as a sheet too."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from exchange.console import report_words, reports_view
from exchange.console.reports_sheet import sheet
from exchange.console.visit import Visit, needs
from exchange.domain.report_span import KINDS, Kind, holding
from exchange.domain.route import Route

router = APIRouter()


@router.get("/reports")
def reports(visit: Annotated[Visit, needs("look")]) -> Response:
    """The quarter exchanged last."""
    return _page(visit, "quarter")


@router.get("/reports/{kind}.xlsx")
def as_sheet(kind: Kind, visit: Annotated[Visit, needs("look")]) -> Response:
    """The same figures as a spreadsheet, numbers as numbers."""
    told = reports_view.report(visit.parts, kind, visit.request.query_params.get("at", ""), route=_chosen(visit))
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f'attachment; filename="report-{told.span.text}.xlsx"'
    return Response(sheet(visit, told), media_type=media, headers={"content-disposition": name})


@router.get("/reports/{kind}")
def one_report(kind: Kind, visit: Annotated[Visit, needs("look")]) -> Response:
    """One report of the days the address names, or of those that run."""
    return _page(visit, kind)


def _chosen(visit: Visit) -> Route:
    routes = reports_view.routes_of(visit.parts)
    asked = visit.request.query_params.get("route", "")
    return next((one for one in routes if one.id == asked), routes[0])


def _page(visit: Visit, kind: Kind) -> Response:
    kinds = [(one, visit.say(report_words.KINDS[one])) for one in KINDS]
    title = visit.say(report_words.KINDS[kind])
    routes = reports_view.routes_of(visit.parts)
    if not routes:
        return visit.page("reports.html", kinds=kinds, title=title, span=holding(kind, visit.today), chosen=None,
                          pictures=[])  # fmt: skip
    told = reports_view.report(visit.parts, kind, visit.request.query_params.get("at", ""), route=_chosen(visit))
    if told.adding:
        reports_view.ask_to_add_up(visit, told)
    return visit.page(
        "reports.html", kinds=kinds, title=title, span=told.span, chosen=_chosen(visit), routes=routes, told=told,
        before=told.span.before().text, after=told.span.after().text,
        sections=[
            (visit.say(report_words.SECTIONS[one.code]), [report_words.shown(visit, f) for f in one.figures])
            for one in told.sections
        ],
        pictures=[report_words.picture(visit, told, chart) for chart in told.charts],
        weights=report_words.weights(visit, _chosen(visit), told.span.last) if kind == "month" else (),
    )  # fmt: skip
