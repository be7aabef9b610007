"""The power goes before and after every single write of a whole round; the round ends the same all the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bench.ends import both_ends, go_round
from bench.world import build
from exchange.ports import Parts
from tests.faults.crashing import Fuse, PowerCut, dying

CASES = 5


def _facts(court: Parts, tax: Parts, key: str) -> dict[str, object]:
    """What must not depend on how often the power went."""
    outcome = json.loads(court.vault.get(key, "outcome.json"))
    return {
        "sent": outcome["sent"],
        "hash": court.ledger.exchange(key).content_hash,  # type: ignore[union-attr]
        "out": [(p.number, p.kind, p.state) for p in court.ledger.packets(direction="out")],
        "back": [(p.number, p.kind, p.state) for p in tax.ledger.packets(direction="out")],
        "landed": len(tax.ledger.landed(tax.agreement.route("131100-cases"), "bankruptcy_case")),
    }


def _sent_once(parts: Parts) -> None:
    sent = Counter(e.body["packet_id"] for kind in ("sent", "receipt_sent") for e in parts.ledger.events(kind=kind))
    assert set(sent.values()) == {1}
    assert not list(parts.ledger.events(kind="packet_duplicate"))
    assert parts.ledger.verify() == []


def _round(home: Path, source: Path, fuse: Fuse | None) -> dict[str, object] | None:
    """A round on a fuse; None when the power went, else its facts."""
    with both_ends(home, source, checker="plain") as (court, tax):
        try:
            key = go_round(dying(court, fuse), dying(tax, fuse)) if fuse else go_round(court, tax)
        except PowerCut:
            return None
        for parts in (court, tax):
            _sent_once(parts)
        return _facts(court, tax, key)


@pytest.mark.slow
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_power_cuts_on_the_way(before: bool, tmp_path: Path) -> None:
    """One round, cut at its first write, then at the second after that, then at the third, to its end."""
    source = build(tmp_path / "court.db", CASES)
    wanted = _round(tmp_path / "calm", source, None)
    cuts = 0
    while (got := _round(tmp_path / "stormy", source, Fuse(left=cuts + 1, before=before))) is None:
        cuts += 1
    assert got == wanted
    assert cuts >= 10


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_power_cut_at_every_write(before: bool, tmp_path: Path) -> None:
    """A round for every write there is, cut there, and taken to its end."""
    source = build(tmp_path / "court.db", CASES)
    wanted = _round(tmp_path / "calm", source, None)
    nth = 1
    while _round(tmp_path / f"cut{nth}", source, Fuse(left=nth, before=before)) is None:
        assert _round(tmp_path / f"cut{nth}", source, None) == wanted, f"cut at write {nth}"
        nth += 1
    assert nth > 30
