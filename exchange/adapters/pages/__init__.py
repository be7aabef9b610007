"""Pages people open: one HTML file each, with its style inside, readable without any network (ports.Pages)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from exchange.domain.problem import CatalogueEntry

_FOLDER = Path(__file__).parent


@cache
def _templates() -> Environment:
    """One a process: a template is compiled once, however many ends are opened."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"grouped": _grouped, "amount": _amount}
    return made


class HtmlPages:
    """Jinja2 templates of this folder; everything that is put in is escaped. `problems` are what codes mean."""

    def __init__(self, problems: Mapping[int, CatalogueEntry] | None = None) -> None:
        self._problems = problems or {}
        self._templates = _templates()

    def report(self, data: Mapping[str, Any]) -> str:
        """The checks page of an exchange (`domain/report.report_data`)."""
        return self._templates.get_template("report.html").render(data)

    def answer(self, data: Mapping[str, Any]) -> str:
        """The page of an answer (`domain/answer_report.answer_report`)."""
        return self._templates.get_template("answer.html").render(data)

    def received(self, data: Mapping[str, Any]) -> str:
        """The page of a packet received (`domain/received.received_data`)."""
        problem = self._problems.get(data["code"])
        return self._templates.get_template("received.html").render(data, problem=problem)

    def breaks(self, data: Mapping[str, Any]) -> str:
        """The list of breaks of an exchange."""
        return self._templates.get_template("breaks.html").render(data)

    def changes(self, data: Mapping[str, Any]) -> str:
        """What differs between two exchanges, or what a correction changes (`domain/change_report`)."""
        return self._templates.get_template("changes.html").render(data)

    def shared(self, data: Mapping[str, Any]) -> str:
        """A list of breaks, or answers to one, before it goes (`domain/break_page.shared_page`)."""
        return self._templates.get_template("shared.html").render(data)

    def acts(self, data: Mapping[str, Any]) -> str:
        """Acts of a joint meeting before they go (`domain/meeting_page.acts_page`)."""
        return self._templates.get_template("acts.html").render(data)

    def rehearsal(self, data: Mapping[str, Any]) -> str:
        """Stored rounds under a proposed agreement (`domain/rehearsal_page`)."""
        return self._templates.get_template("rehearsal.html").render(data)

    def statement(self, data: Mapping[str, Any]) -> str:
        """A quarter's statement, or one case's of it (`domain/statement_page`)."""
        return self._templates.get_template("statement.html").render(data)


def _grouped(text: str, size: int = 4) -> str:
    """A fingerprint in groups one can read aloud."""
    return " ".join(text[n : n + size] for n in range(0, len(text), size))


def _amount(text: str) -> str:
    """A plain decimal with commas for thousands and a true minus."""
    sign, digits = ("−", text[1:]) if text.startswith("-") else ("", text)
    whole, point, cents = digits.partition(".")
    return f"{sign}{int(whole or 0):,}{point}{cents}" if whole.isdigit() else text
