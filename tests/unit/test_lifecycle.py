"""The one table of allowed moves, for every pair of state and event."""

from __future__ import annotations

from itertools import product

import pytest

from exchange.domain import lifecycle
from exchange.domain.lifecycle import MOVES, MOVING, move

STATES = sorted({state for state, _ in MOVES if state} | set(MOVES.values()))
ALLOWED = {
    "": "exchange_opened>opened taken_in>taken_in",
    "opened": "extracted>extracted refused>refused",
    "extracted": "checked>checked stopped>stopped refused>refused",
    "stopped": "stop_lifted>checked explained>stopped overruled>extracted refused>refused",
    "checked": "prepared>prepared released>approved explained>checked overruled>extracted refused>refused",
    "prepared": "approved>approved explained>checked overruled>extracted refused>refused",
    "approved": "packed>packed refused>refused",
    "packed": "sent>sent",
    "sent": "receipt_opened>received receipt_validated>accepted receipt_refused>rejected",
    "received": "receipt_validated>accepted receipt_refused>rejected",
    "refused": "",
    "accepted": "",
    "rejected": "",
    "taken_in": "",
}
"""Written a second time, by hand: what an exchange may do from each state."""


@pytest.mark.parametrize(("state", "event"), list(product([None, *STATES], sorted(MOVING))))
def test_every_pair_of_state_and_event(state: str | None, event: str) -> None:
    allowed = dict(pair.split(">") for pair in ALLOWED[state or ""].split())
    assert move(state, event) == allowed.get(event)


@pytest.mark.parametrize("state", [None, *STATES])
def test_a_fact_moves_nothing(state: str | None) -> None:
    assert move(state, "batch_extracted") == state


def test_the_hand_written_table_knows_every_state() -> None:
    assert set(ALLOWED) == {"", *STATES}
    named = {value for name, value in vars(lifecycle).items() if name.isupper() and isinstance(value, str)}
    assert named == set(STATES)


def test_a_round_goes_on_under_its_last_attempt() -> None:
    known = {"k": "refused", "k.2": "rejected"}

    def over(_: str, state: str) -> bool:
        return state in lifecycle.SENT_BACK

    assert lifecycle.attempt("other", known.get, over) == "other"
    assert lifecycle.attempt("k", known.get, over) == "k.3"
    known["k.3"] = "checked"
    assert lifecycle.attempt("k", known.get, over) == "k.3"
    known |= {"k.2": "accepted"}
    assert lifecycle.attempt("k", known.get, over) == "k.3"


def test_every_state_is_reached_from_the_beginning() -> None:
    reached: set[str | None] = {None}
    while True:
        further = {after for (before, _), after in MOVES.items() if before in reached} - reached
        if not further:
            break
        reached |= further
    assert reached - {None} == set(STATES)


def test_nothing_leads_from_four_eyes_around_them() -> None:
    """A packed exchange was approved, whatever way it went."""
    assert {before for (before, event) in MOVES if event == "packed"} == {"approved"}
    assert {(b, e) for (b, e), after in MOVES.items() if after == "approved"} == {
        ("prepared", "approved"),
        ("checked", "released"),
    }
