"""What is looked at, and said so in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchange.journeys.calling import call
from exchange.ports import Parts


def audit(parts: Parts) -> list[str]:
    """Every problem of this end's ledger, in words."""
    from exchange.steps.audit import audit as step

    problems: list[str] = call(step, parts)
    return problems


def audited(parts: Parts) -> list[str]:
    """The same, and that it was asked and found is said in the ledger (`chain_verified`: by, problems, head)."""
    head = parts.ledger.head()
    problems = audit(parts)
    body = {"by": parts.actor, "problems": len(problems), "head": head}
    with parts.ledger.transaction() as write:
        write.append("chain_verified", exchange=None, actor=parts.actor, body=body)
    return problems


def looked(parts: Parts, key: str | None, what: str) -> None:
    """Say in the ledger that somebody was shown data, of an exchange or of the ledger, that may name people."""
    with parts.ledger.transaction() as write:
        write.append("looked_at", exchange=key, actor=parts.actor, body={"what": what})


def looked_at_case(parts: Parts, case_no: str, what: str) -> None:
    """Say in the ledger that somebody was shown, printed or took what names people of a case."""
    with parts.ledger.transaction() as write:
        write.append("looked_at", exchange=None, actor=parts.actor, body={"what": what, "subject": case_no})


def prove(parts: Parts, told: Mapping[str, Any]) -> Mapping[str, str]:
    """Make an evidence pack; `told` as the step `prove` names its arguments."""
    from exchange.steps.prove import prove as step

    named = {name: told[name] for name in ("packets", "drawn", "whole")}
    made: Mapping[str, str] = call(step, parts, told["subject"], **named)
    return made
