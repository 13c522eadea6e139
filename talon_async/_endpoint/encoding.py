"""How the values of a path and of a query are written, and the key of a call."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

import attrs

from talon_async._codec import rfc3339
from talon_async.errors import InvalidArgumentError

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
TRUE_FALSE = {True: "true", False: "false"}
YES_NO = {True: "yes", False: "no"}
_PLAIN: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), datetime: (datetime,)}


@attrs.frozen
class Query:
    """One query value of an operation."""

    parameter: str
    wire: str
    kind: Any
    comma: bool
    words: Mapping[bool, str]

    def text(self, value: Any) -> str:
        """Encode one value; TypeError or ValueError for one that cannot be sent."""
        kind = get_args(self.kind)[0] if get_origin(self.kind) is Sequence else self.kind
        if get_origin(kind) is Literal and (type(value), value) not in [(type(w), w) for w in get_args(kind)]:
            raise ValueError(f"{value!r} is not {' or '.join(map(repr, get_args(kind)))}; None leaves it out")
        if (wanted := _PLAIN.get(kind)) and (isinstance(value, bool) or not isinstance(value, wanted)):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        if isinstance(value, bool):
            return self.words[value]
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is no number")
        if isinstance(value, datetime):
            return quote(rfc3339(value), safe="")
        if isinstance(value, str | int | float | UUID):
            return quote(str(value), safe="")
        raise TypeError(f"{type(value).__name__} is no query value")


def segment(name: str, value: Any) -> str:
    """Encode one path value; one that would name another resource is refused."""
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise InvalidArgumentError(f"{name} must be text, not {type(value).__name__}")
    text = str(value)
    if text in ("", ".", ".."):
        raise InvalidArgumentError(f"{name} is {text!r}: that would address another resource")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} holds half a character (a lone surrogate)") from None


def valid_key(key: str | None) -> str | None:
    """Return an Idempotency-Key, if it is one."""
    if key is not None and (not isinstance(key, str) or not _KEY.fullmatch(key)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("idempotency_key must be 1 to 255 visible ASCII characters")
    return key


def ordering_key(kind: str, identifier: Any) -> tuple[str, ...]:
    """Return the ordering key of a profile or session; an anonymous customer has none."""
    return (f"{kind}:{identifier}",) if identifier and isinstance(identifier, str | int | UUID) else ()
