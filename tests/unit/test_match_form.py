"""Kept matches are read again only while the rules that made them stand: who changes these has to say so."""

from __future__ import annotations

import ast
import importlib.util
from hashlib import sha256
from pathlib import Path

from exchange.domain.match_kept import FORM

RULES = (
    "matching", "match_evidence", "match_fuzzy", "match_names", "match_near", "mistyped", "identifiers", "case_number",
)  # fmt: skip
"""The modules of the domain that say which debtor a claim fits, and how well."""

RECORDED = (1, "369cb8f77518e36e")
"""(FORM, the digest of those modules when it was given)."""


class _Said(ast.NodeTransformer):
    """Code without what is only said about it."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node


def digest() -> str:
    """What the modules do, in hex: comments, docstrings and layout do not count."""
    said = sha256()
    for name in RULES:
        found = importlib.util.find_spec(f"exchange.domain.{name}")
        assert found is not None
        assert found.origin is not None
        tree = _Said().visit(ast.parse(Path(found.origin).read_text("utf-8")))
        said.update(ast.dump(tree).encode())
    return said.hexdigest()[:16]


def test_who_changes_how_claims_are_matched_raises_the_form_of_what_is_kept() -> None:
    assert (FORM, digest()) == RECORDED, (
        "The modules that match claims changed. Where they may now match otherwise, raise FORM in "
        f"exchange/domain/match_kept.py; then record ({FORM}, {digest()!r}) here."
    )


def test_every_module_of_matching_that_judges_is_looked_at() -> None:
    folder = Path(importlib.util.find_spec("exchange.domain.matching").origin or "").parent  # type: ignore[union-attr]
    known = {path.stem for path in folder.glob("match*.py")}
    told = {"match_book", "match_events", "match_kept", "match_view", "match_words"}
    assert known == told | {name for name in RULES if name.startswith("match")}
