"""Reading under unusual circumstances: lazily, from threads, in a child, into a subclass."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from talon_async import _codec, to_json
from talon_async._codec import decode, decoder
from talon_async.errors import UnreadableAnswerError
from talon_async.models import CartItem, Coupon, IntegrationStateV2


def test_effects_are_the_same_when_they_are_read_lazily() -> None:
    """Lazy effects are the same as others by index and iteration, in comparisons and copies, and as JSON."""
    body = orjson.dumps({"effects": [{"effectType": "acceptCoupon", "props": {"value": "A"}}, 7]})
    read_now, lazy = decode(body, IntegrationStateV2), decoder(IntegrationStateV2)(body, lazy=True)
    assert "LazyEffects" == type(lazy.effects).__name__
    assert 2 == len(lazy.effects)
    assert read_now == lazy
    assert read_now.effects[0] == lazy.effects[0]
    assert list(read_now.effects) == list(lazy.effects)
    assert read_now.effects == pickle.loads(pickle.dumps(lazy)).effects
    assert to_json(read_now) == to_json(lazy)
    assert repr(read_now) == repr(lazy)


@pytest.mark.parametrize("effects", [None, [], "odd", {}])
def test_lazy_effects_stay_as_they_came_when_they_are_empty_or_odd(effects: Any) -> None:
    """A list of effects that is empty or odd is the same whether read lazily or not."""
    body = orjson.dumps({"effects": effects})
    assert decode(body, IntegrationStateV2).effects == decoder(IntegrationStateV2)(body, lazy=True).effects


def test_lazy_effects_are_complete_when_threads_read_them_at_once() -> None:
    """Lazy effects that several threads read at once are complete for each of them."""
    body = orjson.dumps({"effects": [{"effectType": "acceptCoupon", "props": {"value": "A"}}] * 3})
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            state = decoder(IntegrationStateV2)(body, lazy=True)
            threads = [threading.Thread(target=lambda state=state: list(state.effects)) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert 3 == len(state.effects) == len(list(state.effects))
    finally:
        sys.setswitchinterval(before)


def test_an_answer_is_refused_when_it_is_many_byte_order_marks() -> None:
    """A thousand byte order marks are refused as no JSON, without running out of stack."""
    assert decode(b"\xef\xbb\xbf{}", Coupon) == Coupon()
    with pytest.raises(UnreadableAnswerError):
        decode(b"\xef\xbb\xbf" * 1000 + b"{}", Coupon)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_collector_runs_in_a_child_when_the_parent_was_reading_a_large_answer() -> None:
    """A child that is forked while its parent reads a large answer has the garbage collector on.

    The collector rests during the reading.
    """
    body = orjson.dumps({"effects": [{"effectType": "addLoyaltyPoints", "props": {}}] * 800})
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            decode(body, IntegrationStateV2)

    reader = threading.Thread(target=read_on)
    reader.start()
    try:
        for _ in range(10):
            if not (child := os.fork()):
                os._exit(0 if gc.isenabled() else 7)
            assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        over.set()
        reader.join()
    assert gc.isenabled()


def test_the_collector_is_off_only_when_a_child_would_turn_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that is forked at any moment has the collector on: the thread is noted before it is turned off."""
    noted: list[bool] = []
    turn = {"disable": gc.disable, "enable": gc.enable}

    def turning(word: str) -> Callable[[], None]:
        def turned() -> None:
            noted.append(threading.get_ident() in _codec._resting)
            turn[word]()
            noted.append(threading.get_ident() in _codec._resting)

        return turned

    for word in turn:
        monkeypatch.setattr(gc, word, turning(word))
    decode(orjson.dumps({"effects": [{"effectType": "addLoyaltyPoints", "props": {}}] * 800}), IntegrationStateV2)
    assert [True] * 4 == noted
    assert (set(), True) == (_codec._resting, gc.isenabled())


class PlainItem(CartItem):
    """A subclass as users write it."""


class PricedItem(CartItem):
    """A subclass without fields of its own."""

    __slots__ = ()

    @property
    def total(self) -> float:
        """Return the price of all pieces."""
        return (self.price or 0) * self.quantity


@pytest.mark.parametrize("cls", [PlainItem, PricedItem])
def test_a_subclass_of_a_model_stays_itself_when_it_is_made(cls: Any) -> None:
    """A subclass of a model can be made, and is sent with its fields."""
    item = cls(sku="a", quantity=2, price=1.5)
    assert cls is type(item)
    assert ("a", 2, 1.5, None) == (item.sku, item.quantity, item.price, item.name)
    assert to_json(item) == b'{"sku":"a","quantity":2,"price":1.5}'
