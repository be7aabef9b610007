"""Many defects planted at random in a sample world, each at and around the boundary of a rule, alone and together.

What comes out still loads (the columns and keys of court_db.sql) and its tax files are well formed; who is right
about it is for the oracle and the product to agree on.
"""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

from tests.oracle import mutate_books, mutate_claims
from tests.oracle.forms import identifier, uscc_is_right
from tests.oracle.mutate_court import COURT, bad_code, blanks, only_blanks, restyled
from tests.oracle.world import World, uscc


def restyle_claim(w: World) -> None:
    for claim in w.claims:
        if claim["claim_no"] == w.claim()["claim_no"]:
            claim["case_no"] = restyled(w.rng, claim["case_no"])
    claim = w.claim()
    claim["case_no"] = restyled(w.rng, claim["case_no"])


def restyle_debtor(w: World) -> None:
    """The tax side's id or name written in another way, or another one."""
    claim, rng = w.claim(), w.rng
    if rng.random() < 0.5 and claim["debtor_uscc"]:
        code = identifier(claim["debtor_uscc"])
        claim["debtor_uscc"] = bad_code(rng, code if uscc_is_right(code) else uscc(rng)) or ""
        return
    name, case = claim["debtor_name"], w.case_of(claim)
    former = [d["cym"] for d in w.debtors(case) if d["cym"]] if case else []
    claim["debtor_name"] = rng.choice(
        (
            blanks(rng, name),
            name.replace("有限公司", "（集团）有限公司"),
            name.replace("（", "(").replace("）", ")"),
            name + "１",
            "河北旧名有限公司",
            *(blanks(rng, one) for one in former),
        )
    )


def build(sample: str, seed: int, folder: Path, planted: int | None = None) -> World:
    """A world with defects in `folder`: `court.db` and `tax_return/`; the same for the same seed."""
    rng = random.Random(f"{sample}-{seed}")
    w = World(sample, rng, folder / "court.db")
    if rng.random() < 0.25:
        w.period, w.as_of = rng.choice(
            (
                ("2026Q4", date(2027, 1, 5)),
                ("2027Q1", date(2027, 4, 2)),
                ("2026Q3", date(2026, 10, 1)),
                ("2026Q2", date(2026, 6, 30)),
            )
        )
    often = (*COURT, *mutate_claims.CLAIMS, *mutate_books.BOOKS)
    moves = (*often, *often, *mutate_books.RARE, restyle_claim, restyle_debtor, only_blanks)
    for _ in range(planted if planted is not None else rng.choice((4, 15, 40, 80, 120))):
        rng.choice(moves)(w)
    w.save(folder / "tax_return")
    return w
