"""A signed statement goes over, is compared and counter-signed or refused, and comes home: PostgreSQL at both ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange import journeys
from exchange.adapters.channel_folder import FolderChannel
from exchange.domain import lifecycle
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.statement_signing import Signing, signing_bytes
from exchange.domain.urgency import UrgentRound
from exchange.ports import Parts
from exchange.steps.sign_statement import sign_statement
from exchange.steps.take_in import take_in
from exchange.steps.watch import watch
from tests.fakes.breaking import BACK, COURT, OUT, TAX, breaking_ends, frame, round_trip
from tests.servers import PostgresServer
from tests.two_ends.test_statements import FIRST, SECOND, landed, review

Ends = tuple[Parts, Parts]
QUARTER = "2026Q2"
KEY = f"{OUT}.statement.{QUARTER}"


@pytest.fixture
def ends(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Ends]:
    names = {party: postgres_server.new_database() for party in (COURT, TAX)}
    with breaking_ends(tmp_path, {party: postgres_server.url(name) for party, name in names.items()}) as made:
        yield made


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Ends]:
    with breaking_ends(tmp_path, {party: f"sqlite:///{tmp_path}/{party}.db" for party in (COURT, TAX)}) as made:
        yield made


def signed(parts: Parts) -> None:
    journeys.statement(parts, QUARTER)
    states = [journeys.sign_statement(parts, QUARTER, OUT, by) for by in ("liaison-1", "chief-1")]
    assert states == ["prepared", "signed"]


def life(parts: Parts) -> dict[str, Any]:
    (one,) = journeys.statement_status(parts)
    return one


def whats(parts: Parts) -> list[str]:
    return [step["what"] for step in life(parts)["steps"]]


def alerts(parts: Parts) -> dict[str, int]:
    found: dict[str, int] = journeys.call(watch, parts, urgent=UrgentRound(cases=(), keys=()))
    return {rule: n for rule, n in found.items() if rule.startswith("statement")}


def later(parts: Parts, rows: Mapping[str, Any]) -> None:
    """What came to be known by one more packet of each lane that carried some of it."""
    with parts.ledger.transaction() as write:
        for name, given in rows.items():
            route = parts.agreement.route(BACK if name.startswith("tax") else OUT)
            newest = parts.ledger.newest(route.lane)
            assert newest is not None
            again = newest.kind == "A" and newest.exchange is None
            packet = newest if again else replace(
                newest, number=newest.number + 1, packet_id=f"{route.lane}.{newest.number + 1:06d}.A", kind="A",
                exchange=None, state="sent" if route.sender == parts.party else "accepted", answers=None,
            )  # fmt: skip
            write.set_packet(packet)
            text = frame(given).reindex(columns=list(route.wire(name).names)).astype("str")
            write.land(route, name, text, number=packet.number, packet_id=packet.packet_id)


def refused(code: int, act: Any, *given: Any, **more: Any) -> None:
    with pytest.raises(NeedsPerson) as error:
        act(*given, **more)
    assert error.value.code == code


def test_it_goes_over_is_countersigned_and_comes_home(ends: Ends) -> None:
    court, tax = ends
    for parts in ends:
        landed(parts, QUARTER, 1, FIRST)
    signed(court)
    assert life(court)["state"] == "sent"
    round_trip(*ends)
    assert life(court)["state"] == "there"
    assert (life(tax)["state"], life(tax)["differing"], life(tax)["sha256"]) == ("agrees", 0, life(court)["sha256"])
    assert journeys.statement_compared(tax, QUARTER, OUT) == []
    refused(910, journeys.sign_statement, tax, QUARTER, OUT, "chief-1")
    assert journeys.sign_statement(tax, QUARTER, OUT, "liaison-1") == "prepared"
    refused(910, journeys.sign_statement, tax, QUARTER, OUT, "liaison-1")
    assert journeys.sign_statement(tax, QUARTER, OUT, "chief-2") == "signed"
    refused(934, journeys.refuse_statement, tax, QUARTER, OUT, "chief-1", "已经会签，不能再退回")
    round_trip(*ends)
    assert whats(court) == ["made", "prepared", "signed", "there", "countersigned"]
    assert whats(tax) == ["made", "agrees", "prepared", "countersigned"]
    assert court.vault.get(KEY, f"statement-v1.{TAX}.p7s") == tax.vault.get(KEY, f"statement-v1.{TAX}.p7s")
    (there,) = [e for e in tax.ledger.exchanges(kind="S") if e.direction == "in"]
    (back,) = [e for e in tax.ledger.exchanges(kind="S") if e.direction == "out"]
    assert (back.state, back.prepared_by, back.approved_by) == (lifecycle.ACCEPTED, "liaison-1", "chief-2")
    assert there.route == OUT
    before = [parts.ledger.head() for parts in ends]
    round_trip(*ends)
    assert [parts.ledger.head() for parts in ends] == before
    assert [journeys.audit(parts) for parts in ends] == [[], []]


def test_lines_that_differ_are_kept_refused_with_a_reason_and_mended_by_the_next_version(ends: Ends) -> None:
    court, tax = ends
    landed(court, QUARTER, 1, FIRST)
    landed(tax, QUARTER, 1, {**FIRST, "claim_review": [review("A", "tax", "90.01")]})
    signed(court)
    round_trip(*ends)
    assert (life(tax)["state"], life(tax)["differing"]) == ("differs", 3)
    found = journeys.statement_compared(tax, QUARTER, OUT)
    assert [(one["column"], one["theirs"], one["ours"]) for one in found] == [
        ("confirmed", "90.00", "90.01"), ("disputed", "10.00", "9.99"), ("outstanding", "80.00", "80.01"),
    ]  # fmt: skip
    assert alerts(tax) == {"statement_differs": 1}
    refused(934, journeys.sign_statement, tax, QUARTER, OUT, "liaison-1")
    refused(910, journeys.refuse_statement, tax, QUARTER, OUT, "liaison-1", "确认金额与我方不同")
    refused(947, journeys.refuse_statement, tax, QUARTER, OUT, "chief-1", "不")
    refused(926, journeys.refuse_statement, tax, QUARTER, OUT, "chief-1", "请电询 13912345678 后重做")
    refused(934, journeys.refuse_statement, court, QUARTER, OUT, "chief-1", "自己的不能退回")
    journeys.refuse_statement(tax, QUARTER, OUT, "chief-1", "确认金额与我方不同，请核对")
    journeys.refuse_statement(tax, QUARTER, OUT, "chief-1", "确认金额与我方不同，请核对")
    round_trip(*ends)
    assert (life(tax)["state"], life(court)["state"]) == ("refused", "refused_there")
    assert (alerts(tax), alerts(court)) == ({}, {"statement_refused_there": 1})
    assert [(one["theirs"], one["ours"]) for one in journeys.statement_compared(court, QUARTER, OUT)] == [
        ("90.01", "90.00"), ("9.99", "10.00"), ("80.01", "80.00"),
    ]  # fmt: skip
    reason = life(court)["steps"][-1]["reason_sha256"]
    assert court.vault.get(KEY, f"refusal-{reason[:16]}.txt").decode() == "确认金额与我方不同，请核对"
    assert [e.body["act"] for e in tax.ledger.events(kind="statement_heard")] == ["signed"]
    assert [journeys.audit(parts) for parts in ends] == [[], []]
    for parts in ends:
        later(parts, {"claim_review": [review("A", "tax", "90.01")]})
    journeys.statement(court, QUARTER, again=True)
    assert (life(court)["state"], life(court)["version"]) == ("made", 2)
    for by in ("liaison-1", "chief-1"):
        journeys.sign_statement(court, QUARTER, OUT, by)
    round_trip(*ends)
    assert (life(tax)["state"], life(tax)["version"], life(tax)["differing"]) == ("agrees", 2, 0)


def test_killed_between_signing_and_sending_and_between_arrival_and_comparison(light: Ends) -> None:
    court, tax = light
    for parts in light:
        landed(parts, QUARTER, 1, FIRST)
    journeys.statement(court, QUARTER)
    for by in ("liaison-1", "chief-1"):
        journeys.call(sign_statement, court, QUARTER, route=OUT, by=by)
    assert life(court)["state"] == "signed"
    assert journeys.sweep(court).done["statements told"] == 1
    for packet in journeys.fetch(tax, COURT):
        journeys.call(take_in, tax, packet)
    assert journeys.statement_status(tax) == []
    round_trip(tax, court)
    assert life(tax)["state"] == "agrees"
    assert len(list(court.ledger.events(kind="statement_told"))) == 1
    assert [journeys.audit(parts) for parts in light] == [[], []]


def test_one_officer_signs_alone_where_the_route_says_so_and_nothing_travels_where_it_says_nothing(
    light: Ends,
) -> None:
    for says, told in (("one_officer", 1), (None, 1)):
        court = _with_statement(light[0], says)
        landed(court, "2026Q1" if says else QUARTER, 1 if says else 2, FIRST if says else {})
        period = "2026Q1" if says else QUARTER
        journeys.statement(court, period)
        by = ["chief-1"] if says else ["liaison-1", "chief-1"]
        assert [journeys.sign_statement(court, period, OUT, one) for one in by][-1] == "signed"
        assert len(list(court.ledger.events(kind="statement_told"))) == told
    (sent,) = light[0].ledger.exchanges(kind="S")
    assert (sent.state, sent.prepared_by, sent.approved_by) == (lifecycle.APPROVED, None, "chief-1")


def _with_statement(parts: Parts, says: Any) -> Parts:
    routes = {
        name: replace(route, review=replace(route.review, statement=says))
        for name, route in parts.agreement.routes.items()
    }
    return replace(parts, agreement=replace(parts.agreement, routes=routes))


def test_what_is_no_statement_is_told_once_and_holds_up_nothing(light: Ends) -> None:
    """The packet is proven; what it says is of another quarter's bytes, on the wrong way, or signed by nobody."""
    court, tax = light
    for parts in light:
        landed(parts, QUARTER, 1, FIRST)
    signed(court)
    good = court.vault.get(KEY, "statement-v1.json")
    document: Mapping[str, Any] = json.loads(good)
    other = canonical_json({**document, "total": {}, "rows": [["x"]]})
    signature = court.vault.get(KEY, f"statement-v1.{COURT}.p7s")
    round_trip(*light)
    for n, (data, more) in enumerate(
        (
            (other, {}), (b"{}", {}), (good, {"signature": b"0"}), (good, {"statement_sha256": "0" * 64}),
            (good, {"act": "countersigned", "answers_sha256": "0" * 64}), (good, {"route": BACK}),
        ),
        start=900,
    ):  # fmt: skip
        said = {
            "act": "signed", "route": OUT, "period": QUARTER, "version": 1, "signature": signature,
            "statement_sha256": sha256_hex(data), **more,
        }  # fmt: skip
        key = f"{COURT}.{TAX}.000{n}.S"
        tax.vault.put(key, "inside/statement.json", data)
        tax.vault.put(key, "inside/signing.json", signing_bytes(Signing(**said)))
        opened = {"route": OUT, "direction": "in", "kind": "S", "period": QUARTER, "as_of": "2026-10-09"}
        with tax.ledger.transaction() as write:
            write.append("taken_in", exchange=key, actor="a", body=opened)
    before = life(tax)
    assert journeys.sweep(tax).done == {"statements heard": 6}
    heard = [(e.body["act"], e.body.get("code")) for e in tax.ledger.events(kind="statement_heard")]
    assert heard == [
        ("signed", None), ("unusable", 201), ("unusable", 201), ("unusable", 306), ("unusable", 934),
        ("unusable", 934), ("unusable", 934),
    ]  # fmt: skip
    assert life(tax) == before
    assert alerts(tax) == {"statement_unusable": 6}
    assert journeys.sweep(tax).idle


