"""What the officers see before acts of a joint meeting go: every act, every word of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from exchange.domain.content import Content
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import KINDS, code_words, content_words, round_words

if TYPE_CHECKING:
    import pandas as pd


def acts_page(
    rows: pd.DataFrame,
    content: Content,
    *,
    agreement: Agreement,
    route: Route,
    key: str,
    as_of: date,
    made_at: datetime,
) -> dict[str, Any]:
    """Everything the page `acts.html` needs; texts are shown whole, for no person may be named in them."""
    every = rows.sort_values(["act_order", "act_no"], key=_numbers)
    told = every.astype(object).where(every.notna(), "").to_dict("records")
    return {
        **round_words(agreement, route, key, as_of.isoformat(), made_at),
        "title": KINDS["M"],
        "automatic": False,
        "stopped": False,
        "acts": [
            {str(name): value for name, value in row.items()}
            | {"act_words": code_words(agreement.codes["meeting_act"], row["act"])}
            | {"figure_words": code_words(agreement.codes["figure"], row["figure"])}
            for row in told
        ],
        **content_words(content, route),
    }


def _numbers(column: pd.Series) -> pd.Series:
    return column.astype(int) if column.name == "act_order" else column
