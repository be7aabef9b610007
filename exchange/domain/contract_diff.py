"""What changed between two agreements, and how grave that is: breaking, risky or harmless.

Everything an agreement says is laid out as facts (`Place` → family and text), so that nothing that differs can go
unreported; the order of columns alone is none (files are read by their headers). A kind of change is a family with
what became of it; its grade, its words and who has to act are data (`schemas/codes/contract_change.csv`). A new name is
a removal and an addition: nobody can tell a renaming from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, cast

from exchange.domain.contract import CodeList, Column, Contract, Rule
from exchange.domain.route import Agreement, Party, Route

Grade = Literal["breaking", "risky", "harmless"]
Place = tuple[str, ...]
Facts = Mapping[Place, tuple[str, str]]
"""Place → (family, text). A thing's own fact has no text; its properties lie below it."""

TABLE: Final = "contract_change"
_ORDER: Final = ("breaking", "risky", "harmless")
_THINGS: Final = frozenset(
    {"party", "court", "court_code", "code_list", "code", "dataset", "column", "rule", "route", "line", "figure",
     "figure_entry", "rank"}
)  # fmt: skip
"""Families that are there or not; all others are properties of one of them."""

_SEVERITY: Final = ("warn", "verify", "reject")
_WORDS: Final = frozenset({"title_zh", "title_en", "name_zh", "name_en", "law", "source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: its kind (a code of `contract_change`), where, and what stood there before and stands now."""

    kind: str
    grade: Grade
    where: Place
    before: str | None
    after: str | None

    def as_dict(self) -> dict[str, Any]:
        """A plain mapping for JSON."""
        return {
            "kind": self.kind, "grade": self.grade, "where": "/".join(self.where), "before": self.before,
            "after": self.after,
        }  # fmt: skip


def diff_agreements(old: Agreement, new: Agreement, table: CodeList) -> list[Change]:
    """Every difference between two agreements, the gravest first."""
    return _diff(_agreement(old), _agreement(new), table)


def diff_contracts(old: Contract, new: Contract, table: CodeList) -> list[Change]:
    """Every difference between two versions of one dataset's contract, the gravest first."""
    return _diff(dict(_dataset(old)), dict(_dataset(new)), table)


def _diff(old: Facts, new: Facts, table: CodeList) -> list[Change]:
    found: list[Change] = []
    over: set[Place] = set()
    for place in sorted({*old, *new}):
        before, after = old.get(place), new.get(place)
        if before == after or any(place[:n] in over for n in range(1, len(place))):
            continue
        if before is None or after is None:
            over.add(place)
        kind = _kind(place, old, new)
        grade = cast("Grade", table.extra[kind]["grade"])
        found.append(
            Change(
                kind=kind, grade=grade, where=place, before=before[1] if before else None,
                after=after[1] if after else None,
            )
        )  # fmt: skip
    return sorted(found, key=lambda change: (_ORDER.index(change.grade), change.where))


def _kind(place: Place, old: Facts, new: Facts) -> str:
    """The code of what happened at a place that differs."""
    before, after = old.get(place), new.get(place)
    if before is None and after is not None:
        return _added(place, after[0], new)
    if after is None and before is not None:
        return f"{before[0]}_removed"
    if before is None or after is None:
        raise ValueError("no difference")
    family = after[0]
    if family == "column_required":
        return "column_now_required" if after[1] == "true" else "column_now_optional"
    if family == "column_personal":
        return "column_now_personal" if after[1] == "true" else "column_no_longer_personal"
    if family == "rule_severity":
        return "rule_stricter" if _SEVERITY.index(after[1]) > _SEVERITY.index(before[1]) else "rule_milder"
    if family == "line_columns":
        return "line_columns_fewer" if _fewer(before[1], after[1]) else "line_columns_more"
    return f"{family}_changed"


def _added(place: Place, family: str, new: Facts) -> str:
    """An added column or rule is as grave as what it demands."""
    if family == "column":
        return "column_added_required" if new[*place, "required"][1] == "true" else "column_added"
    if family == "rule":
        return f"rule_added_{new[*place, 'severity'][1]}"
    return f"{family}_added"


def _fewer(before: str, after: str) -> bool:
    """Whether a column that travelled no longer does; no list stands for all columns."""
    return bool(after) and (not before or not set(before.split(",")) <= set(after.split(",")))


def kinds() -> frozenset[str]:
    """Every kind of change there can be."""
    plain = {f"{thing}_{what}" for thing in _THINGS for what in ("added", "removed")} - {"rule_added"}
    by_demand = {"column_added_required", "rule_added_reject", "rule_added_verify", "rule_added_warn"}
    told = {"column_now_required", "column_now_optional", "column_now_personal", "column_no_longer_personal"}
    told |= {"rule_stricter", "rule_milder", "line_columns_fewer", "line_columns_more"}
    other = {f"{family}_changed" for family in _CHANGING}
    return frozenset(plain | by_demand | told | other)


_CHANGING: Final = (
    "party_kind", "party_words", "court_division", "court_words", "court_code_days",
    "code_words", "code_meaning",
    "dataset_key", "dataset_selection", "dataset_version", "dataset_words",
    "column_type", "column_code_list", "column_normalise", "column_words",
    "rule_function", "rule_reach", "rule_columns", "rule_params", "rule_figures", "rule_overrulable",
    "rule_comparable", "rule_words",
    "route_parties", "route_answer", "route_profile", "route_world", "route_review", "route_terms", "route_version",
    "route_words", "line_kinds", "line_optional", "figure_entry", "figure_words", "rank", "rank_words",
)  # fmt: skip
"""Families of properties whose text may differ."""


def _agreement(agreement: Agreement) -> dict[Place, tuple[str, str]]:
    found: dict[Place, tuple[str, str]] = {}
    for party in agreement.parties.values():
        found.update(_party(party))
    for codes in agreement.codes.values():
        found.update(_codes(codes))
    for route in agreement.routes.values():
        found.update(_route(route))
        for contract in route.datasets:
            found.update(_dataset(contract))
    return found


def _party(party: Party) -> Iterator[tuple[Place, tuple[str, str]]]:
    at: Place = ("party", party.id)
    yield at, ("party", "")
    yield (*at, "kind"), ("party_kind", party.kind)
    yield (*at, "name"), ("party_words", f"{party.name_zh} {party.name_en}")
    for court in party.courts:
        here: Place = (*at, "court", court.id)
        yield here, ("court", "")
        yield (*here, "name"), ("court_words", court.name)
        yield (*here, "division"), ("court_division", court.division)
        for code in court.codes:
            yield (*here, "code", code.code), ("court_code", "")
            yield (*here, "code", code.code, "days"), ("court_code_days", f"{code.since or ''}/{code.until or ''}")


def _codes(codes: CodeList) -> Iterator[tuple[Place, tuple[str, str]]]:
    at: Place = ("codes", codes.name)
    yield at, ("code_list", "")
    for code in codes.names_zh:
        here: Place = (*at, code)
        yield here, ("code", "")
        yield (*here, "name"), ("code_words", f"{codes.names_zh[code]} {codes.names_en[code]}")
        for name, text in sorted(codes.extra.get(code, {}).items()):
            yield (*here, name), ("code_words" if name.rpartition("_")[2] in ("zh", "en") else "code_meaning", text)


def _dataset(contract: Contract) -> Iterator[tuple[Place, tuple[str, str]]]:
    at: Place = ("dataset", contract.dataset)
    yield at, ("dataset", "")
    yield (*at, "version"), ("dataset_version", contract.version)
    yield (*at, "key"), ("dataset_key", ",".join(contract.key))
    yield (*at, "select_by"), ("dataset_selection", ",".join(contract.select_by))
    yield (*at, "title"), ("dataset_words", f"{contract.title_zh} {contract.title_en}")
    for column in contract.columns:
        yield from _column((*at, "column", column.name), column)
    for rule in contract.rules:
        yield from _rule((*at, "rule", rule.id), rule)


def _column(at: Place, column: Column) -> Iterator[tuple[Place, tuple[str, str]]]:
    yield at, ("column", "")
    for field in fields(Column):
        if field.name != "name":
            family = "column_words" if field.name in _WORDS else f"column_{field.name}"
            yield (*at, field.name), (family, _text(getattr(column, field.name)))


def _rule(at: Place, rule: Rule) -> Iterator[tuple[Place, tuple[str, str]]]:
    yield at, ("rule", "")
    for field in fields(Rule):
        if field.name != "id":
            family = "rule_words" if field.name in _WORDS else f"rule_{field.name}"
            yield (*at, field.name), (family, _text(getattr(rule, field.name)))


_ROUTE_FAMILIES: Final[Mapping[str, str]] = {
    "sender": "route_parties", "receiver": "route_parties", "answered_by": "route_answer", "profile": "route_profile",
    "test": "route_world", "review": "route_review", "version": "route_version", "title_zh": "route_words",
    "title_en": "route_words",
}  # fmt: skip
"""What a property of a route belongs to; any other is one of its terms."""

_LAID_OUT: Final = frozenset(
    {"id", "contract_id", "contract_sha256", "datasets", "lines", "figures", "ranks", "overlap", "followed_by"}
)


def _route(route: Route) -> Iterator[tuple[Place, tuple[str, str]]]:
    at: Place = ("route", route.id)
    yield at, ("route", "")
    for field in fields(Route):
        if field.name not in _LAID_OUT:
            family = _ROUTE_FAMILIES.get(field.name, "route_terms")
            yield (*at, field.name), (family, _text(getattr(route, field.name)))
    if route.overlap is not None:
        begins = f", used from {route.overlap.effective}" if route.overlap.effective else ""
        text = f"{route.overlap.route.version} until {route.overlap.until}, {route.overlap.warn_days} days{begins}"
        yield (*at, "supersedes"), ("route_terms", text)
    for contract in route.datasets:
        line, here = route.line(contract.dataset), (*at, "line", contract.dataset)
        yield here, ("line", "")
        yield (*here, "kinds"), ("line_kinds", _text(line.kinds))
        yield (*here, "columns"), ("line_columns", _text(line.columns))
        yield (*here, "optional"), ("line_optional", _text(line.optional))
    yield from _terms(route, at)


def _terms(route: Route, at: Place) -> Iterator[tuple[Place, tuple[str, str]]]:
    for name, entries in route.figures.items():
        here: Place = (*at, "figure", name)
        yield here, ("figure", "")
        for entry in entries:
            on: Place = (*here, entry.since.isoformat())
            yield on, ("figure_entry", str(entry.value))
            yield (*on, "source"), ("figure_words", entry.source)
    for rank in route.ranks:
        on = (*at, "rank", rank.component, rank.levy_kind, rank.since.isoformat())
        yield on, ("rank", rank.rank)
        yield (*on, "source"), ("rank_words", rank.source)


def _text(value: Any) -> str:
    """A value as one text, the same for equal values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(value[key])}" for key in sorted(value))
    if isinstance(value, frozenset | set):
        return ",".join(sorted(map(_text, value)))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(_text, value))
    if hasattr(value, "__dataclass_fields__"):
        return ", ".join(f"{field.name}: {_text(getattr(value, field.name))}" for field in fields(value))
    return str(value)
