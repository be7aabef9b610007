"""Two things at a time: the same order, results and errors as one after the other."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

import pytest

from exchange.domain.ahead import ahead, together


class Part:
    def __init__(self, number: int) -> None:
        self.number = number


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_items_come_in_their_order(most: int, size: int) -> None:
    assert list(ahead((n or None for n in range(size)), most=most)) == [n or None for n in range(size)]


@pytest.mark.parametrize("most", [1, 3])
def test_the_next_are_made_while_one_is_used_and_no_more(most: int) -> None:
    made: list[int] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        for n in range(10):
            made.append(n)
            if n == most:
                enough.set()
            yield n

    coming = ahead(items(), most=most)
    assert next(coming) == 0
    assert enough.wait(timeout=30)
    coming.close()  # type: ignore[attr-defined]  # it is a generator
    assert made == list(range(most + 1))


def test_what_was_given_is_not_held() -> None:
    second = threading.Event()

    def parts() -> Iterator[Part]:
        yield Part(0)
        second.set()  # the thread has let the first one go
        yield Part(1)

    coming = ahead(parts())
    given = weakref.ref(next(coming))
    assert second.wait(timeout=30)
    assert given() is None
    assert [part.number for part in coming] == [1]


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    coming = ahead(items(), most=3)
    assert next(coming) == 1
    with pytest.raises(ValueError, match="the second"):
        next(coming)


def test_two_are_made_at_once_and_told_in_their_order() -> None:
    both = threading.Barrier(2, timeout=30)

    def make(n: int) -> int:
        both.wait()
        return n * n

    assert together(make, [1, 2, 3, 4]) == [1, 4, 9, 16]


def test_the_first_error_in_order_is_raised() -> None:
    def make(n: int) -> int:
        if n > 1:
            raise ValueError(str(n))
        return n

    with pytest.raises(ValueError, match="2"):
        together(make, [1, 2, 3])
