"""Answer breaks: give the answers of a CSV file, as a bureau fills it in beside the list it received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exchange.domain.break_life import CLOSED, break_key, note_name
from exchange.domain.break_view import ANSWER, ITEM, Seen, seen
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.personal import check_telling
from exchange.domain.route import Agreement, Route
from exchange.domain.tabular import read_csv
from exchange.ports import Ledger, Vault

Told = tuple[str, dict[str, Any], str]
"""The key of a break, the body of its event, the text."""


def answer_breaks(
    file: Path,
    *,
    by: str,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
) -> int:
    """Give every answer of a file with exactly the columns of `break_answer`; how many were not given before.

    All of them or none. The same file again gives nothing twice. `share_breaks` sends what was given.
    Raises NeedsPerson 910 (not an officer here), 925 (an id that is on no list received, with its line), 924 (a break
    that is closed), 926 (personal data in a reason), 503 (no file), 501 502 504 505 506 (its columns or values).
    """
    if not officers.get(by):
        raise NeedsPerson(
            910, f"{by!r} is no officer of this end.", where="officers in exchange.toml", next_step="Give --by."
        )
    route = _route(agreement, party)
    rows = _rows(file, route, agreement)
    with ledger.transaction() as write:
        known = {one.record.id: one for one in seen(ledger, agreement, party) if not one.ours}
        told = [one for n, row in enumerate(rows) if (one := _told(n + 2, row, known, file)) is not None]
        for key, body, text in told:
            if text:
                vault.put(key, note_name(body["reason_sha256"]), text.encode())
            write.append("break_answer_given", exchange=key, actor=by, body=body)
    return len(told)


def _route(agreement: Agreement, party: str) -> Route:
    for route in agreement.routes_from(party):
        if ANSWER in [contract.dataset for contract in route.datasets]:
            return route
    raise NeedsPerson(
        905, "This end answers no breaks.", where=f"party {party}", next_step=f"A route needs {ANSWER} and {ITEM}."
    )


def _rows(file: Path, route: Route, agreement: Agreement) -> list[dict[str, Any]]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NeedsPerson(
            503, f"The file can't be read ({type(error).__name__}).", where=str(file), next_step="Check its path."
        ) from None
    frame = read_csv(data, route.wire(ANSWER))
    words = agreement.codes["break_answer"].names_zh
    wrong = [n + 2 for n, word in enumerate(frame["answer"].tolist()) if word not in words]
    if wrong:
        raise NeedsPerson(
            504,
            "An answer is none of the agreed words.",
            where=f"{file.name} line {wrong[0]}",
            next_step=f"One of: {', '.join(words)}.",
        )
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _told(line: int, row: Mapping[str, Any], known: Mapping[str, Seen], file: Path) -> Told | None:
    """One row's event; None when just that was given before."""
    where = f"{file.name} line {line}"
    one = known.get(row["id"])
    if one is None:
        raise NeedsPerson(
            925, "No list received holds this id.", where=where, next_step="Copy the ids from the list, whole."
        )
    text = row["reason"] or ""
    check_telling(text, where)
    said = sha256_hex(text.encode()) if text else None
    work = one.work
    given = (row["answer"], row["answered_by"], row["answered_on"], said, row["difference_amount"])
    before = (work.answer, work.answered_by, work.answered_on, work.answer_sha256, work.figures.get("difference"))
    if given == before:
        return None
    if one.state == CLOSED:
        raise NeedsPerson(
            924, "The books agree again; the break is closed.", where=where, next_step="Take the row out of the file."
        )
    body: dict[str, Any] = {
        "route": one.record.route, "id": one.record.id, "answer": row["answer"], "by": row["answered_by"],
        "answered_on": row["answered_on"],
        "figures": {"difference": row["difference_amount"]} if row["difference_amount"] else {},
    }  # fmt: skip
    if said:
        body["reason_sha256"] = said
    return break_key(one.record.route, one.record.id), body, text
