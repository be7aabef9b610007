"""Assemble: join the batches, check across them, stage what will be sent and say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import starmap
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from exchange.domain.across import check_numbers, check_within, in_order, unofficial_years
from exchange.domain.ahead import ahead
from exchange.domain.anomaly import FIGURES, Figures, anomalies, dump_figures, earlier, load_figures
from exchange.domain.astray import CARRIED
from exchange.domain.calendar import WorkCalendar
from exchange.domain.canonical import sha256_hex
from exchange.domain.changes import DATASET, case_in_exchange, unchanged
from exchange.domain.complete_words import completeness_words
from exchange.domain.completeness import Completeness, Counted, History, completeness, count
from exchange.domain.content import Content, stage_parts
from exchange.domain.corrections import VOIDS, taken_back
from exchange.domain.court_figures import added, court_figures
from exchange.domain.drift import PROFILE, drifts, dump_profile, last_profile, load_profile, together
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import Examination, conclude, going
from exchange.domain.finding import Finding
from exchange.domain.gap_book import TURNED_UP, book_of
from exchange.domain.late import runs_of
from exchange.domain.lifecycle import EXTRACTED, GONE, OPENED
from exchange.domain.outcome import examined
from exchange.domain.outcome_file import OUTCOME, outcome_json, outcome_of
from exchange.domain.points import POINTS, dump_points, overruled_records, points_facts, points_of, stands
from exchange.domain.points_page import PAGE, dump_page, with_points
from exchange.domain.prepare import CASES, Prepared, join, outline, parted, prepare
from exchange.domain.report import debtor_names, report_data, shown_records
from exchange.domain.route import Agreement, Party, Route
from exchange.domain.row_hash import HashedRows, differing
from exchange.domain.runs import looked_up, put_aside, put_aside_in, shares, taken_up
from exchange.domain.serials import spans_text
from exchange.domain.staged import keep_content, told_up_to
from exchange.domain.stored import check_name, extracted_frames, files_of, load_check, profile_name, round_of
from exchange.domain.text import among, as_array
from exchange.ports import Clock, Event, ExchangeRecord, Ledger, Pages, Vault


def assemble(
    key: str,
    *,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    calendar: WorkCalendar,
    clock: Clock,
) -> None:
    """Leave `content/`, `outcome.json` and `report.html`, then move the exchange to checked, or to stopped.

    The same rows and the same landed state give the same content and hash. A quarter without cases gives files
    without rows. Past its checks an exchange is left as it is. Raises NeedsPerson 914
    (a batch not read or not checked yet), 949 (a kept file was changed: rows since they were read, figures or profile
    of an earlier quarter).
    """
    record = ledger.exchange(key)
    if record is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="Open it first.")
    if record.state not in (OPENED, EXTRACTED):
        return
    route = agreement.route(record.route)
    sender, after = agreement.parties[party], told_up_to(ledger, route.lane)
    events = list(ledger.events(exchange=key))
    with vault.workdir() as folder:
        outlined, findings = _survey(record, agreement, party, vault, events, folder)
        findings += taken_back(outlined, ledger.landed(route, VOIDS)) if route.has(VOIDS) else ()
        findings += unofficial_years(outlined, route, calendar)
        overruled = overruled_records(findings, events)
        examination = conclude(outlined, findings, route=route, as_of=outlined.as_of, overruled=overruled)
        outlined, examination = _narrowed(outlined, examination)
        history = _before(record, route, vault, ledger)
        staged = _Staging(
            outlined=outlined, examination=examination, sender=sender, route=route, history=history, ledger=ledger
        )
        _stage(record, staged, vault, folder)
    examination, figures = _compare(record, staged.figures, examination, route, sender, vault, ledger)
    examination, profile = _drift(record, examination, route, vault, ledger)
    complete = completeness(
        _private(record, events, vault), outlined, examination, route=route, sender=sender, key=key, history=history,
        counted=staged.counted,
    )  # fmt: skip
    examination = replace(examination, findings=(*examination.findings, *complete.findings))
    points = points_of(examination.findings, examination.held)
    vault.put(key, POINTS, dump_points(points))
    exchange = _exchange(record, examination, staged.content) | points_facts(points)
    exchange |= {"figures_sha256": figures, "profile_sha256": profile}
    outcome = examined(examination, route=route, period=outlined.period, as_of=outlined.as_of, exchange=exchange)
    vault.put(key, OUTCOME, outcome_json({**outcome, **complete.outcome}))
    page = report_data(
        examination, staged.content, staged.why, prepared=outlined, debtors=staged.debtors, agreement=agreement,
        route=route, key=key, made_at=clock(), completeness=completeness_words(complete.outcome, agreement, route),
    )  # fmt: skip
    vault.put(key, PAGE, dump_page(page))
    now = stands(key, points, events, partial(vault.get, key))
    vault.put(key, "report.html", pages.report(with_points(page, now, route, agreement.codes)).encode())
    _record(record, exchange | {"after": after}, route, complete, ledger)


def _narrowed(outlined: Prepared, examination: Examination) -> tuple[Prepared, Examination]:
    """Both with the numbers and records of the cases alone: once they are judged, nothing more is asked of these."""

    def narrow(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        kept = ["_record", "case_no"]
        return {name: frame[kept].copy() if name == CASES else frame for name, frame in frames.items()}

    return (
        replace(outlined, frames=narrow(outlined.frames)),
        replace(examination, frames_to_send=narrow(examination.frames_to_send)),
    )


def _compare(
    record: ExchangeRecord,
    figures: Figures,
    examination: Examination,
    route: Route,
    sender: Party,
    vault: Vault,
    ledger: Ledger,
) -> tuple[Examination, str]:
    """The examination with what is odd against the last quarters, and the hash of the figures left in the vault."""
    sha256 = vault.put(record.key, FIGURES, dump_figures(figures))
    period, as_of = round_of(record)
    odd = anomalies(
        figures, [*_history(record, route, vault, ledger)], route=route, sender=sender, period=period, as_of=as_of
    )  # fmt: skip
    return replace(examination, findings=(*examination.findings, *odd)), sha256


def _drift(
    record: ExchangeRecord, examination: Examination, route: Route, vault: Vault, ledger: Ledger
) -> tuple[Examination, str]:
    """The examination with where the source is not as agreed, and the hash of the profile left in the vault."""
    profiles = [_kept(vault, record.key, profile_name(batch)) for batch in record.details["batches"]]
    profile = together(load_profile(data) for data in profiles if data is not None)
    sha256 = vault.put(record.key, PROFILE, dump_profile(profile))
    period, _ = round_of(record)
    before = last_profile(
        ledger.exchanges(route=route.id, kind="Q"), period, events=lambda key: ledger.events(exchange=key),
        read=partial(_kept, vault, name=PROFILE),
    )  # fmt: skip
    return replace(examination, findings=(*examination.findings, *drifts(profile, before, route))), sha256


def _kept(vault: Vault, key: str, name: str) -> bytes | None:
    return vault.get(key, name) if vault.has(key, name) else None


def _history(record: ExchangeRecord, route: Route, vault: Vault, ledger: Ledger) -> Iterator[Figures]:
    """The figures of the quarters before, as they were checked; a quarter whose files are gone says nothing."""
    known = ledger.exchanges(route=route.id, kind="Q")
    for key in earlier(record, known, route.anomaly.quarters if route.anomaly else 0):
        told = [e.body.get("figures_sha256") for e in ledger.events(exchange=key) if e.kind in ("checked", "stopped")]
        if told and told[-1] is not None and vault.has(key, FIGURES):
            data = vault.get(key, FIGURES)
            if sha256_hex(data) != told[-1]:
                raise NeedsPerson(
                    949,
                    "The figures of an earlier quarter were changed after its checks.",
                    where=f"{key}/{FIGURES}",
                    next_step="Restore the file from the backup, or remove it: that quarter says nothing then.",
                )
            yield load_figures(data)


def _record(
    record: ExchangeRecord, exchange: dict[str, Any], route: Route, complete: Completeness, ledger: Ledger
) -> None:
    """Checked, or stopped, in one transaction; serials that turned up are closed in it, the first time."""
    told = ("content_hash", "selected", "held", "sent", "rows", "points", "points_sha256", "figures_sha256", "after",
            "profile_sha256")  # fmt: skip
    facts = {name: exchange[name] for name in told}
    stop = {"why": "held_share", "limit": str(route.figure("held_share_limit", round_of(record)[1]))}
    with ledger.transaction() as write:
        if record.state == OPENED:
            write.append("extracted", exchange=record.key, actor="system", body={})
            for series, serials in complete.turned_up.items():
                body = {"series": series, "serials": spans_text(serials)}
                write.append(TURNED_UP, exchange=record.key, actor="system", body=body)
        if exchange["stopped"]:
            write.append("stopped", exchange=record.key, actor="system", body=facts | stop)
        else:
            write.append("checked", exchange=record.key, actor="system", body=facts)


_Surveyed = tuple[Prepared, Sequence[Finding], list[Finding]]
"""(the outline of a batch, its check's findings, those within its cases)."""


def _survey(
    record: ExchangeRecord, agreement: Agreement, party: str, vault: Vault, events: Sequence[Event], folder: Path
) -> tuple[Prepared, list[Finding]]:
    """Every batch prepared and put aside in the folder, share by share; of all the outlines and the findings."""
    route, sender = agreement.route(record.route), agreement.parties[party]
    extracted = [event for event in events if event.kind == "batch_extracted"]

    def surveyed(batch: str, prepared: Prepared, found: Sequence[Finding]) -> _Surveyed:
        of_cases, _ = parted(prepared, route)
        for number, some in enumerate(shares(of_cases.frames, of_cases.cases["_record"])):
            put_aside(some, folder / "batches" / batch / f"{number:04d}")
        return outline(prepared, route), found, check_within(of_cases, found, route=route)

    names = record.details["batches"]
    read = ahead((batch, *_batch(record, batch, extracted, route, sender, vault)) for batch in names)
    batches = list(starmap(surveyed, read))
    findings = [finding for _, found, _ in batches for finding in found]
    within = [finding for _, _, found in batches for finding in found]
    whole = join([outlined for outlined, _, _ in batches])
    alone = check_within(parted(whole, route)[1], findings, route=route)
    across = check_numbers(whole, route=route, sender=sender)
    return whole, [*findings, *in_order([*across, *within, *alone], route)]


def _batch(
    record: ExchangeRecord, batch: str, events: Sequence[Event], route: Route, sender: Party, vault: Vault
) -> tuple[Prepared, Sequence[Finding]]:
    """One batch as it was read, in the wire's form, and the findings of its check."""
    files = files_of(events, batch)
    if files is None or not vault.has(record.key, check_name(batch)):
        raise _not_ready(record.key, batch)
    check = load_check(vault.get(record.key, check_name(batch)))
    if (check.files, check.contract_sha256) != (files, route.contract_sha256):
        raise _not_ready(record.key, batch)
    period, as_of = round_of(record)
    frames = extracted_frames(partial(vault.get, record.key), files, batch, record.key)
    return prepare(frames, route=route, sender=sender, period=period, as_of=as_of), check.findings


def _not_ready(key: str, batch: str) -> NeedsPerson:
    return NeedsPerson(
        914,
        "A batch was not read and checked yet.",
        where=f"{key}/{batch}",
        next_step="Extract and validate the batch, then assemble again.",
    )


def _private(record: ExchangeRecord, events: Sequence[Event], vault: Vault) -> Iterator[dict[str, pd.DataFrame]]:
    """What the private queries gave, batch by batch."""
    extracted = [event for event in events if event.kind == "batch_extracted"]
    for batch in record.details["batches"]:
        if (files := files_of(extracted, batch)) is not None:
            yield extracted_frames(partial(vault.get, record.key), files, batch, record.key, private=True)


def _before(record: ExchangeRecord, route: Route, vault: Vault, ledger: Ledger) -> History:
    """What the ledger knows from before, of the rows carried last the cases' numbers and stages alone."""
    carried = [name for name in CARRIED if name in route.wire(CASES).names] if route.has(CASES) else []
    return History(
        book=book_of(ledger.events, but_turned_up_in=record.key),
        before={CASES: ledger.landed(route, CASES, columns=[*carried, "_record"])} if carried else {},
        runs=runs_of(ledger.exchanges(route=route.id, kind="Q", states=sorted(GONE))),
        held_in=cache(partial(_held_in, vault)),
    )


def _held_in(vault: Vault, key: str) -> set[str]:
    """The records an earlier exchange held, as its outcome says."""
    if not vault.has(key, OUTCOME):
        return set()
    with vault.open(key, OUTCOME) as stored:
        return set(outcome_of(stored, key, ("held",)).get("held", ()))


@dataclass(slots=True, kw_only=True)
class _Staging:
    """The final files of an exchange, made share by share; the datasets that stand alone come last. Left behind beside
    them: `why` counts the sent cases, `debtors` are names for the page."""

    outlined: Prepared
    examination: Examination
    sender: Party
    route: Route
    history: History
    ledger: Ledger
    content: Content = field(init=False)
    figures: Figures = field(default_factory=dict)
    counted: Counted = field(default_factory=Counted)
    why: Counter[str] = field(default_factory=Counter)
    debtors: dict[str, str] = field(default_factory=dict)

    def make(self, shares: Iterable[Path], ready: Path) -> None:
        """Write the files of shares that were put aside, each gone after, into a folder."""
        records = self.examination.frames_to_send.get(CASES)
        self.content = stage_parts(self._parts(shares), self.route, ready, records=records)

    def _parts(self, shares: Iterable[Path]) -> Iterator[dict[str, pd.DataFrame]]:
        shown = shown_records(self.examination, self.route)
        for share, before in ahead((share, self._carried(share)) for share in shares):
            yield self._going_out(share, before, shown)
        _, alone = parted(self.outlined, self.route)
        sent = {name: self.examination.frames_to_send[name] for name in alone.frames}
        yield self._told(alone, sent, {}, as_array(()))

    def _carried(self, share: Path) -> Mapping[str, HashedRows]:
        """What the route carried last of some cases, by the numbers they have now and those they had then. Their own
        rows stay where they were put aside: they are taken up when this is here."""
        datasets = put_aside_in(share)
        if CASES not in datasets:
            return {}
        now, last = looked_up(share, CASES, ("case_no", "_record")), self.history.before[CASES]
        then = last["case_no"][among(last["_record"], now["_record"].dropna())]
        return self.ledger.carried_hashes(self.route, datasets, [*now["case_no"].dropna(), *then])

    def _going_out(
        self, share: Path, before: Mapping[str, HashedRows], shown: Collection[str]
    ) -> dict[str, pd.DataFrame]:
        """The rows of a share that go out; of cases that are not as they were carried, those are read now."""
        part = replace(self.outlined, frames=taken_up(share))
        self.debtors |= debtor_names(part.frames.get("case_debtor"), shown)
        sent = going(part.frames, self.examination, self.route)
        others, known = differing(sent, before, self.route)
        return self._told(part, sent, self.ledger.carried(self.route, list(before), known.to_pylist()), others)

    def _told(
        self, part: Prepared, sent: dict[str, pd.DataFrame], before: Mapping[str, pd.DataFrame], others: pa.Array
    ) -> dict[str, pd.DataFrame]:
        """The rows with why each case is among them, counted; all but the `others` were carried so `before`."""
        route, fresh = self.route, _of(sent, others, self.route)
        history = replace(self.history, before=before)
        self.counted += count(part, sent, self.examination, route=route, history=history, fresh=fresh)
        figures = court_figures(part.cases, self.examination.held, sent, route=route, sender=self.sender)
        self.figures = added(self.figures, figures)
        return _with_reasons(sent, fresh, before, route, self.why)


def _stage(record: ExchangeRecord, staging: _Staging, vault: Vault, folder: Path) -> None:
    """The final files in the vault, out of the batches put aside in the folder."""
    aside = (folder / "batches" / batch for batch in record.details["batches"])
    staging.make((share for batch in aside for share in sorted(batch.iterdir())), folder / "content")
    keep_content(vault, record.key, folder / "content")


def _of(frames: Mapping[str, pd.DataFrame], cases: pa.Array, route: Route) -> dict[str, pd.DataFrame]:
    """The rows of some cases; datasets that stand alone as they are."""
    return {
        name: frame.loc[among(frame["case_no"], cases)] if route.contract(name).of_case else frame
        for name, frame in frames.items()
    }


def _with_reasons(
    frames: dict[str, pd.DataFrame],
    fresh: Mapping[str, pd.DataFrame],
    before: Mapping[str, pd.DataFrame],
    route: Route,
    why: Counter[str],
) -> dict[str, pd.DataFrame]:
    """The rows of a share to send, with why each case is among them; all but the `fresh` were carried so before."""
    if CASES not in frames:
        return frames
    cases = frames[CASES]
    same = cases.loc[~among(cases["case_no"], as_array(fresh[CASES]["case_no"]))]
    reasons = pd.concat([case_in_exchange(fresh, before, route), unchanged(same)], ignore_index=True)
    why.update(reasons["why"])
    if DATASET in [contract.dataset for contract in route.datasets]:
        frames[DATASET] = reasons
    return frames


def _exchange(record: ExchangeRecord, examination: Examination, content: Content) -> dict[str, Any]:
    """The entry of this exchange in its outcome."""
    return {
        "key": record.key,
        "route": record.route,
        "kind": record.kind,
        "period": record.period,
        "content_hash": content.hash,
        "selected": len(examination.selected),
        "held": len(examination.held),
        "sent": len(examination.sent),
        "stopped": examination.stopped,
        "rows": content.rows,
    }
