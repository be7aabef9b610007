"""What the exchange must make of a world: what each case's plants say, brought together case by case.

Four things depend on the whole case and are concluded here, from what the generator knows of it: a held case sends no
warning and its claims are unknown; a case that waited in vain got no response; who withdrew what is still listed; what
can't wait.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import IO, Any, Final

from exchange.sample.plants_dates import AWAITED
from exchange.sample.rows import Claim, Estate
from exchange.sample.setting import Setting

MENTIONED: Final = 20
"""So many cases a plant are named under `notes`, in a world that has more."""


class Answers:
    """Collects the consequences of cases as they are made; bounded by what is broken, not by what is made."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.selected, self.sent = array("q"), array("q")
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("normalised", "quarantined", "warned", "breaks", "infos", "urgent")
        }
        self.planted: dict[str, list[dict[str, Any]]] = {}
        self.counts: Counter[str] = Counter()

    def take(self, e: Estate) -> None:
        """Add a case whose rows and plants are complete."""
        if e.selected:
            self.selected.append(e.record)
            self._checked(e)
            self._urgent(e)
        if e.sent:
            self.sent.append(e.record)
        self._compared(e)

    def note(self, plant: str, expected: str, estates: Iterable[Estate]) -> None:
        """Remember where a plant is."""
        self.counts[plant] += 1
        known = self.planted.setdefault(plant, [])
        if len(known) < MENTIONED:
            for e in estates:
                claims = [claim.no for claim in e.claims]
                known.append({"record": e.record, "case_no": e.case_no, "claims": claims, "expected": expected})

    def _checked(self, e: Estate) -> None:
        here = {"record": e.record, "case_no": e.case_no}
        self.lists["normalised"] += ({"rule": rule, **here, "to": to} for rule, to in e.normalised)
        self.lists["quarantined"] += ({"rule": rule, "dataset": "bankruptcy_case", **here} for rule in e.holds)
        self.lists["quarantined"] += (
            {"rule": "negative_amount", "dataset": dataset, **here} for dataset in sorted(e.row_holds)
        )
        if e.sent:
            self.lists["warned"] += ({"rule": rule, **here} for rule in e.warns)

    def _urgent(self, e: Estate) -> None:
        if e.stage == "terminated":
            return
        days, limits = self.setting.as_of, self.setting.urgent_days
        reasons = ["major"] if e.major else []
        if e.due is not None and 0 <= (e.due - days).days <= limits["claims_due"]:
            reasons.append("claims_due_within_7_days")
        if e.accepted is not None and 0 <= (days - e.accepted).days <= limits["accepted"]:
            reasons.append("accepted_within_7_days")
        if reasons:
            self.lists["urgent"].append(
                {"record": e.record, "case_no": e.case_no, "reasons": reasons, "held": not e.sent}
            )

    def _compared(self, e: Estate) -> None:
        for claim in e.claims:
            if not claim.live:
                if e.sent and _is_listed(e, claim):
                    self._found("breaks", "WITHDRAWN_STILL_LISTED", e, claim)
            elif claim.stray is not None or not (e.sent or e.known):
                self._found("breaks", "UNKNOWN_CASE", e, claim)
            else:
                for code, where in claim.breaks:
                    self._found("breaks", code, e, claim, where)
                for code, where in claim.infos:
                    self._found("infos", code, e, claim, where)
        waited = e.sent and e.stage in AWAITED and e.due is not None and e.due < self.setting.as_of
        if waited and not any(claim.live and claim.stray is None for claim in e.claims):
            self._found("breaks", "NO_RESPONSE", e, None)

    def _found(
        self, name: str, code: str, e: Estate, claim: Claim | None, where: Mapping[str, Any] | None = None
    ) -> None:
        number = claim.stray or e.number if claim is not None else e.number
        found = {"code": code, "case_no": number, "claim_no": claim.no if claim is not None else None}
        self.lists[name].append({**found, **(where or {})})

    def write(self, file: IO[str], notes: Mapping[str, Any]) -> None:
        """The answers as JSON, one entry a line; the shape of the examples' answers.json."""
        told: dict[str, Any] = {"period": str(self.setting.period), "as_of": self.setting.as_of.isoformat()}
        counts = dict(sorted(Counter(one["code"] for one in self.lists["breaks"]).items()))
        file.write("{\n")
        for name, value in told.items():
            file.write(f" {_json(name)}: {_json(value)},\n")
        for name, values in (("selected", self.selected), ("sent", self.sent)):
            _write_list(file, name, iter([",".join(map(str, values))]) if values else iter(()))
        for name, entries in self.lists.items():
            _write_list(file, name, map(_json, entries))
        file.write(f' "break_counts": {_json(counts)},\n')
        file.write(f' "notes": {json.dumps(notes, ensure_ascii=False, indent=1)}\n}}\n')


def _is_listed(e: Estate, claim: Claim) -> bool:
    rows = [row for row in e.reviews if row.claim_no == claim.no]
    return any(row.declared >= 0 and row.confirmed >= 0 for row in rows)


def _write_list(file: IO[str], name: str, entries: Iterator[str]) -> None:
    file.write(f' "{name}": [')
    for place, entry in enumerate(entries):
        file.write(("," if place else "") + "\n  " + entry)
    file.write("\n ],\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_day)


def _day(value: date) -> str:
    return value.isoformat()
