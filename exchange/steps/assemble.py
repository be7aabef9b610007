"""Assemble: join the batches, check across them, stage what will be sent and say so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from exchange.domain.across import check_across, unofficial_years
from exchange.domain.anomaly import FIGURES, Figures, anomalies, dump_figures, earlier, load_figures
from exchange.domain.calendar import WorkCalendar
from exchange.domain.canonical import sha256_hex
from exchange.domain.changes import DATASET, case_in_exchange
from exchange.domain.complete_words import completeness_words
from exchange.domain.completeness import Completeness, History, completeness
from exchange.domain.content import Content, stage_content
from exchange.domain.corrections import VOIDS, sent_up_to, taken_back
from exchange.domain.court_figures import court_figures
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import Examination, conclude
from exchange.domain.finding import Finding
from exchange.domain.gap_book import TURNED_UP, book_of
from exchange.domain.late import runs_of
from exchange.domain.lifecycle import EXTRACTED, GONE, OPENED
from exchange.domain.outcome import examined
from exchange.domain.points import POINTS, dump_points, overruled_records, points_facts, points_of, stands
from exchange.domain.points_page import PAGE, dump_page, with_points
from exchange.domain.prepare import Prepared, join, prepare
from exchange.domain.report import report_data
from exchange.domain.route import Agreement, Party, Route
from exchange.domain.serials import spans_text
from exchange.domain.stored import check_name, extracted_frames, files_of, load_check, round_of
from exchange.ports import Clock, ExchangeRecord, Ledger, Pages, Vault


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
    without rows. Past its checks an exchange is left as it is. Raises NeedsPerson 911 (rows changed since they
    were read), 914 (a batch not read or not checked yet).
    """
    record = ledger.exchange(key)
    if record is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="Open it first.")
    if record.state not in (OPENED, EXTRACTED):
        return
    route = agreement.route(record.route)
    after = _told_up_to(route, ledger)
    prepared, findings = _batches(record, agreement, party, vault, ledger)
    across = check_across(prepared, findings, route=route, sender=agreement.parties[party])
    across += taken_back(prepared, ledger.landed(route, VOIDS)) if route.has(VOIDS) else ()
    years = unofficial_years(prepared, route, calendar)
    found = [*findings, *across, *years]
    events = list(ledger.events(exchange=key))
    overruled = overruled_records(found, events)
    examination = conclude(prepared, found, route=route, as_of=prepared.as_of, overruled=overruled)
    examination, figures = _compare(record, prepared, examination, route, agreement.parties[party], vault, ledger)
    before = {dataset: ledger.landed(route, dataset) for dataset in examination.frames_to_send}
    complete = _complete(record, prepared, examination, before, agreement, vault, ledger)
    examination = replace(examination, findings=(*examination.findings, *complete.findings))
    points = points_of(examination.findings, examination.held)
    vault.put(key, POINTS, dump_points(points))
    content, why = _stage(key, examination, before, route, vault)
    exchange = _exchange(record, examination, content) | points_facts(points) | {"figures_sha256": figures}
    outcome = examined(examination, route=route, period=prepared.period, as_of=prepared.as_of, exchange=exchange)
    outcome |= complete.outcome
    vault.put(key, "outcome.json", json.dumps(outcome, ensure_ascii=False, indent=1).encode())
    page = report_data(
        examination, content, why, prepared=prepared, agreement=agreement, route=route, key=key, made_at=clock(),
        completeness=completeness_words(complete.outcome, agreement, route),
    )  # fmt: skip
    vault.put(key, PAGE, dump_page(page))
    now = stands(key, points, events, partial(vault.get, key))
    vault.put(key, "report.html", pages.report(with_points(page, now, route, agreement.codes)).encode())
    _record(record, exchange | {"after": after}, route, complete, ledger)


def _compare(
    record: ExchangeRecord,
    prepared: Prepared,
    examination: Examination,
    route: Route,
    sender: Party,
    vault: Vault,
    ledger: Ledger,
) -> tuple[Examination, str]:
    """The examination with what is odd against the last quarters, and the hash of the figures left in the vault."""
    figures = court_figures(
        prepared.cases, examination.held, examination.frames_to_send, route=route, sender=sender
    )  # fmt: skip
    sha256 = vault.put(record.key, FIGURES, dump_figures(figures))
    odd = anomalies(
        figures, [*_history(record, route, vault, ledger)], route=route, sender=sender, period=prepared.period,
        as_of=prepared.as_of,
    )  # fmt: skip
    return replace(examination, findings=(*examination.findings, *odd)), sha256


