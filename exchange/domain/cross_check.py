"""Whether the agreement's documents, each well formed, refer to each other rightly.

Pure. What a schema can't say is checked here: every name refers to something, codes agree with their lists, ranks
leave no pair out, routes answer each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from exchange.domain.agreement_sheets import TYPES, Codes, Path, Sheet, Sheets, Trouble, custom, day, trouble
from exchange.domain.break_terms import break_term_flaws
from exchange.domain.strict_yaml import nearest


def cross_check(sheets: Sheets, codes: Codes) -> Iterator[Trouble]:
    """Everything in documents that are each well formed but do not fit together."""
    for sheet in sheets["dataset"].values():
        yield from _dataset(sheet, codes)
    for sheet in sheets["terms"].values():
        yield from _terms(sheet, codes)
    for sheet in sheets["party"].values():
        yield from _party(sheet)
    for sheet in sheets["route"].values():
        yield from _route(sheet, sheets)
        yield from (trouble(sheet, *flaw) for flaw in break_term_flaws(sheet.document.data, _names(codes, "break")))
    yield from _lanes(sheets["route"])


def _dataset(sheet: Sheet, codes: Codes) -> Iterator[Trouble]:
    table = sheet["schema"][0]
    base: Path = ("schema", 0)
    columns = [c["name"] for c in table["properties"]]
    if not sheet.name == table["name"] == table["physicalName"]:
        yield trouble(sheet, (*base, "name"), "The dataset's name is not the file's.", f"Write {sheet.name!r}.")
    positions = [c.get("primaryKeyPosition") for c in table["properties"] if c.get("primaryKey")]
    if sorted(positions) != list(range(1, len(positions) + 1)) or not positions:
        yield trouble(sheet, (*base, "properties"), "The key's positions are not 1, 2, …", "Number the key's columns.")
    for i, column in enumerate(table["properties"]):
        yield from _column_troubles(sheet, (*base, "properties", i), column, columns[:i], codes)
    rules = table.get("quality", ())
    for i, rule in enumerate(rules):
        yield from _rule_troubles(sheet, (*base, "quality", i), rule, columns, [r["id"] for r in rules[:i]])


def _column_troubles(
    sheet: Sheet, at: Path, column: Mapping[str, Any], before: list[str], codes: Codes
) -> Iterator[Trouble]:
    name = column["name"]
    if name in before:
        yield trouble(sheet, (*at, "name"), f"The column {name!r} is there twice.", "Keep one of them.")
    if column.get("primaryKey") and not column["required"]:
        yield trouble(sheet, (*at, "required"), f"The key column {name!r} may be empty.", "Write `required: true`.")
    if TYPES[column["logicalType"]][1] != column["physicalType"]:
        fit = TYPES[column["logicalType"]][1]
        yield trouble(sheet, (*at, "physicalType"), "The two types do not fit each other.", f"Write {fit!r}.")
    listed = custom(column).get("codeList")
    if listed is not None and listed not in codes:
        yield trouble(sheet, (*at, "customProperties"), f"There is no code list {listed!r}.", nearest(listed, [*codes]))
    elif listed is not None and column["logicalType"] != "string":
        yield trouble(sheet, (*at, "logicalType"), "A code is not text.", "Write `logicalType: string`.")
    for quality in column.get("quality", ()):
        valid = set(quality["arguments"]["validValues"])
        if listed is None or listed not in codes or valid != set(codes[listed].names_zh):
            step = f"Make it equal to schemas/codes/{listed}.csv."
            yield trouble(sheet, (*at, "quality"), "validValues differs from the column's code list.", step)


def _rule_troubles(
    sheet: Sheet, at: Path, rule: Mapping[str, Any], columns: list[str], before: list[str]
) -> Iterator[Trouble]:
    how = rule["implementation"]
    if rule["id"] in before:
        yield trouble(sheet, (*at, "id"), f"The rule {rule['id']!r} is there twice.", "Keep one of them.")
    for i, name in enumerate(how["columns"]):
        if name not in columns:
            yield trouble(
                sheet, (*at, "implementation", "columns", i), f"There is no column {name!r}.", nearest(name, columns)
            )


def _terms(sheet: Sheet, codes: Codes) -> Iterator[Trouble]:
    yield from _figure_troubles(sheet)
    known = {
        "component": {*_names(codes, "component")},
        "rank": {*_names(codes, "rank")},
        "levy_kinds": {entry["kind"] for entry in (codes["levy"].extra if "levy" in codes else {}).values()},
    }
    covered: set[tuple[str, str]] = set()
    for i, entry in enumerate(sheet["ranks"]):
        yield from _date_troubles(sheet, ("ranks", i), entry)
        words = [("component", entry["component"]), ("rank", entry["rank"])]
        for key, word in [*words, *(("levy_kinds", kind) for kind in entry["levy_kinds"])]:
            if word not in known[key]:
                what = f"{word!r} is not a known code."
                yield trouble(sheet, ("ranks", i, key), what, nearest(word, [*known[key]]))
        covered |= {(entry["component"], kind) for kind in entry["levy_kinds"]}
    for component, kind in sorted(set(product(known["component"], known["levy_kinds"])) - covered):
        what = f"No rank is given for {component} of {kind}."
        yield trouble(sheet, ("ranks",), what, "Add an entry with its source.")


def _figure_troubles(sheet: Sheet) -> Iterator[Trouble]:
    for name, entries in sheet["figures"].items():
        for i, entry in enumerate(entries):
            at: Path = ("figures", name, i)
            yield from _date_troubles(sheet, at, entry)
            if entry["since"] in [e["since"] for e in entries[:i]]:
                yield trouble(sheet, (*at, "since"), "Two figures begin on the same day.", "Keep one of them.")


def _names(codes: Codes, name: str) -> Mapping[str, str]:
    return codes[name].names_zh if name in codes else {}


def _party(sheet: Sheet) -> Iterator[Trouble]:
    data = sheet.document.data
    if (data["kind"] == "court") != ("courts" in data):
        yield trouble(sheet, ("kind",), "A court lists its courts, any other party none.", "Mend kind or courts.")
    ids: set[str] = set()
    owners: dict[str, str] = {}
    for i, court in enumerate(data.get("courts", ())):
        if court["id"] in ids:
            yield trouble(sheet, ("courts", i, "id"), f"The court {court['id']} is there twice.", "Keep one of them.")
        ids.add(court["id"])
        for j, code in enumerate(court["codes"]):
            at: Path = ("courts", i, "codes", j)
            yield from _date_troubles(sheet, at, code)
            if owners.setdefault(code["code"], court["id"]) != court["id"]:
                what = f"The code {code['code']} belongs to two courts."
                yield trouble(sheet, at, what, "Give it to one of them.")
            if code.get("since", "") > code.get("until", "9999-12-31"):
                yield trouble(sheet, at, "The code ends before it begins.", "Mend since or until.")
        for j, start in enumerate(court.get("docket_from", ())):
            yield from _date_troubles(sheet, ("courts", i, "docket_from", j), start)


def _route(sheet: Sheet, sheets: Sheets) -> Iterator[Trouble]:
    data = sheet.document.data
    for key, kind in (("sender", "party"), ("receiver", "party"), ("terms", "terms"), ("answered_by", "route")):
        name = data.get(key)
        if name is not None and name not in sheets[kind]:
            step = nearest(name, [*sheets[kind]])
            yield trouble(sheet, (key,), f"There is no file for {name!r} under {kind}.", step)
    back = sheets["route"].get(data.get("answered_by", ""))
    if back is not None and (back["sender"], back["receiver"]) != (data["receiver"], data["sender"]):
        step = "Name the route from the receiver to the sender."
        yield trouble(sheet, ("answered_by",), f"The route {back.name} does not lead back.", step)
    yield from _route_datasets(sheet, sheets["dataset"])
    yield from _route_figures(sheet, sheets)


def _route_datasets(sheet: Sheet, datasets: Mapping[str, Sheet]) -> Iterator[Trouble]:
    seen: set[str] = set()
    for i, line in enumerate(sheet["datasets"]):
        name = line["dataset"]
        at: Path = ("datasets", i)
        if name not in datasets:
            yield trouble(sheet, at, f"There is no dataset {name!r}.", nearest(name, [*datasets]))
        elif (version := datasets[name]["version"]) != line["version"]:
            what = f"The route agreed {name} {line['version']}, but its contract is {version}."
            yield trouble(sheet, (*at, "version"), what, "Agree on the new version, or restore the contract.")
        else:
            yield from _columns_troubles(sheet, (*at, "columns"), line, datasets[name])
        if name in seen:
            yield trouble(sheet, at, f"The dataset {name!r} is there twice.", "Keep one of them.")
        seen.add(name)


def _route_figures(sheet: Sheet, sheets: Sheets) -> Iterator[Trouble]:
    """The route's figures are not the terms' again, and every figure a rule names is in one of the two."""
    yield from _figure_troubles(sheet)
    terms = sheets["terms"].get(sheet["terms"])
    of_law = [*terms["figures"]] if terms is not None else []
    for name in sheet["figures"]:
        if name in of_law:
            what = f"The figure {name!r} is the terms' already."
            yield trouble(sheet, ("figures", name), what, "Keep it in one of the two files.")
    known = [*of_law, *sheet["figures"]]
    for line in sheet["datasets"]:
        dataset = sheets["dataset"].get(line["dataset"])
        rules = dataset["schema"][0].get("quality", ()) if dataset is not None and terms is not None else ()
        named = {figure for rule in rules for figure in rule["implementation"].get("figures", {}).values()}
        for name in sorted(named - {*known}):
            what = f"A rule of {line['dataset']} names the figure {name!r}, which neither the route nor its terms have."
            yield trouble(sheet, ("figures",), what, nearest(name, known))


def _columns_troubles(sheet: Sheet, at: Path, line: Mapping[str, Any], dataset: Sheet) -> Iterator[Trouble]:
    """A line's own columns are the contract's, and its key is among them."""
    if "columns" not in line:
        return
    properties = dataset["schema"][0]["properties"]
    names = [c["name"] for c in properties]
    for i, name in enumerate(line["columns"]):
        if name not in names:
            yield trouble(sheet, (*at, i), f"There is no column {name!r}.", nearest(name, names))
    missing = [c["name"] for c in properties if c.get("primaryKey") and c["name"] not in line["columns"]]
    if missing:
        yield trouble(sheet, at, f"The key {', '.join(missing)} has to travel.", "Add it to the columns.")


def _lanes(routes: Mapping[str, Sheet]) -> Iterator[Trouble]:
    first: dict[tuple[str, str], str] = {}
    for name, sheet in routes.items():
        lane = (sheet["sender"], sheet["receiver"])
        if lane[0] == lane[1]:
            yield trouble(sheet, ("receiver",), "Sender and receiver are the same.", "Name two parties.")
        if first.setdefault(lane, name) != name:
            what = f"The route {first[lane]} already leads from {lane[0]} to {lane[1]}."
            yield trouble(sheet, ("sender",), what, "Keep one route per direction.")


def _date_troubles(sheet: Sheet, at: Path, entry: Mapping[str, Any]) -> Iterator[Trouble]:
    for key in ("since", "until"):
        try:
            day(entry.get(key))
        except ValueError:
            yield trouble(sheet, (*at, key), f"{entry[key]} is no day of the calendar.", "Mend the date.")
