"""Marks in the type of a parameter that say how its value is written on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin

import attrs

from talon_async._codec.shape import branches
from talon_async.models._base import CARD_ID, INTEGRATION_ID, Limit

T = TypeVar("T")


@attrs.frozen
class Wire:
    """The name of a query value, where it is not the camelCase form of the parameter's name."""

    name: str


@attrs.frozen
class Comma:
    """Marks a list that travels as one value, joined with commas."""


@attrs.frozen
class AsYesNo:
    """Marks a bool that travels as yes or no."""


Csv = Annotated[Sequence[T], Comma()]
YesNo = Annotated[bool, AsYesNo()]
IntegrationId = Annotated[str, INTEGRATION_ID]
CardId = Annotated[str, CARD_ID]
PageSize = Annotated[int, Limit(1, 1000)]
Points = Annotated[float, Limit(above=0)]


def kind_and_marks(annotation: Any) -> tuple[Any, ...]:
    """Return the type inside `Annotated[T, *marks] | None`, followed by its marks."""
    kind = branches(annotation)[0]
    return get_args(kind) if get_origin(kind) is Annotated else (kind,)
