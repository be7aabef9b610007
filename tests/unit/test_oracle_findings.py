"""What the comparison with the naive second reading (tests/oracle) found wrong, one test each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from exchange.domain.period import Period
from exchange.domain.prepare import prepare
from tests.oracle import kit
from tests.oracle.test_oracle import agreed, sent_by_the_court


def test_a_court_the_source_has_no_row_of_is_named_by_the_party_file(tmp_path: object) -> None:
    """`fy` of a world need not hold all twelve courts; a case is not held because its court's name is not there."""
