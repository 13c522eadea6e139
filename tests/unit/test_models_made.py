"""Making models: the first instance of a class compiles what the others use."""

from __future__ import annotations

from unittest.mock import patch

from talon_async._codec.warm import warm_up
from talon_async.models import CartItem, _base


def test_a_class_makes_instances_when_a_test_has_replaced_its_init_for_a_while() -> None:
    """Whatever was compiled meanwhile, and whatever is put back afterwards."""
    _base._prepared.pop(CartItem, None)
    CartItem.__init__ = _base._first_init(CartItem)  # type: ignore[method-assign]
    with patch.object(CartItem, "__init__", lambda *_, **__: None):
        warm_up([CartItem])
    assert [1, 2] == [CartItem(sku="a", quantity=n).quantity for n in (1, 2)]
