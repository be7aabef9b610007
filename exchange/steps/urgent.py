"""Urgent: single out the cases that can't wait, each in an exchange of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pandas as pd

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.case_number import normalise
from exchange.domain.changes import DATASET as IN_EXCHANGE
from exchange.domain.changes import case_in_exchange
from exchange.domain.choice import by_number, urgent_ones
from exchange.domain.content import Content, stage_content
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import Examination
from exchange.domain.lifecycle import GONE, SENT_BACK, attempt
from exchange.domain.officers import duties_of
from exchange.domain.outcome import examined
from exchange.domain.outcome_file import outcome_json
from exchange.domain.period import Period
from exchange.domain.points import POINTS, Point, Standing, dump_points, points_facts, points_of
from exchange.domain.points_page import PAGE, dump_page, with_points
from exchange.domain.prepare import CASES, Prepared
from exchange.domain.reason import clean_reason
from exchange.domain.report import debtor_names, report_data, shown_records
from exchange.domain.rounds import Round, judged
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, state_in, told_up_to
from exchange.domain.text import among, as_list
from exchange.domain.urgency import Urgent, UrgentRound, urgent_limits
from exchange.domain.urgent_preview import rows_sha256, shown
from exchange.ports import Checker, Clock, IsWorkday, Ledger, Pages, Source, Vault

PREVIEW: Final = "preview.json"

STATE_OF: Final = (CASES, "case_debtor", "case_event")
"""Datasets whose rows make up the state of a case; the time of the last keystroke does not (docs/adr/0006)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Register:
    """Where cases are looked for, and what judges them today."""

    agreement: Agreement
    source: Source
    ledger: Ledger
    checker: Checker
    is_workday: IsWorkday
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The ports that staging needs, handed from function to function."""

    agreement: Agreement
    vault: Vault
    ledger: Ledger
    pages: Pages
    clock: Clock
    today: date
    actor: str
    officer: Sequence[str] | None
    """The duties of the officer who asks; None when the rules do."""


def preview_urgent(
    case_no: str,
    *,
    agreement: Agreement,
    party: str,
    source: Source,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    is_workday: IsWorkday,
    today: date,
) -> str:
    """What `urgent` would send of a case now: kept in the vault, persons masked; its key there. Opens nothing.

    `preview.json` holds the case's number, each route's rows and `sha256`, by which `urgent` knows that it sends what
    was seen. NeedsPerson 601, 905, 914 as there.
    """
    register = _Register(
        agreement=agreement, source=source, ledger=ledger, checker=checker, is_workday=is_workday, today=today
    )
    seen: list[tuple[Route, Examination]] = []
    told: list[dict[str, Any]] = []
    for route in _routes(agreement, party):
        _, found = _examine(route, case_no, register)
        case = _named(found, case_no)
        alone = _narrow(found, case)
        fresh = any(True for _ in _fresh(route, found, [case], ledger))
        key = _attempt(route, alone, ledger, fresh=fresh, asked=True)
        known = key if ledger.exchange(key) is not None else None
        points = len(points_of(alone.findings, alone.held))
        told.append(shown(route, alone.frames_to_send, points=points, fresh=fresh, exchange=known))
        seen.append((route, alone))
    if not seen:
        raise _sends_none(party)
    sha256 = rows_sha256([(route, alone.frames_to_send) for route, alone in seen])
    number = str(seen[0][1].frames_to_send[CASES]["case_no"].iloc[0])
    place = f"preview.{sha256[:16]}"
    vault.put(place, PREVIEW, canonical_json({"case_no": number, "sha256": sha256, "routes": told}))
    return place


def _routes(agreement: Agreement, party: str) -> list[Route]:
    """The routes on which this end sends urgent cases."""
    return [r for r in agreement.routes_from(party) if CASES in [contract.dataset for contract in r.carries("U")]]


def _sends_none(party: str) -> NeedsPerson:
    return NeedsPerson(
        905, "This end sends no cases.", where=f"party {party}", next_step="Run it at the court's end."
    )  # fmt: skip


def urgent(
    *,
    case_no: str | None = None,
    reason: str = "",
    seen: str | None = None,
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
) -> UrgentRound:
    """Open one exchange for each urgent case, up to its release.

    Without `case_no`: every case the rules of data.md call urgent that is not held and not yet sent in its present
    state. With it: that case, for a reason an officer gives. Again opens nothing twice: the key names the state. A
    case that was sent back is sent anew (`….2`) when an officer asks for it.
    On a route that releases by rule, an officer who may approve releases the case alone (another confirms it
    afterwards); one who may not has prepared it, and it waits for the approver.
    `seen` is the hash of what the officer looked at before (`preview_urgent`): nothing else is sent.
    Raises NeedsPerson 601 when the named case is held (with the rules), 914 when it is not among the selected, 910
    when the officer is not listed, 947 without a usable reason, 905 at an end that sends no cases, 911 when what would
    go is not what was seen.
    """
    duties = duties_of(actor, officers) if case_no is not None else None
    said = clean_reason(reason) if case_no is not None else ""
    parts = _Parts(
        agreement=agreement, vault=vault, ledger=ledger, pages=pages, clock=clock, today=today, actor=actor,
        officer=duties,
    )  # fmt: skip
    cases: list[Urgent] = []
    keys: list[str] = []
    register = _Register(
        agreement=agreement, source=source, ledger=ledger, checker=checker, is_workday=is_workday, today=today
    )
    looked = [(route, *_examine(route, case_no, register)) for route in _routes(agreement, party)]
    if seen is not None and case_no is not None:
        _as_seen(seen, [(route, _narrow(found, _named(found, case_no))) for route, _, found in looked])
    for route, prepared, found in looked:
        chosen = found.urgent if case_no is None else (_named(found, case_no),)
        cases += chosen
        keys += _opened(route, prepared, found, [case for case in chosen if not case.held], said, parts)
    if case_no is not None and not keys:
        raise _sends_none(party)
    return UrgentRound(cases=tuple(cases), keys=tuple(keys))


def _opened(
    route: Route, prepared: Prepared, found: Examination, going: Sequence[Urgent], reason: str, parts: _Parts
) -> Iterator[str]:
    """Keys of what is opened; of what an officer asks for also where it is open already."""
    asked = parts.officer is not None
    fresh = list(_fresh(route, found, going, parts.ledger))
    for case in going if asked else fresh:
        alone = _narrow(found, case)
        key = _attempt(route, alone, parts.ledger, fresh=case in fresh, asked=asked)
        if parts.ledger.exchange(key) is None:
            _open(key, route, prepared, alone, reason, parts)
        elif not asked:
            continue
        yield key


def _as_seen(seen: str, going: Sequence[tuple[Route, Examination]]) -> None:
    if rows_sha256([(route, alone.frames_to_send) for route, alone in going]) != seen:
        raise NeedsPerson(
            911, "What would be sent is not what was seen: the register has changed meanwhile.", where="urgent case",
            next_step="Look at it again and decide about what it holds now.",
        )  # fmt: skip


def _attempt(route: Route, alone: Examination, ledger: Ledger, *, fresh: bool, asked: bool) -> str:
    """The key of this case in this state: a new attempt when the state was sent and another one since.

    One that was sent back is tried anew only when an officer says so.
    """

    def over(_: str, state: str) -> bool:
        return (fresh and state in GONE) or (asked and state in SENT_BACK)

    base = f"{route.id}.U.{state_of(route, alone.frames_to_send)[:12]}"
    return attempt(base, state_in(ledger), over)


def _examine(route: Route, case_no: str | None, register: _Register) -> tuple[Prepared, Examination]:
    """The named case, or those that can't wait, and whatever bears the same numbers: one alone shows no duplicate."""
    today = register.today
    now = Round(
        agreement=register.agreement, route=route, period=Period.of(today).previous(), as_of=today,
        is_workday=register.is_workday, checker=register.checker,
    )  # fmt: skip
    only = urgent_ones(today, urgent_limits(route, today)) if case_no is None else by_number([normalise(case_no)])
    frames = register.source.read(route, courts=now.sender.court_ids, since=now.period.first_day, only=only)
    return judged([frames], now, voids=register.ledger.landed(route, VOIDS) if route.has(VOIDS) else None)


