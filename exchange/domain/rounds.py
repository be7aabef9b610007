"""One round on a route: which rows it is about, and from them to the verdict, the same for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from exchange.domain.corrections import taken_back
from exchange.domain.examine import Examination, check_across, check_rows, conclude, join, prepare
from exchange.domain.finding import Finding
from exchange.domain.period import Period
from exchange.domain.prepare import Prepared
from exchange.domain.route import Agreement, Party, Route
from exchange.domain.rowcheck import RunsChecks


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Rows of a route's sender that a quarter takes, as of a day, and what judges them."""

    agreement: Agreement
    route: Route
    period: Period
    as_of: date
    is_workday: Callable[[date], bool]
    checker: RunsChecks

    @property
    def sender(self) -> Party:
        """Whose rows they are."""
        return self.agreement.parties[self.route.sender]


def checked(frames: Mapping[str, pd.DataFrame], of: Round) -> tuple[Prepared, list[Finding]]:
    """Rows as read, each value in its form, and every row rule they break. Raises NeedsPerson 915 (a rule crashed)."""
    prepared = prepare(frames, route=of.route, sender=of.sender, period=of.period, as_of=of.as_of)
    findings = check_rows(
        prepared, route=of.route, sender=of.sender, codes=of.agreement.codes_of(of.route), as_of=of.as_of,
        is_workday=of.is_workday, checker=of.checker,
    )  # fmt: skip
    return prepared, findings


def judged(
    batches: Iterable[Mapping[str, pd.DataFrame]], of: Round, *, voids: pd.DataFrame | None = None
) -> tuple[Prepared, Examination]:
    """All that was read, batch by batch, as one: what is sent and what is held, with what is wrong between its rows.

    `voids` are the current rows of `case_void`: a case that was taken back is held. Raises as `checked`; ValueError
    for no batch.
    """
    parts = [checked(frames, of) for frames in batches]
    whole = join([prepared for prepared, _ in parts])
    found = [finding for _, findings in parts for finding in findings]
    found += check_across(whole, found, route=of.route, sender=of.sender)
    found += taken_back(whole, voids) if voids is not None else ()
    return whole, conclude(whole, found, route=of.route, as_of=of.as_of)
