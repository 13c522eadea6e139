"""Encodes values into paths, queries, idempotency keys and ordering keys."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

import attrs

from talon_async._codec.shape import is_list, plain, shown
from talon_async._codec.support import rfc3339
from talon_async._codec.taken import is_whole, is_word, mistake
from talon_async.errors import InvalidArgumentError

TRUE_FALSE = {True: "true", False: "false"}
YES_NO = {True: "yes", False: "no"}

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CHECKED = (int, float, bool, datetime)
"""The types of parameters whose values are checked. Any value that has a text is one of the others."""


@attrs.frozen
class Query:
    """One query value of an operation.

    Attributes:
        parameter: the name of the parameter.
        wire: the name on the wire.
        kind: the type of the parameter, without None and without marks.
        comma: whether a list is one value, joined with commas.
        words: how a bool is written.
    """

    parameter: str
    wire: str
    kind: Any
    comma: bool
    words: Mapping[bool, str]

    def pairs(self, value: Any) -> str:
        """Encode the argument of the parameter, as `&name=value` for each value on the wire."""
        try:
            texts = [self.text(item) for item in self._items(value)]
        except (OverflowError, TypeError, ValueError) as problem:
            raise InvalidArgumentError(f"{self.parameter} cannot be sent: {problem}") from None
        if self.comma and texts:
            texts = [",".join(texts)]
        return "".join(f"&{self.wire}={text}" for text in texts)

    def _items(self, value: Any) -> Sequence[Any]:
        """Return the items of a list, or any other value as the only item. A set has no order, so it is no list."""
        takes_list = get_origin(self.kind) is Sequence
        return value if takes_list and is_list(value) and isinstance(value, Sequence) else (value,)

    def text(self, value: Any) -> str:
        """Encode a single value; raise TypeError or ValueError if it cannot be sent."""
        kind = get_args(self.kind)[0] if get_origin(self.kind) is Sequence else self.kind
        value = plain(value)
        self._check(kind, value)
        if isinstance(value, bool):
            return self.words[value]
        if isinstance(value, datetime):
            return quote(rfc3339(value), safe="")
        if isinstance(value, Real | Decimal):
            return quote(_digits(value), safe="")
        if isinstance(value, str | UUID):
            return quote(str(value), safe="")
        raise TypeError(f"{type(value).__name__} cannot be a query value")

    def _check(self, kind: Any, value: Any) -> None:
        """Refuse a value whose type differs from the parameter's, or that is not one of its words."""
        if get_origin(kind) is Literal:
            words = get_args(kind)
            if not is_word(value, words):
                raise ValueError(f"{value!r} is not {' or '.join(map(repr, words))}; None leaves it out")
        elif kind in _CHECKED and (said := mistake(kind, value)):
            raise TypeError(f"it {said}")


def segment(name: str, value: Any) -> str:
    """Encode a path value that is text; refuse a value that would address another resource."""
    text = value if value.__class__ is str else plain(value)
    if not isinstance(text, str | UUID):
        raise InvalidArgumentError(f"{name} must be text, not {shown(value)}")
    text = str(text)
    if text in ("", ".", ".."):
        raise InvalidArgumentError(f"{name} is {text!r}: that would address another resource")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} holds a lone surrogate") from None


def whole(name: str, value: Any) -> str:
    """Encode a path value that is a whole number."""
    number = value if value.__class__ is int else plain(value)
    if not is_whole(number):
        raise InvalidArgumentError(f"{name} must be a whole number of 64 bits, not {shown(value)}")
    return _digits(number)


def _digits(number: Any) -> str:
    """Write a number; ValueError or OverflowError for one that has no digits."""
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    if is_whole(number):
        return str(int(number))
    return format(number, "f") if isinstance(number, Decimal) else str(float(number))


def valid_key(key: object) -> str:
    """Return an Idempotency-Key; refuse a value that the header cannot carry."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidArgumentError("idempotency_key must be 1 to 255 visible ASCII characters")
    return key


def ordering_keys(kind: str, identifier: Any) -> tuple[str, ...]:
    """Return the ordering key of a profile or session; none for an empty or missing ID."""
    name = plain(identifier)
    return (f"{kind}:{name}",) if isinstance(name, str | UUID | Integral) and name else ()