def _named(found: Examination, case_no: str) -> Urgent:
    wanted = normalise(case_no)
    record = found.records.get(wanted)
    if record is not None:
        return Urgent(record=record, case_no=wanted, reasons=("by_officer",), held=False)
    broken = sorted({f.rule for f in found.findings if f.record in found.held and _same(f.case_no, wanted)})
    if broken:
        raise NeedsPerson(
            601,
            f"The case is held by the checks: {', '.join(broken)}.",
            where="--case",
            next_step="Have the record mended at the court; then send it again.",
        )
    raise NeedsPerson(
        914,
        "No accepted case of this number is in the court's database.",
        where="--case",
        next_step="Check the number; a petition that is not accepted is not exchanged.",
    )


def _same(case_no: str | None, wanted: str) -> bool:
    return case_no is not None and normalise(case_no) == wanted


def _of(frame: pd.DataFrame, record: str) -> pd.DataFrame:
    return frame.loc[frame["_record"] == record].reset_index(drop=True)


def _narrow(found: Examination, case: Urgent) -> Examination:
    """The examination as if this case alone had been selected."""
    return replace(
        found,
        selected=(case.record,),
        held={},
        sent=(case.record,),
        frames_to_send={name: _of(frame, case.record) for name, frame in found.frames_to_send.items()},
        findings=tuple(f for f in found.findings if f.record == case.record),
        normalised=tuple(n for n in found.normalised if n.record == case.record),
        urgent=(case,),
        stopped=False,
    )


