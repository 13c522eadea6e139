"""Typed attributes: a class of the shop's own in the place of the bare mapping of custom attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from talon_async._codec.hooks import converter_of
from talon_async.models._base import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import cattrs

T = TypeVar("T")


def attribute(name: str, *, default: Any = attrs.NOTHING, factory: Callable[[], Any] | None = None) -> Any:
    """Declare a field of an attrs class whose attribute has another name in the Campaign Manager.

    `birthday: datetime | None = attribute("Birthday", default=None)`
    """
    return wire(name, default=default, factory=factory)


def write_attributes(attributes: object, converter: cattrs.Converter | None = None) -> Mapping[str, Any]:
    """Return the custom attributes that an instance of an attrs class of your own stands for.

    `CustomerProfileIntegrationRequestV2(attributes=write_attributes(ShopperAttributes(tier="gold")))`. The names are
    those of the fields, or what `attribute` says. A field that is None is not sent; `NULL` sends a null, which deletes
    the attribute. Times become RFC 3339, sets and tuples lists; a `Decimal` is sent with the digits it has.

    Args:
        attributes: an instance of an attrs class.
        converter: made by `converter()`, with hooks of your own.

    Raises:
        InvalidArgumentError: a value cannot be sent; the message names the attribute.
    """
    _check_class(type(attributes))
    written: Mapping[str, Any] = converter_of(converter).unstructure(attributes)
    return written


def read_attributes(attributes: Mapping[str, Any] | None, cls: type[T], converter: cattrs.Converter | None = None) -> T:
    """Return custom attributes as an instance of an attrs class of your own.

    `shopper = read_attributes(profile.attributes, ShopperAttributes)`. The class is the shop's own contract, so reading
    is exact: a value of another type is an error. null is unset, and attributes that the class does not have are
    ignored.

    Args:
        attributes: as a model has them; None for none.
        cls: an attrs class.
        converter: made by `converter()`, with hooks of your own.

    Raises:
        ValueError: attributes are not of their types, or missing; the message names all of them.
    """
    _check_class(cls)
    try:
        read: T = converter_of(converter).structure({} if attributes is None else attributes, cls)
    except ValueError as problem:
        raise ValueError(f"{cls.__name__}: {problem}") from None
    return read


def _check_class(cls: type) -> None:
    if not attrs.has(cls):
        raise TypeError(f"attributes are kept in an attrs class, and {cls.__name__} is none: use @attrs.define")
