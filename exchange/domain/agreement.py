"""From the agreement's documents to values: contracts, parties and routes.

Pure. The documents satisfy their schemas (`schemas/*.schema.json`) and each other (`cross_check`, `fitting`).
They come from `adapters/contracts_files.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from exchange.domain.agreement_sheets import TYPES, Sheet, custom, day
from exchange.domain.break_terms import break_terms
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.contract import Column, Contract, Rule
from exchange.domain.route import (
    ROUNDS,
    Anomaly,
    Court,
    CourtCode,
    Drift,
    LegalFigure,
    Party,
    RankRule,
    Review,
    Route,
    RouteLine,
)


def build_contract(sheet: Sheet) -> Contract:
    """A dataset's contract out of its ODCS document."""
    data = sheet.document.data
    table = data["schema"][0]
    keyed = [c for c in table["properties"] if c.get("primaryKey")]
    own = custom(data)
    return Contract(
        dataset=table["name"],
        id=data["id"],
        version=data["version"],
        key=tuple(c["name"] for c in sorted(keyed, key=lambda c: int(c["primaryKeyPosition"]))),
        columns=tuple(_column(c) for c in table["properties"]),
        rules=tuple(_rule(q) for q in table.get("quality", ())),
        title_zh=table["businessName"],
        title_en=data["name"],
        sha256=sha256_hex(sheet.data),
        select_by=tuple(own.get("selectBy", ())),
    )


def _column(data: Mapping[str, Any]) -> Column:
    own = custom(data)
    kind = TYPES[data["logicalType"]][0]
    return Column(
        name=data["name"],
        type="code" if "codeList" in own else kind,
        required=data["required"],
        code_list=own.get("codeList"),
        title_zh=data["businessName"],
        title_en=own["nameEn"],
        personal=data.get("classification") == "personal",
        normalise=own.get("normalise"),
    )


def _rule(data: Mapping[str, Any]) -> Rule:
    how = data["implementation"]
    return Rule(
        id=data["id"],
        function=how["rule"],
        severity=how["severity"],
        reach=how["reach"],
        columns=tuple(how["columns"]),
        params=how.get("params", {}),
        figures=how.get("figures", {}),
        title_zh=data["name"],
        title_en=data["description"].removesuffix("."),
        law=how.get("law", ""),
        overrulable=how.get("overrulable", False),
        comparable=not how.get("beyond", False),
    )


def build_party(sheet: Sheet) -> Party:
    """A party out of its document."""
    data = sheet.document.data
    courts = tuple(
        Court(
            id=court["id"],
            name=court["name"],
            division=court["division"],
            codes=tuple(
                CourtCode(code=c["code"], since=day(c.get("since")), until=day(c.get("until"))) for c in court["codes"]
            ),
            docket_from=_figures(court.get("docket_from", [])),
        )
        for court in data.get("courts", ())
    )
    return Party(
        id=data["id"], kind=data["kind"], name_zh=data["name"]["zh"], name_en=data["name"]["en"], courts=courts
    )


def build_route(sheet: Sheet, contracts: Mapping[str, Contract], terms: Mapping[str, Sheet]) -> Route:
    """A route with its contracts and terms; its hash covers the document, the terms and the contracts' hashes."""
    data = sheet.document.data
    own_terms = terms[data["terms"]].document.data
    datasets = tuple(contracts[d["dataset"]] for d in data["datasets"])
    agreed = {"route": data, "terms": own_terms, "datasets": {c.dataset: c.sha256 for c in datasets}}
    return Route(
        id=data["id"],
        sender=data["sender"],
        receiver=data["receiver"],
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        version=data["version"],
        contract_id=data["id"],
        contract_sha256=sha256_hex(canonical_json(agreed)),
        datasets=datasets,
        profile=data["profile"],
        answered_by=data.get("answered_by"),
        review=Review(**data["review"]),
        figures={name: _figures(e) for name, e in {**own_terms["figures"], **data["figures"]}.items()},
        test=data.get("test", False),
        ranks=_ranks(own_terms["ranks"]),
        anomaly=Anomaly.of(data["anomaly"]) if "anomaly" in data else None,
        drift=Drift.of(data["drift"]) if "drift" in data else None,
        lines={d["dataset"]: _line(d, contracts[d["dataset"]]) for d in data["datasets"]},
        breaks=break_terms(data.get("breaks", {}), over=_figures(data.get("breaks", {}).get("over", []))),
    )


def _line(data: Mapping[str, Any], contract: Contract) -> RouteLine:
    columns = data.get("columns")
    return RouteLine(
        kinds=frozenset(data.get("kinds", ROUNDS)),
        columns=None if columns is None else tuple(name for name in contract.names if name in columns),
        optional=data.get("optional", False),
    )


def _figures(entries: list[Mapping[str, Any]]) -> tuple[LegalFigure, ...]:
    figures = [
        LegalFigure(value=Decimal(e["value"]), since=date.fromisoformat(e["since"]), source=e["source"])
        for e in entries
    ]
    return tuple(sorted(figures, key=lambda f: f.since))


def _ranks(entries: list[Mapping[str, Any]]) -> tuple[RankRule, ...]:
    return tuple(
        RankRule(
            component=e["component"],
            levy_kind=kind,
            rank=e["rank"],
            since=date.fromisoformat(e["since"]),
            source=e["source"],
        )
        for e in entries
        for kind in e["levy_kinds"]
    )