def _history(record: ExchangeRecord, route: Route, vault: Vault, ledger: Ledger) -> Iterator[Figures]:
    """The figures of the quarters before, as they were checked; a quarter whose files are gone says nothing."""
    known = ledger.exchanges(route=route.id, kind="Q")
    for key in earlier(record, known, route.anomaly.quarters if route.anomaly else 0):
        told = [e.body.get("figures_sha256") for e in ledger.events(exchange=key) if e.kind in ("checked", "stopped")]
        if told and told[-1] is not None and vault.has(key, FIGURES):
            data = vault.get(key, FIGURES)
            if sha256_hex(data) != told[-1]:
                raise NeedsPerson(
                    911,
                    "The figures of an earlier quarter were changed after its checks.",
                    where=f"{key}/{FIGURES}",
                    next_step="Restore the file from the backup, or remove it: that quarter says nothing then.",
                )
            yield load_figures(data)


def _told_up_to(route: Route, ledger: Ledger) -> int:
    """The lane's number up to which packets are out: what `why` is judged against."""
    top = ledger.newest(route.lane)
    waiting = ledger.packets(lane=route.lane, direction="out", states=["numbered", "sealed"])
    return sent_up_to(top.number if top else 0, waiting)


def _record(
    record: ExchangeRecord, exchange: dict[str, Any], route: Route, complete: Completeness, ledger: Ledger
) -> None:
    """Checked, or stopped, in one transaction; serials that turned up are closed in it, the first time."""
    told = ("content_hash", "selected", "held", "sent", "rows", "points", "points_sha256", "figures_sha256", "after")
    facts = {name: exchange[name] for name in told}
    stop = {"why": "held_share", "limit": str(route.held_share_limit)}
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


def _batches(
    record: ExchangeRecord, agreement: Agreement, party: str, vault: Vault, ledger: Ledger
) -> tuple[Prepared, list[Finding]]:
    """All batches as one, and their findings."""
    route, sender = agreement.route(record.route), agreement.parties[party]
    period, as_of = round_of(record)
    events = list(ledger.events(exchange=record.key, kind="batch_extracted"))
    parts: list[Prepared] = []
    findings: list[Finding] = []
    for batch in record.details["batches"]:
        files = files_of(events, batch)
        if files is None or not vault.has(record.key, check_name(batch)):
            raise _not_ready(record.key, batch)
        check = load_check(vault.get(record.key, check_name(batch)))
        if (check.files, check.contract_sha256) != (files, route.contract_sha256):
            raise _not_ready(record.key, batch)
        frames = extracted_frames(partial(vault.get, record.key), files, batch, record.key)
        parts.append(prepare(frames, route=route, sender=sender, period=period, as_of=as_of))
        findings += check.findings
    return join(parts), findings


def _not_ready(key: str, batch: str) -> NeedsPerson:
    return NeedsPerson(
        914,
        "A batch was not read and checked yet.",
        where=f"{key}/{batch}",
        next_step="Extract and validate the batch, then assemble again.",
    )


def _complete(
    record: ExchangeRecord,
    prepared: Prepared,
    examination: Examination,
    before: Mapping[str, pd.DataFrame],
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
) -> Completeness:
    """Whether anything is missing, against the whole register, its own counts and what the route carried so far."""
    route = agreement.route(record.route)
    events = list(ledger.events(exchange=record.key, kind="batch_extracted"))
    private = [
        extracted_frames(partial(vault.get, record.key), files, batch, record.key, private=True)
        for batch in record.details["batches"]
        if (files := files_of(events, batch)) is not None
    ]
    history = History(
        book=book_of(ledger.events, but_turned_up_in=record.key),
        before=before,
        runs=runs_of(ledger.exchanges(route=route.id, kind="Q", states=sorted(GONE))),
        held_in=partial(_held_in, vault),
    )
    return completeness(
        private, prepared, examination, route=route, sender=agreement.parties[route.sender], key=record.key,
        history=history,
    )  # fmt: skip


def _held_in(vault: Vault, key: str) -> set[str]:
    """The records an earlier exchange held, as its outcome says."""
    known = vault.has(key, "outcome.json")
    return set(json.loads(vault.get(key, "outcome.json")).get("held", ())) if known else set()


def _stage(
    key: str, examination: Examination, before: Mapping[str, pd.DataFrame], route: Route, vault: Vault
) -> tuple[Content, dict[str, int]]:
    """The final files in the vault, and how many cases are in for which reason."""
    frames = dict(examination.frames_to_send)
    reasons = case_in_exchange(frames, before, route)
    if DATASET in [contract.dataset for contract in route.datasets]:
        frames[DATASET] = reasons
    with vault.workdir() as folder:
        content = stage_content(frames, route, folder, records=examination.records)
        for file in _files(folder):
            vault.put_file(key, f"content/{file.relative_to(folder).as_posix()}", file)
    return content, {str(why): int(count) for why, count in reasons["why"].value_counts().items()}


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


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
