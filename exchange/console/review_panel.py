"""The decision panel: what still lacks before an exchange may go, and what this person may decide about it now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.console.review_view import Review
from exchange.console.review_words import CHECK_TEXTS
from exchange.domain import lifecycle

May = Callable[[str], bool]

_UNDECIDED: Final = frozenset({lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.PREPARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the checklist: done or not, its words, the tab where it is done."""

    done: bool
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tab: str = ""
    at: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A button: the action, its words, and why it can't be pressed (empty when it can). `needs_reason`: words too."""

    action: str
    text: str
    why_not: str = ""
    primary: bool = False
    needs_reason: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What the panel shows. `note` is a sentence about who is next."""

    lines: Sequence[Line]
    choices: Sequence[Choice]
    note: str
    words_wanted: bool


def panel(review: Review, *, me: str, may: May, who: Callable[[str | None], str]) -> Panel:
    """The panel for one person."""
    lines = _lines(review, who)
    choices = _choices(review, lines, me, may)
    return Panel(
        lines=lines, choices=choices, note=_note(review, me, may),
        words_wanted=any(choice.action in ("approve", "refuse", "lift", "prepare", "confirm") for choice in choices),
    )  # fmt: skip


def lacking(lines: Collection[Line]) -> Sequence[Line]:
    """What must be done before an exchange is approved; its preparation is asked for by the step."""
    return [line for line in lines if not line.done and line.text != CHECK_TEXTS["to_prepare"]]


def _lines(review: Review, who: Callable[[str | None], str]) -> Sequence[Line]:
    record, now = review.record, review.standing
    told: list[Line] = []
    event = review.last("prepared")
    if record.prepared_by and event and record.state != lifecycle.CHECKED:
        told.append(Line(done=True, text=CHECK_TEXTS["prepared"], values={"who": who(record.prepared_by)}, at=event.at))
    elif review.rule == "two_officers" and record.state in _UNDECIDED:
        told.append(Line(done=False, text=CHECK_TEXTS["to_prepare"]))
    told.append(_checked(review))
    if record.state in _UNDECIDED or (review.sample and not review.sample_left):
        told.append(_sample(review))
    if now.points:
        open_ = len(now.open)
        text = CHECK_TEXTS["points_open"] if open_ else CHECK_TEXTS["points"]
        told.append(Line(done=not open_, text=text, values={"count": open_ or len(now.points)}, tab="points"))
    if review.content is not None:
        told.append(Line(done=True, text=CHECK_TEXTS["columns"], tab="files"))
    return told


def _checked(review: Review) -> Line:
    page = review.page
    if review.record.state == lifecycle.STOPPED:
        values = {"share": page.get("held_share", ""), "limit": page.get("held_limit", "")}
        return Line(done=False, text=CHECK_TEXTS["stopped"], values=values, tab="held")
    if review.record.content_hash is None:
        return Line(done=False, text=CHECK_TEXTS["not_checked"])
    if not page["rules"]:
        return Line(done=True, text=CHECK_TEXTS["checks_done"])
    return Line(done=True, text=CHECK_TEXTS["checked"], values={"count": len(page["rules"])}, tab="checks")


def _sample(review: Review) -> Line:
    if not review.sample:
        return Line(done=True, text=CHECK_TEXTS["no_sample"])
    left = review.sample_left
    text = CHECK_TEXTS["sample_open"] if left else CHECK_TEXTS["sample"]
    return Line(done=not left, text=text, values={"count": left or len(review.sample)}, tab="sample")


def _choices(review: Review, lines: Sequence[Line], me: str, may: May) -> Sequence[Choice]:
    state, found = review.record.state, []
    if state == lifecycle.CHECKED and review.rule == "two_officers" and may("prepare"):
        why = "Points wait for a reason." if review.standing.open else ""
        found.append(Choice(action="prepare", text="Submit for review", why_not=why, primary=True))
    if may("approve") and (
        state == lifecycle.PREPARED or (state == lifecycle.CHECKED and review.rule != "two_officers")
    ):
        found.append(_approve(review, lines, me))
    if state == lifecycle.STOPPED and may("approve"):
        found.append(Choice(action="lift", text="Lift the stop", primary=True, needs_reason=True))
    if may("refuse") and (state, "refused") in lifecycle.MOVES:
        found.append(Choice(action="refuse", text="Send back", needs_reason=True))
    if _afterwards(review) and may("approve"):
        own = review.record.approved_by == me
        why = "Who released it may not confirm it." if own else ""
        found.append(Choice(action="confirm", text="Confirm the review", why_not=why, primary=True))
    return found


def _approve(review: Review, lines: Sequence[Line], me: str) -> Choice:
    why = ""
    if review.record.prepared_by == me and review.record.state == lifecycle.PREPARED:
        why = "You submitted this exchange; another person reviews it."
    elif lacking(lines):
        why = "Something is still to be done; then it may be approved. What was checked is kept."
    return Choice(action="approve", text="Approve and send", why_not=why, primary=True)


def _afterwards(review: Review) -> bool:
    """Whether it was let go by one officer or by rule, and nobody looked at it since."""
    return review.last("released") is not None and not review.confirmed and review.record.approved_by is not None


_NOTES: Final[Mapping[str, str]] = {
    lifecycle.OPENED: "The records are being read and checked. If this stopped, start the quarter again: it goes on.",
    lifecycle.EXTRACTED: "The records are being assembled. If this stopped, start the quarter again: it goes on.",
    lifecycle.CHECKED: "The handler looks at it and submits it; then another person reviews it.",
    lifecycle.STOPPED: "Too many cases are held. A reviewer lifts the stop with a reason, or sends it back.",
    lifecycle.PREPARED: "A reviewer who did not submit it approves it or sends it back.",
    lifecycle.APPROVED: "The next sweep seals, signs and sends it. Until then it can be sent back.",
    lifecycle.PACKED: "It is sealed; the next sweep sends it.",
    lifecycle.SENT: "It has left; the other side's receipt is awaited.",
    lifecycle.RECEIVED: "The other side has opened it; its receipt on the rows is awaited.",
    lifecycle.ACCEPTED: "The other side has validated it. Nothing is left to do here.",
    lifecycle.REJECTED: "The other side refused it. Mend what the code says, then start the quarter again.",
    lifecycle.REFUSED: "It was sent back. Started again, the round goes on as a new attempt.",
}


def _note(review: Review, me: str, may: May) -> str:
    if review.record.state == lifecycle.PREPARED and review.record.prepared_by == me and not may("approve"):
        return "You submitted it. A reviewer approves it or sends it back."
    return _NOTES.get(review.record.state, "")
