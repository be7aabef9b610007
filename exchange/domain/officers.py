"""Who may decide what: an officer is listed with a duty, or may not act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exchange.domain.errors import NeedsPerson


def check_duty(by: str, what: str, duties: Sequence[str], officers: Mapping[str, Sequence[str]]) -> None:
    """Default deny: NeedsPerson 910 unless the officer is listed with one of the duties."""
    if set(duties) & set(officers.get(by, ())):
        return
    entitled = ", ".join(sorted(o for o, d in officers.items() if set(duties) & set(d))) or "nobody is listed"
    raise NeedsPerson(
        910,
        f"{by!r} may not {what}: that needs the duty {' or '.join(map(repr, duties))}.",
        where="officers in exchange.toml",
        next_step=f"Let one of these act: {entitled}.",
    )


def duties_of(officer: str, officers: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """An officer's duties; NeedsPerson 910 for who is not listed: they may ask for nothing."""
    duties = officers.get(officer, ())
    if not duties:
        raise NeedsPerson(
            910,
            f"{officer!r} may not do this: no duty is listed for this id.",
            where="officers in exchange.toml",
            next_step=f"Let one of these act: {', '.join(sorted(officers)) or 'nobody is listed'}.",
        )
    return duties
