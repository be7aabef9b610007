"""The long lists of an exchange: what is sent back, what is to be explained, the rows of a case; a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from exchange import journeys
from exchange.domain.content_rows import InExchange, rows_at, why_page
from exchange.domain.examine import reach_of
from exchange.domain.finding import Finding
from exchange.domain.masking import masked
from exchange.domain.outcome_file import OUTCOME, entries_of, outcome_of
from exchange.domain.points import Explanation, Point
from exchange.domain.points_page import point_words
from exchange.domain.remedies import Words, remedy
from exchange.domain.wording import column_words, dataset_words, rule_words, value_words
from exchange.steps.explain import proposed

if TYPE_CHECKING:
    from exchange.console.review_view import Review
    from exchange.domain.contract import CodeList, Column
    from exchange.domain.route import Route
    from exchange.ports import Ledger, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A case, or a single row, that stays here: the rule, its law, how it is mended; whether it may be overruled.

    `record` is the source's id of the case.
    """

    rule_id: str
    record: str
    case_no: str
    debtor: str
    rule: Words
    law: str
    dataset: Words
    row: str
    columns: Sequence[Words]
    remedy: Words
    overrulable: bool


_KEPT: Final = 8
_known: WeakKeyDictionary[Ledger, dict[tuple[str | None, ...], tuple[Sequence[Rejected], Sequence[Rejected]]]] = (
    WeakKeyDictionary()
)


def rejected(parts: Parts, review: Review) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
    """(cases of the quarter that stay, what stays beside them: cases outside it, and single rows of cases that go).

    The answers of a large quarter take a second to read; what was found is kept until something happens to it.
    """
    known = _known.setdefault(parts.ledger, {})
    asked = (review.record.key, review.record.content_hash, review.version)
    if asked not in known:
        if len(known) >= _KEPT:
            known.clear()
        known[asked] = _rejected(parts, review)
    return known[asked]


def _rejected(parts: Parts, review: Review) -> tuple[Sequence[Rejected], Sequence[Rejected]]:
    key, of_comparison = review.record.key, parts.agreement.codes["situation"].names_zh
    with parts.vault.open(key, OUTCOME) as stored:
        selected = {str(record) for record in outcome_of(stored, key, ("selected",))["selected"]}
    with parts.vault.open(key, OUTCOME) as stored:
        rejects = [
            one for one in entries_of(stored, key, "findings")
            if one["severity"] == "reject" and one["rule"] not in of_comparison
        ]  # fmt: skip
    names = {one["record"]: one["debtor"] for one in (*review.page["held"], *review.page["rows"])}
    found: dict[tuple[Any, ...], Finding] = {}
    for told in rejects:
        one = Finding(**{**told, "record": None if told["record"] is None else str(told["record"])})
        row = one.row_key if reach_of(one, review.route) == "row" else None
        found.setdefault((one.rule, one.record, one.column, one.dataset, row), one)
    within: list[Rejected] = []
    beside: list[Rejected] = []
    for one in found.values():
        stays = one.record in selected and reach_of(one, review.route) == "case"
        (within if stays else beside).append(_told(one, review.route, names))
    return within, beside


def _told(finding: Finding, route: Route, names: Mapping[str, str]) -> Rejected:
    rule = next((r for r in route.contract(finding.dataset).rules if r.id == finding.rule), None)
    columns = finding.column.split(",") if finding.column else []
    return Rejected(
        rule_id=finding.rule, record=finding.record or "", case_no=finding.case_no or "",
        debtor=names.get(finding.record or "", ""),
        rule=rule_words(route, finding.rule, finding.dataset), law=rule.law if rule else "",
        dataset=dataset_words(route, finding.dataset), row=(finding.row_key or "").split("|", 1)[-1],
        columns=[column_words(route, finding.dataset, c) for c in columns], remedy=remedy(finding.rule),
        overrulable=bool(rule and rule.overrulable and finding.case_no),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A case that goes, and what of it changed, in words."""

    case_no: str
    changed: Sequence[Words]


def going(parts: Parts, review: Review, why: str, *, first: int, most: int) -> tuple[int, Sequence[Going]]:
    """How many cases go for a reason, and a page of them."""
    total, found = why_page(partial(parts.vault.open, review.record.key), why, first=first, most=most)
    return total, [Going(case_no=one.case_no, changed=_changed(one, review.route)) for one in found]


def _changed(one: InExchange, route: Route) -> Sequence[Words]:
    return [_column(name, route) for name in one.changed]


def _column(name: str, route: Route) -> Words:
    dataset, dot, column = name.partition(".")
    if not dot and route.has(dataset):
        return dataset_words(route, dataset)
    if not dot:
        return column_words(route, "bankruptcy_case", name)
    (zh, en), (column_zh, column_en) = dataset_words(route, dataset), column_words(route, dataset, column)
    return f"{zh}·{column_zh}", f"{en}: {column_en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToExplain:
    """A point with what was said about it, and what was said earlier about the same thing."""

    point: Point
    told: Mapping[str, Any]
    said: Explanation | None
    earlier: Explanation | None


def to_explain(parts: Parts, review: Review) -> Sequence[tuple[Words, Words, Sequence[ToExplain]]]:
    """(rule, remedy, its points) in the order of their rules, open ones first."""
    now = review.standing
    before: Mapping[str, Explanation] = journeys.call(proposed, parts, review.record, now.open)
    groups: dict[str, list[ToExplain]] = {}
    for point in [*now.open, *(p for p in now.points if p.id in now.said)]:
        told = point_words(point, review.route)
        one = ToExplain(point=point, told=told, said=now.said.get(point.id), earlier=before.get(point.id))
        groups.setdefault(point.rule, []).append(one)
    return [(ours[0].told["rule"], ours[0].told["remedy"], ours) for ours in groups.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One dataset's rows of a case: headings and cells, names of people masked unless they were asked for."""

    title: Words
    heads: Sequence[Words]
    rows: Sequence[Sequence[Words]]
    hidden: bool


def rows_shown(parts: Parts, review: Review, place: str, *, full: bool) -> Sequence[Shown]:
    """The rows of one case as they will leave; columns that are empty in all of them are left out."""
    found = rows_at(partial(parts.vault.open, review.record.key), review.route, place)
    return rows_told(parts, review.route, found, place=place, full=full)


def rows_told(
    parts: Parts, route: Route, rows: Mapping[str, Sequence[Mapping[str, str]]], *, full: bool, place: str = ""
) -> Sequence[Shown]:
    """Rows by dataset in words, the place they are about left out."""
    codes = parts.agreement.codes_of(route)
    return [_shown(route, dataset, some, place, codes, full=full) for dataset, some in rows.items()]


def _shown(
    route: Route,
    dataset: str,
    rows: Sequence[Mapping[str, str]],
    place: str,
    codes: Mapping[str, CodeList],
    *,
    full: bool,
) -> Shown:
    contract = route.wire(dataset)
    told = [name for name in contract.names if any(row.get(name, "") not in ("", place) for row in rows)]
    columns = [contract.column(name) for name in told]
    return Shown(
        title=dataset_words(route, dataset), heads=[column_words(route, dataset, name) for name in told],
        rows=[[_cell(column, row.get(column.name, ""), codes, full=full) for column in columns] for row in rows],
        hidden=not full and any(column.personal for column in columns),
    )  # fmt: skip


def _cell(column: Column, value: str, codes: Mapping[str, CodeList], *, full: bool) -> Words:
    return value_words(column, value if full else masked(column, value) or "", codes)
