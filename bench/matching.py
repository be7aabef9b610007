"""Which debtor a claim means: our stages beside plain exact matching, and beside rapidfuzz alone with one threshold.

    python bench/matching.py [--short]

A register of so many debtors (names and codes of `exchange/sample/names.py`), one claim each; of every four claims one
is not as the register has it, by a way drawn from `WAYS`, and one in three of those names a case that was never sent.
Only those are measured. A claim is right when it is joined to the debtor it was made from, or to none where that one
isn't in the register. Ours joins by itself or proposes one debtor to an officer; the others join whatever they find.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

import pandas as pd
from rapidfuzz import fuzz, process

from bench.measure import print_table
from bench.reconcile import made_books
from exchange.adapters.contracts_files import load_agreement
from exchange.domain.books import Books
from exchange.domain.joins import match_books
from exchange.domain.match_evidence import limits_of
from exchange.domain.matching import CERTAIN, PROPOSED, match_claims
from exchange.sample import names

AS_OF: Final = date(2026, 10, 9)
SIZES: Final = (1_000, 10_000, 50_000)
THRESHOLD: Final = 90
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """A debtor's ids and name, or what a claim says of them."""

    uscc: str | None
    name: str
    old: str | None = None


def _at(text: str, rng: Random, put: Callable[[str], str]) -> str:
    place = rng.randrange(len(text) - 1)
    return text[:place] + put(text[place]) + text[place + 1 :]


def _swapped(text: str, rng: Random) -> str:
    place = rng.choice([n for n in range(8, 17) if text[n] != text[n + 1]])
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _typed(name: str, rng: Random) -> str:
    return _at(name, rng, lambda _: rng.choice("市县新大中"))


WAYS: Final[Mapping[str, Callable[[Debtor, Random], Debtor]]] = {
    "no code": lambda d, _: replace(d, uscc=None),
    "no code, name mistyped": lambda d, rng: replace(d, uscc=None, name=_typed(d.name, rng)),
    "no code, another form": lambda d, _: replace(d, uscc=None, name=d.name.replace("有限公司", "有限责任公司")),
    "old id": lambda d, _: replace(d, uscc=None, old=f"131103{str(d.uscc)[8:17]}"),
    "O for 0": lambda d, rng: replace(d, uscc=str(d.uscc).replace("0", "O", 1), name=_typed(d.name, rng)),
    "two signs swapped": lambda d, rng: replace(d, uscc=_swapped(str(d.uscc), rng), name=_typed(d.name, rng)),
    "one sign wrong": lambda d, rng: replace(
        d, uscc=_at(str(d.uscc), rng, lambda c: rng.choice(names.ALPHABET.replace(c, "")))
    ),
    "homonym of none here": lambda d, rng: replace(d, uscc=names.uscc("131199", rng.randrange(10**8, 10**9))),
    "stranger": lambda _, rng: Debtor(uscc=names.uscc("131199", rng.randrange(10**8, 10**9)), name=names.company(rng)),
}  # fmt: skip
"""How a claim may differ from its debtor; the last two are of nobody in the register."""
NOBODY: Final = ("homonym of none here", "stranger")


def made_world(size: int) -> tuple[Books, dict[str, str | None]]:
    """Books, and of every claim that differs the number of the debtor it means (None: of nobody)."""
    rng, books = Random(size), made_books(size)
    known = {
        number: Debtor(uscc=names.uscc("131103", n), name=names.company(rng))
        for n, number in enumerate(books.debtors["debtor_no"])
    }
    debtors = books.debtors.assign(uscc=[str(d.uscc) for d in known.values()], name=[d.name for d in known.values()])
    told, truth, cases = [], {}, books.claims["case_no"].tolist()
    for n, number in enumerate(books.claims["claim_no"]):
        debtor = known[number]
        if rng.random() < 0.25:
            way = rng.choice([*WAYS])
            debtor, truth[number] = WAYS[way](debtor, rng), None if way in NOBODY else number
            cases[n] = f"（2026）冀1199破{n + 1}号" if rng.random() < 1 / 3 else cases[n]
        told.append(debtor)
    claims = books.claims.assign(
        debtor_uscc=pd.Series([d.uscc for d in told], dtype="str"), case_no=pd.Series(cases, dtype="str"),
        debtor_old_taxpayer_id=pd.Series([d.old for d in told], dtype="str"), debtor_name=[d.name for d in told],
    )  # fmt: skip
    return replace(books, debtors=debtors, claims=claims), truth


