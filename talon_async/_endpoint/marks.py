"""What the types of a stub's parameters say besides their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

import attrs

from talon_async.models._base import CARD_ID, INTEGRATION_ID, Limit

T = TypeVar("T")


@attrs.frozen
class Wire:
    """The name of a query value where it is not the camelCase form of the parameter's."""

    name: str


@attrs.frozen
class Comma:
    """Marks a list that is sent as one value, joined by commas."""


@attrs.frozen
class AsYesNo:
    """Marks a bool that travels as yes or no."""


Csv = Annotated[Sequence[T], Comma()]
YesNo = Annotated[bool, AsYesNo()]
IntegrationId = Annotated[str, INTEGRATION_ID]
CardId = Annotated[str, CARD_ID]
PageSize = Annotated[int, Limit(1, 1000)]
