"""One exchange of ours as an officer reviews it: what goes, why, what stays, what is still to do before it may go."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from exchange import journeys
from exchange.domain import lifecycle
from exchange.domain.complete_words import with_gaps
from exchange.domain.content import Content
from exchange.domain.content_rows import place_column, stored_content
from exchange.domain.gap_book import book_of
from exchange.domain.points import Standing, standing
from exchange.domain.points_page import PAGE
from exchange.domain.remedies import Words
from exchange.domain.sampling import SAMPLE_CHECKED, Checked, checks
from exchange.domain.wording import round_title
from exchange.steps.check_sample import sample_of

if TYPE_CHECKING:
    from exchange.domain.route import Route
    from exchange.ports import Event, ExchangeRecord, Parts

DECIDING: Final = (
    "exchange_opened", "checked", "stopped", "stop_lifted", "explained", "overruled", "docket_turned_up",
    SAMPLE_CHECKED, "prepared", "approved", "released", "confirmed", "refused", "packed", "sent", "receipt_opened",
    "receipt_validated", "receipt_refused", "reissued", "reconciled",
)  # fmt: skip
"""Events that tell an exchange's life; who merely looked is in the ledger."""

_MOST: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """An exchange of ours. `page` is what its checks left for pages, all None before; `sample` the places drawn.

    `version` names the last thing that happened to it: a decision is bound to what was on the screen.
    """

    record: ExchangeRecord
    route: Route
    title: Words
    page: Mapping[str, Any]
    content: Content | None
    standing: Standing
    events: Sequence[Event]
    sample: Sequence[str]
    checked: Mapping[str, Checked]

    @property
    def version(self) -> str:
        """The number of the newest event that tells its life."""
        return str(self.events[0].seq if self.events else 0)

    @property
    def rule(self) -> str:
        """How many officers let it go: `two_officers`, `one_officer`, `automatic`."""
        review = self.route.review
        rules = {"U": review.urgent, "A": review.answer, "B": review.breaks, "M": review.meeting}
        return rules.get(self.record.kind, review.quarterly)

    @property
    def sample_left(self) -> int:
        """Places of the sample nobody has checked."""
        return sum(place not in self.checked for place in self.sample)

    @property
    def differs(self) -> int:
        """Places of the sample that were found to differ."""
        return sum(self.checked[place].found == "differs" for place in self.sample if place in self.checked)

    @property
    def confirmed(self) -> bool:
        """Whether somebody looked at it after it was let go by one officer or by rule."""
        return any(event.kind == "confirmed" for event in self.events)

    def last(self, *kinds: str) -> Event | None:
        """The newest event of these kinds."""
        return next((event for event in self.events if event.kind in kinds), None)


def review_of(parts: Parts, record: ExchangeRecord, *, size: int) -> Review:
    """Everything the pages of one exchange share. Raises NeedsPerson 911 when its files are not those of its events."""
    key, route = record.key, journeys.agreed(parts, record.key).route(record.route)
    events = parts.ledger.listed_events({"exchange": key}, kinds=DECIDING, most=_MOST)
    now = standing(key, reversed(events), partial(parts.vault.get, key))
    content = _content(parts, key)
    page = _page(parts, key)
    return Review(
        record=record, route=route, title=round_title(record.kind, record.period), page=page, content=content,
        standing=now, events=events, sample=_sample(parts, record, route, size) if content else (),
        checked=checks(reversed(events), record.content_hash),
    )  # fmt: skip


_PARTS: Final = (
    "sender", "receiver", "counts", "claims", "held", "refused", "warned", "urgent", "totals", "normalised", "rules",
    "completeness", "acts",
)  # fmt: skip
"""What a page may tell; what its kind does not is None."""


def _page(parts: Parts, key: str) -> Mapping[str, Any]:
    if not parts.vault.has(key, PAGE):
        return dict.fromkeys(_PARTS)
    page = dict.fromkeys(_PARTS) | json.loads(parts.vault.get(key, PAGE))
    return with_gaps(page, book_of(parts.ledger.events), key, parts.agreement) if page.get("completeness") else page


_drawn: OrderedDict[tuple[str, str, int], tuple[str, ...]] = OrderedDict()
"""Samples drawn lately, by exchange, content hash and size: a content of 100,000 cases is read through for one."""
_MOST_DRAWN: Final = 64


def _sample(parts: Parts, record: ExchangeRecord, route: Route, size: int) -> tuple[str, ...]:
    known = (record.key, str(record.content_hash), size)
    if known not in _drawn:
        _drawn[known] = sample_of(record, route, parts.vault, size)
        while len(_drawn) > _MOST_DRAWN:
            _drawn.popitem(last=False)
    return _drawn[known]


def _content(parts: Parts, key: str) -> Content | None:
    if not parts.vault.has(key, "content/content.json"):
        return None
    return stored_content(partial(parts.vault.open, key))


def tabs_of(review: Review) -> Sequence[str]:
    """The tabs this exchange has."""
    page = review.page
    has = {
        "held": page["held"] is not None,
        "points": bool(review.standing.points),
        "gaps": bool(page["completeness"]),
        "sample": review.content is not None and place_column(review.content, review.route) is not None,
        "checks": page["rules"] is not None,
        "files": review.content is not None,
    }
    whys = [why for why in ("new", "changed", "closed", "unchanged") if page["counts"]]
    return ["overview", *whys, *(tab for tab, there in has.items() if there), "history"]


def numbers(review: Review) -> Mapping[str, str]:
    """The small figure beside a tab."""
    counts = review.page["counts"] or {}
    told = {why: str(counts.get(why, 0)) for why in ("new", "changed", "closed", "unchanged")}
    held = counts.get("held", 0) if counts else (review.page["claims"] or {}).get("held", 0)
    gaps = review.page["completeness"] or {}
    done = len(review.sample) - review.sample_left
    return told | {
        "held": str(held),
        "points": f"{len(review.standing.said)}/{len(review.standing.points)}",
        "gaps": str(sum(bool(gap["open"]) for gap in gaps.get("gaps", ()))),
        "sample": f"{done}/{len(review.sample)}",
        "files": str(len(review.content.files)) if review.content else "0",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A figure of this quarter beside the last one's; `before` None where there is none to compare with."""

    name: str
    before: int | None
    now: int


def compared(parts: Parts, review: Review) -> tuple[str | None, Sequence[Compared]]:
    """(key of the quarter before, the figures side by side); no key where none before it was let go."""
    counts = review.page["counts"]
    if counts is None or review.record.kind != "Q":
        return None, ()
    before = _before(parts, review.record)
    then = json.loads(parts.vault.get(before.key, PAGE))["counts"] if before else {}
    names = ("sent", "new", "changed", "closed", "unchanged", "held", "warned")
    return (before.key if before else None), [
        Compared(name=name, before=then.get(name), now=counts.get(name, 0)) for name in names
    ]


def _before(parts: Parts, record: ExchangeRecord) -> ExchangeRecord | None:
    """The exchange of the newest earlier quarter that was let go and has left its page."""
    known = parts.ledger.exchanges(route=record.route, kind="Q", states=sorted(lifecycle.GONE))
    earlier = [e for e in known if e.direction == "out" and (e.period or "") < (record.period or "")]
    for one in sorted(earlier, key=lambda e: e.period or "", reverse=True):
        if parts.vault.has(one.key, PAGE):
            return one
    return None
