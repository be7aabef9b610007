"""Small contracts and routes for tests that need one but not the agreed ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from exchange.domain.contract import Column, ColumnType, Contract
from exchange.domain.route import LegalFigure, Review, Route


def a_contract(
    dataset: str, key: tuple[str, ...], columns: Mapping[str, ColumnType], version: str = "1.0.0"
) -> Contract:
    """A contract without rules; key columns are required."""
    return Contract(
        dataset=dataset,
        id=f"urn:test:{dataset}",
        version=version,
        key=key,
        columns=tuple(Column(name=name, type=kind, required=name in key) for name, kind in columns.items()),
        rules=(),
        title_zh=dataset,
        title_en=dataset,
        sha256="0" * 64,
    )


def a_route(*datasets: Contract, sender: str = "court-1", receiver: str = "tax-1") -> Route:
    """A route of these datasets."""
    return Route(
        id=f"{sender}-to-{receiver}",
        sender=sender,
        receiver=receiver,
        title_zh="",
        title_en="",
        version="1.0.0",
        contract_id="urn:test:route",
        contract_sha256="0" * 64,
        datasets=datasets,
        profile="std",
        answered_by=None,
        review=Review(quarterly="two_officers", answer="two_officers", urgent="two_officers"),
        figures={
            name: (LegalFigure(value=Decimal(value), since=date(2007, 6, 1), source="agreed"),)
            for name, value in {"held_share_limit": "0.2", "held_count_limit": "5", "valid_days": "30"}.items()
        },
    )
