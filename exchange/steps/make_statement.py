"""Make a quarter's statement from the landed rows, and store it with its forms; again gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import pandas as pd

from exchange.domain.canonical import sha256_hex, strict_json
from exchange.domain.case_number import normalise
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.match_view import joined_otherwise
from exchange.domain.period import Period
from exchange.domain.prepare import CASES
from exchange.domain.route import Agreement, Route
from exchange.domain.statement import Cut, Table, statement_rows
from exchange.domain.statement_book import document, of_case, statement_key, stored_bytes
from exchange.domain.statement_page import statement_page
from exchange.domain.statement_terms import MADE
from exchange.ports import Ledger, Pages, Prints, Sheets, Vault

HELD: Final = ("sent", "accepted")
"""States of packets whose rows are part of what both ends know."""
SHOWN_BEFORE: Final = 7
"""Earlier quarters a statement is shown beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports this step needs, handed from function to function."""

    agreement: Agreement
    vault: Vault
    ledger: Ledger
    pages: Pages
    sheets: Sheets
    prints: Prints
    today: date
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A stored statement: where it lies, its version and fingerprint, its document; `unprinted` says why there is no
    PDF."""

    key: str
    name: str
    version: int
    sha256: str
    statement: Mapping[str, Any]
    unprinted: NeedsPerson | None = None


def make_statement(
    period: str,
    *,
    route: str | None = None,
    again: bool = False,
    case: str | None = None,
    like: Mapping[str, Any] | None = None,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    sheets: Sheets,
    prints: Prints,
    today: date,
    actor: str,
) -> Made:
    """The quarter's statement as `statement-v<n>` .json, .html, .xlsx and .pdf; with `case` that case's forms alone.

    The first time its cut is what has landed by now (of a quarter that another followed: by the day that one was
    opened), and is kept: made again it is the same, byte for byte. `again` takes in what came since as the next
    version, which names the one it replaces. `like` is the statement of the end that sends the cases: this end's is
    made with its cuts and version, from this end's own rows. Raises NeedsPerson 905 (no such route here), 914 (no such
    case in it), 934 (the quarter was not exchanged; its successor already stands on its cut; packets are missing).
    """
    end = _End(
        agreement=agreement, vault=vault, ledger=ledger, pages=pages, sheets=sheets, prints=prints, actor=actor,
        today=today,
    )  # fmt: skip
    chosen, quarter = route_of(agreement, party, route), Period.parse(period)
    key = statement_key(chosen.id, quarter)
    told = _told(chosen, ledger)
    if like is not None and chosen.sender != party:
        told = _make_like(key, chosen, quarter, like, end)
    elif str(quarter) not in told or again:
        told = _make(key, chosen, quarter, told, end)
    body = told[str(quarter)]
    statement = strict_json(vault.get(key, f"{_name(body)}.json"))
    return _forms(key, body, statement, told, normalise(case) if case else None, chosen, end)


def route_of(agreement: Agreement, party: str, name: str | None) -> Route:
    """The route a statement is of; NeedsPerson 905 when it is not clear."""
    ours = [
        r for r in agreement.routes.values()
        if party in (r.sender, r.receiver) and r.answered_by and r.has(CASES) and r.has("claim_review")
    ]  # fmt: skip
    chosen = [r for r in ours if name in (None, r.id)]
    if len(chosen) != 1:
        step = f"Give --route, one of: {', '.join(r.id for r in ours) or 'none here'}."
        raise NeedsPerson(905, "Which route is not clear.", where="--route", next_step=step)
    return chosen[0]


def _told(route: Route, ledger: Ledger) -> dict[str, Mapping[str, Any]]:
    """What was last made of each quarter, by quarter."""
    return {e.body["period"]: e.body for e in ledger.events(kind=MADE) if e.body["route"] == route.id}


def _name(body: Mapping[str, Any]) -> str:
    return f"statement-v{body['version']}"


def _make(
    key: str, route: Route, quarter: Period, told: Mapping[str, Mapping[str, Any]], end: _End
) -> dict[str, Mapping[str, Any]]:
    """A version of its own, stored and told; nothing new when its rows are those of the last one."""
    back = end.agreement.route(str(route.answered_by))
    last = told.get(str(quarter))
    _check(route, quarter, told, end)
    before = quarter.previous()
    after = _kept(told[str(before)]) if str(before) in told else _cut(route, back, before, end.ledger)
    until = _cut(route, back, quarter, end.ledger)
    version = int(last["version"]) + 1 if last else 1
    statement = _document(route, back, quarter, version, after, until, last["sha256"] if last else None, end)
    if last and strict_json(end.vault.get(key, f"{_name(last)}.json"))["rows"] == statement["rows"]:
        return dict(told)
    return _keep(key, route, statement, last, end)


def _make_like(
    key: str, route: Route, quarter: Period, like: Mapping[str, Any], end: _End
) -> dict[str, Mapping[str, Any]]:
    """Ours over the packets the other side counted; all of those must be here."""
    back = end.agreement.route(str(route.answered_by))
    until = _kept(like)
    if until.cases > _last(route, None, end.ledger) or until.claims > _last(back, None, end.ledger):
        raise NeedsPerson(
            934, "Theirs counts packets that are not here yet.", where=f"{route.id} {quarter}",
            next_step="Let this end sweep, then compare again.",
        )  # fmt: skip
    after = Cut(cases=like["after"]["cases"], claims=like["after"]["claims"])
    statement = _document(route, back, quarter, like["version"], after, until, like["replaces"], end)
    told = _told(route, end.ledger)
    return _keep(key, route, statement, told.get(str(quarter)), end)