def _fresh(route: Route, found: Examination, going: Sequence[Urgent], ledger: Ledger) -> Iterator[Urgent]:
    """Those whose present state has not been sent yet, in a quarter or by themselves."""
    if not going:
        return
    told = _told(route)
    cases = found.frames_to_send[CASES]
    numbers = _numbers(cases.loc[among(cases["_record"], [case.record for case in going])])
    known = {name: ledger.landed(route, name, keys=numbers) for name in told}
    for case in going:
        rows = {name: _of(found.frames_to_send[name], case.record) for name in told}
        numbers = _numbers(rows[CASES])
        before = {name: frame.loc[frame["case_no"].isin(numbers)] for name, frame in known.items()}
        if state_of(route, before) != state_of(route, rows):
            yield case


def _numbers(cases: pd.DataFrame) -> list[str]:
    return [number for number in as_list(cases["case_no"]) if number is not None]


def _told(route: Route) -> list[str]:
    """The datasets of the route that make up a case's state."""
    return [contract.dataset for contract in route.carries("U") if contract.dataset in STATE_OF]


def state_of(route: Route, rows: Mapping[str, pd.DataFrame]) -> str:
    """A hash of what makes up a case's state, in hex; the order of rows does not matter."""
    told = []
    for name in _told(route):
        columns = [c for c in route.wire(name).names if c != "source_updated_at"]
        text = rows[name].reindex(columns=columns).astype("object").where(lambda f: f.notna(), None)
        told.append([name, sorted(map(str, text.to_numpy().tolist()))])
    return sha256_hex(canonical_json(told))


def _open(key: str, route: Route, prepared: Prepared, found: Examination, reason: str, parts: _Parts) -> None:
    """Stage one case and open its exchange, released when the route says `automatic` and no point waits for an
    officer's reason."""
    after = told_up_to(parts.ledger, route.lane)
    points = points_of(found.findings, found.held)
    content = _stage(key, route, prepared, found, points, parts)
    if reason:
        parts.vault.put(key, "reason.txt", reason.encode())
    with parts.ledger.transaction() as write:
        open_staged(
            write, key, route, content, kind="U", period=prepared.period, as_of=parts.today, actor=parts.actor,
            counts=(1, 0, 1), opened={"reasons": list(found.urgent[0].reasons)},
            facts={"after": after} | points_facts(points),
        )  # fmt: skip
        if route.review.urgent == "automatic" and not points:
            kind, by, told = _released(parts)
            said = {"reason_sha256": sha256_hex(reason.encode())} if reason else {}
            write.append(kind, exchange=key, actor=by, body={"by": by, "content_hash": content.hash, **told, **said})


def _released(parts: _Parts) -> tuple[str, str, dict[str, str]]:
    """(event, who, what more) of a release where the route needs nobody for what the rules find."""
    if parts.officer is None:
        return "released", "rule", {"mode": "automatic"}
    if "approve" in parts.officer:
        return "released", parts.actor, {"mode": "one_officer"}
    return "prepared", parts.actor, {}


def _stage(
    key: str, route: Route, prepared: Prepared, found: Examination, points: Sequence[Point], parts: _Parts
) -> Content:
    """Content, points, outcome and report of one case in the vault."""
    parts.vault.put(key, POINTS, dump_points(points))
    frames = dict(found.frames_to_send)
    numbers = _numbers(frames[CASES])
    of_case = [name for name in frames if route.contract(name).of_case]
    before = {name: parts.ledger.landed(route, name, keys=numbers) for name in of_case}
    reasons = case_in_exchange(frames, before, route)
    if IN_EXCHANGE in [contract.dataset for contract in route.datasets]:
        frames[IN_EXCHANGE] = reasons
    with parts.vault.workdir() as folder:
        content = stage_content(frames, route, folder, records=found.frames_to_send[CASES], kind="U")
        keep_content(parts.vault, key, folder)
    exchange = {"key": key, "route": route.id, "kind": "U", "content_hash": content.hash, "rows": content.rows}
    outcome = examined(found, route=route, period=prepared.period, as_of=parts.today, exchange=exchange)
    parts.vault.put(key, "outcome.json", outcome_json(outcome))
    why = {str(word): int(count) for word, count in reasons["why"].value_counts().items()}
    debtors = debtor_names(prepared.frames.get("case_debtor"), shown_records(found, route))
    page = report_data(
        found, content, why, prepared=prepared, debtors=debtors, agreement=parts.agreement, route=route, key=key,
        made_at=parts.clock(), kind="U",
    )  # fmt: skip
    parts.vault.put(key, PAGE, dump_page(page))
    told = with_points(page, Standing(points=tuple(points), said={}), route, parts.agreement.codes)
    parts.vault.put(key, "report.html", parts.pages.report(told).encode())
    return content
