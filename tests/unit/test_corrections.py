"""What a correction must name, what it may not undo, what differs, and what was known when: pure judgement."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.contracts_files import load_agreement
from exchange.domain.acceptance import key_sha256
from exchange.domain.corrections import (
    as_corrections,
    check_chain,
    newest,
    overtaken,
    sent_up_to,
    taken_back,
    undone,
    void_frame,
)
from exchange.domain.differences import as_document, compare
from exchange.domain.errors import NeedsPerson
from exchange.domain.lineage import Carrier, known_by, shown, without
from exchange.domain.moments import moment_of, moment_text
from exchange.domain.period import Period
from exchange.domain.prepare import Prepared
from exchange.ports import PacketRecord
from tests.fakes.ends import CASES, ROOT, case_frames

LANE = "court-131103.tax-131103"
ROUTE = load_agreement(ROOT).route(CASES)
NOW = datetime(2026, 10, 9, tzinfo=UTC)


def packet(number: int, kind: str = "Q") -> str:
    return f"{LANE}.{number:06d}.{kind}"


def number(case: int) -> str:
    return f"（2026）冀1103破{case}号"


def correction(
    case: int, corrects: str, *, voided: int | None = None, void_corrects: str = ""
) -> dict[str, pd.DataFrame]:
    """A correction of one case, and perhaps a case taken back."""
    frames = case_frames(case)
    frames["case_in_exchange"] = frames["case_in_exchange"].assign(why="corrected", corrects=corrects).astype("str")
    void = void_frame(
        number(voided or 0), reason="dismissed", decided_on=NOW.date(), document_no="1", corrects=void_corrects
    )  # fmt: skip
    return {**frames, "case_void": void if voided else void.iloc[:0]}


@pytest.mark.parametrize(
    ("corrects", "frames", "code"),
    [
        (packet(2), correction(1, packet(2)), None),
        (packet(3), correction(1, packet(2), voided=2, void_corrects=packet(3)), None),
        (None, {**case_frames(9), "case_void": correction(1, "")["case_void"]}, None),
        (packet(1), correction(1, packet(2)), 701),
        (packet(4), correction(1, packet(4)), 701),
        (None, correction(1, packet(2)), 701),
        (packet(1), correction(1, packet(1)), 702),
        (packet(3), correction(9, packet(3)), 702),
        (packet(2), correction(1, packet(2), voided=1, void_corrects=packet(2)), 702),
    ],
    ids=["last", "void", "new-alone", "not-the-highest", "never-accepted", "unnamed", "older", "never-carried", "both"],
)
def test_the_chain_of_a_correction(corrects: str | None, frames: dict[str, pd.DataFrame], code: int | None) -> None:
    last = {number(1): packet(2), number(2): packet(3)}
    accepted = {packet(1), packet(2), packet(3)}
    if code is None:
        check_chain(corrects, frames, last, accepted)
        return
    with pytest.raises(NeedsPerson) as refused:
        check_chain(corrects, frames, last, accepted)
    assert refused.value.code == code


def test_records_name_the_packet_that_carried_them_last() -> None:
    told = pd.DataFrame({"case_no": ["a", "b"], "why": ["changed", "new"], "corrects": [None, None]})
    named = as_corrections(told, {"a": packet(12)})
    assert named["why"].tolist() == ["corrected", "new"]
    assert named["corrects"].fillna("").tolist() == [packet(12), ""]
    assert newest([packet(9, "U"), None, packet(12), float("nan")]) == packet(12)  # type: ignore[list-item]
    assert newest([None]) is None


def test_what_was_told_since_an_exchange_was_read() -> None:
    waiting = [_record(5, "R"), _record(6, "C"), _record(8, "Q")]
    assert (sent_up_to(9, waiting), sent_up_to(9, [])) == (5, 9)
    assert overtaken({"a": packet(5), "b": packet(6)}, 5) == {"b"}
    frames = case_frames(1, 2)
    landed = {name: frame.assign(_record="") for name, frame in case_frames(1, 2).items()}
    assert undone("Q", [number(1)], frames, landed, ROUTE) == set()
    assert undone("C", [number(1)], frames, landed, ROUTE) == {number(1)}
    landed["case_debtor"].loc[0, "name"] = "另一名称"
    assert undone("U", [number(1), number(2)], frames, landed, ROUTE) == {number(1)}
    gone = {name: frame.iloc[:0] for name, frame in landed.items()}
    assert undone("Q", [number(2)], frames, gone, ROUTE) == {number(2)}


def _record(at: int, kind: str) -> PacketRecord:
    return PacketRecord(
        lane=LANE, number=at, packet_id=packet(at, kind), direction="out", kind=kind, exchange=None, state="sealed"
    )


@pytest.mark.parametrize(
    ("accepted_on", "held"), [("2026-06-01", True), ("2026-10-09", True), ("2026-10-10", False), (None, True)]
)
def test_a_case_taken_back_stays_out_until_a_later_acceptance(accepted_on: str | None, held: bool) -> None:
    cases = (
        case_frames(1, 2)["bankruptcy_case"]
        .assign(accepted_on=accepted_on, _record="7", _case_no_raw="raw")
        .astype("str")
    )
    prepared = Prepared(
        frames={"bankruptcy_case": cases}, normalised=(), notes=(), period=Period.parse("2026Q3"), as_of=NOW.date()
    )
    voids = correction(9, "", voided=1, void_corrects=packet(1))["case_void"]
    assert [f.rule for f in taken_back(prepared, voids)] == ["case_taken_back"] * held
    assert list(taken_back(prepared, voids.iloc[:0])) == []


def test_differences_are_told_by_row_and_column_and_mask_people() -> None:
    left, right = case_frames(1, 2, 3), case_frames(2, 3, 4)
    right["bankruptcy_case"].loc[0, "judge"] = "=李四"
    right["bankruptcy_case"]["source_updated_at"] = "2026-10-01T00:00:00+08:00"
    right["case_debtor"] = pd.concat(
        [right["case_debtor"].iloc[[1, 2]], right["case_debtor"].iloc[[0]].assign(debtor_no="2")]
    )
    right["case_in_exchange"]["why"] = "changed"
    found = compare(left, right, ROUTE)
    assert found.counts == {"left_only": 1, "right_only": 1, "both": 2, "changed": 1, "unchanged": 1}
    assert (found.left_only, found.right_only) == ((number(1),), (number(4),))
    told = [(d.dataset, d.row, d.what, d.column, d.left, d.right) for d in found.rows]
    assert told == [
        ("bankruptcy_case", "", "changed", "judge", "赵**", "=**"),
        ("case_debtor", "1", "went", None, None, None),
        ("case_debtor", "2", "came", None, None, None),
    ]
    document = as_document(found, left="a", right="b")
    assert document["changed"][0]["subject"] == number(2)
    assert compare(left, left, ROUTE).rows == ()
    assert compare({}, {}, ROUTE).counts["both"] == 0


def a_carrier(at: int, **more: Any) -> Carrier:
    given: dict[str, Any] = {
        "packet": packet(at), "number": at, "exchange": f"k{at}", "kind": "Q", "period": None, "sent_at": NOW,
        "taken_in_at": None, "refused_at": None, "why": "new", "changed_columns": None, "corrects": None, "void": None,
        "prepared_by": None, "approved_by": None, "manifest_sha256": None,
    }  # fmt: skip
    return Carrier(**given | more)


def test_only_what_was_taken_in_by_then_was_known() -> None:
    day = timedelta(days=1)
    first = a_carrier(1, taken_in_at=NOW + day)
    refused = a_carrier(2, refused_at=NOW + 2 * day)
    void = a_carrier(3, sent_at=NOW + 3 * day, taken_in_at=NOW + 4 * day, void="dismissed")
    carriers = [first, refused, void]
    for days, by, standings in (
        (-1, None, ["later", "later", "later"]),
        (0, None, ["unconfirmed", "unconfirmed", "later"]),
        (2, first, ["known", "refused", "later"]),
        (3, first, ["known", "refused", "unconfirmed"]),
        (9, void, ["known", "refused", "taken_back"]),
    ):
        moment = NOW + days * day
        assert known_by(carriers, moment) is by
        assert [c.standing(moment) for c in carriers] == standings


def test_a_day_is_its_end_in_shanghai() -> None:
    assert moment_of("2026-10-09").astimezone(UTC).isoformat() == "2026-10-09T15:59:59.999999+00:00"
    assert moment_of("2026-10-09T15:00").astimezone(UTC).hour == 7
    assert moment_text(moment_of("2026-10-09")) == "2026-10-09"
    assert moment_text(moment_of("2026-10-09T15:00")) == "2026-10-09T15:00+08:00"
    assert moment_of("2026-10-09T15:00:00+00:00").astimezone(UTC).hour == 15
    for wrong in ("", "yesterday", "2026-13-01", "2026-10-09T25:00"):
        with pytest.raises(NeedsPerson):
            moment_of(wrong)


def test_rows_the_receiver_did_not_land_are_not_shown_and_people_are_masked() -> None:
    contract, rows = ROUTE.wire("bankruptcy_case"), case_frames(1, 2)["bankruptcy_case"]
    left = without(rows, contract, [{"dataset": "bankruptcy_case", "key_sha256": key_sha256([number(1)])}])
    assert left["case_no"].tolist() == [number(2)]
    assert len(without(rows, contract, [{"dataset": "case_debtor", "key_sha256": key_sha256([number(1)])}])) == 2
    (masked,), (whole,) = shown(left, contract, full=False), shown(left, contract, full=True)
    assert (masked["judge"], whole["judge"]) == ("赵**", "赵𠮷")
    assert masked["court_code"] == whole["court_code"] == "131103"
    assert date.fromisoformat(str(whole["accepted_on"])) == date(2026, 6, 1)
