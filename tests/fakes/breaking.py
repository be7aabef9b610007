"""A court and a tax bureau whose books differ: real ledgers, keys, pages and a folder between them; the quarters' rows
are put in place as the steps before would leave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd

from exchange import journeys
from exchange.adapters.calendar_cn import calendar
from exchange.adapters.channel_folder import FolderChannel
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.keys_files import KeyFiles, export_certificates, init_keys, pin
from exchange.adapters.ledger_sql import open_ledger
from exchange.adapters.notify_log import LogNotifier
from exchange.adapters.pages import HtmlPages
from exchange.adapters.print_pdf import PdfPrints
from exchange.adapters.sheet_xlsx import XlsxSheets
from exchange.adapters.vault_fs import FsVault
from exchange.domain.outcome_file import OUTCOME, outcome_json
from exchange.ports import Parts, Source
from exchange.steps.review import review
from exchange.steps.work_break import Act, work_break
from tests.fakes.ends import schemas
from tests.unit.reconcile_kit import World
from tests.unit.reconcile_worlds import agreed

COURT, TAX = "court-131100", "tax-131100"
OUT, BACK = "131100-cases", "131100-claims"
DATASETS = {
    "cases": "bankruptcy_case", "debtors": "case_debtor", "reviews": "claim_review", "distributions": "distribution",
    "claims": "tax_claim", "lines": "tax_claim_line",
}  # fmt: skip
OFFICERS = {"liaison-1": ["prepare"], "chief-1": ["approve"], "chief-2": ["approve"]}
NOW = datetime(2026, 10, 9, 4, 0, tzinfo=UTC)


@contextmanager
def breaking_ends(folder: Path, urls: Mapping[str, str]) -> Iterator[tuple[Parts, Parts]]:
    """The court's and the bureau's parts; `urls` party → its ledger's."""
    (folder / "point").mkdir()
    made = {party: _parts(folder, party, urls[party]) for party in (COURT, TAX)}
    for one, other in ((COURT, TAX), (TAX, COURT)):
        for role, fingerprint, path in export_certificates(folder / one / "keys", folder / one / "out", one):
            pin(folder / other / "trust", one, role, path.read_bytes(), fingerprint)
    try:
        yield made[COURT], made[TAX]
    finally:
        for parts in made.values():
            parts.ledger.close()  # type: ignore[attr-defined]


def _parts(folder: Path, party: str, url: str) -> Parts:
    home, other = folder / party, TAX if party == COURT else COURT
    home.mkdir()
    init_keys(home / "keys", party, algorithm="ec-p256", days=365, test=False, now=NOW)
    days = calendar(None)
    return Parts(
        agreement=agreed(), party=party, schemas=schemas(), source=cast("Source", None),
        vault=FsVault(f"file://{home}/vault"), ledger=open_ledger(url, clock=lambda: NOW),
        channels={other: FolderChannel(folder / "point", own=party, counterpart=other)},
        keys=KeyFiles(home, clock=lambda: NOW), checker=PlainChecker(), notifier=LogNotifier(home / "alerts.log"),
        pages=HtmlPages(), sheets=XlsxSheets(), prints=PdfPrints(folders=()), clock=lambda: NOW,
        calendar=days, is_workday=days.is_workday,
        today=date(2026, 10, 9), officers=OFFICERS,
    )  # fmt: skip


def compared(court: Parts, period: str, world: World, number: int) -> str:
    """A quarter that was sent and answered with these books, compared; its key."""
    key = f"{OUT}.Q.{period}"
    books = world.books()
    with court.ledger.transaction() as write:
        for name, dataset in DATASETS.items():
            route = court.agreement.route(BACK if name in ("claims", "lines") else OUT)
            frame = getattr(books, name)
            columns = [*route.wire(dataset).names, *(["_record"] if "_record" in frame else [])]
            rows = frame.reindex(columns=columns).astype("str")
            packet = f"{route.lane}.{number:06d}.Q"
            write.land(route, dataset, rows, number=number, packet_id=packet)
        if court.ledger.exchange(key) is None:
            court.vault.put(key, OUTCOME, outcome_json({"period": period, "findings": []}))
            opened = {"route": OUT, "direction": "out", "kind": "Q", "period": period, "as_of": "2026-10-09"}
            by = {"by": "a", "content_hash": "0" * 64}
            for kind, body in (
                ("exchange_opened", opened), ("extracted", {}), ("checked", {"content_hash": "0" * 64}),
                ("prepared", by), ("approved", by), ("packed", {"packet_id": f"{COURT}.{TAX}.900000.Q"}), ("sent", {}),
            ):  # fmt: skip
                write.append(kind, exchange=key, actor="a", body=body)
    journeys.reconcile(court, key)
    return key


def work(parts: Parts, ids: list[str], act: Act, by: str, text: str = "", choice: str = "") -> list[str]:
    """An officer's act; where the breaks stand then."""
    after = journeys.call(work_break, parts, ids, act, by=by, text=text, choice=choice)
    return [one.state for one in after]


def release(parts: Parts, key: str) -> None:
    """Two officers let it go."""
    journeys.call(review, parts, key, "prepare", by="liaison-1")
    journeys.call(review, parts, key, "approve", by="chief-1")


def round_trip(*ends: Parts) -> None:
    """Let both ends sweep until nothing is left to do."""
    for _ in range(3):
        for parts in ends:
            swept = journeys.sweep(parts)
            assert swept.problems == []


def share(parts: Parts) -> str:
    """Open what is new, and release it."""
    key = journeys.share(replace(parts, actor="liaison-1"))
    assert key is not None
    release(parts, key)
    return key


def books_of(total: str, paid: str) -> World:
    """Books that differ in the total of the claim and in what was paid; 1050000.00 and 5000.00 agree."""
    return World().total(total).set("distributions", paid_amount=paid)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as text."""
    return pd.DataFrame(rows, dtype="str")
