"""Years of events written straight into a PostgreSQL ledger, chained as the ledger itself chains them.

Through the port an event costs a transaction's part and a fold; two millions would take half an hour. Here they are
sealed by the domain's own functions and copied in; `exchange audit verify` finds the chain whole (the numbers of the
past's packets alone begin high).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Any, Final

from bench.ends import AS_OF, PAIR
from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.records import alert_values, exchange_values, packet_values
from exchange.domain import alert_life
from exchange.domain.audit import BEFORE_FIRST, ExchangeRecord, StoredEvent, fold, seal_event
from exchange.ports import AlertRecord, Direction, PacketRecord

ROUTE, OUT, BACK = f"{PAIR}-cases", f"court-{PAIR}.tax-{PAIR}", f"tax-{PAIR}.court-{PAIR}"
_OFFICERS: Final = ("liaison-1", "chief-1", "chief-2", "audit-1")
_ABOVE: Final = 100_000
"""Numbers of the past's packets begin here, above those of the quarter."""
_STEP: Final = timedelta(seconds=20)
EVENTS_AN_ALERT: Final = 101
"""Of so many events there is one alert, told again and again, and acknowledged in the end."""

_LIFE: Final = (
    "exchange_opened", "extracted", "checked", "prepared", "approved", "packed", "sent", "receipt_opened",
    "receipt_validated", "confirmed",
)  # fmt: skip
"""An urgent exchange of the past; only its first event and its last differ from the others in what is folded."""


class Past:
    """What is copied: events in their chain, the exchanges they fold into, and their packets."""

    def __init__(self, seq: int, prev_hash: str) -> None:
        self._seq, self._hash = seq, prev_hash
        self._at = datetime.now(UTC) - timedelta(days=900)
        self.exchanges: list[dict[str, Any]] = []
        self.packets: list[dict[str, Any]] = []
        self.alerts: dict[tuple[str, str], AlertRecord] = {}

    def _sealed(self, kind: str, exchange: str | None, actor: str, body: Mapping[str, Any]) -> StoredEvent:
        self._seq += 1
        self._at += _STEP
        stored = seal_event(
            seq=self._seq, at=self._at, kind=kind, exchange=exchange, actor=actor, body=body, prev_hash=self._hash
        )
        self._hash = stored.hash
        return stored

    def urgent(self, number: int) -> Iterator[StoredEvent]:
        """One urgent exchange, from opened to validated, with its packet and both receipts."""
        key, opened = f"{ROUTE}.U.{number:012x}", self._seq + 1
        packet = f"{OUT}.{_ABOVE + number:06d}.U"
        bodies: dict[str, dict[str, Any]] = {
            "exchange_opened": {"route": ROUTE, "direction": "out", "kind": "U", "period": "2026Q2",
                                "as_of": AS_OF.isoformat()},
            "checked": {"content_hash": _hash(number), "selected": 1, "held": 0, "sent": 1, "rows": {}},
            "prepared": {"by": "liaison-1", "content_hash": _hash(number)},
            "approved": {"by": "chief-1", "content_hash": _hash(number)},
            "packed": {"packet_id": packet, "number": number, "manifest_sha256": _hash(number)},
            "sent": {"packet_id": packet}, "confirmed": {"by": "chief-2"},
        }  # fmt: skip
        for rung in ("receipt_opened", "receipt_validated"):
            bodies[rung] = {"receipt": f"{BACK}.{_ABOVE + number:06d}.R", "answers": packet}
        record: ExchangeRecord | None = None
        for kind in _LIFE:
            stored = self._sealed(kind, key, "system", bodies.get(kind, {}))
            record = fold(record, stored.read()) or record
            yield stored
        assert record is not None
        self.exchanges.append(exchange_values(record) | {"opened_seq": opened})
        self._packet(OUT, _ABOVE + number, packet, "U", key, "sent", "out")
        for place, rung in enumerate(("opened", "validated")):
            number_ = _ABOVE + 2 * number + place
            self._packet(BACK, number_, f"{BACK}.{number_:06d}.R", "R", f"{rung}.{key}", "accepted", "in")

    def received(self, number: int) -> Iterator[StoredEvent]:
        """The same exchange as the other end has it: taken in, both receipts given."""
        key, opened = f"{OUT}.{_ABOVE + number:06d}.U", self._seq + 2
        said = {"route": ROUTE, "direction": "in", "kind": "U", "period": "2026Q2", "packet_id": key, "rows": {}}
        yield self._sealed("collected", key, "system", {"packet_id": key})
        taken = self._sealed("taken_in", key, "system", said)
        record = fold(None, taken.read())
        assert record is not None
        yield taken
        self._packet(OUT, _ABOVE + number, key, "U", key, "accepted", "in")
        for place, rung in enumerate(("opened", "validated")):
            number_ = _ABOVE + 2 * number + place
            receipt = f"{BACK}.{number_:06d}.R"
            for kind in ("receipt_packed", "receipt_sent"):
                last = self._sealed(kind, key, "system", {"packet_id": receipt, "rung": rung})
                record = fold(record, last.read()) or record
                yield last
            self._packet(BACK, number_, receipt, "R", key, "sent", "out")
        self.exchanges.append(exchange_values(record) | {"opened_seq": opened})

    def look(self, number: int) -> StoredEvent:
        """An officer looks at an exchange: what most of an old ledger is."""
        key = self.exchanges[number - 1]["key"]
        stored = self._sealed("looked_at", key, _OFFICERS[number % 4], {"what": "sample" if number % 3 else "points"})
        self.exchanges[number - 1]["updated_at"] = stored.at
        return stored

    def alert(self, number: int) -> StoredEvent:
        """People are told of a case's limit, once more."""
        return self._of_alert("alert_sent", "system", f"（2025）冀1103破{number}号")

    def acknowledged(self) -> Iterator[StoredEvent]:
        """An officer has seen every alert."""
        for _, subject in list(self.alerts):
            yield self._of_alert("alert_acknowledged", "liaison-1", subject)

    def _of_alert(self, kind: str, actor: str, subject: str) -> StoredEvent:
        place, day = ("major", subject), self._at.date().isoformat()
        stored = self._sealed(kind, None, actor, {"rule": "major", "subject": subject, "day": day})
        self.alerts[place] = alert_life.fold(self.alerts.get(place), stored.read())
        return stored

    def _packet(
        self, lane: str, number: int, id: str, kind: str, exchange: str, state: str, direction: Direction
    ) -> None:  # fmt: skip
        record = PacketRecord(
            lane=lane, number=number, packet_id=id, direction=direction, kind=kind, exchange=exchange, state=state,
            manifest_sha256=_hash(number),
        )  # fmt: skip
        self.packets.append(packet_values(record, self._at))


