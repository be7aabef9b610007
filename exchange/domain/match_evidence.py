"""Why two sides may be one debtor, or can't be: one sentence per piece of evidence, without a name or number in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import ratio

from exchange.domain.match_names import is_branch, is_masked, organisation_code, organisation_ok, plain_form
from exchange.domain.mistyped import SLIPS, Slip, meant
from exchange.domain.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a pair, as it is matched. `former` only of a debtor."""

    uscc: str | None
    old: str | None
    name: str
    former: str | None = None
    uscc_ok: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece: `speaks` for (+1), against (-1), or neither (0)."""

    kind: str
    zh: str
    en: str
    speaks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From which likeness of names (0 to 100) a pair is proposed, and from which it is only shown."""

    propose: float
    near: float


def limits_of(route: Route, day: date) -> Limits | None:
    """The route's figures in force; None where it has none, and similar names are not looked for."""
    wanted = ("match_propose_score", "match_near_score")
    if not all(any(f.since <= day for f in route.figures.get(name, ())) for name in wanted):
        return None
    propose, near = (float(route.figure(name, day)) for name in wanted)
    return Limits(propose=propose, near=near)


def _for(kind: str, zh: str, en: str) -> Evidence:
    return Evidence(kind=kind, zh=zh, en=en, speaks=1)


def _against(kind: str, zh: str, en: str) -> Evidence:
    return Evidence(kind=kind, zh=zh, en=en, speaks=-1)


def _open(kind: str, zh: str, en: str) -> Evidence:
    return Evidence(kind=kind, zh=zh, en=en, speaks=0)


BARRED: Final = frozenset({"other_uscc", "branch", "person"})
"""Any of these is a definite no."""

NAMED: Final = frozenset({"same_name", "former_name", "form_only", "former_form"})
"""Any of these says that the names agree."""


def bars(one: Side, other: Side) -> list[Evidence]:
    """What rules a pair out whatever else speaks for it."""
    found = []
    if one.uscc_ok and other.uscc_ok and one.uscc != other.uscc:
        found.append(
            _against("other_uscc", "双方统一社会信用代码均有效而不同：不是同一主体", "two valid USCCs that differ")
        )
    if one.uscc != other.uscc or not one.uscc:
        if is_branch(one.name) != is_branch(other.name):
            found.append(_against("branch", "一方是分支机构：不与总公司合并", "one is a branch, not its head office"))
        if one.person or other.person:
            found.append(_against("person", "自然人不参加匹配", "a natural person; never matched"))
    return found


def name_score(one: str, other: str) -> float:
    """How alike two matched names are, 0 to 100."""
    return float(ratio(plain_form(one), plain_form(other))) if one and other else 0.0


def slip_between(one: Side, other: Side) -> Slip | None:
    """By which slip two USCCs, one valid and one not, went apart; None when by more than one."""
    if not one.uscc or not other.uscc or one.uscc_ok == other.uscc_ok:
        return None
    good, bad = (one.uscc, other.uscc) if one.uscc_ok else (other.uscc, one.uscc)
    return meant(bad).get(good)


def evidence(
    one: Side, other: Side, *, same_case: bool, listed: bool, stated: str, number: str, alone: bool = False
) -> tuple[Evidence, ...]:
    """All that speaks for a pair and against it, ids first. `listed`: the administrator has the claim in that case;
    `alone`: no other debtor looked at has an id so near."""
    fits = [_for("only_fit", "在册债务人中仅此一户如此相近", "no other debtor's code is so near")] if alone else []
    return (*_ids(one, other), *fits, *_name(one, other), *_case(same_case, listed, stated, number), *bars(one, other))


def _ids(one: Side, other: Side) -> list[Evidence]:
    found = []
    if one.uscc and one.uscc == other.uscc:
        found.append(_for("same_uscc", "统一社会信用代码相同", "same USCC"))
    elif (slip := slip_between(one, other)) is not None:
        zh, en = SLIPS[slip]
        found.append(
            _for("near_uscc", f"信用代码{zh}，其一校验位有误", f"USCCs: {en}; the check digit of one is wrong")
        )
    elif one.uscc and other.uscc:
        if not (one.uscc_ok and other.uscc_ok):
            found.append(
                _against("differs", "信用代码不同（其一校验位有误）", "USCCs differ, one check digit is wrong")
            )
    elif not other.uscc:
        found.append(_open("no_uscc_here", "法院一方未载信用代码", "the court's side has no USCC"))
    elif not one.uscc:
        found.append(_open("no_uscc_there", "税务一方未载信用代码", "the tax side has no USCC"))
    return [*found, *_organisation(one, other)]


def _organisation(one: Side, other: Side) -> list[Evidence]:
    mine = {organisation_code(x) for x in (one.uscc, one.old)} - {None}
    theirs = {organisation_code(x) for x in (other.uscc, other.old)} - {None}
    if (one.uscc and one.uscc == other.uscc) or not (mine and theirs):
        return []
    shared = [code for code in mine & theirs if code]
    if not shared:
        return [_against("other_organisation", "组织机构代码不同", "organisation codes differ")] if one.old else []
    if any(map(organisation_ok, shared)):
        return [
            _for("organisation", "组织机构代码相同，其校验位正确", "same organisation code, its own digit is right")
        ]
    return [
        _open("organisation_digit", "组织机构代码相同，但其校验位有误", "same organisation code, its own digit wrong")
    ]


_NAME_WORDS: Final[tuple[tuple[Callable[[Side, Side], bool], Evidence], ...]] = (
    (lambda a, b: is_masked(a.name) or is_masked(b.name), _open("masked", "名称有遮蔽字符", "a name has masked signs")),
    (lambda a, b: bool(a.name) and a.name == b.name, _for("same_name", "名称相同", "same name")),
    (lambda a, b: bool(a.name) and a.name == b.former, _for("former_name", "与曾用名相同", "the former name")),
    (
        lambda a, b: bool(a.name) and plain_form(a.name) == plain_form(b.name),
        _for("form_only", "名称仅差“有限责任公司／有限公司”", "only 有限责任公司 / 有限公司 differs"),
    ),
    (
        lambda a, b: bool(b.former) and plain_form(a.name) == plain_form(b.former or ""),
        _for("former_form", "与曾用名仅差“有限责任公司／有限公司”", "the former name but for 有限责任公司 / 有限公司"),
    ),
)


def _name(one: Side, other: Side) -> list[Evidence]:
    said = next((words for fits, words in _NAME_WORDS if fits(one, other)), None)
    if said is not None:
        return [said]
    now, before = name_score(one.name, other.name), name_score(one.name, other.former or "")
    which = ("曾用名", "former name") if before > now else ("名称", "name")
    score = int(max(now, before))
    return [_open("likeness", f"{which[0]}相似 {score}%", f"{which[1]} {score}% alike")]


def _case(same_case: bool, listed: bool, stated: str, number: str) -> list[Evidence]:
    found = []
    if same_case:
        found.append(_for("same_case", "案号相同", "same case number"))
    elif Levenshtein.distance(stated, number, score_cutoff=1) <= 1:
        found.append(_for("near_case", "案号仅差一字", "case numbers one sign apart"))
    else:
        found.append(_against("other_case", "案号不同", "another case number"))
    if listed:
        found.append(
            _for("listed", "管理人债权表将该申报编号列于此案", "the administrator lists the claim in this case")
        )
    return found
