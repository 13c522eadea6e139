"""Models as classes: how they are made, shown, compared and subclassed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from talon_async import from_json, to_json
from talon_async.models import CartItem, CustomerSession, LabelTargetNone, evolve


@attrs.frozen(kw_only=True)
class FrozenItem(CartItem):
    """A subclass that is frozen at run time."""

    shelf_number: int | None = None


@attrs.define(kw_only=True)
class OpenItem(CartItem):
    """A subclass with a field of its own."""

    shelf_number: int | None = None


@pytest.mark.parametrize("cls", [FrozenItem, OpenItem])
def test_a_subclass_is_read_when_its_fields_are_in_json(cls: Any) -> None:
    """A subclass of a model, also a frozen one, is read from JSON with its own fields."""
    item = from_json(b'{"sku":"a","quantity":2,"shelfNumber":7}', cls)
    assert cls(sku="a", quantity=2, shelf_number=7) == item
    assert to_json(item) == b'{"sku":"a","quantity":2,"shelfNumber":7}'


def test_a_field_is_refused_when_the_subclass_is_frozen() -> None:
    """A frozen subclass stays frozen when it is read."""
    item: Any = from_json(b'{"sku":"a","quantity":2}', FrozenItem)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        item.sku = "b"


def test_a_model_is_shown_with_all_fields_when_it_is_printed() -> None:
    """The repr of a model is the expression that makes an equal model."""
    assert repr(LabelTargetNone(type="NONE")) == "LabelTargetNone(type='NONE')"


def test_models_differ_when_their_classes_do() -> None:
    """An instance of a subclass with the same values is not equal."""
    assert CartItem(sku="a", quantity=1) != OpenItem(sku="a", quantity=1)
    assert CartItem(sku="a", quantity=1) != "a"


def test_the_first_model_stays_when_a_changed_copy_is_made() -> None:
    """`evolve` makes a new model, leaves the first one as it is, and checks the names of its fields."""
    item = CartItem(sku="a", quantity=1)
    assert CartItem(sku="b", quantity=1) == evolve(item, sku="b")
    assert "a" == item.sku
    with pytest.raises(TypeError, match="no_such_field"):
        evolve(item, no_such_field=1)


@pytest.mark.parametrize("make", [CustomerSession, lambda: from_json(b"{}", CustomerSession)])
def test_defaults_are_not_shared_when_models_are_made(make: Callable[[], CustomerSession]) -> None:
    """The default list or map of a model is its own, whether the model was made or read."""
    first, second = make(), make()
    assert first == second
    assert first.cart_items is not second.cart_items
    assert first.attributes is not second.attributes


def test_parameters_are_the_fields_when_a_class_is_inspected() -> None:
    """The signature of a model has each field as a keyword, for documentation tools and editors."""
    parameters = inspect.signature(CartItem).parameters
    assert [field.name for field in attrs.fields(CartItem)] == list(parameters)
    assert {inspect.Parameter.KEYWORD_ONLY} == {parameter.kind for parameter in parameters.values()}
