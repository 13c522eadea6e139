"""What the types of a model's fields say."""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs


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


def is_effect_props(annotation: Any) -> bool:
    """Tell whether a field holds effect props, whose class is chosen by the effect's type."""
    from talon_async.models.effects import UnknownEffectProps  # noqa: PLC0415  # models load on first use

    return UnknownEffectProps in branches(annotation)


def is_catalog_payload(annotation: Any) -> bool:
    """Tell whether a field holds what a catalog action does, whose class is chosen by the action's type."""
    from talon_async.models import AddItemCatalogAction  # noqa: PLC0415  # models load on first use

    return AddItemCatalogAction in branches(annotation)
