"""What happened in a case, as its page lists and draws it; here the reasons officers gave, and what is planned next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from exchange.console.exchanges_view import REASONS as THEIR_REASONS
from exchange.console.timeline import Tone
from exchange.domain import lifecycle
from exchange.domain.canonical import strict_json
from exchange.domain.period import Period
from exchange.domain.points import CATEGORIES, REASONS
from exchange.domain.wording import rule_words

if TYPE_CHECKING:
    from exchange.console.case_file import CaseFile
    from exchange.console.visit import Visit
    from exchange.domain.lineage import Carrier
    from exchange.ports import Parts

Lane = Literal["proceedings", "claims", "exchange", "other"]
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_LAST: Final = 12
"""Packets, the newest, whose reasons are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of the list: a day, or a moment where it is known, what, more of it, who, and where to read on."""

    id: str
    lane: Lane
    on: date
    label: str
    at: datetime | None = None
    detail: str = ""
    who: str = ""
    href: str = ""
    tone: Tone = "plain"
    important: bool = False
    drawn: str = ""
    """The label in the drawing, where it is another than in the list."""


def explained(visit: Visit, file: CaseFile, *, full: bool) -> Iterator[Happened]:
    """What officers said to points of the case, as it went with its packets; their words only with `full`."""
    known: set[tuple[str, str]] = set()
    for carrier in sorted(file.carriers, key=lambda one: one.number, reverse=True)[:_LAST]:
        for told in _reasons(visit.parts, file, carrier):
            if told["case_no"] != file.entry.case_no or (told["point"], told["at"]) in known:
                continue
            known.add((told["point"], told["at"]))
            yield _said(visit, file, carrier, told, full=full)


def _reasons(parts: Parts, file: CaseFile, carrier: Carrier) -> list[dict[str, Any]]:
    name = REASONS if file.ours else THEIR_REASONS
    if not parts.vault.has(carrier.exchange, name):
        return []
    found: list[dict[str, Any]] = strict_json(parts.vault.get(carrier.exchange, name))
    return found


def _said(visit: Visit, file: CaseFile, carrier: Carrier, told: dict[str, Any], *, full: bool) -> Happened:
    at = datetime.fromisoformat(told["at"])
    rule = rule_words(file.route, told["rule"], told["dataset"])[0 if visit.language == "zh" else 1]
    category = visit.name(visit.parts.agreement.codes[CATEGORIES], told["category"])
    return Happened(
        id=f"x-{told['point']}-{carrier.number}", lane="other", on=min(at.astimezone(SHANGHAI).date(), visit.today),
        at=at, label=visit.say("Explained: %(what)s", what=rule), who=told["by"],
        detail=f"{category} · {told['reason']}" if full else category,
        href=f"/exchanges/{carrier.exchange}" + ("?tab=points" if file.ours else ""),
    )  # fmt: skip


def planned(visit: Visit, file: CaseFile) -> Iterator[Happened]:
    """The next quarter's exchange by its limit, while the case goes on; an overdue one that is not out yet first."""
    if file.entry.terminated_on or file.entry.taken_back:
        return
    period = Period.of(visit.today)
    due = _due(visit, file, period.previous())
    if _is_out(visit.parts, file, period.previous()):
        due = _due(visit, file, period)
    else:
        period = period.previous()
    yield Happened(
        id="n-next", lane="exchange", on=due, label=visit.say("Next exchange: %(period)s, due", period=str(period)),
        drawn=str(period), tone="planned" if due >= visit.today else "late", href="/exchanges" if file.ours else "",
    )  # fmt: skip


def _due(visit: Visit, file: CaseFile, period: Period) -> date:
    days = file.route.days("quarter_due_workdays", period.last_day)
    return visit.parts.calendar.nth_workday_after(period.last_day, days)


def _is_out(parts: Parts, file: CaseFile, period: Period) -> bool:
    wanted = {"route": file.route.id, "kind": "Q", "period": str(period)}
    _, found = parts.ledger.listed_exchanges(wanted, most=8)
    return any(one.direction == "in" or one.state in lifecycle.GONE for one in found)