def _document(
    route: Route, back: Route, quarter: Period, version: int, after: Cut, until: Cut, replaces: str | None, end: _End
) -> dict[str, Any]:
    opening, closing = (_table(route, cut, end.ledger) for cut in (after, until))
    rows = statement_rows(
        end.ledger.history(back, "tax_claim"), end.ledger.history(back, "tax_claim_line"),
        opening=opening, closing=closing, after=after.claims, until=until.claims, first_day=quarter.first_day,
    )  # fmt: skip
    return document(
        rows, route=route.id, answered_by=back.id, period=quarter, version=version, after=after, until=until,
        replaces=replaces, court_names=dict(zip(closing.cases["court_code"], closing.cases["court_name"], strict=True)),
    )  # fmt: skip


def _keep(
    key: str, route: Route, statement: Mapping[str, Any], last: Mapping[str, Any] | None, end: _End
) -> dict[str, Mapping[str, Any]]:
    """Store and tell a statement, unless it is the one told last, or somebody told another meanwhile."""
    period, data = statement["period"], stored_bytes(statement)
    body = {
        "route": route.id, "period": period, "version": statement["version"], "sha256": sha256_hex(data),
        "after": statement["after"], "until": statement["until"],
    }  # fmt: skip
    if body != last:
        end.vault.put(key, f"{_name(body)}.json", data)
        with end.ledger.transaction() as write:
            if _told(route, end.ledger).get(period) == last:
                write.append(MADE, exchange=key, actor=end.actor, body=body)
    return _told(route, end.ledger)


def _check(route: Route, quarter: Period, told: Mapping[str, Any], end: _End) -> None:
    known = {e.period for e in end.ledger.exchanges(route=route.id, kind="Q")}
    if str(quarter) not in known:
        raise NeedsPerson(
            934, "Nothing was exchanged for that quarter.", where=f"{route.id} {quarter}",
            next_step=f"One of: {', '.join(sorted(filter(None, known))) or 'none yet'}.",
        )  # fmt: skip
    if str(quarter) in told and any(Period.parse(one) > quarter for one in told):
        raise NeedsPerson(
            934, "A later quarter's statement begins where this one ends.", where=f"{route.id} {quarter}",
            next_step="What came since belongs to the later quarter: make that one again.",
        )  # fmt: skip


def _kept(body: Mapping[str, Any]) -> Cut:
    return Cut(cases=body["until"]["cases"], claims=body["until"]["claims"])


def _cut(route: Route, back: Route, quarter: Period, ledger: Ledger) -> Cut:
    """The last packets of both lanes when the first later quarter was opened; those of now while there is none."""
    rounds = [(Period.parse(e.period), e.opened_at) for e in ledger.exchanges(route=route.id, kind="Q") if e.period]
    if not any(period <= quarter for period, _ in rounds):
        return Cut(cases=0, claims=0)
    later = [opened for period, opened in rounds if period > quarter and opened is not None]
    moment = min(later) if later else None
    return Cut(cases=_last(route, moment, ledger), claims=_last(back, moment, ledger))


def _last(route: Route, moment: datetime | None, ledger: Ledger) -> int:
    return ledger.tallies.last_number(route.lane, HELD, moment)


def _table(route: Route, cut: Cut, ledger: Ledger) -> Table:
    return Table(
        cases=ledger.landed(route, CASES, until=cut.cases),
        reviews=ledger.landed(route, "claim_review", until=cut.cases),
        distributions=ledger.landed(route, "distribution", until=cut.cases),
        voids=ledger.landed(route, VOIDS, until=cut.cases) if route.has(VOIDS) else pd.DataFrame(),
    )


def _forms(
    key: str,
    body: Mapping[str, Any],
    statement: Mapping[str, Any],
    told: Mapping[str, Mapping[str, Any]],
    case_no: str | None,
    route: Route,
    end: _End,
) -> Made:
    name, shown, before = _name(body), statement, _before(statement["period"], told, route, end.vault)
    if case_no is not None:
        shown = of_case(statement, case_no)
        if not shown["rows"]:
            raise NeedsPerson(
                914, "The statement has no such case.", where=key,
                next_step="Check the number; a case without claims is in no statement.",
            )  # fmt: skip
        name = f"{name}-case-{sha256_hex(case_no.encode())[:12]}"
    page = statement_page(
        shown, agreement=end.agreement, route=route, sha256=body["sha256"], before=before, case_no=case_no
    )  # fmt: skip
    page["matches"] = _matches(shown, route, end)
    end.vault.put(key, f"{name}.html", end.pages.statement(page).encode("utf-8"))
    end.vault.put(key, f"{name}.xlsx", end.sheets.statement(page))
    unprinted = None
    try:
        end.vault.put(key, f"{name}.pdf", end.prints.statement(page))
    except NeedsPerson as lacking:
        unprinted = lacking
    return Made(
        key=key, name=name, version=body["version"], sha256=body["sha256"], statement=shown, unprinted=unprinted
    )  # fmt: skip


def _matches(statement: Mapping[str, Any], route: Route, end: _End) -> list[dict[str, Any]]:
    """The statement's claims that were joined to their debtor by something else than their own USCC, as known today."""
    cut, claims = _kept(statement), {row[2] for row in statement["rows"]}
    found = joined_otherwise(end.ledger, end.agreement, route, end.today, cases=cut.cases, claims=cut.claims)
    return [one for one in found if one["claim_no"] in claims]


def _before(period: str, told: Mapping[str, Mapping[str, Any]], route: Route, vault: Vault) -> list[Mapping[str, Any]]:
    """The statements of earlier quarters, oldest first."""
    earlier = sorted(one for one in told if Period.parse(one) < Period.parse(period))[-SHOWN_BEFORE:]
    return [
        strict_json(vault.get(statement_key(route.id, Period.parse(one)), f"{_name(told[one])}.json"))
        for one in earlier
    ]  # fmt: skip
