"""The building blocks of models: `model` for classes, `wire` for fields, `NULL` for a JSON null."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, dataclass_transform

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")
WIRE, LIMIT, ALSO = "wire", "limit", "also"


class _Null(Enum):
    """A JSON null, which is not the same as a field that is left out."""

    NULL = None  # JSON has an Enum member's value

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final[Any] = _Null.NULL
"""Sends a JSON null for a field; `None`, the default of optional fields, leaves the field out instead."""


@attrs.frozen
class Limit:
    """What the API accepts: a number of characters or items, or the value of a number.

    Attributes:
        least: the smallest size or value.
        most: the largest size or value.
        each: the limit of each item of a list.
        pattern: a regular expression that the whole text must match.
    """

    least: int = 0
    most: int | None = None
    each: Limit | None = None
    pattern: str | None = None

    def refusal(self, value: Any) -> str | None:
        """Return why a value is outside the limit; None if it is inside, or has neither an order nor a size."""
        if isinstance(value, bool) or not isinstance(value, int | float | Collection):
            return None
        number = isinstance(value, int | float)
        size: float = value if isinstance(value, int | float) else len(cast("Collection[Any]", value))
        if size < self.least or (self.most is not None and size > self.most):
            bounds = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
            unit = "" if number else " characters" if isinstance(value, str) else " items"
            return f"must be {bounds}{unit}, not {size}"
        if isinstance(value, str) and self.pattern and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        if self.each is None or number or isinstance(value, str):
            return None
        refusals = ((index, self.each.refusal(item)) for index, item in enumerate(cast("Collection[Any]", value)))
        return next((f"item {index} {refusal}" for index, refusal in refusals if refusal), None)


INTEGRATION_ID = Limit(1, 1000)
CARD_ID = Limit(4, 108, pattern=r"[A-Za-z0-9._%+@-]+")
CODE = Limit(1, 100)


def wire(
    name: str | None = None,
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    limit: Limit | None = None,
    also: str | None = None,
) -> Any:
    """Declare a field, with its default, its limit, and its JSON name if that is not the camelCase form of the name.

    `also` is a second JSON name of an optional field. It is read if the first is missing or null, and never written.
    """
    options = {WIRE: name, LIMIT: limit, ALSO: also}
    metadata = {key: value for key, value in options.items() if value is not None}
    return attrs.field(default=default, factory=factory, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field, wire))
def model(cls: type[C]) -> type[C]:
    """Make a slotted class with keyword-only fields, which type checkers treat as frozen.

    At run time it is not frozen, because a frozen instance takes twice as long to make and readers set its fields.
    `evolve` makes a changed copy.
    """
    made = attrs.define(kw_only=True, weakref_slot=False, eq=False, repr=False)(cls)
    # all models share these three: if attrs compiled them for each class, importing all would take 1.7 times as long
    for name, method in (("__eq__", _eq), ("__hash__", _hash), ("__repr__", _repr)):
        setattr(made, name, method)
    return made


def _values(instance: Any) -> tuple[Any, ...]:
    return tuple(getattr(instance, field.name) for field in instance.__attrs_attrs__)


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash((self.__class__, _values(self)))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in self.__attrs_attrs__)
    return f"{self.__class__.__name__}({shown})"


def evolve(instance: C, **changes: Any) -> C:
    """Return a copy of a model with changed fields; raise TypeError for a field that the model does not have."""
    copy: Any = attrs.evolve(cast("Any", instance), **changes)  # for checkers, the models are not attrs classes
    return cast("C", copy)


def camel(name: str) -> str:
    """Return the regular wire name of a Python name: `cart_items` is `cartItems`."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)


def wire_name(attribute: attrs.Attribute[Any]) -> str:
    """Return the name of a field in JSON."""
    name: str = attribute.metadata.get(WIRE) or camel(attribute.name)
    return name
