"""Which packet of a lane carried each case last, kept while rows are landed.

Every quarter brings a lane's open cases anew. To ask all landed rows for the latest of each case would cost more every
quarter; `landed_case` has a row a case. It can be made anew from the landed rows at any time.
"""

# ruff: noqa: S608  # table names are made from checked dataset names and quoted; values are bound

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

_MANY: Final = 10_000
"""Rows of a packet above which their cases are not looked up one by one."""

_JOIN_MEMORY: Final = "64MB"
"""What PostgreSQL may take for each sort or join of so many; it takes twice as much for a hash."""

_FEW: Final = 200
"""Cases up to which a question about them alone is cheaper than one about their lane."""

LAST_WORD: Final = "SELECT case_no, number AS latest FROM landed_case WHERE lane = :lane"
"""SQL for (case_no, latest): the very latest packet that carried each case."""


def quoted(name: str) -> str:
    """A name of a table or column as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def table_of(dataset: str) -> str:
    """The quoted name of a dataset's table."""
    return quoted(f"landed_{dataset}")


@contextmanager
def as_a_whole(connection: Connection, rows: int) -> Iterator[None]:
    """Join so many rows, landed in this very transaction, as a whole where they are many.

    PostgreSQL has no statistics of them and takes them for a few, looking each up by itself; and a million cases do
    not fit into the memory it gives a join by itself, which also loses their order.
    """
    told = connection.dialect.name == "postgresql" and rows > _MANY
    if told:
        connection.exec_driver_sql(f"SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '{_JOIN_MEMORY}'")
    yield
    if told:
        connection.exec_driver_sql("RESET enable_nestloop; RESET work_mem")


def note(
    connection: Connection, told: Mapping[str, int], *, alone: Collection[str], lane: str, number: int, rows: int
) -> None:
    """Say that the cases of a packet's landings (dataset → landing, so many rows in all) were carried by it, unless a
    later one carried them. Of the datasets `alone` the key is the case: they come first, each in the order its rows
    are stored, and leave few or none to be found in the others."""
    parts = [[dataset] for dataset in told if dataset in alone]
    parts += [rest] if (rest := [dataset for dataset in told if dataset not in alone]) else []
    said: dict[str, Any] = {"lane": lane, "number": number} | {f"landing_{name}": told[name] for name in told}
    known = "SELECT 1 FROM landed_case k WHERE k.lane = :lane"
    with as_a_whole(connection, rows):
        for part in parts:
            cases = " UNION ALL ".join(
                f"SELECT r.case_no FROM {table_of(name)} r WHERE r._landing = :landing_{name}" for name in part
            )
            if connection.execute(text(f"{known} AND k.number < :number LIMIT 1"), said).first():
                earlier = "UPDATE landed_case SET number = :number WHERE lane = :lane AND number < :number"
                connection.execute(text(f"{earlier} AND case_no IN ({cases})"), said)
            once = "" if set(part) <= set(alone) else "DISTINCT "
            connection.execute(
                text(
                    "INSERT INTO landed_case (lane, case_no, number) "
                    f"SELECT {once}CAST(:lane AS text), c.case_no, CAST(:number AS integer) FROM ({cases}) c "
                    f"WHERE NOT EXISTS ({known} AND k.case_no = c.case_no)"
                ),
                said,
            )


def rebuild(connection: Connection, datasets: Sequence[str], *, lane: str) -> None:
    """Make a lane's rows anew, after a packet's rows were replaced by others."""
    connection.execute(text("DELETE FROM landed_case WHERE lane = :lane"), {"lane": lane})
    if datasets:
        connection.execute(text(f"INSERT INTO landed_case (lane, case_no, number) {_latest(datasets)}"), {"lane": lane})


def newest_by_case(
    connection: Connection, datasets: Sequence[str], dataset: str, *, lane: str, cases: Sequence[str] | None = None
) -> str:
    """SQL for (case_no, latest): the latest packet that carried the case and held this dataset at all.

    `datasets` are the tables of this lane's route whose key begins with case_no. A packet that is some case's latest
    and held no rows file of the dataset is rare (a contract that grew); then all landed rows are asked. `cases`: only
    of these is the SQL asked.
    """
    if not _lacks(connection, dataset, lane, cases):
        return LAST_WORD
    carried = _carried(datasets)
    return (
        f"SELECT c.case_no, max(c.number) AS latest FROM ({carried}) c "
        "JOIN landed p ON p.lane = :lane AND p.number = c.number AND p.dataset = :dataset GROUP BY c.case_no"
    )


