"""Whether what somebody added fits: datasets that stand alone, forms, kinds of parties, lines of routes.

Pure, beside `cross_check`, which sees that every name refers to something. Each flaw says what to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exchange.domain.agreement_sheets import Codes, Path, Sheet, Sheets, Trouble, custom, trouble
from exchange.domain.route import Route
from exchange.domain.strict_yaml import nearest

CASES: Final = "bankruptcy_case"


def fitting(sheets: Sheets, codes: Codes) -> Iterator[Trouble]:
    """What does not fit in documents whose names all refer to something."""
    for sheet in sheets["dataset"].values():
        yield from _dataset(sheet)
    for sheet in sheets["party"].values():
        kinds = codes["party_kind"].names_zh if "party_kind" in codes else {}
        if sheet["kind"] not in kinds:
            what = f"{sheet['kind']!r} is no kind of party."
            step = f"{nearest(sheet['kind'], [*kinds])} A new kind is a line of schemas/codes/party_kind.csv."
            yield trouble(sheet, ("kind",), what, step)
    for sheet in sheets["route"].values():
        yield from _route(sheet, sheets)


def _dataset(sheet: Sheet) -> Iterator[Trouble]:
    table = sheet["schema"][0]
    columns = {c["name"]: c for c in table["properties"]}
    base: Path = ("schema", 0)
    for i, column in enumerate(table["properties"]):
        yield from _column(sheet, (*base, "properties", i), column)
    alone = not _of_case(sheet)
    for name in custom(sheet.document.data).get("selectBy", ()):
        if not alone:
            what = "Rows of a case go where their case goes; `selectBy` has no say."
            yield trouble(sheet, ("customProperties",), what, "Take it out, or give the dataset another key.")
        elif name not in columns:
            yield trouble(
                sheet, ("customProperties",), f"`selectBy` names no column {name!r}.", nearest(name, [*columns])
            )
        elif columns[name]["logicalType"] not in ("date", "timestamp"):
            what = f"`selectBy` names {name!r}, which is no day or time."
            yield trouble(sheet, ("customProperties",), what, "Name a column of type date or timestamp.")
    for i, rule in enumerate(table.get("quality", ())):
        how, here = rule["implementation"], (*base, "quality", i, "implementation")
        if alone and how["reach"] == "case":
            what = "A dataset that stands alone has no case to hold."
            yield trouble(sheet, (*here, "reach"), what, "Write `reach: row`.")
        if alone and not how.get("beyond"):
            what = "A rule of a dataset that stands alone is not among the agreed lists of cases."
            yield trouble(sheet, here, what, "Write `beyond: true`.")


def _column(sheet: Sheet, at: Path, column: Mapping[str, Any]) -> Iterator[Trouble]:
    if column.get("primaryKey") and column.get("classification") == "personal":
        what = f"The key column {column['name']!r} names a person, and keys stand in reports and receipts."
        yield trouble(sheet, at, what, "Use the source's own number of the row as the key.")
    if "normalise" in custom(column) and column["logicalType"] != "string":
        yield trouble(sheet, (*at, "customProperties"), "Only text is brought to a form.", "Take `normalise` out.")


def _route(sheet: Sheet, sheets: Sheets) -> Iterator[Trouble]:
    carried = {line["dataset"] for line in sheet["datasets"]}
    sender = sheets["party"].get(sheet["sender"])
    for i, line in enumerate(sheet["datasets"]):
        kinds, at = line.get("kinds", ()), ("datasets", i)
        if "Q" in kinds and "N" not in kinds:
            what = "A file of the quarter is not one of a quarter without rows, which would be refused."
            yield trouble(sheet, (*at, "kinds"), what, "Add N beside Q.")
        dataset = sheets["dataset"].get(line["dataset"])
        from_court = sender is not None and sender["kind"] == "court"
        if dataset is not None and from_court and _of_case(dataset) and CASES not in carried:
            what = f"{line['dataset']} is about cases, and the route sends none."
            yield trouble(sheet, at, what, f"Add a line for {CASES}.")


def _of_case(sheet: Sheet) -> bool:
    """As `Contract.of_case`."""
    columns = sheet["schema"][0]["properties"]
    return any(c["name"] == "case_no" and c.get("primaryKeyPosition") == 1 for c in columns)


def overlap_flaw(told: Mapping[str, Any], kept: Route, now: Route) -> tuple[str, str, str] | None:
    """Why a version can't be accepted beside the one that supersedes it, (where, what, next step); None when it can.

    It has to be the version that was agreed, between the same two, and its rows have to fit the tables of this one.
    """
    if told.get("effective", "") > told["until"]:
        what = f"The sender would use version {told['version']} up to {told['effective']}, when it is refused already."
        return "effective", what, "Let the new version take effect on or before the overlap's last day."
    if (kept.version, kept.contract_sha256) != (told["version"], told["contract_sha256"]):
        what = f"What is kept is version {kept.version}, {kept.contract_sha256[:16]}…"
        return "contract_sha256", what, "Keep the files as they were agreed; `exchange contracts list` shows the hash."
    if (kept.sender, kept.receiver, kept.test) != (now.sender, now.receiver, now.test):
        return "kept", "The version kept is of another lane or world.", "Change over on one day, without an overlap."
    for contract in kept.datasets:
        if not now.has(contract.dataset):
            what = f"{contract.dataset} is in the version kept and no longer in this one."
            return "kept", what, "Change over on one day, without an overlap."
        here = now.wire(contract.dataset)
        before = kept.wire(contract.dataset)
        types = {column.name: column.type for column in here.columns}
        odd = [column.name for column in before.columns if types.get(column.name, column.type) != column.type]
        if before.key != here.key or odd:
            what = f"{contract.dataset} has another key, or another type of {', '.join(odd) or 'nothing'}."
            return "kept", what, "Change over on one day, without an overlap."
    return None
