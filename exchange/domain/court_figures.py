"""Figures of one exchange by court: cases selected and sent, the share held, rows by dataset, sums of money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from exchange.domain.anomaly import Figures
from exchange.domain.changes import DATASET
from exchange.domain.columns import Ints, exact_sums, text, to_fen
from exchange.domain.contract import Contract
from exchange.domain.prepare import CASES
from exchange.domain.route import Party, Route
from exchange.domain.text import among


def court_figures(
    cases: pd.DataFrame, held: Collection[str], sent: Mapping[str, pd.DataFrame], *, route: Route, sender: Party
) -> Figures:
    """Every court of the sender with every measure, zeros too.

    `cases` are the selected ones (`_record`, `court_code`), `held` their records that stay, `sent` the rows that go by
    dataset, each with `_record`. A row belongs to its case's court, or to the one it names itself.
    """
    courts = sender.court_ids
    told: dict[str, dict[str, Decimal]] = {court: {} for court in courts}
    of_cases = _numbers(cases, courts)
    by_record = pd.Series(of_cases, index=cases["_record"].astype(object))
    stays = among(cases["_record"], held)
    selected, kept = _count(of_cases, len(courts)), _count(of_cases[stays], len(courts))
    for n, court in enumerate(courts):
        told[court]["selected"] = Decimal(int(selected[n]))
        told[court]["sent"] = Decimal(int(selected[n] - kept[n]))
        told[court]["held_share"] = _share(int(selected[n]), int(kept[n]))
    for contract in route.datasets:
        if contract.dataset in sent and contract.dataset not in (CASES, DATASET):
            frame = sent[contract.dataset]
            of_rows = _numbers(frame, courts) if "court_code" in frame else _through(frame, by_record)
            _rows(told, courts, contract, frame, of_rows)
    return told


def added(one: Figures, other: Figures) -> Figures:
    """The figures of two parts of an exchange together."""
    told: dict[str, dict[str, Decimal]] = {}
    for court in {**one, **other}:
        here, there = one.get(court, {}), other.get(court, {})
        sums_of = {name: here.get(name, Decimal(0)) + there.get(name, Decimal(0)) for name in {**here, **there}}
        selected = int(sums_of["selected"])
        told[court] = sums_of | {"held_share": _share(selected, selected - int(sums_of["sent"]))}
    return told


def _share(selected: int, kept: int) -> Decimal:
    return (Decimal(kept) / max(1, selected)).quantize(Decimal("0.0001"))


def _rows(
    told: Mapping[str, dict[str, Decimal]], courts: Sequence[str], contract: Contract, frame: pd.DataFrame, of: Ints
) -> None:
    """Rows of one dataset and its money columns, by court."""
    known = of >= 0
    counts = _count(of, len(courts))
    money = {
        name: exact_sums(of[known], to_fen(text(frame, name))[0][known], len(courts))
        for name in contract.of_type("money")
    }
    for n, court in enumerate(courts):
        told[court][f"rows.{contract.dataset}"] = Decimal(int(counts[n]))
        for name, totals in money.items():
            told[court][f"sum.{contract.dataset}.{name}"] = Decimal(int(totals[n])).scaleb(-2)


def _numbers(frame: pd.DataFrame, courts: Sequence[str]) -> Ints:
    """Each row's court by its place in the list; -1 for none of them."""
    if "court_code" not in frame:
        return np.full(len(frame), -1, np.int64)
    return np.asarray(pd.Index(courts).get_indexer(pd.Index(frame["court_code"].astype(object))), np.int64)


def _through(frame: pd.DataFrame, by_record: pd.Series) -> Ints:
    found = by_record.index.get_indexer(pd.Index(frame["_record"].astype(object)))
    numbers = by_record.to_numpy(np.int64)
    return np.where(found >= 0, numbers[found], -1) if len(numbers) else np.full(len(frame), -1, np.int64)


def _count(of: Ints, courts: int) -> Ints:
    return np.bincount(of[of >= 0], minlength=courts).astype(np.int64)
