"""`exchange review sample`: the cases drawn from an exchange to be checked by hand against their papers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from exchange import journeys
from exchange.cli.common import Home, Json, Key, end, out, settings_of, whoever
from exchange.cli.rounds import review_app
from exchange.domain.masking import masked
from exchange.domain.sampling import FOUND, SAMPLE_CHECKED, Checked, checks
from exchange.domain.wording import column_words, dataset_words, value_words

if TYPE_CHECKING:
    from exchange.ports import ExchangeRecord, Parts

_FOUND = {"agrees": "相符 agrees", "differs": "不符 differs"}


def register(app: typer.Typer) -> None:  # noqa: ARG001 it hangs below `review`, which is there already
    """Add the command."""
    review_app.command("sample")(sample)


def sample(
    key: Key,
    place: Annotated[
        str | None, typer.Option(help="A case or claim of the sample; all are listed when absent.")
    ] = None,
    found: Annotated[str | None, typer.Option(help=f"What its papers say: {' or '.join(FOUND)}.")] = None,
    note: Annotated[str, typer.Option(help="What differs; needed then. Kept in the vault.")] = "",
    by: Annotated[str | None, typer.Option("--by", envvar="EXCHANGE_OFFICER", help="Your role id.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Show names of persons in full; the ledger says so.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """抽样核对: list the sample, look at one of it, or keep what was found there.

    Drawn by the content's own hash, so that everybody draws the same; its size is `[console] sample_size`.
    """
    from exchange.steps.check_sample import check_sample

    size = settings_of(home).console.sample_size
    with end(home, actor=by or whoever()) as parts:
        record = journeys.record(parts, key)
        if found is not None:
            told: dict[str, Any] = {"by": by or "", "size": size, "note": note}
            with parts.ledger.lock(f"run:{key}"):
                journeys.call(check_sample, parts, key, place or "", found, **told)
            out.print(f"已记录 kept: {place}　{_FOUND[found]}", soft_wrap=True)
        elif place is not None:
            _show(parts, record, place, full=full)
        else:
            _list(parts, record, size, as_json=as_json)


def _list(parts: Parts, record: ExchangeRecord, size: int, *, as_json: bool) -> None:
    from exchange.steps.check_sample import sample_of

    route = journeys.agreed(parts, record.key).route(record.route)
    drawn = sample_of(record, route, parts.vault, size)
    known = checks(parts.ledger.events(exchange=record.key, kind=SAMPLE_CHECKED), record.content_hash)
    if as_json:
        out.print_json(data=[{"place": place, **_told(known.get(place))} for place in drawn])
        return
    table = Table("抽样 place", "核对 found", "核对人 by", "时间 at", box=None)
    for place in drawn:
        one = known.get(place)
        table.add_row(place, _FOUND[one.found] if one else "待核对 to check", one.by if one else "",
                      f"{one.at:%Y-%m-%d %H:%M}" if one else "")  # fmt: skip
    out.print(table)


def _told(one: Checked | None) -> dict[str, Any]:
    return {"found": one.found if one else None, "by": one.by if one else None}


def _show(parts: Parts, record: ExchangeRecord, place: str, *, full: bool) -> None:
    """What leaves about one case; said in the ledger before it is shown."""
    from exchange.domain.content_rows import rows_at

    route = journeys.agreed(parts, record.key).route(record.route)
    rows = rows_at(partial(parts.vault.open, record.key), route, place)
    journeys.looked(parts, record.key, "sample-full" if full else "sample")
    codes = parts.agreement.codes_of(route)
    for dataset, some in rows.items():
        out.print(f"[bold]{' '.join(dataset_words(route, dataset))}[/]  {len(some)}")
        for row in some:
            for column in route.wire(dataset).columns:
                value = row.get(column.name, "")
                if value:
                    said = value_words(column, value if full else masked(column, value) or "", codes)[0]
                    title = column_words(route, dataset, column.name)[0]
                    out.print(f"  {title}  {said}", markup=False, highlight=False, soft_wrap=True)
            out.print()
    if not rows:
        out.print("本批次没有 nothing of it goes.")
