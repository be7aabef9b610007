"""The cases a packet named so far, while it is landed: who names no others need not be asked for any by SQL."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class Named:
    """Case numbers of the datasets with a row a case, some 40 bytes each."""

    def __init__(self) -> None:
        self._parts: list[pa.LargeStringArray] = []
        self._whole: pa.LargeStringArray | None = None

    def take(self, cases: pa.LargeStringArray) -> None:
        """Cases that are named from now on."""
        self._parts.append(cases)
        self._whole = None

    def hold(self, cases: pa.LargeStringArray) -> bool:
        """Whether all of these were named. Of those named only the ones between their first and last are looked at."""
        if not len(cases):
            return True
        whole, ends = self._in_order(), pc.min_max(cases).as_py()
        first, last = bisect_left(whole, ends["min"], key=_text), bisect_right(whole, ends["max"], key=_text)
        return bool(pc.all(pc.is_in(cases, value_set=whole[first:last])).as_py())

    def _in_order(self) -> pa.LargeStringArray:
        """By the bytes of their UTF-8, as rows of the wire come; brought into that order where they did not."""
        if self._whole is None:
            whole = pa.concat_arrays([*self._parts, pa.array([], pa.large_string())])
            rises = pc.all(pc.less_equal(whole[:-1], whole[1:])).as_py() if len(whole) else True
            self._whole = whole if rises else whole.take(pc.sort_indices(whole))
            self._parts = [self._whole]
        return self._whole


class Watch:
    """Of a dataset's rows on their way into its table: whether every case they name was named before. With `alone`, a
    row a case, those that were not are named from now on."""

    def __init__(self, named: Named, *, alone: bool) -> None:
        self._named, self._alone, self.all_named = named, alone, True

    def see(self, cases: pa.LargeStringArray) -> None:
        """Look at some of the rows."""
        self.all_named = self.all_named and self._named.hold(cases)
        if self._alone and not self.all_named:
            self._named.take(cases)


def _text(one: pa.Scalar) -> Any:
    return one.as_py()
