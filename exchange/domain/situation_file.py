"""Situations of many groups of books, put aside as entries of an outcome: of a country's million none is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from exchange.domain.finding import Finding
from exchange.domain.outcome import record_id
from exchange.domain.outcome_file import Entry, entry
from exchange.domain.situations import RULES
from exchange.domain.wording import SHOWN


class Situations:
    """What was found beyond the breaks: `counts` by rule, of each rule the `first` places; all of them by `entries`."""

    def __init__(self, folder: Path, *, parted: bool) -> None:
        """`folder` is private and empty, and there as long as the entries are asked for. `parted`: the findings come
        group by group, and their entries in the order of the rules; else in that of the findings."""
        self._folder, self._parted = folder, parted
        self.counts: Counter[str] = Counter()
        self.first: dict[str, list[Finding]] = {}

    def add(self, findings: Iterable[Finding]) -> None:
        """Put a group's findings aside."""
        for rule, some in groupby(findings, key=lambda one: one.rule):
            self._add(rule, list(some))

    def _add(self, rule: str, some: Sequence[Finding]) -> None:
        self.counts[rule] += len(some)
        first = self.first.setdefault(rule, [])
        first += some[: SHOWN - len(first)]
        name = f"{RULES.index(rule) if self._parted else 0:03d}.jsonl"
        with (self._folder / name).open("a", encoding="utf-8", newline="") as out:
            out.writelines(f"{entry(one.as_dict() | {'record': record_id(one.record)})}\n" for one in some)

    def entries(self) -> Iterator[Entry]:
        """Every one as it stands in an outcome."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open(encoding="utf-8", newline="\n") as lines:
                yield from (Entry(line.removesuffix("\n")) for line in lines)
