"""The court's own tables, as the examples have them: a case's rows in the source's codes.

Column names and codes are the source's; what they mean is in docs/data.md, "The court's own database".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from exchange.sample.rows import Debtor, Estate
from exchange.sample.setting import Setting, as_fen

Value = str | int | None
Row = tuple[str, tuple[Value, ...]]
"""A table's name and the values of one of its rows."""

TABLES: Final[Mapping[str, str]] = {
    "fy": "fydm VARCHAR(20) PRIMARY KEY, fymc VARCHAR(100), xzqh VARCHAR(6)",
    "pc_aj": "ajbs INTEGER PRIMARY KEY, ah VARCHAR(60), fydm VARCHAR(20), ajlx_dm VARCHAR(2), ajzt_dm VARCHAR(2), "
    "larq DATE, slrq DATE, ggrq DATE, zqsbjzrq DATE, dychyrq DATE, xgrq DATE, zjrq DATE, cbr VARCHAR(40), "
    "sjy VARCHAR(40), sfzd INTEGER, bz VARCHAR(400), gxsj TIMESTAMP",
    "pc_zwr": "zwrbs INTEGER PRIMARY KEY, ajbs INTEGER, mc VARCHAR(200), tyshxydm VARCHAR(20), nsrsbh VARCHAR(20), "
    "zcdz VARCHAR(400), fddbr VARCHAR(40), fddbrsfz VARCHAR(18), hydm VARCHAR(6), cym VARCHAR(200)",
    "pc_glr": "ajbs INTEGER, mc VARCHAR(200), fzr VARCHAR(40), lxdh VARCHAR(40), zdrq DATE",
    "pc_jd": "jdbs INTEGER PRIMARY KEY, ajbs INTEGER, jdlx_dm VARCHAR(2), jdrq DATE, wsh VARCHAR(80), "
    "wsmc VARCHAR(100)",
    "pc_cccz": "czbs INTEGER PRIMARY KEY, ajbs INTEGER, cclx_dm VARCHAR(2), ccms VARCHAR(200), pgj DECIMAL(18,2), "
    "cjj DECIMAL(18,2), cjrq DATE, msr VARCHAR(200), pt VARCHAR(60)",
    "pc_zqsh": "shbs INTEGER PRIMARY KEY, ajbs INTEGER, zqrmc VARCHAR(200), sbh VARCHAR(40), zqxz_dm VARCHAR(20), "
    "sbje DECIMAL(18,2), qrje DECIMAL(18,2), shzt_dm VARCHAR(1), shrq DATE, ly VARCHAR(200)",
    "pc_fp": "fpbs INTEGER PRIMARY KEY, ajbs INTEGER, sbh VARCHAR(40), zqxz_dm VARCHAR(20), yfje DECIMAL(18,2), "
    "sfje DECIMAL(18,2), fprq DATE",
}
"""Table → its columns. The same text makes them on SQLite and PostgreSQL."""

INDEXES: Final = (
    "pc_aj (fydm)",
    *(f"{table} (ajbs)" for table in ("pc_zwr", "pc_glr", "pc_jd", "pc_cccz", "pc_zqsh", "pc_fp")),
)


def names(table: str) -> list[str]:
    """A table's columns in order."""
    return [column.split()[0] for column in TABLES[table].replace("(18,2)", "").split(", ")]


class Register:
    """Turns cases into rows; ids of rows count from 1 in each table."""

    def __init__(self, setting: Setting) -> None:
        self.codes = setting.source_codes
        self.ids = dict.fromkeys(TABLES, 0)

    def rows(self, e: Estate) -> Iterator[Row]:
        """Every row of one case."""
        yield "pc_aj", self._case(e)
        for debtor in e.debtors:
            yield "pc_zwr", _debtor(e, debtor)
        for one in (e.predecessor, e.administrator):
            if one is not None:
                yield "pc_glr", (e.record, *one[:3], _iso(one[3]))
        for event in e.events:
            yield (
                "pc_jd",
                (
                    self._id("pc_jd"),
                    e.record,
                    self._code("event", event.event),
                    _iso(event.on),
                    event.document_no,
                    event.title,
                ),
            )
        for sold in e.disposals:
            yield "pc_cccz", (
                self._id("pc_cccz"), e.record, self._code("asset_kind", sold.kind), sold.what, _yuan(sold.appraised),
                _yuan(sold.price), _iso(sold.on), sold.buyer, sold.platform,
            )  # fmt: skip
        yield from self._books(e)

    def _books(self, e: Estate) -> Iterator[Row]:
        for row in e.reviews:
            status = (
                "confirmed"
                if row.confirmed == row.declared
                else "partly_confirmed"
                if row.confirmed
                else "not_confirmed"
            )
            yield (
                "pc_zqsh",
                (
                    self._id("pc_zqsh"),
                    e.record,
                    row.creditor,
                    row.claim_no,
                    row.rank,
                    _yuan(row.declared),
                    _yuan(row.confirmed),
                    self._code("review_status", status),
                    _iso(row.on),
                    row.why,
                ),
            )
        for paid in e.payments:
            yield (
                "pc_fp",
                (
                    self._id("pc_fp"),
                    e.record,
                    paid.claim_no,
                    paid.rank,
                    _yuan(paid.payable),
                    _yuan(paid.paid),
                    _iso(paid.on),
                ),
            )

    def _case(self, e: Estate) -> tuple[Value, ...]:
        return (
            e.record,
            e.case_no,
            e.court,
            self._code("procedure", e.procedure),
            self._code("stage", e.stage),
            _iso(e.filed),
            _iso(e.accepted),
            _iso(e.announced),
            _iso(e.due),
            _iso(e.meeting),
            _iso(e.declared),
            _iso(e.terminated),
            e.judge,
            e.clerk,
            int(e.major),
            e.note,
            e.updated,
        )

    def _code(self, column: str, word: str | None) -> str | None:
        """The source's own code of a wire word; what is no such word stays as it is."""
        return None if word is None else self.codes[column].get(word, word)

    def _id(self, table: str) -> int:
        self.ids[table] += 1
        return self.ids[table]


def _debtor(e: Estate, d: Debtor) -> tuple[Value, ...]:
    return (
        d.id,
        e.record,
        d.name,
        d.uscc,
        d.old_id,
        d.address,
        d.representative,
        d.representative_id,
        d.industry,
        d.former,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _yuan(amount: int | None) -> str | None:
    return None if amount is None else as_fen(amount)
