"""A statement as its page, sheet and print show it: words in both languages, tables, the waterfall's bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchange.domain.canonical import sha256_hex
from exchange.domain.capitals import capitals
from exchange.domain.period import Period
from exchange.domain.remedies import Words
from exchange.domain.route import Agreement, Route
from exchange.domain.statement_book import amounts_of, movement, rows_of, stored_bytes
from exchange.domain.statement_terms import FILED, HELD, WORDS
from exchange.domain.wording import SHOWN, code_words, period_words

UNKNOWN: Final[Words] = ("案件未送出", "case not sent")
"""In place of a court: book C names a case the court never sent."""
_WIDTH: Final = 560
"""Of the waterfall, in its own units."""


def statement_page(
    statement: Mapping[str, Any],
    *,
    agreement: Agreement,
    route: Route,
    sha256: str,
    before: Sequence[Mapping[str, Any]] = (),
    case_no: str | None = None,
) -> dict[str, Any]:
    """Everything the forms need. `before` are the statements of earlier quarters, oldest first; with `case_no` the
    statement is that case's part of the one with this SHA-256."""
    sender, receiver = agreement.parties[route.sender], agreement.parties[route.receiver]
    courts = statement["court_names"]
    ranks = [code for code in agreement.codes["rank"].names_zh if code in statement["ranks"]]
    names = {rank: code_words(agreement.codes["rank"], rank) for rank in ranks}
    quarters = [*before, statement] if case_no is None else [statement]
    return {
        "title": ("债权对账单", "Statement of claims"),
        "period": statement["period"],
        "period_words": period_words(Period.parse(statement["period"])),
        "version": statement["version"],
        "replaces": statement["replaces"],
        "case_no": case_no,
        "sha256": sha256,
        "party_kind": sender.kind,
        "sender": (sender.name_zh, sender.name_en),
        "receiver": (receiver.name_zh, receiver.name_en),
        "route": route.id,
        "after": statement["after"],
        "until": statement["until"],
        "filed": [(name, WORDS[name]) for name in FILED],
        "held": [(name, WORDS[name]) for name in HELD],
        "total": statement["total"],
        "capitals": capitals(_fen(statement["total"]["closing"])),
        "ranks": [{"name": names[rank], **statement["ranks"][rank]} for rank in ranks],
        "bars": _bars(statement["total"]),
        "courts": [
            {"name": (courts[code],) * 2 if courts[code] else UNKNOWN, "rank": names[rank], **by_rank[rank]}
            for code, by_rank in statement["courts"].items() for rank in ranks if rank in by_rank
        ],
        "movement": [
            {"name": name, "quarters": movement(quarters, rank)}
            for rank, name in [(None, ("合计", "In all")), *names.items()]
        ],
        **_cases(statement),
        "lines": [dict(zip(statement["columns"], one, strict=True)) for one in statement["rows"]],
        "rank_names": {code: code_words(agreement.codes["rank"], code) for code in agreement.codes["rank"].names_zh},
        "shown": SHOWN,
    }  # fmt: skip


def fingerprint(statement: Mapping[str, Any]) -> str:
    """The SHA-256 that is signed and printed."""
    return sha256_hex(stored_bytes(statement))


def _cases(statement: Mapping[str, Any]) -> dict[str, Any]:
    rows = rows_of(statement)
    groups = rows.groupby(["court_code", "case_no"], sort=True)
    cases = [{"case_no": case, **amounts_of(part)} for (_, case), part in groups]
    late = [row for row in statement["rows"] if row[5] == "true"]
    return {
        "cases": cases,
        "case_count": len(cases),
        "claim_count": int(rows.loc[rows["filed_on"] != "", "claim_no"].nunique()),
        "late": [dict(zip(statement["columns"], row, strict=True)) for row in late[:SHOWN]],
        "late_count": len(late),
    }


def _bars(total: Mapping[str, str]) -> list[dict[str, Any]]:
    """The waterfall of what was claimed: every bar from where the last one ended, to one scale."""
    level, spans = 0, []
    for name in FILED:
        fen = _fen(total[name])
        start = 0 if name in ("opening", "closing") else level
        level = start + fen
        spans.append((name, start, level, fen))
    low = min(0, *(min(a, b) for _, a, b, _ in spans))
    scale = max(1, *(max(a, b) for _, a, b, _ in spans)) - low
    return [
        {
            "words": WORDS[name], "amount": total[name], "kind": _kind(name, fen), "at": 26 * n,
            "x": (min(a, b) - low) * _WIDTH // scale, "width": max(1, abs(b - a) * _WIDTH // scale),
        }
        for n, (name, a, b, fen) in enumerate(spans)
    ]  # fmt: skip


def _kind(name: str, fen: int) -> str:
    if name in ("opening", "closing"):
        return "whole"
    return "up" if fen >= 0 else "down"


def _fen(text: str) -> int:
    return int(text.replace(".", ""))
