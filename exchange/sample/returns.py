"""The tax bureau's return as files: the contract's columns in the contract's order, row by row."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from exchange.domain.errors import NeedsPerson
from exchange.sample.rows import Claim, Estate, Instalment, Line, Status, Version
from exchange.sample.setting import Setting, as_fen, columns

FILES: Final = ("tax_claim", "tax_claim_line", "tax_status")
PAYMENTS: Final = "tax_payment"
"""Written when there is something to write: a route may do without it."""


class ReturnFiles:
    """Writes the three files of an answer below `tax_return/`."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self.stack, self.folder, self.setting = ExitStack(), folder / "tax_return", setting
        self.names: dict[str, Sequence[str]] = {}
        self.writers: dict[str, Any] = {}
        self.folder.mkdir(exist_ok=True)
        for name in FILES:
            self._open(name)
        self.counts = dict.fromkeys((*FILES, PAYMENTS), 0)
        self._known(setting)

    def take(self, e: Estate) -> None:
        """Write the claims on a case and, when it was sent, the status of its debtors."""
        for claim in e.claims:
            for version in claim.versions:
                self._row("tax_claim", _claim(claim, version))
                for line in version.lines:
                    self._row("tax_claim_line", _line(claim, version, line))
                for paid in version.instalments:
                    self._row(PAYMENTS, _instalment(claim, version, paid))
        for status in e.statuses if e.sent else ():
            self._row("tax_status", _status(status))

    def close(self) -> None:
        """Close the files."""
        self.stack.close()

    def _open(self, name: str) -> None:
        self.names[name] = columns(self.setting.back, name)
        file = self.stack.enter_context((self.folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
        self.writers[name] = csv.writer(file, lineterminator="\n")
        self.writers[name].writerow(self.names[name])

    def _row(self, name: str, row: Mapping[str, Any]) -> None:
        if name not in self.writers:
            self._open(name)
        self.counts[name] += 1
        self.writers[name].writerow([row.get(column, "") for column in self.names[name]])

    def _known(self, setting: Setting) -> None:
        """NeedsPerson 936 when a contract requires a column nobody here fills."""
        filled = {"tax_claim": _CLAIM, "tax_claim_line": _LINE, "tax_status": _STATUS}
        for name in FILES:
            for column in setting.back.wire(name).columns:
                if column.required and column.name not in filled[name]:
                    raise NeedsPerson(
                        936,
                        "The contract requires a column the generator does not fill.",
                        where=f"{name}.{column.name}",
                        next_step="Fill it in exchange/sample/returns.py.",
                    )


_CLAIM: Final = frozenset(
    [
        "claim_no",
        "version",
        "kind",
        "supplements",
        "case_no",
        "debtor_uscc",
        "debtor_old_taxpayer_id",
        "debtor_name",
        "tax_authority",
        "filed_on",
        "cutoff_on",
        "total_amount",
    ]
)
_LINE: Final = frozenset(
    [
        "claim_no",
        "version",
        "line_no",
        "levy_code",
        "period_start",
        "period_end",
        "due_on",
        "component",
        "amount",
        "rank",
    ]
)
_STATUS: Final = frozenset(["debtor_uscc", "as_of", "registration", "invoices_suspended", "inspection_open"])


def _claim(claim: Claim, v: Version) -> Mapping[str, Any]:
    return {
        "claim_no": claim.no,
        "version": v.version,
        "kind": v.kind,
        "supplements": v.supplements,
        "case_no": v.case_no,
        "debtor_uscc": v.uscc,
        "debtor_old_taxpayer_id": v.old_id,
        "debtor_name": v.name,
        "tax_authority": claim.authority,
        "filed_on": v.filed.isoformat(),
        "cutoff_on": v.cutoff.isoformat(),
        "total_amount": as_fen(v.total),
    }


def _line(claim: Claim, v: Version, line: Line) -> Mapping[str, Any]:
    return {
        "claim_no": claim.no, "version": v.version, "line_no": line.no, "levy_code": line.levy,
        "period_start": line.start.isoformat(), "period_end": line.end.isoformat(), "due_on": line.due.isoformat(),
        "component": line.component, "amount": as_fen(line.amount), "rank": line.rank,
    }  # fmt: skip


def _instalment(claim: Claim, v: Version, paid: Instalment) -> Mapping[str, Any]:
    return {
        "claim_no": claim.no, "version": v.version, "levy_code": paid.levy, "period_start": paid.start.isoformat(),
        "period_end": paid.end.isoformat(), "paid_on": paid.on.isoformat(), "amount": as_fen(paid.amount),
    }  # fmt: skip


def _status(status: Status) -> Mapping[str, Any]:
    return {
        "debtor_uscc": status.uscc, "as_of": status.on.isoformat(), "registration": status.registration,
        "invoices_suspended": int(status.suspended), "inspection_open": int(status.inspection),
    }  # fmt: skip
