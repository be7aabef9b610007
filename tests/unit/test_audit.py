"""The chain: hashed as documented, folded over the lifecycle, every tampering found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.audit import (
    BEFORE_FIRST,
    ExchangeRecord,
    StoredEvent,
    event_hash,
    fold,
    plain,
    seal_event,
    time_text,
)
from exchange.domain.chain import differences, verify_chain
from exchange.domain.errors import NeedsPerson

NOON = datetime(2026, 10, 9, 12, 0, tzinfo=UTC)
OPENING = {"route": "r", "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09"}
STORY: Sequence[tuple[str, dict[str, Any]]] = (
    ("exchange_opened", OPENING),
    ("batch_extracted", {"batch": "b1", "rows": 7}),
    ("extracted", {}),
    ("checked", {"content_hash": "c0", "sent": 5}),
    ("prepared", {"by": "wang", "content_hash": "c0"}),
    ("approved", {"by": "li", "content_hash": "c0"}),
    ("packed", {"packet_id": "a.b.000001.Q", "number": 1}),
    ("sent", {"packet_id": "a.b.000001.Q"}),
    ("receipt_opened", {"receipt": "b.a.000001.R"}),
    ("receipt_validated", {"receipt": "b.a.000002.R"}),
)


def chain(story: Sequence[tuple[str, dict[str, Any]]] = STORY, key: str = "r.Q.2026Q3") -> list[StoredEvent]:
    """The story as a chain of stored events, a minute apart."""
    made: list[StoredEvent] = []
    for number, (kind, body) in enumerate(story, start=1):
        before = made[-1].hash if made else BEFORE_FIRST
        at = NOON + timedelta(minutes=number)
        made.append(seal_event(seq=number, at=at, kind=kind, exchange=key, actor="system", body=body, prev_hash=before))
    return made


def folded(events: Sequence[StoredEvent]) -> ExchangeRecord | None:
    record = None
    for event in events:
        record = fold(record, event.read())
    return record


def test_the_hash_is_what_the_document_says() -> None:
    first = chain()[0]
    said = (
        '{"actor":"system","at":"2026-10-09T12:01:00.000000+00:00","body":{"as_of":"2026-10-09","direction":"out",'
        '"kind":"Q","period":"2026Q3","route":"r"},"exchange":"r.Q.2026Q3","kind":"exchange_opened","seq":1}'
    )
    assert first.hash == hashlib.sha256(("0" * 64 + said).encode()).hexdigest()


def test_a_story_folds_into_its_record() -> None:
    record = folded(chain())
    assert record == ExchangeRecord(
        key="r.Q.2026Q3",
        route="r",
        direction="out",
        kind="Q",
        period="2026Q3",
        as_of=date(2026, 10, 9),
        state="accepted",
        content_hash="c0",
        prepared_by="wang",
        approved_by="li",
        packet_id="a.b.000001.Q",
        details=OPENING,
        opened_at=NOON + timedelta(minutes=1),
        updated_at=NOON + timedelta(minutes=10),
    )


def test_one_officer_may_release() -> None:
    record = folded(chain([*STORY[:4], ("released", {"by": "li", "content_hash": "c0", "mode": "one_officer"})]))
    assert record is not None
    assert (record.state, record.prepared_by, record.approved_by) == ("approved", None, "li")


def test_what_comes_in_has_its_packet() -> None:
    body = {"route": "r", "direction": "in", "kind": "Q", "period": None, "as_of": None, "packet_id": "b.a.000001.Q"}
    record = folded(chain([("taken_in", body)], key="b.a.000001.Q"))
    assert record is not None
    assert (record.state, record.packet_id, record.as_of) == ("taken_in", "b.a.000001.Q", None)


def test_a_fact_about_an_unknown_exchange_makes_no_record() -> None:
    assert folded(chain([("packet_refused", {"code": 302})])) is None


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ([("sent", {})], "never opened"),
        ([*STORY[:1], ("sent", {})], "state 'opened' does not allow the event 'sent'"),
        ([*STORY[:1], STORY[0]], "state 'opened' does not allow the event 'exchange_opened'"),
        ([("exchange_opened", {"route": "r"})], "lacks: direction, kind"),
    ],
)
def test_a_move_the_table_lacks_is_908(story: Sequence[tuple[str, dict[str, Any]]], words: str) -> None:
    with pytest.raises(NeedsPerson, match=words) as refused:
        folded(chain(story))
    assert refused.value.code == 908


def test_an_intact_chain_has_no_problems() -> None:
    events = chain()
    found = verify_chain(events, anchors=[events[3].hash, BEFORE_FIRST])
    assert found.problems == ()
    assert found.head == events[-1].hash
    assert found.records["r.Q.2026Q3"] == folded(events)


def test_an_empty_chain_is_well() -> None:
    assert verify_chain([]).problems == ()
    assert verify_chain([]).head == BEFORE_FIRST


@pytest.mark.parametrize(
    "edit",
    [
        {"actor": "someone"},
        {"kind": "batch_read"},
        {"at": "2026-10-09T12:03:00.000000+00:00"},
        {"exchange": "other"},
        {"body": '{"batch":"b1","rows":8}'},
        {"body": '{"batch": "b1", "rows": 7}'},
        {"body": "not json"},
        {"hash": "f" * 64},
    ],
)
def test_an_edited_event_is_named(edit: dict[str, str]) -> None:
    events = chain()
    events[1] = replace(events[1], **edit)
    assert any(problem.startswith("Event 2 (") for problem in verify_chain(events).problems)


def test_an_edited_event_sealed_again_breaks_the_next() -> None:
    events = chain()
    edited = replace(events[1], actor="someone")
    events[1] = replace(edited, hash=event_hash(edited))
    assert verify_chain(events).problems == ("Event 3 names another predecessor than event 2.",)


def test_a_removed_event_is_named() -> None:
    events = chain()
    del events[1]
    assert verify_chain(events).problems[0] == "Event 3 follows event 1: the events between were removed."


def test_a_cut_tail_is_found_by_an_anchor() -> None:
    events = chain()
    assert verify_chain(events[:-1]).problems == ()
    cut = verify_chain(events[:-1], anchors=[events[-1].hash])
    assert cut.problems == (f"The hash {events[-1].hash} was once the head of this ledger and is not in it.",)


def test_a_chain_with_a_move_that_is_not_allowed_is_named() -> None:
    problems = verify_chain(chain([*STORY[:1], ("sent", {})])).problems
    assert len(problems) == 1
    assert problems[0].startswith("Event 2: An exchange in state 'opened'")


def test_differences_name_exchange_and_field() -> None:
    record = folded(chain())
    assert record is not None
    other = replace(record, state="sent", approved_by="zhao")
    assert list(differences({"k": record}, [("k", record)])) == []
    assert list(differences({"k": record}, [("k", other)])) == [
        "Exchange k: its record differs from its events in state, approved_by."
    ]
    assert list(differences({"k": record}, [])) == ["Exchange k has events but no record."]
    assert list(differences({}, [("k", record)])) == ["Exchange k has a record but no events."]


def test_bodies_are_plain() -> None:
    assert plain({"d": date(2026, 1, 2), "m": Decimal("1E+2"), "t": (1, "x"), "s": {"b", "a"}, "n": None}) == {
        "d": "2026-01-02",
        "m": "100",
        "t": [1, "x"],
        "s": ["a", "b"],
        "n": None,
    }
    with pytest.raises(TypeError, match="float"):
        plain({"share": 0.2})


def test_times_are_utc_with_microseconds() -> None:
    assert (
        time_text(datetime(2026, 10, 9, 8, tzinfo=timezone(timedelta(hours=8)))) == "2026-10-09T00:00:00.000000+00:00"
    )
    with pytest.raises(ValueError, match="aware"):
        time_text(datetime(2026, 10, 9))  # noqa: DTZ001


bodies = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(st.lists(bodies, min_size=1, max_size=6), st.data())
def test_any_body_survives_and_any_edit_is_found(given_bodies: list[dict[str, Any]], data: st.DataObject) -> None:
    events = chain([("noted", body) for body in given_bodies])
    assert verify_chain(events).problems == ()
    assert [json.loads(event.body) for event in events] == given_bodies
    place = data.draw(st.integers(0, len(events) - 1))
    edited = json.loads(events[place].body) | {"edited": data.draw(st.integers())}
    if edited != given_bodies[place]:
        events[place] = replace(events[place], body=json.dumps(edited))
        assert any(f"Event {place + 1} " in problem for problem in verify_chain(events).problems)
