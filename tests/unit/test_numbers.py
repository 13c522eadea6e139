"""Numbers of other libraries count as numbers. The classes here behave as numpy's do, which need not be installed."""

from __future__ import annotations

import importlib.util
import json
import numbers
from typing import Any

import pytest

from talon_async import TalonOne, to_json
from talon_async._endpoint import endpoint_of
from talon_async.errors import InvalidArgumentError
from talon_async.models import CartItem, NewCustomerProfile

inventory = endpoint_of(TalonOne.get_loyalty_program_profile_transactions).request


class Whole:
    """Like `numpy.int64`: registered, and no subclass of `int`."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __lt__(self, other: Any) -> bool:
        return self.value < other

    def __gt__(self, other: Any) -> bool:
        return self.value > other


class Broken:
    """Like `numpy.float32`."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return str(self.value)


class Array:
    """Like an array or a truth value of numpy's: registered nowhere."""

    dtype = "float64"

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


numbers.Integral.register(Whole)
numbers.Real.register(Broken)
HAS_NUMPY = importlib.util.find_spec("numpy") is not None


@pytest.mark.parametrize(
    ("given", "sent"),
    [(Whole(7), 7), (Broken(1.5), 1.5), (Array([1, 2.5]), [1, 2.5]), (Array([True]), [True]), ({"a": [Whole(3)]}, {"a": [3]})],
)  # fmt: skip
def test_a_number_is_sent_when_it_is_one_of_another_library(given: Any, sent: Any) -> None:
    """Money, quantities and attributes take them, at any depth."""
    assert sent == json.loads(to_json(NewCustomerProfile(attributes={"a": given})))["attributes"]["a"]


def test_a_cart_is_sent_when_its_numbers_are_of_another_library() -> None:
    """Quantity and price, whose limits are checked."""
    item: Any = CartItem(sku="a", quantity=Whole(2), price=Broken(9.5))  # type: ignore[arg-type]
    assert {"sku": "a", "quantity": 2, "price": 9.5} == json.loads(to_json(item))


def test_path_and_query_take_a_number_when_it_is_one_of_another_library() -> None:
    """IDs of programs and sizes of pages come from data frames, too."""
    request: Any = inventory
    assert (
        "/v1/loyalty_programs/5/profile/p/transactions?pageSize=7" == request(Whole(5), "p", page_size=Whole(7)).target
    )


@pytest.mark.parametrize("value", [Broken(float("nan")), Array([float("inf")]), Array(float("nan"))])
def test_a_number_is_refused_when_json_has_no_form_for_it(value: Any) -> None:
    """With a pointer, as Python's own."""
    with pytest.raises(InvalidArgumentError, match=r"/attributes/a.*: (nan|inf|<.*>) is not a JSON number"):
        to_json(NewCustomerProfile(attributes={"a": value}))


@pytest.mark.skipif(not HAS_NUMPY, reason="numpy is not installed")
def test_numbers_of_numpy_are_sent_when_it_is_installed() -> None:
    """The real ones: integers, floats, truth values and arrays."""
    import numpy as np  # type: ignore[import-not-found, unused-ignore]

    given = {"a": np.int64(3), "b": np.float32(1.5), "c": np.bool_(1), "d": np.array([1, 2])}
    assert {"a": 3, "b": 1.5, "c": True, "d": [1, 2]} == json.loads(to_json(NewCustomerProfile(attributes=given)))[
        "attributes"
    ]
