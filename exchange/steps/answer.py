"""Answer: at the tax end, check the claims and status files of a folder and open the exchange that carries them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from exchange.domain.answer_parts import BYTES, answer_parts
from exchange.domain.answer_report import Counted, answer_report, counts_of, counts_together
from exchange.domain.answering import CLAIMS, STATUS_OF_STRANGER, Answer, check_answer, together
from exchange.domain.canonical import canonical_json, sha256_hex, sha256_of
from exchange.domain.content import Content, stage_parts
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.lifecycle import GONE, SENT_BACK, attempt
from exchange.domain.points import POINTS, Point, Standing, dump_points, points_facts, points_of
from exchange.domain.points_page import PAGE, dump_page, with_points
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged
from exchange.ports import Clock, Ledger, Pages, Vault

BATCH: Final = "answer"


def answer(
    folder: Path,
    *,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    clock: Clock,
    today: date,
    actor: str = "system",
    route_id: str | None = None,
) -> str:
    """Stage one answer (kind A) up to its approval; return the exchange's key.

    The folder holds a file for each dataset an answer carries (`tax_claim.csv`, `tax_claim_line.csv`, `tax_status.csv`
    …; the route says which may be absent) with exactly the contracts' columns
    (0/1 is taken for bools). Claims with unknown codes stay here with all their lines, and so do lines without a
    claim; the status of a debtor never received on the route is refused (603) and not sent. All of it is listed in
    the exchange's outcome.json and report.html with file, line and column. The key names the bytes: the same files
    open nothing twice, unless they were sent back, or others were sent since (`….2`).
    Raises NeedsPerson 503 (a file is missing), 501 502 504 505 506 (its columns or values), 905 (no route to answer).
    """
    back, out = _routes(agreement, party, route_id)
    given = _given(folder, back)
    hashes = {name: _sha256(file) for name, file in given.items()}
    key = _attempt(f"{back.id}.A.{_hash(hashes)[:12]}", back, ledger)
    if ledger.exchange(key) is not None:
        return key
    checked = _check(key, given, back, out, agreement, vault, ledger)
    _keep(key, given, hashes, vault)
    as_of = today.isoformat()
    vault.put(key, "outcome.json", _outcome(key, checked.answer, checked.content, as_of))
    page = _page(key, checked, agreement=agreement, as_of=as_of, made_at=clock())
    points = points_of(_going(checked.answer.findings), ())
    _tell(key, page, points, back, agreement, vault, pages)
    _open(key, back, checked.answer, checked.content, points, hashes, as_of, ledger, actor)
    return key


def _keep(key: str, given: Mapping[str, Path], hashes: Mapping[str, str], vault: Vault) -> None:
    """The files as they came, which are those that were checked."""
    for name, file in given.items():
        if vault.put_file(key, f"extract/{BATCH}/{name}.csv", file) != hashes[name]:
            raise _unreadable(file, "it changed while it was read")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What was found, what will be sent; the rows of each file, and those that go counted."""

    answer: Answer
    content: Content
    given: Mapping[str, int]
    counted: Counted


def _check(
    key: str, given: Mapping[str, Path], back: Route, out: Route, agreement: Agreement, vault: Vault, ledger: Ledger
) -> _Checked:
    """The files checked and staged part by part."""
    cases = ledger.landed(out, "bankruptcy_case", columns=["case_no"])
    debtors = ledger.landed(out, "case_debtor", columns=["uscc"])
    codes, given_rows = agreement.codes_of(back), Counter[str]()
    found: list[Answer] = []
    counted: list[Counted] = []
    parts = sum(file.stat().st_size for file in given.values()) // BYTES + 1

    def going(folder: Path) -> Iterator[Mapping[str, pd.DataFrame]]:
        for part in answer_parts(given, back, folder, parts=parts):
            given_rows.update({name: len(frame) for name, frame in part.items()})
            one = check_answer(part, route=back, code_lists=codes, cases=cases, debtors=debtors)
            found.append(replace(one, frames={}))
            counted.append(counts_of(one.frames))
            yield one.frames

    with vault.workdir() as folder:
        content = stage_parts(going(folder / "parts"), back, folder / "content", kind="A")
        keep_content(vault, key, folder / "content")
    return _Checked(
        answer=together(found, back), content=content, given=dict(given_rows), counted=counts_together(counted)
    )


def _going(findings: Sequence[Finding]) -> list[Finding]:
    """The findings on claims that go: a rejected one stays with all its lines and versions."""
    stays = {_claim(f) for f in findings if f.severity == "reject"} - {""}
    return [f for f in findings if _claim(f) not in stays]


def _claim(finding: Finding) -> str:
    return (finding.row_key or "").partition("|")[0]


def _tell(
    key: str,
    page: Mapping[str, Any],
    points: Sequence[Point],
    route: Route,
    agreement: Agreement,
    vault: Vault,
    pages: Pages,
) -> None:
    """The points and the page that shows them."""
    vault.put(key, POINTS, dump_points(points))
    vault.put(key, PAGE, dump_page(page))
    told = with_points(page, Standing(points=tuple(points), said={}), route, agreement.codes)
    vault.put(key, "report.html", pages.answer(told).encode())


