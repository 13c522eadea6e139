"""What the types of fields say, and what a value is: which container, which plain value, and how it is shown."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import attrs

from talon_async import models

LEAST, MOST = -(2**63), 2**63 - 1
"""The smallest and the largest whole number of the API."""


@cache
def hints(cls: type) -> dict[str, Any]:
    """Return the resolved types of a model's fields."""
    return get_type_hints(cls)


def branches(annotation: Any) -> tuple[Any, ...]:
    """Return the types a value may have, without None."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(arg for arg in get_args(annotation) if arg is not type(None))
    return (annotation,)


def is_required(attribute: attrs.Attribute[Any]) -> bool:
    """Tell whether a field has no default."""
    return attribute.default is attrs.NOTHING


def closed_words(annotation: Any) -> tuple[str, ...]:
    """Return the words that a value must be one of; none if it may be something else."""
    kinds = branches(annotation)
    if any(get_origin(kind) is not Literal for kind in kinds):
        return ()
    return tuple(word for kind in kinds for word in get_args(kind))


def is_effect_props(annotation: Any) -> bool:
    """Tell whether a field holds effect props, whose class is chosen by the effect's type."""
    return models.UnknownEffectProps in branches(annotation)


def is_catalog_payload(annotation: Any) -> bool:
    """Tell whether a field holds what a catalog action does, whose class is chosen by the action's type."""
    return models.AddItemCatalogAction in branches(annotation)


def plain(value: Any) -> Any:
    """Return the value of a member of an enum, and a number or an array of numpy as Python's own; others unchanged."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "tolist") and getattr(getattr(value, "dtype", None), "kind", "M") not in "mM":  # no times
        return value.tolist()
    return value


def shown(value: Any) -> str:
    """Return a value as messages show it: the beginning of a single one, the kind of others."""
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(value.__class__) or repr(value)[:60]


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Tell whether a value is sent as an object."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[Sequence[Any] | AbstractSet[Any]]:
    """Tell whether a value is sent as a list: a sequence or a set, but not a text or bytes, which are sequences too."""
    return isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes | bytearray)
