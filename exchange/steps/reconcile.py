"""Reconcile: compare the three books for an outgoing quarterly exchange, and keep the breaks with their identity."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain import lifecycle
from exchange.domain.book_parts import books_of, narrowed, together
from exchange.domain.books import Books
from exchange.domain.break_due import answers_to
from exchange.domain.break_life import CLOSED, BreakWork, break_key, reopened, set_name
from exchange.domain.break_list import break_list
from exchange.domain.break_runs import Run, run_of, told_by_the_books
from exchange.domain.breaks import Result
from exchange.domain.canonical import canonical_json
from exchange.domain.clusters import grouped, links
from exchange.domain.corrections import VOIDS, told_since
from exchange.domain.errors import NeedsPerson
from exchange.domain.match_book import MATCHES_WAITING, Decision, book_of, decided, waiting
from exchange.domain.match_words import matches_in_words
from exchange.domain.matching import Matches
from exchange.domain.outcome_file import OUTCOME, damaged, outcome_text, walk_outcome
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.route import Agreement, Route
from exchange.domain.runs import put_aside, taken_up
from exchange.domain.situation_file import Situations
from exchange.domain.situations import RULES
from exchange.domain.status_situations import register_read_on
from exchange.domain.text import among
from exchange.ports import Clock, ExchangeRecord, IsWorkday, Ledger, Pages, Sheets, Vault

HISTORY: Final = ("case_no", "stage", "accepted_on")
"""What of a case must not change unnoticed from one packet to the next."""

BOOKS: Final[Mapping[str, str]] = {
    "cases": "bankruptcy_case", "debtors": "case_debtor", "reviews": "claim_review", "distributions": "distribution",
    "claims": "tax_claim", "lines": "tax_claim_line", "statuses": "tax_status", "payments": "tax_payment",
    "voids": VOIDS,
}  # fmt: skip
"""Which landed dataset each book is read from, where the parties exchange it."""

AT_ONCE: Final = 100_000
"""Cases that are compared in one go; more are compared group by group."""

PART: Final = 20_000
"""Rows of the cases' history that are put aside, and taken up, in one go."""

KEYS_AT_ONCE: Final = 3 * AT_ONCE
"""A case, its claim and its debtor."""

OUT: Final = (lifecycle.SENT, lifecycle.RECEIVED, lifecycle.ACCEPTED, lifecycle.REJECTED)
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def reconcile(
    key: str,
    *,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    sheets: Sheets,
    clock: Clock,
    is_workday: IsWorkday | None = None,
    actor: str = "system",
    as_of: date | None = None,
) -> None:
    """Compare everything ever sent on the exchange's route with everything that came back, as of a day.

    Writes `breaks`, `infos`, `break_counts`, `matches` and further `findings` into the exchange's outcome.json, and the
    list of breaks as breaks.html and breaks.xlsx; keeps every break's identity, first exchange and decision in the
    ledger.
    A break reopens when the amounts under it change and closes when the books agree. The same books on the same day
    change nothing. `as_of` is the exchange's own day when absent.
    Raises NeedsPerson 914 (no such exchange), 908 (not sent yet), 905 (no route back; not this end's exchange), 946
    (its stored outcome is damaged, or gone: whatever this end sends had one when it was staged).
    """
    exchange, route, back = _subject(key, agreement, party, ledger)
    if not vault.has(key, OUTCOME):
        damaged(key)
    day = as_of or exchange.as_of or clock().astimezone(SHANGHAI).date()
    compare = partial(
        reconcile_books, route_out=route, levy=agreement.codes["levy"], as_of=day, is_workday=is_workday
    )  # fmt: skip
    decisions, answers = book_of(ledger.events, route.id), len(answers_to(route, ledger))
    with vault.workdir() as folder:
        cases, result, situations, books = _compared(route, back, day, ledger, folder, compare)
        result = replace(result, matches=decided(result.matches or Matches(), decisions, day))
        run = run_of(key, route.id, day, result, {b.id: b for b in ledger.breaks(route=route.id)})
        works = {work.id: work for work in ledger.break_works(route=route.id)}
        _keep_list(
            key, _list(exchange, day, result, situations, run, works, route, agreement, books, decisions),
            vault, pages, sheets,
        )  # fmt: skip
        vault.put(key, MATCHES_WAITING, canonical_json(waiting(result.matches or Matches())))
        _keep_outcome(key, result, situations, folder, vault)
    vault.put(key, set_name(run.set_sha256), gzip.compress(run.set_file, mtime=0))
    gone = {record.case_no for record in run.records if record.state == CLOSED}
    sent = frozenset(cases[among(cases, gone)])
    _record(key, route, run, sent, ledger, actor, _facts(result, run, day, answers))


