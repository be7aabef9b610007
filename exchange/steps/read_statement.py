"""Read the other side's signed statement: its signature first, then its form."""

from __future__ import annotations

from typing import Any

from exchange.domain.canonical import strict_json
from exchange.domain.cms.signature import verify
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement
from exchange.domain.statement_book import COLUMNS, FORMAT
from exchange.ports import Keys


def read_statement(
    period: str, data: bytes, signature: bytes | None, *, route: str, agreement: Agreement, party: str, keys: Keys
) -> dict[str, Any]:
    """The document, signed by a certificate of the counterpart that is pinned here; `signature` None: it came within
    a packet of theirs that was proven, and is not signed by itself.

    Raises NeedsPerson 201 to 203 and 306 for the signature, 934 for another quarter, route or form.
    """
    both = agreement.route(route)
    if signature is not None:
        verify(data, signature, keys.trusted(both.receiver if both.sender == party else both.sender, "sign"))
    try:
        document = strict_json(data)
        cuts = [document[cut][lane] for cut in ("after", "until") for lane in ("cases", "claims")]
        rows = [[str(value) for value in row] for row in document["rows"]]
        whole = all(type(one) is int and one >= 0 for one in (*cuts, document["version"]))
        named = (document["format"], document["route"], document["period"], document["columns"])
        good = (
            whole and named == (FORMAT, route, period, list(COLUMNS)) and {len(row) for row in rows} <= {len(COLUMNS)}
        )
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise NeedsPerson(
            934, "Theirs is of another quarter, route or form.", where=f"{route} {period}",
            next_step="Compare the same quarter, and ask for the file again.",
        )  # fmt: skip
    found: dict[str, Any] = document
    return found
