"""Matching 匹配: which debtor (or which case) a claim means, by which rule, how sure. It explains and decides nothing.

The agreed codes are found by the agreed rules alone (`claim_breaks`); a match never makes one or takes one away.
Stages, each with its own rule, the first that fits counts: `uscc`; `old_id` (organisation code in an old taxpayer id
and a USCC); `name`; `former_name`; `near_uscc`, one slip apart, and `similar`, which only propose. Different valid
USCCs are a definite no whatever the names say, a branch is never its head office, natural persons stay out.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import Matched, plain_ids, plain_numbers
from exchange.domain.columns import Bools, Ints, codes, combine, mapped, pairs, positions, text, unlike
from exchange.domain.identifiers import uscc_valid
from exchange.domain.match_evidence import BARRED, NAMED, Evidence, Limits, Side, bars, evidence
from exchange.domain.match_fuzzy import similar
from exchange.domain.match_names import is_person, match_name
from exchange.domain.match_near import RULE as NEAR_ID
from exchange.domain.match_near import near_ids
from exchange.domain.text import by_value

USCC, OLD_ID, NAME, FORMER, SIMILAR = "uscc", "old_id", "name", "former_name", "similar"
RULES: Final = (USCC, OLD_ID, NAME, FORMER, NEAR_ID, SIMILAR)
"""The stages in their order."""

CERTAIN, PROPOSED, AMBIGUOUS, NEAR, NEVER, NONE = "certain", "proposed", "ambiguous", "near", "never", "none"
CONFIRMED, REJECTED = "confirmed", "rejected"
STANDINGS: Final = (CERTAIN, CONFIRMED, PROPOSED, AMBIGUOUS, NEAR, REJECTED, NEVER, NONE)
"""certain: by an id, and nothing against it · confirmed, rejected: by officers · proposed: one fits, an officer is
asked · ambiguous: several fit · near: only shown · never: it looks alike, and is another · none: nothing is like it."""

_PLAIN_NAME: Final = r"^[\x{4E00}-\x{9FA5}]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A debtor a claim may mean. `pair` is the identity of the two sides' ids and names, `id` of it in this case:
    both change with any id or name, so that what was decided about others never holds for them."""

    id: str
    pair: str
    case_no: str
    debtor_no: str
    rule: str
    evidence: tuple[Evidence, ...]
    barred: bool = False
    near: bool = False
    row: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What one claim means. `stated` is the case number it gives, `known` whether that case was sent.

    `rule` is that of its first candidate that fits; `case_no` and `debtor_no` are None while nothing is matched;
    `decided_by` is the id of the decision it rests on.
    """

    claim_no: str
    stated: str
    known: bool
    standing: str
    candidates: tuple[Candidate, ...] = ()
    case_no: str | None = None
    debtor_no: str | None = None
    rule: str | None = None
    decided_by: str | None = None

    def as_outcome(self) -> dict[str, Any]:
        """Its entry in outcome.json: no names, no ids of debtors."""
        return {
            "claim_no": self.claim_no, "case_no": self.case_no, "debtor_no": self.debtor_no, "rule": self.rule,
            "standing": self.standing, "decided_by": self.decided_by,
            "candidates": [
                {"id": c.id, "case_no": c.case_no, "debtor_no": c.debtor_no, "rule": c.rule, "barred": c.barred}
                for c in self.candidates
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Every live claim's match. Those by USCC whose name agrees too are only counted (`by_uscc`), the others listed.

    `refused_pairs`: so many pairs of names would have had to be compared, too many to mean anything; none was.
    """

    listed: tuple[Match, ...] = ()
    by_uscc: int = 0
    refused_pairs: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many claims by rule and standing, `uscc certain` first."""
        found = Counter(f"{one.rule or '-'} {one.standing}" for one in self.listed)
        found[f"{USCC} {CERTAIN}"] += self.by_uscc
        return {name: found[name] for name in sorted(found) if found[name]}

    def as_outcome(self) -> dict[str, Any]:
        """The keys `matches` and `match_counts` of outcome.json; a claim not listed is matched by its USCC."""
        return {"matches": [one.as_outcome() for one in self.listed], "match_counts": self.counts}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """The columns of one side, normalised: of claims (without a former name) or of debtors."""

    uscc: pa.Array
    old: pa.Array
    name: pa.Array
    former: pa.Array
    case: Ints


def match_claims(matched: Matched, *, limits: Limits | None, differently_named: Iterable[str] = ()) -> Matches:
    """The match of every live claim whose case was not taken back. `limits` None: no stage of similar names.

    `differently_named` are claims whose id fits and name doesn't: they are listed, though they are certain.
    """
    claims = matched.claims
    subject = claims.live & ~claims.voided
    by_id = subject & (claims.debtor >= 0)
    uscc_given = np.asarray(
        pc.is_valid(_claims_column(matched, "debtor_uscc")).to_numpy(zero_copy_only=False), dtype=bool
    )
    several = np.bincount(claims.named[0], minlength=len(subject)) > 1
    otherwise = positions(claims.heads.claim_no, pa.array(list(differently_named), claims.heads.claim_no.type)) >= 0
    told = by_id & (several | ~uscc_given | otherwise)
    left = np.flatnonzero(subject & (claims.debtor < 0))
    if not told.any() and not len(left):
        return Matches(by_uscc=int(by_id.sum()))
    given = _claim_sides(matched, told | (subject & (claims.debtor < 0)))
    debtors = _debtor_sides(matched, claims.case[left], claims.case[told])
    work = _Work(matched, given, debtors)
    found = work.agreed(np.flatnonzero(told))
    fits, refused = _exact(given, debtors, left), 0
    nearly, work.alone = near_ids(given, debtors, left)
    if limits is not None:
        open_ = np.setdiff1d(left, fits.loc[~work.barred(fits), "claim"].to_numpy())
        more, refused = similar(given, debtors, open_, limits)
        nearly = pd.concat([nearly, more], ignore_index=True)
    fits = pd.concat([fits, nearly], ignore_index=True).drop_duplicates(["claim", "debtor"])
    found += work.left_over(left, fits)
    return Matches(
        listed=tuple(sorted(found, key=lambda one: one.claim_no)),
        by_uscc=int((by_id & ~told).sum()),
        refused_pairs=refused,
    )


def _claims_column(matched: Matched, name: str) -> pa.Array:
    return plain_ids(text(matched.books.claims, name).take(pa.array(matched.claims.heads.latest)))


def _claim_sides(matched: Matched, wanted: Bools) -> _Sides:
    return _Sides(
        uscc=_claims_column(matched, "debtor_uscc"),
        old=_claims_column(matched, "debtor_old_taxpayer_id"),
        name=_names(matched.claims.name, wanted),
        former=pa.nulls(len(wanted), pa.large_string()),
        case=matched.claims.case,
    )


def _debtor_sides(matched: Matched, *cases: Ints) -> _Sides:
    """Debtors' columns; the names of these cases' debtors, of all when a case is unknown (-1)."""
    frame = matched.books.debtors
    case = matched.debtors.case
    some = np.concatenate(cases)
    wanted = np.isin(case, some) | bool((some < 0).any())
    return _Sides(
        uscc=matched.debtors.uscc,
        old=plain_ids(text(frame, "old_taxpayer_id")),
        name=_names(text(frame, "name"), wanted),
        former=_names(text(frame, "former_name"), wanted),
        case=case,
    )


def _names(values: pa.Array, wanted: Bools) -> pa.Array:
    """Names as they are matched where they are wanted; elsewhere nothing."""
    values = pc.if_else(pa.array(wanted), values, pa.scalar(None, values.type))
    return mapped(values, unlike(values, _PLAIN_NAME), lambda series: by_value(series, match_name))


def _organisations(values: pa.Array, length: int, start: int) -> pa.Array:
    whole = pc.equal(pc.utf8_length(values), length)
    return pc.if_else(whole, pc.utf8_slice_codeunits(values, start, start + 9), pa.scalar(None, values.type))


def _exact(given: _Sides, debtors: _Sides, left: Ints) -> pd.DataFrame:
    """Every pair (claim, debtor, rule) that fits by an exact stage; a pair once, under its first rule.

    A claim on a known case looks at its debtors alone, one on an unknown case at every debtor of the route.
    """
    here, there = [_organisations(side.uscc, 18, 8) for side in (given, debtors)]
    old_here, old_there = [_organisations(side.old, 15, 6) for side in (given, debtors)]
    stages = (
        (USCC, given.uscc, debtors.uscc),
        (OLD_ID, given.old, debtors.old),
        (OLD_ID, here, old_there),
        (OLD_ID, old_here, there),
        (OLD_ID, here, there),
        (OLD_ID, old_here, old_there),
        (NAME, given.name, debtors.name),
        (FORMER, given.name, debtors.former),
    )
    known = left[given.case[left] >= 0]
    strange = left[given.case[left] < 0]
    tables = [
        pd.DataFrame({"claim": claim, "debtor": row, "rule": rule})
        for rule, ours, theirs in stages
        for some, within in ((known, True), (strange, False))
        if len(some)
        for claim, row in (_same(ours, theirs, some, given.case, debtors.case, within=within),)
    ]
    if not tables:
        return pd.DataFrame({"claim": [], "debtor": [], "rule": []}).astype({"claim": int, "debtor": int})
    found = pd.concat(tables, ignore_index=True).drop_duplicates(["claim", "debtor"])
    return found.astype({"claim": int, "debtor": int})


def _same(
    ours: pa.Array, theirs: pa.Array, some: Ints, case: Ints, debtor_case: Ints, *, within: bool
) -> tuple[Ints, Ints]:
    """Pairs of equal texts, within the case or anywhere."""
    wanted = ours.take(pa.array(some))
    those = np.flatnonzero((positions(theirs, wanted) >= 0) & (debtor_case >= 0))
    (mine, other), words = codes(wanted, theirs.take(pa.array(those)))
    rows = np.flatnonzero(mine != len(words))
    if within:
        joined = combine(np.concatenate([mine[rows], other]), np.concatenate([case[some[rows]], debtor_case[those]]))
    else:
        joined = np.concatenate([mine[rows], other])
    a, b = pairs(joined[: len(rows)], joined[len(rows) :])
    return some[rows][a], those[b]


class _Work:
    """Claims and debtors looked up one at a time, for the few that need words."""

    def __init__(self, matched: Matched, given: _Sides, debtors: _Sides) -> None:
        self._known: dict[tuple[bool, int], Side] = {}
        self._matched = matched
        self._given = given
        self._debtors = debtors
        self._debtor_no = text(matched.books.debtors, "debtor_no")
        self._listed = _listed(matched)
        self.alone: frozenset[tuple[int, int]] = frozenset()

    def _side(self, sides: _Sides, row: int) -> Side:
        key = (sides is self._given, int(row))
        if key not in self._known:
            columns = (sides.uscc, sides.old, sides.name, sides.former)
            uscc, old, name, former = (column[int(row)].as_py() for column in columns)
            self._known[key] = Side(
                uscc=uscc, old=old, name=name or "", former=former,
                uscc_ok=bool(uscc) and uscc_valid(uscc), person=is_person(name or "", uscc or old),
            )  # fmt: skip
        return self._known[key]

    def barred(self, fits: pd.DataFrame) -> Bools:
        """Which pairs are a definite no."""
        return np.array(
            [
                bool(bars(self._side(self._given, claim), self._side(self._debtors, row)))
                for claim, row in zip(fits["claim"], fits["debtor"], strict=True)
            ],
            dtype=bool,
        )  # fmt: skip

    def agreed(self, rows: Ints) -> list[Match]:
        """Claims whose id fits as agreed: certain, unless it fits debtors that differ."""
        claim, debtor = self._matched.claims.named
        wanted = np.isin(claim, rows)
        by_claim: dict[int, list[int]] = defaultdict(list)
        for one, row in zip(claim[wanted].tolist(), debtor[wanted].tolist(), strict=True):
            by_claim[one].append(row)
        return [self._agreed(one, some) for one, some in sorted(by_claim.items())]

    def _agreed(self, claim: int, rows: Sequence[int]) -> Match:
        rule = USCC if self._given.uscc[claim].is_valid else OLD_ID
        found = _once([self._candidate(claim, row, rule) for row in rows])
        fit = sum(not one.barred for one in found)
        return self._match(claim, found, (NEVER, CERTAIN, AMBIGUOUS)[min(fit, 2)])

    def left_over(self, rows: Ints, fits: pd.DataFrame) -> list[Match]:
        """Claims the agreed ids leave open."""
        by_claim: dict[int, list[Candidate]] = defaultdict(list)
        for claim, row, rule in fits[["claim", "debtor", "rule"]].itertuples(index=False):
            by_claim[claim].append(self._candidate(int(claim), int(row), str(rule)))
        return [self._left_over(int(claim), by_claim[claim]) for claim in rows.tolist()]

    def _left_over(self, claim: int, found: Sequence[Candidate]) -> Match:
        kept = _once(found)
        fit = [one for one in kept if not one.barred and not one.near]
        if len(fit) > 1:
            return self._match(claim, kept, AMBIGUOUS)
        if fit:
            return self._match(claim, kept, CERTAIN if self._sure(claim, fit[0]) else PROPOSED)
        standing = NEAR if any(one.near and not one.barred for one in kept) else NEVER if kept else NONE
        return self._match(claim, kept, standing)

    def _sure(self, claim: int, one: Candidate) -> bool:
        """Only an id confirms itself, in the case the claim names: an equal organisation code whose own digit is right,
        with a name that agrees. A name alone never does: others may have it too."""
        kinds = {piece.kind for piece in one.evidence}
        return self._given.case[claim] >= 0 and one.rule == OLD_ID and "organisation" in kinds and bool(kinds & NAMED)

    def _candidate(self, claim: int, row: int, rule: str) -> Candidate:
        mine, other = self._side(self._given, claim), self._side(self._debtors, row)
        case = int(self._debtors.case[row])
        number = str(self._matched.cases.number[case])
        words = evidence(
            mine, other,
            same_case=int(self._given.case[claim]) == case,
            listed=self._listed.get(str(self._matched.claims.heads.claim_no[claim])) == number,
            stated=str(self._matched.claims.case_no[claim]), number=number, alone=(claim, row) in self.alone,
        )  # fmt: skip
        pair = digest(mine.uscc, mine.old, mine.name, other.uscc, other.old, other.name, other.former)
        stated = str(self._matched.claims.case_no[claim])
        return Candidate(
            id=digest(self._matched.route, pair, stated, number)[:16],
            pair=pair[:32],
            case_no=number,
            debtor_no=str(self._debtor_no[row]),
            rule=rule.removesuffix("?"),
            evidence=words,
            barred=any(one.kind in BARRED for one in words),
            near=rule.endswith("?"),
            row=row,
        )

    def _match(self, claim: int, found: Sequence[Candidate], standing: str) -> Match:
        first = found[0] if standing == CERTAIN else None
        return Match(
            claim_no=str(self._matched.claims.heads.claim_no[claim]),
            stated=str(self._matched.claims.case_no[claim]),
            known=bool(self._matched.claims.case[claim] >= 0),
            standing=standing,
            candidates=tuple(found),
            case_no=first.case_no if first else None,
            debtor_no=first.debtor_no if first else None,
            rule=found[0].rule if found and standing not in (NEVER, NONE) else None,
        )


def _once(found: Iterable[Candidate]) -> list[Candidate]:
    """What fits first, by stage. Rows with the same ids and names in the same case are one candidate."""
    kept: dict[str, Candidate] = {}
    for one in sorted(found, key=lambda c: (c.barred, c.near, RULES.index(c.rule), c.case_no, c.debtor_no)):
        kept.setdefault(one.id, one)
    return list(kept.values())


def _listed(matched: Matched) -> Mapping[str, str]:
    """Claim number → the case in whose claims table the administrator has it, where that is one case."""
    frame, claim = matched.books.reviews, matched.reviewed.claim
    open_ = np.append(matched.claims.live & (matched.claims.debtor < 0), False)
    rows = pa.array(np.flatnonzero(open_[claim]))
    cases: dict[str, set[str]] = defaultdict(set)
    claims = text(frame, "claim_no").take(rows).to_pylist()
    numbers = plain_numbers(text(frame, "case_no").take(rows)).to_pylist()
    for one, number in zip(claims, numbers, strict=True):
        cases[one].add(number)
    return {one: next(iter(numbers)) for one, numbers in cases.items() if len(numbers) == 1}


def joined(several: Iterable[Matches]) -> Matches:
    """The matches of several parts of the books as one. A claim on an unknown case was held against its part alone."""
    parts = list(several)
    return Matches(
        listed=tuple(sorted((one for part in parts for one in part.listed), key=lambda one: one.claim_no)),
        by_uscc=sum(part.by_uscc for part in parts),
        refused_pairs=sum(part.refused_pairs for part in parts),
    )


def digest(*parts: str | None) -> str:
    """SHA-256 over texts, in hex; missing and empty are different."""
    return hashlib.sha256("\x1f".join("\x00" if part is None else part for part in parts).encode()).hexdigest()


def proposals(matches: Iterable[Match]) -> Iterator[tuple[Match, Candidate]]:
    """Every candidate somebody may decide about."""
    for match in matches:
        for one in match.candidates:
            if not one.barred:
                yield match, one
