"""What the officers see before a list of breaks, or the answers to one, goes: every row, every word of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from exchange.domain.break_view import ANSWER, ITEM
from exchange.domain.content import Content
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import KINDS, SHOWN, code_words, content_words, round_words


def shared_page(
    frames: Mapping[str, pd.DataFrame],
    content: Content,
    *,
    agreement: Agreement,
    route: Route,
    key: str,
    as_of: date,
    made_at: datetime,
) -> dict[str, Any]:
    """Everything the page `shared.html` needs. Texts are shown first and whole: no person may be named in them."""
    items, answers = (_rows(frames.get(name)) for name in (ITEM, ANSWER))
    codes = agreement.codes
    for row in (*items, *answers):
        for name, listed in _LISTS.items():
            row[f"{name}_words"] = code_words(codes[listed], row[name]) if row.get(name) else None
    said = [row for row in (*items, *answers) if row["reason"]]
    return {
        **round_words(agreement, route, key, as_of.isoformat(), made_at),
        "title": KINDS["B"],
        "automatic": False,
        "stopped": False,
        "items": items[:SHOWN],
        "item_count": len(items),
        "answers": answers[:SHOWN],
        "answer_count": len(answers),
        "said": said,
        "shown": SHOWN,
        **content_words(content, route),
    }


_LISTS = {
    "code": "break",
    "state": "break_state",
    "decision": "break_state",
    "asked": "break_asked",
    "answer": "break_answer",
    "rank": "rank",
}


def _rows(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None:
        return []
    rows = frame.astype(object).where(frame.notna(), "").to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
