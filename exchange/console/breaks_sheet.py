"""差异 as a spreadsheet: the list as it is filtered, by the same sheet the comparison writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from exchange.console.breaks_view import Filters, debtors_of
from exchange.domain.break_desk import limit_of
from exchange.domain.break_list import FIGURES, GROUPS, counts_of, worked
from exchange.domain.break_view import Seen, seen

if TYPE_CHECKING:
    from exchange.console.visit import Visit

MOST: Final = 5_000
"""Rows of a sheet; a list that is longer is filtered first."""


def sheet(visit: Visit, filters: Filters) -> bytes:
    """The list's first five thousand rows as XLSX; the ledger says who took how many."""
    parts = visit.parts
    desk = parts.ledger.break_desk(filters.query(visit.today), limit=MOST)
    found = {one.record.id: one for one in seen(parts.ledger, parts.agreement, parts.party, ids=[r.id for r in desk])}
    named = debtors_of(parts.ledger, parts.agreement, {(row.route, row.case_no) for row in desk})
    rows = [_row(visit, found[row.id], row.court, named.get(row.case_no, ())) for row in desk]
    with parts.ledger.transaction() as write:
        body = {"what": "breaks.xlsx", "rows": len(rows)}
        write.append("looked_at", exchange=None, actor=parts.actor, body=body)
    party = parts.agreement.parties[parts.party]
    others = [parts.agreement.parties[one] for one in sorted(parts.channels)] or [party]
    breaks, infos = [r for r in rows if not r["info"]], [r for r in rows if r["info"]]
    return parts.sheets.breaks(
        {
            "key": "—", "period": "", "as_of": visit.today.isoformat(), "party_zh": party.name_zh,
            "party_en": party.name_en, "counterpart_zh": "、".join(one.name_zh for one in others),
            "counterpart_en": ", ".join(one.name_en for one in others), "rows": breaks, "infos": infos,
            "open": sum(1 for row in breaks if row["state"] == "open"), "counts": counts_of(breaks),
            "info_counts": counts_of(infos), "findings": 0, "situations": [], "estates": [],
        }
    )  # fmt: skip


def _row(visit: Visit, one: Seen, court: str, debtors: Sequence[str]) -> dict[str, Any]:
    record, codes = one.record, visit.parts.agreement.codes
    claimed, against = ("claimed", "compared") if not one.ours else FIGURES.get(record.code, ("total", None))
    levy = record.facts.get("levy_code", "")
    told = worked(record, one.work, codes, visit.today)
    state = {
        "state": one.state, "state_zh": codes["break_state"].names_zh.get(one.state, one.state),
        "state_en": codes["break_state"].names_en.get(one.state, one.state),
    }  # fmt: skip
    cause = record.code == "CUTOFF_DIFFERS" or record.facts.get("cause") == "cutoff"
    limit = limit_of(record.due_on, visit.today)
    return {
        "id": record.id, "code": record.code, "zh": codes["break"].names_zh.get(record.code, record.code),
        "en": codes["break"].names_en.get(record.code, record.code), "case_no": record.case_no,
        "claim_no": record.claim_no or "", "line_no": record.line_no, "rank": record.rank or "",
        "rank_zh": codes["rank"].names_zh.get(record.rank or "", record.rank or ""),
        "levy_zh": codes["levy"].names_zh.get(levy, levy), "court": court, "debtors": "、".join(debtors),
        "claimed": record.amounts.get(claimed or "", ""), "against": record.amounts.get(against or "", ""),
        "difference": record.amounts.get("difference", ""), "worth": f"{one.worth:.2f}",
        "due_on": record.due_on.isoformat() if record.due_on else "", "days_left": one.days_left(visit.today),
        "group": "closed" if one.closed else limit if limit in GROUPS else "same_cause" if cause else "no_limit",
        "match": None,
        "info": record.info, **told, **state,
    }  # fmt: skip
