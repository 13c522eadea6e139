"""Says which values a field of a request takes: those of its type, and those that are written as such a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Integral, Rational, Real
from typing import TYPE_CHECKING, Any, get_args, get_origin
from uuid import UUID

import attrs

from talon_async._codec.registry import registry
from talon_async._codec.shape import LEAST, MOST, branches, is_list, is_mapping, plain, shown
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import NULL

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number of 64 bits",
    float: "a number",
    datetime: "a datetime",
    Sequence: "a list",
    Mapping: "a mapping",
}
_CLASSES: dict[Any, tuple[type, ...]] = {
    str: (str, UUID),
    bool: (bool,),
    float: (Real, Decimal),
    datetime: (datetime,),
}


def mistake(annotation: Any, value: Any) -> str | None:
    """Say why a value is not one that a field of a type takes; None if it is. Words are not looked at."""
    kinds = branches(annotation)
    if value is NULL or any(origin not in _WORDS and not attrs.has(origin) for origin in map(_origin, kinds)):
        return None
    if fitting := [kind for kind in kinds if _fits(_origin(kind), value)]:
        return _inner_mistake(fitting[0], value)
    expected = " or ".join(_WORDS.get(origin) or origin.__name__ for origin in map(_origin, kinds))
    return f"must be {expected}, not {shown(value)}"


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind


def _inner_mistake(kind: Any, value: Any) -> str | None:
    """Say what is wrong with the first item of a list or mapping that is not of its type."""
    items: Any = ()
    if _origin(kind) is Sequence:
        items = enumerate(value)
    elif _origin(kind) is Mapping and is_mapping(value):
        items = value.items()
    found = ((place, mistake(get_args(kind)[-1], item)) for place, item in items)
    return next((f"item {shown(place)} {said}" for place, said in found if said), None)


def _fits(kind: Any, value: Any) -> bool:
    if kind is Sequence:
        return is_list(value)
    if kind is Mapping:  # or custom attributes in a class of the user
        return is_mapping(value) or attrs.has(value.__class__)
    if attrs.has(kind):
        return isinstance(value, kind) or is_mapping(value)
    return _is_single(kind, value)


def _is_single(kind: Any, value: Any) -> bool:
    """Tell whether a value is a text, a number, a truth value or a time, or is written as one."""
    value = plain(value)
    if kind is int:
        return is_whole(value)
    return isinstance(value, _CLASSES[kind]) and (kind is bool or not isinstance(value, bool))


def is_word(value: Any, words: Sequence[Any]) -> bool:
    """Tell whether a value is one of some words; True is not the word 1."""
    return any(isinstance(value, type(word)) and value == word for word in words)


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number of 64 bits, of whatever class."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return False
    number: Any = value
    return _is_integer(number) and LEAST <= int(number) <= MOST


def _is_integer(value: Real | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    if isinstance(value, Rational):
        return isinstance(value, Integral) or value.denominator == 1
    try:
        return float(value).is_integer()
    except (OverflowError, ValueError):
        return False


def located(model: Any, error: InvalidArgumentError) -> InvalidArgumentError:
    """Return the error of a model that cannot be written, with the path to the field that is wrong."""
    return InvalidArgumentError(_located(model, error))


def _located(model: Any, error: InvalidArgumentError) -> str:
    for field in attrs.fields(model.__class__):
        for step, inner in _inside(getattr(model, field.name, None)):
            try:
                registry.writer(inner.__class__)(inner)
            except InvalidArgumentError as cause:
                return f"{field.name}{step}.{_located(inner, cause)}"
    return error.message


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the models that are a value, or stand in a list or a mapping, each with its place there."""
    items: Any = [("", value)]
    if is_mapping(value):
        items = ((f"[{key!r}]", item) for key, item in value.items())
    elif is_list(value):
        items = ((f"[{index}]", item) for index, item in enumerate(value))
    return ((step, item) for step, item in items if attrs.has(item.__class__))
