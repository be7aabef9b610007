"""What the page of an answer shows (kind A, made at the tax end): what goes, what stays and why. Sums and places, no
value of a debtor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from exchange.domain.answering import CLAIMS, LINES, STATUS, Answer, line_of
from exchange.domain.claims import heads, with_claim
from exchange.domain.columns import Ints, codes, exact_sums, fen_text, text, to_fen
from exchange.domain.content import Content
from exchange.domain.contract import CodeList
from exchange.domain.finding import Finding
from exchange.domain.remedies import Words, remedy
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import (
    KINDS,
    SHOWN,
    code_words,
    column_words,
    content_words,
    dataset_words,
    held_limit,
    round_words,
    rule_words,
    share,
)

LEVY_KINDS: Final[Mapping[str, Words]] = {
    "tax": ("税收", "Taxes"),
    "social_insurance": ("社会保险费", "Social insurance"),
    "surcharge": ("附加费", "Surcharges"),
    "nontax": ("非税收入", "Other non-tax revenue"),
}

FLAGS: Final[Mapping[str, Words]] = {
    "invoices_suspended": ("停供发票", "invoices suspended"),
    "inspection_open": ("稽查未结", "inspection open"),
}
IN_FORCE: Final = "in_force"

Counted = Mapping[tuple[str, str], tuple[int, int]]
"""(column, code) → rows and their sum in fen."""


def answer_report(
    found: Answer,
    content: Content,
    given: Mapping[str, int],
    counted: Counted,
    *,
    agreement: Agreement,
    route: Route,
    key: str,
    as_of: str,
    made_at: datetime,
    stopped: bool,
) -> dict[str, Any]:
    """Everything the page `answer.html` needs. `given` is the number of rows of each file as it came, `counted` what
    `counts_of` says of the rows that go.

    Sums by rank and by kind of levy are over the lines of versions in force in this answer: of each claim the highest
    version, none of a withdrawn one. A list shows its first 500 places and says how many there are.
    """
    rejects = [f for f in found.findings if f.severity == "reject"]
    held = [f for f in rejects if f.dataset != STATUS]
    refused = [f for f in rejects if f.dataset == STATUS]
    warned = [f for f in found.findings if f.severity == "warn"]
    return {
        **round_words(agreement, route, key, as_of, made_at),
        "held_limit": held_limit(route, date.fromisoformat(as_of)),
        "title": KINDS["A"],
        "automatic": False,
        "stopped": stopped,
        "held_share": share(found.held, found.claims),
        "claims": {"given": found.claims, "sent": found.claims - found.held, "held": found.held},
        "rows": [
            {"dataset": dataset_words(route, name), "given": given[name], "sent": content.rows[name]} for name in given
        ],
        "held": _listed(held, route),
        "refused": _listed(refused, route),
        "warned": _listed(warned, route),
        **_claimed(counted, agreement.codes),
        "debtors": _status(counted, agreement.codes["registration"]),
        **content_words(content, route),
    }


def _listed(findings: Sequence[Finding], route: Route) -> dict[str, Any]:
    """In the order of the files' lines, as one mends them."""
    order = [contract.dataset for contract in route.datasets]
    ordered = sorted(findings, key=lambda f: (order.index(f.dataset), line_of(f)))
    return {"count": len(findings), "shown": [_told(finding, route) for finding in ordered[:SHOWN]]}


def _told(finding: Finding, route: Route) -> dict[str, Any]:
    return {
        "rule": rule_words(route, finding.rule, finding.dataset),
        "file": f"{finding.dataset}.csv",
        "line": line_of(finding),
        "column": column_words(route, finding.dataset, finding.column or ""),
        "name": finding.column or "",
        "row_key": (finding.row_key or "").replace("|", " · "),
        "remedy": remedy(finding.rule),
    }


def counts_of(frames: Mapping[str, pd.DataFrame]) -> Counted:
    """Rows of some claims counted: versions by kind, and their lines in force with sums; debtors by how they stand."""
    claims, lines, status = frames[CLAIMS], frames[LINES], frames[STATUS]
    head = heads(claims)
    live = claims.iloc[head.latest[~head.withdrawn]]
    in_force = lines[with_claim(live, lines)]
    fen = to_fen(text(in_force, "amount"))[0]
    columns = {
        "kind": _by(text(claims, "kind")), "rank": _by(text(in_force, "rank"), fen),
        "levy_code": _by(text(in_force, "levy_code"), fen), "registration": _by(text(status, "registration")),
        **{flag: _by(text(status, flag)) for flag in FLAGS},
        IN_FORCE: {"": (len(live), int(fen.sum()))},
    }  # fmt: skip
    return {(column, code): found for column, codes in columns.items() for code, found in codes.items()}


def counts_together(parts: Iterable[Counted]) -> Counted:
    """Parts of an answer counted as one."""
    whole: dict[tuple[str, str], tuple[int, int]] = {}
    for part in parts:
        for place, (rows, fen) in part.items():
            before = whole.get(place, (0, 0))
            whole[place] = (before[0] + rows, before[1] + fen)
    return whole


def _of(counted: Counted, column: str) -> dict[str, tuple[int, int]]:
    return {code: found for (name, code), found in counted.items() if name == column}


def _claimed(counted: Counted, lists: Mapping[str, CodeList]) -> dict[str, Any]:
    """What is claimed: versions by kind; lines in force and their sums by rank and by kind of levy."""
    levies: Counted = counts_together(
        {("", lists["levy"].extra.get(code, {}).get("kind", "")): found}
        for code, found in _of(counted, "levy_code").items()
    )
    kinds = _of(counted, "kind")
    live, fen = counted.get((IN_FORCE, ""), (0, 0))
    return {
        "kinds": [
            {"of": code_words(lists["claim_kind"], code), "count": kinds[code][0] if code in kinds else 0}
            for code in lists["claim_kind"].names_zh
        ],
        "in_force": live,
        "sum": fen_text(fen),
        "ranks": _rows({c: code_words(lists["rank"], c) for c in lists["rank"].names_zh}, _of(counted, "rank")),
        "levies": _rows(LEVY_KINDS, _of(levies, "")),
    }


def _by(values: pa.Array, fen: Ints | None = None) -> dict[str, tuple[int, int]]:
    """Code → rows and their sum in fen, or 0."""
    (numbers,), words = codes(values)
    fen = np.zeros(len(values), np.int64) if fen is None else fen
    counts, totals = np.bincount(numbers, minlength=len(words) + 1), exact_sums(numbers, fen, len(words) + 1)
    return {word: (int(counts[n]), int(totals[n])) for n, word in enumerate(words.to_pylist())}


def _rows(named: Mapping[str, Words], counted: Mapping[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Rows in the list's order; what occurs nowhere is left out."""
    return [
        {"of": words, "count": counted[code][0], "sum": fen_text(counted[code][1])}
        for code, words in named.items()
        if code in counted
    ]


def _status(counted: Counted, registration: CodeList) -> list[dict[str, Any]]:
    """How many debtors stand how."""
    stand = _of(counted, "registration")
    rows = [
        {"of": code_words(registration, code), "count": stand.get(code, (0, 0))[0]} for code in registration.names_zh
    ]
    return rows + [{"of": words, "count": counted.get((flag, "true"), (0, 0))[0]} for flag, words in FLAGS.items()]