def add_years(url: str, *, exchanges: int, events: int, sent: bool = True) -> None:
    """Give a ledger so many urgent exchanges of the past, sent or received, and at most so many events in all."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        head = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        past = Past(*(head or (0, BEFORE_FIRST)))
        lives = chain.from_iterable(past.urgent(n) if sent else past.received(n) for n in range(1, exchanges + 1))
        subjects = max(events // EVENTS_AN_ALERT, 1)
        looks = (
            past.alert(n % subjects) if n % 5 == 0 else past.look(n % max(exchanges, 1) + 1)
            for n in range(events - exchanges * len(_LIFE) - subjects)
        )  # fmt: skip
        connection.execute("ALTER TABLE event DISABLE TRIGGER event_continues")
        _copy(connection, "event", (asdict(one) for one in chain(lives, looks, past.acknowledged())))
        connection.execute("ALTER TABLE event ENABLE TRIGGER event_continues")
        _copy(connection, "exchange", iter(past.exchanges))
        _copy(connection, "packet", iter(past.packets))
        _copy(connection, "alert_item", map(alert_values, past.alerts.values()))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE")


def _copy(connection: Any, name: str, rows: Iterator[Mapping[str, Any]]) -> None:
    columns = [column.name for column in tables.metadata.tables[name].c]
    with connection.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])


def more_breaks(ledger: Any, route: str, wanted: int) -> int:
    """Breaks of a route, each repeated under another id until there are so many; how many there are."""
    found = list(ledger.breaks(route=route))
    short = range(wanted - len(found) if found else 0)
    made = [replace(found[n % len(found)], id=sha256(f"again {n}".encode()).hexdigest()[:16]) for n in short]
    with ledger.transaction() as write:
        write.set_breaks(route, made)
    return len(found) + len(made)


def _hash(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()
