"""Correct: read named cases, or a past quarter, anew and stage what differs from what was sent as a correction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.case_number import normalise
from exchange.domain.change_report import correction_data
from exchange.domain.changes import DATASET, case_in_exchange
from exchange.domain.choice import by_number
from exchange.domain.content import Content, stage_content
from exchange.domain.corrections import VOIDS, as_corrections, newest
from exchange.domain.differences import compare
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import Examination
from exchange.domain.finding import Finding
from exchange.domain.lifecycle import GONE, SENT_BACK, attempt
from exchange.domain.officers import duties_of
from exchange.domain.outcome import examined
from exchange.domain.outcome_file import outcome_json
from exchange.domain.period import Period
from exchange.domain.points import POINTS, dump_points, points_facts, points_of
from exchange.domain.prepare import CASES
from exchange.domain.reason import clean_reason
from exchange.domain.rounds import Round, judged
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, state_in, told_up_to
from exchange.domain.stored import content_records
from exchange.ports import Checker, Clock, IsWorkday, Ledger, Pages, Source, Vault

GONE_FROM_SOURCE: Final = "sent_case_gone_from_source"
ALIKE: Final = 703


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports of this end, handed from function to function."""

    agreement: Agreement
    source: Source
    vault: Vault
    ledger: Ledger
    checker: Checker
    pages: Pages
    clock: Clock
    is_workday: IsWorkday
    today: date
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be corrected: cases by number (none: whatever differs of the period), looked at as of the period."""

    route: Route
    period: Period
    cases: tuple[str, ...]
    exchange: str | None


def correct(
    *,
    cases: Sequence[str] = (),
    exchange: str | None = None,
    reason: str,
    agreement: Agreement,
    party: str,
    source: Source,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    pages: Pages,
    clock: Clock,
    is_workday: IsWorkday,
    today: date,
    actor: str,
    officers: Mapping[str, Sequence[str]],
) -> list[str]:
    """Open an exchange of kind C on each route concerned, checked and waiting for two officers; return their keys.

    With `cases`: these cases, whatever quarter they were sent in, on every route that carried them. With `exchange`: a
    past quarter's period read from today's source, and whatever differs from what the other side has. Each record
    names the packet that carried its case last. Again, while nothing was sent in between, is the same exchange; one
    that was sent back is tried anew.
    Raises NeedsPerson 703 when the source says what was sent, 601 when a named case is held (with the rules), 701 when
    it was never sent, 914 when it is not in the source, 908 for a quarter that was not sent, 910 without a listed
    officer, 947 without a usable reason, 905 at an end that sends no cases.
    """
    duties_of(actor, officers)
    end = _End(
        agreement=agreement, source=source, vault=vault, ledger=ledger, checker=checker, pages=pages, clock=clock,
        is_workday=is_workday, today=today, actor=actor, reason=clean_reason(reason),
    )  # fmt: skip
    keys: list[str] = []
    alike: NeedsPerson | None = None
    for asked in (
        _quarter(exchange, end) if exchange else _cases(tuple(dict.fromkeys(map(normalise, cases))), party, end)
    ):
        try:
            with ledger.lock(f"open:{asked.route.id}.C"):
                keys.append(_open(asked, end))
        except NeedsPerson as problem:
            if problem.code != ALIKE:
                raise
            alike = problem
    if alike is not None and not keys:
        raise alike
    return keys


def _quarter(exchange: str, end: _End) -> list[_Asked]:
    record = end.ledger.exchange(exchange)
    if record is None or record.kind != "Q" or record.direction != "out" or record.period is None:
        raise NeedsPerson(
            914, "There is no such quarter of this end.", where=exchange, next_step="List them with `exchange status`."
        )
    if record.state not in GONE:
        raise NeedsPerson(
            908, f"The quarter is {record.state}: there is nothing sent to correct.", where=exchange,
            next_step="Send it back and run it again.",
        )  # fmt: skip
    route = end.agreement.route(record.route)
    return [_Asked(route=route, period=Period.parse(record.period), cases=(), exchange=exchange)]


def _cases(cases: tuple[str, ...], party: str, end: _End) -> list[_Asked]:
    routes = [r for r in end.agreement.routes_from(party) if CASES in [c.dataset for c in r.carries("C")]]
    if not routes:
        raise NeedsPerson(
            905, "This end sends no cases.", where=f"party {party}", next_step="Run it at the court's end."
        )
    asked, carried = [], set[str]()
    for route in routes:
        if last := end.ledger.last_carried(route, cases):
            carried |= last.keys()
            of_route = tuple(case for case in cases if case in last)
            asked.append(_Asked(route=route, period=_first_period(last.values(), end), cases=of_route, exchange=None))
    if not cases or carried != set(cases):
        raise NeedsPerson(
            701, f"{len(cases) - len(carried)} of these cases were never sent.", where="--case",
            next_step="Check the number; a case not sent yet goes with `exchange urgent`, or with the next quarter.",
        )  # fmt: skip
    return asked


def _first_period(packets: Collection[str], end: _End) -> Period:
    """The earliest quarter the cases were last told in: read since its first day they are all there."""
    opened = {e.packet_id: e.period for e in end.ledger.exchanges() if e.packet_id in packets and e.period}
    now = Period.of(end.today).previous()
    return min([now, *(Period.parse(period) for period in opened.values())], key=lambda p: p.first_day)


def _open(asked: _Asked, end: _End) -> str:
    route = asked.route
    after = told_up_to(end.ledger, route.lane)
    found = _examined(asked, end)
    gone = _gone(asked, found, end)
    keys = asked.cases or None
    before = {c.dataset: end.ledger.landed(route, c.dataset, keys=keys) for c in route.carries("C") if c.of_case}
    told = _told(asked, found, before, gone, end)
    found = _narrow(found, frozenset(told["case_no"]), asked)
    found = replace(found, findings=(*found.findings, *gone))
    key = _key(route, found, told, asked, end)
    if end.ledger.exchange(key) is None:
        _record(key, _stage(key, found, told, before, asked, end), found, told, after, asked, end)
    return key


def _examined(asked: _Asked, end: _End) -> Examination:
    """The whole register, or all that bears the numbers asked for, checked as a quarter is: a duplicate can't be seen
    from one case."""
    now = Round(
        agreement=end.agreement, route=asked.route, period=asked.period, as_of=end.today, is_workday=end.is_workday,
        checker=end.checker,
    )  # fmt: skip
    only = by_number(asked.cases) if asked.cases else None
    frames = end.source.read(now.route, courts=now.sender.court_ids, since=now.period.first_day, only=only)
    by_rule = not asked.cases and now.route.has(VOIDS)
    return judged([frames], now, voids=end.ledger.landed(now.route, VOIDS) if by_rule else None)[1]


def _told(
    asked: _Asked, found: Examination, before: Mapping[str, pd.DataFrame], gone: Sequence[Finding], end: _End
) -> pd.DataFrame:
    """`case_in_exchange` of what goes; NeedsPerson when nothing may go."""
    for case in asked.cases:
        if case not in found.records:
            raise _absent(case, found)
    whole = _narrow(found, frozenset(asked.cases), asked) if asked.cases else found
    told = case_in_exchange(whole.frames_to_send, before, asked.route)
    told = told.loc[told["why"] != "unchanged"].reset_index(drop=True)
    if told.empty:
        raise NeedsPerson(
            ALIKE, f"The source says what was sent last{f', less {len(gone)} cases it has no more' if gone else ''}.",
            where=", ".join(str(one.case_no) for one in gone[:5]) or asked.exchange or "--case",
            next_step="Mend the record at the court first; a case that is none any more: `exchange void-case`.",
        )  # fmt: skip
    return as_corrections(told, end.ledger.last_carried(asked.route, asked.cases or None))


def _absent(case: str, found: Examination) -> NeedsPerson:
    broken = sorted(
        {f.rule for f in found.findings if f.record in found.held and f.case_no and normalise(f.case_no) == case}
    )
    if broken:
        return NeedsPerson(
            601, f"The case is held by the checks: {', '.join(broken)}.", where="--case",
            next_step="Have the record mended at the court; then correct it.",
        )  # fmt: skip
    return NeedsPerson(
        914, "No accepted case of this number is in the court's database.", where="--case",
        next_step="Check the number; a case that is none any more is taken back with `exchange void-case`.",
    )  # fmt: skip


def _narrow(found: Examination, cases: frozenset[str], asked: _Asked) -> Examination:
    """The examination as if these cases alone were sent; where a quarter was asked for, what it holds stays told."""
    records = {record for case, record in found.records.items() if case in cases}
    frames = {
        name: frame.loc[frame["_record"].isin(records)].reset_index(drop=True)
        for name, frame in found.frames_to_send.items()
    }
    held = {} if asked.cases else found.held
    about = records | set(held)
    return replace(
        found,
        selected=tuple(record for record in found.selected if record in about or not asked.cases),
        held=held,
        stopped=found.stopped and not asked.cases,
        sent=tuple(record for record in found.sent if record in records),
        frames_to_send=frames,
        findings=tuple(f for f in found.findings if f.record in about),
        normalised=tuple(n for n in found.normalised if n.record in about),
        urgent=(),
    )


def _gone(asked: _Asked, found: Examination, end: _End) -> tuple[Finding, ...]:
    """Cases the past quarter carried that the source has no more, or under another number: an officer takes them
    back, no program does."""
    if asked.exchange is None:
        return ()
    carried = content_records(partial(end.vault.has, asked.exchange), partial(end.vault.get, asked.exchange))
    voided = set(end.ledger.landed(asked.route, VOIDS)["case_no"])
    numbers = {record: number for number, record in found.records.items()}
    return tuple(
        Finding(
            rule=GONE_FROM_SOURCE, severity="warn", dataset=CASES, record=record, case_no=case, comparable=False,
        )
        for case, record in carried.items()
        if (record not in found.selected or numbers.get(record, case) != case) and case not in voided
    )  # fmt: skip


def _key(route: Route, found: Examination, told: pd.DataFrame, asked: _Asked, end: _End) -> str:
    """The exchange's key names what it says: the rows, what they correct, and the quarter asked for."""
    rows = {
        name: _text(frame.drop(columns="_case_no_raw", errors="ignore")) for name, frame in found.frames_to_send.items()
    }
    base = f"{route.id}.C.{sha256_hex(canonical_json([rows, _text(told), asked.exchange]))[:12]}"
    return attempt(base, state_in(end.ledger), lambda _, state: state in SENT_BACK)


