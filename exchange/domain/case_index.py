"""How a case is found again: by its number in any writing, a debtor's USCC, name or former name, or a part of these.

Texts are compared squeezed: compatibility-composed, in capitals, without blanks and brackets. So （2026）冀1103破2号,
(2026) 冀1103破2号 and 2026冀1103破2 mean the same. The index is kept by the ledger beside the landed rows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from exchange.domain.case_entry import CASES, CaseQuestion
from exchange.domain.case_number import normalise
from exchange.domain.route import Agreement, Route
from exchange.domain.text import BLANKS, nfkc

LONGEST: Final = 200
"""Characters of a question that are looked at."""

_BRACKETS: Final = "<>" + "".join(chr(c) for c in range(0x10000) if unicodedata.category(chr(c)) in ("Ps", "Pe"))
_SQUEEZED: Final = dict.fromkeys(map(ord, BLANKS + _BRACKETS))


def squeezed(text: str) -> str:
    """A text as it is compared: NFKC, capitals, no blanks, no brackets of any kind."""
    return nfkc(text).translate(_SQUEEZED).upper()


def words_of(case_no: str, names: Iterable[str | None]) -> str:
    """All a case is found by, one a line, each once, a line end before the first and after the last."""
    keys = dict.fromkeys(squeezed(one) for one in (case_no, *names) if one)
    return "\n" + "".join(f"{key}\n" for key in keys if key)


def questions(asked: str) -> tuple[CaseQuestion, ...]:
    """Ways to look for what was typed, the strictest first; the first that finds anything answers. None: nothing was
    typed that could be found."""
    text = asked[:LONGEST]
    plain = squeezed(text)
    if not plain:
        return ()
    number = normalise(text)
    whole = tuple(dict.fromkeys((plain, f"{plain}号", squeezed(number))))
    pieces = tuple(dict.fromkeys(piece for piece in map(squeezed, nfkc(text).split()) if piece))
    apart = (CaseQuestion(parts=pieces),) if len(pieces) > 1 else ()
    return (CaseQuestion(number=number, whole=whole, parts=(plain,)), *_by_number(number, plain), *apart)


def _by_number(number: str, plain: str) -> tuple[CaseQuestion, ...]:
    """A number of a document of the case, squeezed, is not in the case's: the case's own is looked for then."""
    bare = squeezed(number)
    return (CaseQuestion(whole=(bare,), parts=(bare,)),) if bare and bare != plain else ()


def case_routes(agreement: Agreement, party: str) -> tuple[Route, ...]:
    """The routes whose cases this end keeps files of: those that are answered with claims, or all where none is."""
    ours = [r for r in agreement.routes.values() if party in (r.sender, r.receiver) and r.has(CASES) and not r.test]
    return tuple([r for r in ours if r.answered_by] or ours)