def _lacks(connection: Connection, dataset: str, lane: str, cases: Sequence[str] | None) -> bool:
    """Whether a packet that carried a case last held no rows file of a dataset; of few cases, looked up by them."""
    said: dict[str, Any] = {"lane": lane, "dataset": dataset}
    held = "(SELECT 1 FROM landed p WHERE p.lane = :lane AND p.number = n.number AND p.dataset = :dataset)"
    if cases is not None and len(cases) <= _FEW:
        if not cases:
            return False
        wanted = text(
            f"SELECT 1 FROM landed_case n WHERE n.lane = :lane AND n.case_no IN :cases AND NOT EXISTS {held} LIMIT 1"
        ).bindparams(bindparam("cases", expanding=True))
        return connection.execute(wanted, said | {"cases": list(cases)}).first() is not None
    without = f"SELECT n.number FROM landed n WHERE n.lane = :lane AND NOT EXISTS {held}"
    if connection.execute(text(f"{without} LIMIT 1"), said).first() is None:
        return False
    lacking = f"SELECT 1 FROM landed_case k WHERE k.lane = :lane AND k.number IN ({without}) LIMIT 1"
    return connection.execute(text(lacking), said).first() is not None


def newest_until(datasets: Sequence[str], *, last_word: bool = False, column: str = "landed_at") -> str:
    """SQL for (case_no, latest) as it was at a moment: of the packets landed by `:until` (with `column` number: up to
    that number) that held `:dataset`, or with `last_word` of all."""
    held = "" if last_word else " AND dataset = :dataset"
    return (
        f"SELECT c.case_no, max(c.number) AS latest FROM ({_carried(datasets)}) c "
        "JOIN (SELECT DISTINCT number FROM landed "
        f"WHERE lane = :lane AND {column} <= :until{held}) p ON p.number = c.number GROUP BY c.case_no"
    )


def carriers_of(connection: Connection, cases: Collection[str] | None, *, lane: str) -> dict[str, str]:
    """Case → id of the packet of the lane that carried it last; of these cases, or of all of them."""
    wanted = (
        "SELECT k.case_no, p.packet_id FROM landed_case k JOIN (SELECT DISTINCT number, packet_id FROM landed "
        "WHERE lane = :lane) p ON p.number = k.number WHERE k.lane = :lane"
    )
    if cases is None:
        return {row.case_no: row.packet_id for row in connection.execute(text(wanted), {"lane": lane})}
    some = text(f"{wanted} AND k.case_no IN :cases").bindparams(bindparam("cases", expanding=True))
    found: dict[str, str] = {}
    for part in _parts(sorted(cases)):
        found.update((r.case_no, r.packet_id) for r in connection.execute(some, {"lane": lane, "cases": part}))
    return found


def _parts(values: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    return [values[at : at + size] for at in range(0, len(values), size)]


def problems(connection: Connection, datasets: Sequence[str]) -> list[str]:
    """Lanes of which `landed_case` does not say what their rows say, in words."""
    lanes = connection.execute(text("SELECT lane FROM landed UNION SELECT lane FROM landed_case ORDER BY 1")).scalars()
    found = []
    for lane in list(lanes):
        said = "SELECT lane, case_no, number FROM landed_case WHERE lane = :lane"
        meant = _latest(datasets) if datasets else f"{said} AND 1 = 0"
        differ = "SELECT 1 FROM ({} EXCEPT {}) d LIMIT 1"
        if any(
            connection.execute(text(differ.format(*pair)), {"lane": lane}).first()
            for pair in ((said, meant), (meant, said))
        ):
            found.append(f"Which packet carried each case last on lane {lane} is not what the landed rows say.")
    return found


def _literal(dataset: str) -> str:
    return "'" + dataset.replace("'", "''") + "'"


def _carried(datasets: Sequence[str]) -> str:
    return " UNION ".join(
        f"SELECT r.case_no, p.number FROM landed p JOIN {table_of(name)} r ON r._landing = p.landing "
        f"WHERE p.lane = :lane AND p.dataset = {_literal(name)}"
        for name in datasets
    )


def _latest(datasets: Sequence[str]) -> str:
    return f"SELECT CAST(:lane AS text), c.case_no, max(c.number) FROM ({_carried(datasets)}) c GROUP BY c.case_no"
