"""What the comparison with the naive second reading (tests/oracle) found wrong, one test each."""

from __future__ import annotations

from tests.unit.court_rows import Court


def test_a_court_its_own_list_lacks_is_named_by_the_party_file() -> None:
    """A world's `fy` need not hold all twelve courts; no agreed rule holds a case for that."""
    court = Court().case(1, case_no="（2026）冀11破1号", court_code="冀11", court_name=None)
    assert court.outcome()["sent"] == [1]
    assert list(court.examine().frames_to_send["bankruptcy_case"]["court_name"]) == ["衡水市中级人民法院"]


def test_a_name_the_source_has_stays() -> None:
    court = Court().case(1, court_name="冀州区法院")
    assert list(court.examine().frames_to_send["bankruptcy_case"]["court_name"]) == ["冀州区法院"]
