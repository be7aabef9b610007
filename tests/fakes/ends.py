"""Two ends in one folder: generated keys pinned at each other, a ledger and a vault each, and no channel at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.keys_files import KeyFiles, export_certificates, init_keys, pin
from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.pages import HtmlPages
from exchange.adapters.vault_fs import FsVault
from exchange.domain.canonical import sha256_hex
from exchange.domain.content import stage_content
from exchange.domain.lane import in_order
from exchange.domain.points import REASONS
from exchange.domain.route import Agreement
from exchange.steps.acknowledge import acknowledge
from exchange.steps.pack import pack
from exchange.steps.take_in import TakenIn, take_in

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 9, 1, 30, tzinfo=UTC)
COURT, TAX = "court-131103", "tax-131103"
CASES, CLAIMS = "131103-cases", "131103-claims"


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """The documents' schemas, as wiring reads them."""
    return {
        f.name.removesuffix(".schema.json"): json.loads(f.read_text()) for f in (ROOT / "schemas").glob("*.schema.json")
    }


@dataclass(slots=True)
class Time:
    """A clock that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True, kw_only=True)
class End:
    """One end with real parts."""

    party: str
    home: Path
    agreement: Agreement
    clock: Time
    vault: FsVault
    ledger: SqlLedger
    keys: KeyFiles
    checker: PlainChecker = field(default_factory=PlainChecker)

    def approve(
        self,
        key: str,
        route_id: str,
        frames: Mapping[str, pd.DataFrame],
        kind: str = "Q",
        reasons: bytes = b"[]",
        **more: Any,
    ) -> str:
        """An exchange with these rows and reasons, past its officers; returns the content's hash."""
        route = self.agreement.route(route_id)
        with self.vault.workdir() as folder:
            content = stage_content(frames, route, folder, kind=kind)
            for file in ["content.json", *(f.path for f in content.files)]:
                self.vault.put_file(key, f"content/{file}", folder / file)
        opened = {
            "route": route_id,
            "direction": "out",
            "kind": kind,
            "period": "2026Q3",
            "as_of": "2026-10-09",
            **more,
        }
        if reasons != b"[]":
            self.vault.put(key, REASONS, reasons)
        hashed = {"content_hash": content.hash}
        decided = {**hashed, "reasons_sha256": sha256_hex(reasons)}
        with self.ledger.transaction() as write:
            write.append("exchange_opened", exchange=key, actor="system", body=opened)
            write.append("extracted", exchange=key, actor="system", body={})
            write.append("checked", exchange=key, actor="system", body=hashed)
            write.append("prepared", exchange=key, actor="li", body={"by": "li", **decided})
            write.append("approved", exchange=key, actor="wang", body={"by": "wang", **decided})
        return content.hash

    def pack(self, key: str) -> str:
        """Run the step."""
        return pack(
            key,
            agreement=self.agreement,
            party=self.party,
            schemas=schemas(),
            vault=self.vault,
            ledger=self.ledger,
            keys=self.keys,
            clock=self.clock,
        )

    def take_in(self, key: str) -> TakenIn:
        """Run the step."""
        return take_in(
            key,
            agreement=self.agreement,
            party=self.party,
            schemas=schemas(),
            vault=self.vault,
            ledger=self.ledger,
            keys=self.keys,
            checker=self.checker,
            clock=self.clock,
        )

    def acknowledge(self, key: str) -> list[str]:
        """Run the step."""
        return acknowledge(
            key,
            agreement=self.agreement,
            party=self.party,
            schemas=schemas(),
            vault=self.vault,
            ledger=self.ledger,
            keys=self.keys,
            pages=HtmlPages(),
            clock=self.clock,
        )

    def files(self, packet_id: str) -> dict[str, bytes]:
        """The sealed bytes of one of our packets, by file."""
        record = next(p for p in self.ledger.packets(direction="out") if p.packet_id == packet_id)
        assert record.exchange is not None
        under = "packet"
        for event in self.ledger.events(exchange=record.exchange, kind="receipt_packed"):
            if event.body["packet_id"] == packet_id:
                under = f"receipt-{event.body['rung']}"
        names = self.vault.names(record.exchange, under)
        return {n.removeprefix(f"{under}/"): self.vault.get(record.exchange, n) for n in names}

    def sent(self, packet_id: str) -> None:
        """Record one of our packets as sent, as the send step does."""
        from dataclasses import replace

        record = next(p for p in self.ledger.packets(direction="out") if p.packet_id == packet_id)
        with self.ledger.transaction() as write:
            write.set_packet(replace(record, state="sent"))
            if record.kind != "R":
                write.append("sent", exchange=record.exchange, actor="system", body={"packet_id": packet_id})

    def collect(self, key: str, files: Mapping[str, bytes]) -> str:
        """Put a packet's files where the collect step leaves them."""
        for name in in_order(files):
            self.vault.put(key, f"packet/{name}", files[name])
        with self.ledger.transaction() as write:
            write.append("collected", exchange=key, actor="system", body={"packet_id": key})
        return key

    def packet(self, packet_id: str) -> Any:
        """Our record of a packet."""
        return next((p for p in self.ledger.packets() if p.packet_id == packet_id), None)

    def kinds(self, key: str) -> list[str]:
        """Event kinds of an exchange, in order."""
        return [event.kind for event in self.ledger.events(exchange=key)]


