"""The order of items with several keys."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from talon_async._core.limits import KeyedOrder

KEYS = st.lists(st.frozensets(st.sampled_from("abcd"), max_size=3), max_size=25)


@attrs.define(eq=False)
class Thing:
    keys: tuple[str, ...]
    blocked_by: int = 0


@given(KEYS, st.data())
def test_no_item_overtakes_another_when_they_have_a_key_in_common(keys: list[Any], data: st.DataObject) -> None:
    """Each item becomes the first of all its keys once, after the items that were added before it."""
    order: KeyedOrder[Thing] = KeyedOrder()
    things = [Thing(tuple(sorted(own))) for own in keys]
    free = [thing for thing in things if order.add(thing)]
    done = list[Thing]()
    while free:
        thing = free.pop(data.draw(st.integers(0, len(free) - 1)))
        done.append(thing)
        free += order.remove(thing)
    assert len(things) == len(done)
    assert len(order) == 0
    for key in "abcd":
        with_key = [thing for thing in things if key in thing.keys]
        assert with_key == [thing for thing in done if key in thing.keys]