Joined = dict[str, str]
"""Claim → debtor."""


def ours(books: Books, _: Mapping[str, str | None]) -> tuple[Joined, Joined]:
    """What is joined by itself, and that with what one debtor is proposed for."""
    route = load_agreement(ROOT).route("131100-cases")
    found = match_claims(match_books(books, route, AS_OF), limits=limits_of(route, AS_OF)).listed
    sure = {m.claim_no: str(m.debtor_no) for m in found if m.standing == CERTAIN}
    fits = {m.claim_no: [c for c in m.candidates if not (c.barred or c.near)] for m in found if m.standing == PROPOSED}
    return sure, sure | {claim: some[0].debtor_no for claim, some in fits.items() if len(some) == 1}


def exact(books: Books, truth: Mapping[str, str | None]) -> Joined:
    """The only debtor of the register with the code, else the only one with the name."""
    by = [
        books.debtors.drop_duplicates(column, keep=False).set_index(column)["debtor_no"].to_dict()
        for column in ("uscc", "name")
    ]
    rows = books.claims.loc[books.claims["claim_no"].isin(list(truth))]
    found = {
        claim: by[0].get(uscc) or by[1].get(name)
        for claim, uscc, name in zip(rows["claim_no"], rows["debtor_uscc"], rows["debtor_name"], strict=True)
    }
    return {claim: debtor for claim, debtor in found.items() if debtor}


def fuzzy(books: Books, truth: Mapping[str, str | None]) -> Joined:
    """The debtor whose name is likest, in the case where it is known, from one likeness on."""
    cases = books.debtors.groupby("case_no").groups
    everyone, numbers = books.debtors["name"].tolist(), books.debtors["debtor_no"].tolist()
    joined: Joined = {}
    rows = books.claims.loc[books.claims["claim_no"].isin(list(truth)), ["claim_no", "case_no", "debtor_name"]]
    for claim, case, name in rows.astype(object).itertuples(index=False, name=None):
        here = list(cases.get(case, ()))
        among = [everyone[n] for n in here] if here else everyone
        found = process.extractOne(name, among, scorer=fuzz.ratio, score_cutoff=THRESHOLD)
        if found is not None:
            joined[claim] = numbers[here[found[2]] if here else found[2]]
    return joined


def _row(size: int, way: str, joined: Joined, truth: Mapping[str, str | None], seconds: float) -> dict[str, Any]:
    told = {claim: debtor for claim, debtor in joined.items() if claim in truth}
    right = sum(truth[claim] == debtor for claim, debtor in told.items())
    meant = sum(debtor is not None for debtor in truth.values())
    return {
        "debtors": size, "matching": way, "joined": len(told), "wrong": len(told) - right,
        "precision": right / max(1, len(told)), "recall": right / meant, "s": seconds,
    }  # fmt: skip


def measured(size: int) -> list[dict[str, Any]]:
    """One row for each way of matching."""
    books, truth = made_world(size)
    began = time.perf_counter()
    sure, proposed = ours(books, truth)
    spent = time.perf_counter() - began
    rows = [
        _row(size, "ours, by itself", sure, truth, spent),
        _row(size, "ours, with officers", proposed, truth, spent),
    ]
    for way, method in (("exact", exact), (f"rapidfuzz from {THRESHOLD}", fuzzy)):
        began = time.perf_counter()
        joined = method(books, truth)
        rows.append(_row(size, way, joined, truth, time.perf_counter() - began))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="the smallest size alone")
    sizes = SIZES[:1] if parser.parse_args().short else SIZES
    columns = {
        "debtors": "{:,}", "matching": "{}", "joined": "{:,}", "wrong": "{:,}", "precision": "{:.3f}",
        "recall": "{:.3f}", "s": "{:.1f}",
    }  # fmt: skip
    print_table("claims matched to debtors", columns, [row for size in sizes for row in measured(size)])


if __name__ == "__main__":
    main()