def make_end(folder: Path, party: str, clock: Time, *, days: int = 365, algorithm: str = "ec-p256") -> End:
    """One end with new live keys."""
    home = folder / party
    home.mkdir(parents=True)
    init_keys(home / "keys", party, algorithm=algorithm, days=days, test=False, now=clock.now)  # type: ignore[arg-type]
    return End(
        party=party,
        home=home,
        agreement=load_agreement(ROOT),
        clock=clock,
        vault=FsVault(f"file://{home}/vault"),
        ledger=open_ledger(f"sqlite:///{home}/ledger.db", clock=clock),
        keys=KeyFiles(home, clock=clock),
    )


def introduce(one: End, other: End) -> None:
    """Pin one end's certificates at the other."""
    for role, fingerprint, path in export_certificates(one.home / "keys", one.home / "out", one.party):
        pin(other.home / "trust", one.party, role, path.read_bytes(), fingerprint)


def two_ends(folder: Path, *, start: datetime = NOW, **keys: Any) -> tuple[End, End]:
    """The district's court and tax bureau, trusting each other."""
    clock = Time(start)
    court, tax = make_end(folder, COURT, clock, **keys), make_end(folder, TAX, clock, **keys)
    introduce(court, tax)
    introduce(tax, court)
    return court, tax


def later(end: End, **delta: float) -> None:
    """Move the (shared) clock."""
    end.clock.now += timedelta(**delta)


def case_frames(*numbers: int) -> dict[str, pd.DataFrame]:
    """Rows of a few cases with one debtor each, as the wire has them; a rare ideograph and a line break in a name."""
    cases = [
        {
            "case_no": f"（2026）冀1103破{n}号", "court_code": "131103", "court_name": "冀州区人民法院",
            "procedure": "liquidation", "stage": "claims_open", "filed_on": "2026-05-01", "accepted_on": "2026-06-01",
            "claims_due_on": "2026-09-01", "judge": "赵𠮷", "is_major": "false",
            "source_updated_at": "2026-07-16T09:30:00+08:00",
        }
        for n in numbers
    ]  # fmt: skip
    debtors = [
        {
            "case_no": f"（2026）冀1103破{n}号", "debtor_no": "1", "name": f'衡水,"试"\r\n公司{n}',
            "uscc": "91131103MA0ABCDE67",
        }
        for n in numbers
    ]  # fmt: skip
    why = [{"case_no": f"（2026）冀1103破{n}号", "why": "new"} for n in numbers]
    return {
        "bankruptcy_case": _text(cases, "bankruptcy_case", CASES),
        "case_debtor": _text(debtors, "case_debtor", CASES),
        "case_in_exchange": _text(why, "case_in_exchange", CASES),
    }


def claim_frames(uscc: str = "91131103MA0ABCDE67") -> dict[str, pd.DataFrame]:
    """One nil claim and the status of one debtor."""
    claim = {
        "claim_no": "C1", "version": "1", "kind": "nil", "case_no": "（2026）冀1103破1号", "debtor_uscc": uscc,
        "debtor_name": "衡水公司", "tax_authority": "131103", "filed_on": "2026-08-01", "cutoff_on": "2026-06-01",
        "total_amount": "0.00",
    }  # fmt: skip
    status = {
        "debtor_uscc": uscc, "as_of": "2026-10-09", "registration": "normal", "invoices_suspended": "false",
        "inspection_open": "true",
    }  # fmt: skip
    return {"tax_claim": _text([claim], "tax_claim", CLAIMS), "tax_status": _text([status], "tax_status", CLAIMS)}


def _text(rows: list[dict[str, str]], dataset: str, route: str) -> pd.DataFrame:
    names = load_agreement(ROOT).route(route).contract(dataset).names
    return pd.DataFrame(rows, columns=list(names)).astype("str")
