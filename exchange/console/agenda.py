"""The agenda of a joint meeting as Word, to be edited, and as PDF, to be printed; the same facts as the page.

The Word file is filled into `documents/agenda.docx`, which an office may restyle in Word: the fields stay.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from exchange.console import meetings_view
from exchange.console.render import HERE
from exchange.domain import meeting_life as life

if TYPE_CHECKING:
    from exchange.console.visit import Visit


_LABELS: Final = {
    "day": "Day", "place": "Place", "period": "Quarter", "questions": "Questions", "figures": "Figures of the quarter",
    "breaks": "Breaks by kind", "unfinished": "Resolutions not done yet", "none": "None.", "resolved": "Resolutions",
    "answer": "Answer", "changes": "Proposed changes of the agreement", "since": "In force since", "source": "Source",
    "owner": "Who sees to it", "due": "By", "signed": "Court (signature)", "signed_tax": "Tax bureau (signature)",
}  # fmt: skip


def facts(visit: Visit, id: str) -> Mapping[str, Any]:
    """What the agenda tells; every value is text, ready to be put in."""
    parts, say = visit.parts, visit.say
    table = meetings_view.table(visit)
    book, words = table.book, table.words
    meeting: life.Meeting = life.found(book.meetings, id)
    figures, pictures = meetings_view.quarter(visit, meeting.period)
    questions = [
        {
            "number": str(n), "kind": say("Policy") if q.kind == "policy" else say("Interface"),
            "text": words(q.text_sha256), "about": "，".join(table.named_about(*one) for one in q.about.items()),
            "by": table.who(q.party, q.by),
            "answers": [{"by": table.named(a.party), "text": words(a.text_sha256)} for a in q.answers],
        }
        for n, q in enumerate(book.agenda(id), 1)
    ]  # fmt: skip
    return {
        "title": say("Joint meeting of court and tax bureau on bankruptcy cases"), "day": meeting.day.isoformat(),
        "place": words(meeting.place_sha256), "period": meeting.period,
        "party": visit.titled(parts.agreement.parties[parts.party]), "questions": questions,
        "figures": [{"name": one.name, "value": one.value} for one in figures], "pictures": pictures,
        "breaks": [
            {"name": name, "value": value}
            for name, value in meetings_view.breaks_shown(visit, meeting.period, pictures)
        ],
        "unfinished": [_resolution(table, r) for r in book.unfinished() if r.meeting != id],
        "resolutions": [_resolution(table, r) for r in book.resolutions.values() if r.meeting == id],
        "changes": [
            {"name": visit.name("figure", p.figure), "value": p.value, "since": p.since.isoformat(),
             "route": table.route(p.route), "source": words(p.source_sha256)}
            for p in book.proposals.values() if p.meeting == id
        ],
        "labels": {name: say(text) for name, text in _LABELS.items()},
    }  # fmt: skip


def _resolution(table: meetings_view.Table, one: life.Resolution) -> Mapping[str, str]:
    return {
        "text": table.words(one.text_sha256), "owner": table.who(one.owner_party, one.owner),
        "due_on": one.due_on.isoformat(),
    }  # fmt: skip


def word(visit: Visit, id: str) -> bytes:
    """The agenda as DOCX."""
    from docxtpl import DocxTemplate

    from exchange.console.word_charts import WordChart

    document, told = DocxTemplate(HERE / "documents/agenda.docx"), facts(visit, id)
    document.init_docx()
    drawn = [one for one in told["pictures"] if not one.empty]
    charts = [{"finding": one.finding, "chart": WordChart(document, one, n)} for n, one in enumerate(drawn, 1)]
    document.render({**told, "charts": charts}, autoescape=True)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def pdf(visit: Visit, id: str) -> bytes:
    """The agenda as PDF, A4; drawn without a network."""
    import weasyprint

    page = visit.house.words.templates[visit.language].get_template("paper/agenda.html").render(facts(visit, id))
    style = weasyprint.CSS(filename=HERE / "documents/paper.css")
    made: bytes = weasyprint.HTML(string=page, url_fetcher=_nothing).write_pdf(stylesheets=[style])
    return made


def _nothing(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"A paper page loads nothing: {url.partition(':')[0]}")
