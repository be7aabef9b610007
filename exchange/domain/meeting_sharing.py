"""The acts of a joint meeting as a dataset of their own: rows out, rows in, with whom, and what is not told yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from exchange.domain.audit import Event, ExchangeRecord
from exchange.domain.break_due import KeepsEvents
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import CHECKED, SENT_BACK
from exchange.domain.meeting_life import ACTS, Act, acts_of, cleaned
from exchange.domain.period import Period
from exchange.domain.route import Agreement, Route

if TYPE_CHECKING:
    import pandas as pd

ACT: Final = "meeting_act"
KIND: Final = "M"
SHARED: Final = "meeting_shared"
"""The event that says which acts an exchange carries, under the meeting's key."""
NOTED: Final = "meeting_noted"
"""The event that says that a packet's acts are part of the book, under the packet's key."""
TAKEN, REPEATED, UNUSABLE = "taken", "repeated", "unusable"
"""What becomes of an act that came: part of the book, known before, or of no use here."""

LONGEST: Final = 2000
"""Characters a text has at most."""
_HIGHEST: Final = 10**9
_ABOUT: Final = ("case", "break", "exchange")
_PLAIN: Final = ("meeting", "question", "period", "day", "owner_party", "owner", "route", "figure", "value")
"""Columns that are the same in an event's body."""
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "filed": ("question_kind", "text"), "answered": ("text",), "put": ("meeting",), "taken_off": ("meeting",),
    "called": ("day", "period", "text"), "moved": ("day", "text"), "held": ("day",),
    "resolved": ("meeting", "text", "day", "owner_party"), "assigned": ("owner",), "finished": ("day", "text"),
    "proposed": ("meeting", "route", "figure", "value", "day", "text"),
}  # fmt: skip
"""Columns an act must fill beside those every act fills."""
_OWN: Final = frozenset({"filed", "resolved", "proposed"})
"""Acts that begin a thing: its id begins with who begins it, so that no two sides mean two things by one id."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_VALUE: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def partners(agreement: Agreement, party: str) -> Sequence[str]:
    """With whom this end meets: the parties its acts are sent to; where no route carries any, those it sends to."""
    routes = agreement.routes_from(party)
    sharing = [r.receiver for r in routes if carries(r)]
    return list(dict.fromkeys(sharing or [r.receiver for r in routes]))


def carries(route: Route) -> bool:
    """Whether the acts of joint meetings go by this route."""
    return any(contract.dataset == ACT for contract in route.carries(KIND))


def way_to(agreement: Agreement, party: str, other: str) -> Route | None:
    """The route that carries this end's acts to another party; None where they stay at this end."""
    return next((r for r in agreement.routes_from(party) if r.receiver == other and carries(r)), None)


def partner(agreement: Agreement, party: str, other: str | None) -> str:
    """The party meant: the one named, or the only one; NeedsPerson 905 when it is none of this end's, or several."""
    known = partners(agreement, party)
    if other in known or (other is None and len(known) == 1):
        return other or known[0]
    raise NeedsPerson(
        905, "This end meets with nobody of that name." if other else "This end meets with several parties.",
        where=f"party {party}", next_step=f"Name one of: {', '.join(known)}." if known else "See contracts/routes.",
    )  # fmt: skip


def untold(
    events: Sequence[Event], party: str, state_of: Callable[[str], str | None], *, replacing: bool = False
) -> list[Act]:
    """This end's acts that are in no exchange on its way. With `replacing` also those of an exchange that nobody has
    prepared yet: a newer one takes its place."""
    back = {None, *SENT_BACK, *((CHECKED,) if replacing else ())}
    gone = {
        act for e in events if e.kind == SHARED and state_of(e.body["exchange"]) not in back for act in e.body["acts"]
    }
    return [act for act in acts_of(events) if act.party == party and act.id not in gone]


def meetings_to_hear(agreement: Agreement, book: KeepsEvents) -> list[str]:
    """Packets taken in with acts that are not part of the book yet, oldest first."""
    came = [e for e in book.exchanges(kind=KIND) if e.direction == "in" and e.route in agreement.routes]
    noted = {event.exchange for event in book.events(kind=NOTED)} if came else set()
    return [e.key for e in came if e.key not in noted]


def act_rows(acts: Iterable[Act], text_of: Callable[[str], str], columns: Sequence[str]) -> pd.DataFrame:
    """Acts as rows of the dataset. `text_of` gives a text by its hash."""
    import pandas as pd

    return pd.DataFrame([_row(act, text_of) for act in acts], columns=list(columns), dtype="str")


