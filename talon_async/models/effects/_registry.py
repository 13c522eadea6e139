"""Which class holds the props of which effect type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")

EFFECT_PROPS: Final[dict[str, type[Any]]] = {}
"""The class of the props by `effect_type`."""


def effect_props(*effect_types: str) -> Callable[[type[C]], type[C]]:
    """Say that a class holds the props of an effect type, or of several."""

    def register(cls: type[C]) -> type[C]:
        EFFECT_PROPS.update(dict.fromkeys(effect_types, cls))
        return cls

    return register
