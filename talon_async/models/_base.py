"""What every model is made of: `model` for the class, `wire` for an irregular name, `NULL` for a JSON null."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, dataclass_transform

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")
WIRE = "wire"


class _Null(Enum):
    """A JSON null, told apart from "left out"."""

    NULL = None  # what an Enum member is in JSON is its value

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final[Any] = _Null.NULL
"""Sends a JSON null for a field; `None`, the default of optional fields, leaves the field out instead."""


def wire(name: str | None = None, *, default: Any = attrs.NOTHING, factory: Callable[[], Any] | None = None) -> Any:
    """Declare a field: its name in JSON where that is not the camelCase form of the Python name, and its default."""
    return attrs.field(default=default, factory=factory, metadata={WIRE: name} if name else {})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field, wire))
def model(cls: type[C]) -> type[C]:
    """Make a frozen, slotted class whose fields are given by keyword."""
    return attrs.frozen(kw_only=True)(cls)


def evolve(instance: C, **changes: Any) -> C:
    """Return a copy of a model with other values in some fields; TypeError for a field it does not have."""
    copy: Any = attrs.evolve(cast("Any", instance), **changes)  # checkers do not take the models for attrs classes
    return cast("C", copy)


def camel(name: str) -> str:
    """Return the regular wire name of a Python name: `cart_items` is `cartItems`."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)


def wire_name(attribute: attrs.Attribute[Any]) -> str:
    """Return the name of a field in JSON."""
    name: str = attribute.metadata.get(WIRE) or camel(attribute.name)
    return name