def _row(act: Act, text_of: Callable[[str], str]) -> dict[str, Any]:
    told, about = act.told, act.told.get("about", {})
    return {
        "act_no": act.id, "act_order": str(act.number), "act": act.code, "subject": act.subject,
        "question_kind": told.get("kind"), **{name: told.get(name) for name in _PLAIN},
        **{f"about_{name}": about.get(name) for name in _ABOUT},
        "text": text_of(told["text_sha256"]) if told.get("text_sha256") else None, "acted_by": act.by,
        "acted_at": act.at.astimezone(_SHANGHAI).isoformat(timespec="seconds"),
    }  # fmt: skip


def heard(
    rows: pd.DataFrame, *, sender: str, known: Collection[str], agreement: Agreement
) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """For each act that came, in its sender's order: what becomes of it, its code, its event's body, its text.

    One known before, or of no use here (an id that is not its sender's, a value that can't be, a text over 2,000
    characters), has no body.
    """
    seen = set(known)
    for row in sorted(_records(rows), key=_order):
        if row["act_no"] in seen:
            yield REPEATED, row["act"], {}, ""
        elif not _usable(row, sender, agreement):
            yield UNUSABLE, row["act"], {}, ""
        else:
            seen.add(row["act_no"])
            yield TAKEN, row["act"], _body(row, sender), cleaned(row["text"] or "")


def usable_acts(rows: pd.DataFrame, *, sender: str, agreement: Agreement) -> list[bool]:
    """Of each act that came, whether it is of use here. One that is not goes back by the packet's receipt."""
    return [_usable(row, sender, agreement) for row in _records(rows)]


def unheard(acts: Sequence[Act], party: str, refused: Collection[str]) -> list[Act]:
    """This end's acts the other side could not use (`refused`: their ids as a receipt names them), until this end does
    something else about the same subject."""
    ours = [act for act in acts if act.party == party]
    last = {act.subject: act.id for act in ours}
    return [act for act in ours if sha256_hex(act.id.encode()) in refused and last[act.subject] == act.id]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    every = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return [{str(name): value for name, value in one.items()} for one in every]


def _order(row: Mapping[str, Any]) -> tuple[int, str]:
    return _number(row), str(row["act_no"])


def _number(row: Mapping[str, Any]) -> int:
    """One that is too long for a number of an act is over the highest."""
    text = str(row["act_order"])
    return int(text) if len(text) <= len(str(_HIGHEST)) else _HIGHEST + 1


def _usable(row: Mapping[str, Any], sender: str, agreement: Agreement) -> bool:
    own = f"{sender}."
    ids = [row[name] for name in ("act_no", "subject", "meeting", "question", "about_break", "about_exchange", "owner")]
    return (
        row["act"] in ACTS
        and all(row[name] and cleaned(row[name]) for name in _NEEDS.get(row["act"], ()))
        and all(one is None or _ID.fullmatch(one) for one in (*ids, row["acted_by"], row["route"], row["figure"]))
        and row["act_no"].startswith(own)
        and (row["act"] not in _OWN or row["subject"].startswith(own))
        and 1 <= _number(row) <= _HIGHEST
        and len(row["text"] or "") <= LONGEST
        and row["owner_party"] in (None, *agreement.parties)
        and _fits(row)
    )


def _fits(row: Mapping[str, Any]) -> bool:
    """The values that have a form: days, a quarter, a number, a case's number, a meeting named by its day."""
    from exchange.domain import case_number

    try:
        meetings = [row["subject"]] if row["act"] in ("called", "moved", "called_off", "held") else []
        for day in (*meetings, *filter(None, (row["meeting"], row["day"]))):
            date.fromisoformat(day)
        if row["period"]:
            Period.parse(row["period"])
        moment = datetime.fromisoformat(row["acted_at"])
    except (ValueError, NeedsPerson):
        return False
    case_no, value = row["about_case"], row["value"]
    formed = case_no is None or case_number.parse(case_no).form != "malformed"
    return formed and (value is None or _VALUE.fullmatch(value) is not None) and moment.tzinfo is not None


def _body(row: Mapping[str, Any], sender: str) -> dict[str, Any]:
    about = {name: row[f"about_{name}"] for name in _ABOUT if row[f"about_{name}"]}
    body: dict[str, Any] = {
        "act": row["act_no"], "number": _number(row), "party": sender, "by": row["acted_by"],
        "subject": row["subject"], "at": row["acted_at"],
    } | {name: row[name] for name in _PLAIN if row[name]}  # fmt: skip
    if row["act"] == "filed":
        body |= {"kind": row["question_kind"], "about": about}
    if row["text"]:
        body["text_sha256"] = sha256_hex(cleaned(row["text"]).encode())
    return body


def state_by(exchange: Callable[[str], ExchangeRecord | None]) -> Callable[[str], str | None]:
    """Where an exchange stands, by its key."""

    def state_of(key: str) -> str | None:
        record = exchange(key)
        return record.state if record else None

    return state_of
