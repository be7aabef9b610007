"""What a party's `codes.yaml` says of its own records: code maps, the offset of plain times, what it does not hold.

Pure: adapters read the file, whatever kind of source is behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.domain.contract import MADE_HERE
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Route
from exchange.domain.strict_yaml import Flaw, parse

FILE: Final = "codes.yaml"
_KEYS: Final = frozenset({"codes", "timezone", "same_as", "not_supplied", "optional_tables"})
_OFFSET: Final = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_TABLE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCodes:
    """Code maps by column, the offset of times that have none, the folder that has what is not here.

    `not_supplied` are datasets this source does not hold; `optional_tables` dataset → the table without which it does
    not.
    """

    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timezone: str | None = None
    same_as: str | None = None
    not_supplied: tuple[str, ...] = ()
    optional_tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def offset(self) -> str:
        """The offset of times that have none: China's, where nothing is said."""
        return self.timezone or "+08:00"

    def over(self, base: SourceCodes) -> SourceCodes:
        """These, and the other folder's where these say nothing."""
        return SourceCodes(
            codes={**base.codes, **self.codes},
            timezone=self.timezone or base.timezone,
            not_supplied=tuple(dict.fromkeys((*base.not_supplied, *self.not_supplied))),
            optional_tables={**base.optional_tables, **self.optional_tables},
        )


def parse_codes(data: bytes, where: str) -> SourceCodes:
    """A `codes.yaml`; NeedsPerson 905 with its line when it is not as sources/README.md says."""
    try:
        document = parse(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise wrong(where, "The file is not UTF-8.") from None
    if isinstance(document, Flaw):
        raise wrong(f"{where}:{document.line}", document.what)
    told = document.data or {}
    if not isinstance(told, dict) or not told.keys() <= _KEYS:
        raise wrong(where, f"Only {', '.join(f'`{key}`' for key in sorted(_KEYS))} are known here.")
    maps, tables = told.get("codes", {}), told.get("optional_tables", {})
    if not isinstance(maps, dict) or not all(_is_map(m) for m in maps.values()):
        raise wrong(where, "Each column under `codes` must map quoted source codes to wire codes.")
    if not _OFFSET.fullmatch(str(told.get("timezone", "+08:00"))):
        raise wrong(where, "`timezone` must be an offset such as +08:00.")
    if not _is_map(tables) or not all(_TABLE.fullmatch(table) for table in tables.values()):
        raise wrong(where, "`optional_tables` must map datasets to the names of tables.")
    lacking = told.get("not_supplied", [])
    if not isinstance(lacking, list) or not all(isinstance(name, str) for name in lacking):
        raise wrong(where, "`not_supplied` must list datasets.")
    return SourceCodes(
        codes=maps, timezone=told.get("timezone"), same_as=told.get("same_as"), not_supplied=tuple(lacking),
        optional_tables=tables,
    )  # fmt: skip


def receiver_word(route: Route) -> str:
    """The word of the receiver's id (tax of tax-131103): what a file for such receivers alone is named by."""
    return route.receiver.partition("-")[0]


def check_held(route: Route, there: Mapping[str, Any], codes: SourceCodes, folder: str, suffix: str) -> None:
    """NeedsPerson 927 when a dataset of the route's quarter is neither held here nor said to be not supplied.

    Silence would go out as a file without rows, which says that there was nothing.
    """
    known = {*there, *codes.not_supplied, *MADE_HERE}
    lacking = [c.dataset for c in route.carries("Q") if c.dataset not in known and not route.line(c.dataset).optional]
    if lacking:
        word = receiver_word(route)
        raise NeedsPerson(
            927,
            f"Nothing here gives {', '.join(lacking)} for the route.",
            where=f"{folder} for route {route.id}",
            next_step=f"Write {lacking[0]}{suffix} there ({lacking[0]}.to-{word}{suffix} if it is for such receivers "
            "alone), or list it under `not_supplied` in codes.yaml.",
        )


def _is_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def wrong(where: str, what: str) -> NeedsPerson:
    """905 about a file of a source's folder."""
    return NeedsPerson(905, what, where=where, next_step="Mend the file as sources/README.md says.")