def test_a_packet_that_was_sent_back_can_be_put_on_its_way_again(light: Ends, tmp_path: Path) -> None:
    court, tax = light
    for parts in light:
        landed(parts, QUARTER, 1, FIRST)
    signed(court)
    (key,) = [e.key for e in court.ledger.exchanges(kind="S")]
    with court.ledger.transaction() as write:
        write.append("refused", exchange=key, actor="chief-2", body={"by": "chief-2", "content_hash": "0" * 64})
    assert life(court)["state"] == "not_taken"
    assert journeys.sweep(court).idle
    assert journeys.tell_statement(court, QUARTER, OUT) is None
    assert journeys.tell_statement(court, QUARTER, OUT, again=True) == f"{key}.2"
    assert journeys.tell_statement(court, QUARTER, OUT, again=True) is None
    disc = replace(court, channels={TAX: FolderChannel(tmp_path / "point", own=COURT, counterpart=TAX)})
    round_trip(disc, tax)
    assert life(tax)["state"] == "agrees"


def test_an_answer_to_an_older_version_is_kept_with_that_version(light: Ends) -> None:
    court, tax = light
    for parts in light:
        landed(parts, QUARTER, 1, FIRST)
    signed(court)
    round_trip(court, tax)
    first = life(court)["sha256"]
    for by in ("liaison-1", "chief-1"):
        journeys.sign_statement(tax, QUARTER, OUT, by)
    later(court, {"tax_claim": SECOND["tax_claim"], "tax_claim_line": SECOND["tax_claim_line"]})
    later(tax, {"tax_claim": SECOND["tax_claim"], "tax_claim_line": SECOND["tax_claim_line"]})
    journeys.statement(court, QUARTER, again=True)
    round_trip(tax, court)
    assert (life(court)["version"], life(court)["state"]) == (2, "made")
    (home,) = court.ledger.events(exchange=KEY, kind="statement_countersigned")
    assert home.body["sha256"] == first
    assert court.vault.has(KEY, f"statement-v1.{TAX}.p7s")
