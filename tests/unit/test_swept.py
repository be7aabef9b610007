"""What a sweep keeps of what went wrong."""

from __future__ import annotations

from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.journeys.calling import Swept, attempted


def test_an_error_two_steps_met_is_told_once() -> None:
    def away(where: str) -> None:
        raise RetryLater(901, "The database is away.", where=where, next_step="Wait.")

    def wrong() -> None:
        raise NeedsPerson(905, "A file is missing.", where="a", next_step="Put it there.")

    swept = Swept()
    for where in ("a", "b", "a"):
        assert attempted(swept, "", where, away, where) is None
    attempted(swept, "", "a", wrong)
    assert [(where, error.code) for where, error in swept.problems] == [("a", 901), ("b", 901), ("a", 905)]
    assert not swept.idle