def _text(frame: pd.DataFrame) -> list[str]:
    return sorted(map(str, frame.astype(object).fillna("").to_numpy().tolist()))


def _stage(
    key: str, found: Examination, told: pd.DataFrame, before: Mapping[str, pd.DataFrame], asked: _Asked, end: _End
) -> Content:
    """Content, outcome, report and the officer's reason in the vault."""
    route, frames = asked.route, {**found.frames_to_send}
    now = {name: frame.loc[frame["case_no"].isin(told["case_no"])] for name, frame in before.items()}
    read = {name: frame for name, frame in found.frames_to_send.items() if name in now}
    if DATASET in [contract.dataset for contract in route.datasets]:
        frames[DATASET] = told
    with end.vault.workdir() as folder:
        content = stage_content(frames, route, folder, records=found.frames_to_send[CASES], kind="C")
        keep_content(end.vault, key, folder)
    end.vault.put(key, "reason.txt", end.reason.encode())
    end.vault.put(key, POINTS, dump_points(points_of(found.findings, found.held)))
    exchange = {"key": key, "route": route.id, "kind": "C", "content_hash": content.hash, "rows": content.rows}
    outcome = examined(found, route=route, period=asked.period, as_of=end.today, exchange=exchange)
    end.vault.put(key, "outcome.json", outcome_json(outcome))
    page = correction_data(
        compare(now, read, route), told, content, key=key, route=route, agreement=end.agreement,
        as_of=end.today, made_at=end.clock(), reason=end.reason, findings=found.findings,
    )  # fmt: skip
    end.vault.put(key, "report.html", end.pages.changes(page).encode())
    return content


def _record(
    key: str, content: Content, found: Examination, told: pd.DataFrame, after: int, asked: _Asked, end: _End
) -> None:
    """Opened and checked, or stopped, in one transaction."""
    opened = {"corrects": newest(told["corrects"]), "reason_sha256": sha256_hex(end.reason.encode())}
    if asked.exchange is not None:
        opened["anew"] = asked.exchange
    facts: dict[str, Any] = {"after": after} | points_facts(points_of(found.findings, found.held))
    if found.stopped:
        facts |= {"why": "held_share", "limit": str(asked.route.figure("held_share_limit", end.today))}
    with end.ledger.transaction() as write:
        open_staged(
            write, key, asked.route, content, kind="C", period=asked.period, as_of=end.today, actor=end.actor,
            counts=(len(found.selected), len(found.held), len(found.sent)), opened=opened, facts=facts,
            verdict="stopped" if found.stopped else "checked",
        )  # fmt: skip