def _keep_list(key: str, data: Mapping[str, Any], vault: Vault, pages: Pages, sheets: Sheets) -> None:
    vault.put(key, "breaks.html", pages.breaks(data).encode("utf-8"))
    vault.put(key, "breaks.xlsx", sheets.breaks(data))


def _list(
    exchange: ExchangeRecord,
    day: date,
    result: Result,
    situations: Situations,
    run: Run,
    works: Mapping[str, BreakWork],
    route: Route,
    agreement: Agreement,
    books: Books,
    decisions: Sequence[Decision],
) -> dict[str, Any]:
    told = told_by_the_books(exchange.key, run.records, works, ())
    return break_list(
        result,
        situations,
        key=exchange.key,
        period=exchange.period,
        as_of=day,
        route=route,
        agreement=agreement,
        books=books,
        found={record.id: record for record in run.records if record.state != CLOSED},
        works={**works, **{body["id"]: reopened(works[body["id"]]) for kind, body in told if kind == "break_reopened"}},
        matches=matches_in_words(result.matches or Matches(), decisions, agreement.codes, day),
    )


def _subject(key: str, agreement: Agreement, party: str, ledger: Ledger) -> tuple[ExchangeRecord, Route, Route]:
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    route = agreement.route(exchange.route)
    if route.sender != party or exchange.direction != "out" or route.answered_by is None:
        raise NeedsPerson(
            905,
            "Only an exchange this end sent on a route that is answered can be reconciled.",
            where=key,
            next_step="Reconcile the quarterly exchange at the end that sent the cases.",
        )
    if exchange.state not in OUT:
        raise NeedsPerson(
            908,
            f"The exchange is {exchange.state}; its cases have not been sent.",
            where=key,
            next_step="Have it approved and sent first.",
        )
    return exchange, route, agreement.route(route.answered_by)


def _compared(
    route: Route, back: Route, day: date, ledger: Ledger, folder: Path, compare: Callable[..., Result]
) -> tuple[pd.Series, Result, Situations, Books]:
    """The numbers of the cases, the result, what was found beside it, and the books as far as they speak of it: all of
    them, or group by group where there are many."""
    aside = folder / "situations"
    aside.mkdir()
    cases, count, read_on = _part(route, back, day, ledger, folder)
    situations = Situations(aside, parted=count > 0)
    if not count:
        books = _books(folder / "whole", route, back)
        return cases, _let_go(compare(books), situations), situations, books

    def of_group(number: int) -> tuple[Result, Books]:
        books = _books(folder / f"group-{number}", route, back)
        return narrowed(_let_go(compare(books, read_on=read_on), situations), books)

    result, books = together([of_group(number) for number in range(count)])
    return cases, result, situations, books


def _let_go(result: Result, situations: Situations) -> Result:
    """The result less its findings, which are put aside."""
    situations.add(result.findings)
    return replace(result, findings=())


def _read(route: Route, back: Route) -> dict[str, Route]:
    """Book → the route its rows travel on."""
    whose = {contract.dataset: one for one in (route, back) for contract in one.datasets}
    return {book: whose[dataset] for book, dataset in BOOKS.items() if dataset in whose}


def _part(route: Route, back: Route, day: date, ledger: Ledger, folder: Path) -> tuple[pd.Series, int, date | None]:
    """Every landed row put aside, of many cases with the group its cluster stands in. The cases' numbers; how many
    groups there are, none where there are few; and up to which day the tax side's register was read, which is of all
    groups."""
    numbers = [pd.Series([], dtype="str")]
    pairs: list[npt.NDArray[np.uint64]] = []
    read: list[date] = []
    for book, rows in _landed(route, back, ledger, folder / "whole"):
        if book == "cases":
            numbers.append(rows["case_no"])
        if book == "statuses" and (newest := register_read_on(rows, day)):
            read.append(newest)
        pairs.append(links(book, rows))
    cases = pd.concat(numbers, ignore_index=True).dropna()
    if len(cases) <= AT_ONCE:
        return cases, 0, None
    groups = grouped(pairs, KEYS_AT_ONCE)
    pairs.clear()
    for part in sorted((folder / "whole").iterdir()):
        ((book, rows),) = taken_up(part).items()
        where = groups.of(book, rows)
        for group in np.unique(where):
            put_aside({book: rows.loc[where == group]}, folder / f"group-{group}" / part.name)
    return cases, groups.count, max(read, default=None)