def _routes(agreement: Agreement, party: str, route_id: str | None) -> tuple[Route, Route]:
    """The route this end answers on, the named one or its only one, and the one it answers."""
    mine = [
        route
        for route in agreement.routes_from(party)
        if route.answered_by is not None
        and CLAIMS in [contract.dataset for contract in route.datasets]
        and route_id in (None, route.id)
    ]
    if len(mine) != 1 or mine[0].answered_by is None:
        raise NeedsPerson(
            905,
            "This end has no single route on which claims are sent."
            if route_id is None
            else "This end sends no claims on that route.",
            where=f"party {party}, route {route_id or 'not given'}",
            next_step=f"Name one of: {', '.join(r.id for r in mine)}." if mine else "Run it at the tax end.",
        )
    return mine[0], agreement.route(mine[0].answered_by)


def _attempt(base: str, route: Route, ledger: Ledger) -> str:
    """The key of these files: a new attempt when they were sent back, or sent and others since."""
    ours = {e.key: e.state for e in ledger.exchanges(route=route.id, kind="A") if e.direction == "out"}
    newest = list(ours)[-1:]
    return attempt(base, ours.get, lambda key, state: state in SENT_BACK or (state in GONE and [key] != newest))


def _given(folder: Path, route: Route) -> dict[str, Path]:
    """The files by dataset, without one that may be absent and is."""
    names = [contract.dataset for contract in route.carries("A")]
    return {
        name: _file(folder, name)
        for name in names
        if not route.line(name).optional or (folder / f"{name}.csv").exists()
    }


def _file(folder: Path, dataset: str) -> Path:
    file = folder / f"{dataset}.csv"
    if not file.is_file():
        raise NeedsPerson(
            503,
            "A file of the answer is missing.",
            where=str(file),
            next_step="Put all files into the folder; one without rows holds its header alone.",
        )
    return file


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return sha256_of(stream)
    except OSError as error:
        raise _unreadable(file, type(error).__name__) from None


def _unreadable(file: Path, why: str) -> NeedsPerson:
    step = "Check who may read it, and its disc."
    return NeedsPerson(503, f"A file of the answer can't be read ({why}).", where=str(file), next_step=step)


def _hash(hashes: Mapping[str, str]) -> str:
    return sha256_hex(canonical_json([{"name": n, "sha256": hashes[n]} for n in sorted(hashes)]))


def _outcome(key: str, found: Answer, content: Content, as_of: str) -> bytes:
    held = [finding for finding in found.findings if finding.severity == "reject"]
    document: dict[str, Any] = {
        "period": None,
        "as_of": as_of,
        "exchanges": [{"key": key, "kind": "A"}],
        "findings": [finding.as_dict() for finding in found.findings],
        "refused": [_refusal(finding) for finding in held],
        "rows": content.rows,
        "totals": content.totals,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")


def _page(key: str, checked: _Checked, *, agreement: Agreement, as_of: str, made_at: datetime) -> dict[str, Any]:
    """What the officer's page says of the answer."""
    route = agreement.route(key.partition(".")[0])
    return answer_report(
        checked.answer,
        checked.content,
        checked.given,
        checked.counted,
        agreement=agreement,
        route=route,
        key=key,
        as_of=as_of,
        made_at=made_at,
        stopped=route.stops(checked.answer.held, checked.answer.claims, date.fromisoformat(as_of)),
    )


def _refusal(finding: Finding) -> dict[str, Any]:
    code = 603 if finding.rule == STATUS_OF_STRANGER else 601
    place = {"file": finding.note, "column": finding.column, "key": finding.row_key}
    return {"code": code, "rule": finding.rule, "dataset": finding.dataset, **place}


def _open(
    key: str,
    route: Route,
    found: Answer,
    content: Content,
    points: Sequence[Point],
    hashes: Mapping[str, str],
    as_of: str,
    ledger: Ledger,
    actor: str,
) -> None:
    """All events in one transaction: the exchange is there whole, or not at all."""
    verdict, more = _judged(route, found, as_of)
    with ledger.transaction() as write:
        open_staged(
            write, key, route, content, kind="A", as_of=date.fromisoformat(as_of), actor=actor, verdict=verdict,
            counts=(found.claims, found.held, found.claims - found.held), opened={"batches": {BATCH: []}},
            batch={"batch": BATCH, "files": dict(hashes), "rows": found.claims}, facts={**points_facts(points), **more},
        )  # fmt: skip


def _judged(route: Route, found: Answer, as_of: str) -> tuple[str, dict[str, str]]:
    """Checked, or stopped for a person when too large a share of the claims is held."""
    stopped = route.stops(found.held, found.claims, date.fromisoformat(as_of))
    return ("stopped", {"why": "too many claims are held"}) if stopped else ("checked", {})