def _landed(route: Route, back: Route, ledger: Ledger, whole: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each part of a book's landed rows, once it is put aside; the cases' history is put aside before them."""
    told = ledger.told(route, BOOKS["cases"], HISTORY)
    if "voids" in (read := _read(route, back)):
        told = told_since(told, ledger.told(read["voids"], VOIDS, ("case_no",)))
    for at in range(0, max(len(told), 1), PART):
        put_aside({"history": told.iloc[at : at + PART]}, whole / f"history-{at:09d}")
    del told
    for book, whose in read.items():
        for number, rows in enumerate(ledger.landed_parts(whose, BOOKS[book])):
            put_aside({book: rows}, whole / f"{book}-{number:06d}")
            yield book, rows


def _books(folder: Path, route: Route, back: Route) -> Books:
    """The books that were put aside in a folder, in the order of their keys."""
    found: dict[str, list[pd.DataFrame]] = {}
    for part in sorted(folder.iterdir()) if folder.exists() else ():
        ((book, rows),) = taken_up(part).items()
        found.setdefault(book, []).append(rows)
    frames = {"history": pd.concat(found.pop("history"), ignore_index=True)} if "history" in found else {}
    for book, whose in _read(route, back).items():
        names = [*whose.wire(BOOKS[book]).names, "_record", "_number", "_packet"]
        empty = pd.DataFrame(columns=names, dtype="str")
        frames[book] = pd.concat(found[book], ignore_index=True) if book in found else empty
    return books_of(frames)


def _keep_outcome(key: str, result: Result, situations: Situations, folder: Path, vault: Vault) -> None:
    """Write the exchange's outcome with this comparison in place of an earlier one, entry by entry: a country's is
    larger than all else that is held by then."""
    made = folder / OUTCOME
    with vault.open(key, OUTCOME) as stored, made.open("w", encoding="utf-8", newline="") as out:
        out.writelines(outcome_text(_renewed(walk_outcome(stored, key), result, situations)))
    vault.put_file(key, OUTCOME, made)


def _renewed(stored: Iterable[tuple[str, Any]], result: Result, situations: Situations) -> Iterator[tuple[str, Any]]:
    """What an outcome holds, each part of an earlier comparison in its place anew."""
    ours = {**result.as_outcome(), **(result.matches.as_outcome() if result.matches else {}), "findings": ()}
    for name, value in stored:
        if name == "findings":
            yield name, chain((one for one in value if not _of_comparison(one)), situations.entries())
        else:
            yield name, ours.get(name, value)
        ours.pop(name, None)
    for name, value in ours.items():
        yield name, situations.entries() if name == "findings" else value


def _of_comparison(finding: Mapping[str, Any]) -> bool:
    return "comparable" in finding and finding.get("rule") in RULES


def _facts(result: Result, run: Run, day: date, answers: int) -> dict[str, Any]:
    """What the ledger says of it. `answers` had landed when the books were read; one that came since is not in it."""
    return {
        "breaks": result.counts,
        "infos": len(result.infos),
        "as_of": day.isoformat(),
        "answers": answers,
        "set_sha256": run.set_sha256,
        "since_last": dict(run.counts),
    }


def _record(
    key: str,
    route: Route,
    run: Run,
    cases: Collection[str],
    ledger: Ledger,
    actor: str,
    facts: Mapping[str, Any],
) -> None:
    """Breaks, what follows for those that are worked, and the fact in one transaction; nothing when all is said.
    `cases` are those still sent of the cases whose breaks closed.

    What was done about breaks is read within it, so that an officer who decides meanwhile is either before or after.
    """
    said = [{**event.body, "since_last": None} for event in ledger.events(exchange=key, kind="reconciled")]
    held = {record.id: record for record in ledger.breaks(route=route.id)}
    changed = [record for record in run.records if held.get(record.id) != record]
    with ledger.transaction() as write:
        works = {work.id: work for work in ledger.break_works(route=route.id)}
        told = list(told_by_the_books(key, run.records, works, cases))
        if said and said[-1] == {**facts, "since_last": None} and not changed and not told:
            return
        if changed:
            write.set_breaks(route.id, changed)
        write.append("reconciled", exchange=key, actor=actor, body=facts)
        for kind, body in told:
            write.append(kind, exchange=break_key(route.id, body["id"]), actor=actor, body=body)
