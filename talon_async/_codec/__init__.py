"""Models to JSON and back.

1. Reading never fails on a value: the server has acted, so its answer is delivered. A field that is absent or null has
   its default. A value of an undocumented type is kept unchanged, and so is the text of a time that cannot be read.
   (Whole numbers beyond 64 bits, which the API does not have, become floats.)
2. Only effect props are checked against their types, because code matches on their class. Props that do not fit become
   `UnknownEffectProps`, which holds all their JSON. Any number fits in the place of a whole number.
3. Writing is exact: None is left out, NULL is null, the values of free-form maps are sent unchanged, nothing is added.
   `to_json` writes the fields of what was read with the values that came, also where these are not as documented; the
   client would not send that. Unknown fields and nulls were not read, and lists that were missing are empty.
4. A field of a body that holds another type, an unknown word or a value outside its limit is refused with its path.
   Plain mappings are sent unchanged.
5. A value that JSON cannot hold, or that the API would misread (a time without zone, NaN), is refused with a pointer to
   it.

The functions that convert a class are generated when the package is built, see `hooks`. They are hooks of one cattrs
converter (`registry`), from which an endpoint fetches those of its models once. `hooks.converter()` makes another one
for users' own classes, which are read exactly (`exact`); `attributes` is for custom attributes. The files import each
other in this order: `shape`, `registry`, `taken`, `support`, `generated` and `source`, `strict`, `exact`, `hooks`,
`attributes` and `warm`, this one.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeVar, get_args, get_origin

import attrs
import orjson

from talon_async import models
from talon_async._codec.hooks import reader, writer
from talon_async._codec.shape import branches, is_list, is_mapping
from talon_async._codec.strict import problems, told
from talon_async._codec.support import keeps_what_was_read, rfc3339
from talon_async._codec.taken import located
from talon_async._messages import Failure
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError

T = TypeVar("T")
_BOM = b"\xef\xbb\xbf"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def parse(body: bytes | str) -> Any:
    """Read JSON, with or without a byte order mark; ValueError if it is not JSON."""
    try:
        return orjson.loads(body)
    except ValueError:
        data = body.encode() if isinstance(body, str) else bytes(memoryview(body))
        if not data.startswith(_BOM):
            raise
    return orjson.loads(data.removeprefix(_BOM))


class LazyEffects(Sequence[Any]):
    """Effects that are read from JSON when they are first used."""

    __slots__ = ("_state",)

    def __init__(self, raw: list[Any]) -> None:
        self._state = (False, raw)  # one value, so that each thread sees a whole list

    @property
    def _effects(self) -> list[Any]:
        is_read, effects = self._state
        if not is_read:
            effects = [reader(models.Effect)(effect) for effect in effects]
            self._state = (True, effects)
        return effects

    def __len__(self) -> int:
        return len(self._state[1])

    def __getitem__(self, index: Any) -> Any:
        return self._effects[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._effects)

    def __eq__(self, other: object) -> bool:
        return self._effects == (other._effects if isinstance(other, LazyEffects) else other)

    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # like a list

    def __repr__(self) -> str:
        return repr(self._effects)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (self._effects,)


class Decoder:
    """Turns the bytes of answers into one type."""

    def __init__(self, returns: Any) -> None:
        self._returns = returns
        kind = branches(returns)[0] if branches(returns) else type(None)
        self._optional = returns is None or type(None) in get_args(returns)
        self._is_list = get_origin(kind) is list
        is_model = not self._is_list and attrs.has(kind)
        self._is_object = is_model and kind not in (models.EventEffect, models.UnknownEffectProps)
        kind = get_args(kind)[0] if self._is_list else kind
        self._read = reader(kind) if attrs.has(kind) else _as_it_is
        self._has_effects = self._is_object and hasattr(kind, "effects")

    def __call__(self, body: bytes, *, strict: bool = False, lazy: bool = False) -> Any:
        """Read a body, or say that it cannot be read; `lazy` leaves its effects unread until they are first used."""
        if self._returns is None or (not body and self._optional):
            return None
        try:
            if lazy and self._has_effects and not strict:
                return self._read_lazily(self._whole(parse(body)))
            if len(body) < _LARGE or not gc.isenabled():
                return self.read(parse(body), strict=strict)
            with _collector_at_rest():
                return self.read(parse(body), strict=strict)
        except (ValueError, RecursionError) as problem:
            said = f"is not what it should be: {problem}" if body else "is empty"
            raise UnreadableAnswerError(f"the answer {said}") from None

    def _read_lazily(self, value: Any) -> Any:
        if (effects := value.get("effects")).__class__ is not list or not effects:
            return self._read(value)
        value["effects"] = None
        made = self._read(value)
        made.effects = LazyEffects(effects)
        return made

    def _whole(self, value: Any) -> Any:
        if self._is_object and value.__class__ is not dict:
            raise ValueError(f"expected an object, got {type(value).__name__}")
        if self._is_list and value.__class__ is not list:
            raise ValueError(f"expected a list, got {type(value).__name__}")
        return value

    def read(self, value: Any, *, strict: bool = False) -> Any:
        """Read parsed JSON.

        Raises:
            ValueError: an object or a list is none; with `strict`, something is not as documented.
        """
        self._whole(value)
        if strict and (found := list(problems(value, self._returns))):
            raise ValueError(told(found))
        return [self._read(item) for item in value] if self._is_list else self._read(value)


_LARGE = 1 << 15
"""Bytes from which the garbage collector rests while an answer is read."""


_resting: set[int] = set()
"""The threads for which the collector is at rest."""


@contextlib.contextmanager
def _collector_at_rest() -> Generator[None]:
    """Turn the garbage collector off for a while: with it, reading 100 KB takes a third longer."""
    _resting.add(threading.get_ident())  # while the collector is off, so that a child that is forked then turns it on
    try:
        gc.disable()
        yield
    finally:
        gc.enable()
        _resting.discard(threading.get_ident())


def _wake_collector() -> None:
    """Enable the collector in a forked child, where the thread that would do it does not exist."""
    if _resting:
        _resting.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_wake_collector)


def _as_it_is(value: Any) -> Any:
    return value


decoder = cache(Decoder)


def read(value: Any, returns: Any, *, strict: bool = False) -> Any:
    """Turn parsed JSON into the given type."""
    return decoder(returns).read(value, strict=strict)


def decode(body: bytes, returns: Any, *, strict: bool = False) -> Any:
    """Turn an answer's bytes into the given type; UnreadableAnswerError if that cannot be done."""
    return decoder(returns)(body, strict=strict)


def encode(value: Any) -> bytes:
    """Turn a model into the bytes that are sent; InvalidArgumentError points to a value that cannot be sent."""
    try:
        plain = plain_of(value)
    except InvalidArgumentError as error:
        raise located(value, error) from None
    return encode_plain(plain)


def encode_plain(plain: Any) -> bytes:
    """Turn the dict that a writer has made into bytes."""
    try:
        body = orjson.dumps(plain, default=_default, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError) as problem:
        raise InvalidArgumentError(_blame(plain) or f"the body cannot be sent as JSON: {problem}") from None
    # orjson writes NaN and infinity as null
    if b"null" in body and (refusal := _blame(plain)):
        raise InvalidArgumentError(refusal)
    return body


def plain_of(value: Any) -> Any:
    """Return a model as plain dicts with the API's names, and any other value unchanged."""
    return writer(value.__class__)(value) if attrs.has(value.__class__) else value


def from_json(body: bytes | str, cls: type[T], *, strict: bool = False) -> T:
    """Read a model from JSON text: a stored answer, a recorded example.

    Values of other types than documented are kept, as by the client.

    Args:
        body: the text, or its bytes in UTF-8.
        cls: the class of the model.
        strict: whether to refuse everything that is not as documented.

    Raises:
        UnreadableAnswerError: the text is not JSON, or not that of an instance; with `strict`, something is not as
            documented. Its `outcome` is `not_sent`, because no server was asked.
    """
    try:
        value: T = read(parse(body), cls, strict=strict)
    except (ValueError, RecursionError) as problem:
        raise _unreadable(cls, str(problem)) from None
    if not any(isinstance(value, get_origin(kind) or kind) for kind in branches(cls)):
        raise _unreadable(cls, f"it is read as {type(value).__name__}")
    return value


def _unreadable(cls: Any, said: str) -> UnreadableAnswerError:
    error = UnreadableAnswerError(f"the text cannot be read as {getattr(cls, '__name__', cls)}: {said}")
    error.outcome, error.failure = "not_sent", Failure.FINAL
    return error


def to_json(value: Any) -> bytes:
    """Write a model as JSON, with the API's field names.

    A model that was made must be one that the client would send. Of one that was read, the known fields are written
    with the values that came, also if these are not as documented.

    Raises:
        InvalidArgumentError: a value cannot be sent, such as a word that the API does not have, or the model is nested
            in more than 254 levels, which is the limit of orjson.
    """
    token = keeps_what_was_read.set(True)
    try:
        return encode(value)
    finally:
        keeps_what_was_read.reset(token)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is not a JSON number")
        return orjson.Fragment(format(value, "f"))
    if is_mapping(value):
        return dict(value)
    if is_list(value):
        return list(value)
    return plain_of(value) if attrs.has(value.__class__) else _number(value)


def _number(value: Any) -> Any:
    """Return a number of another library as Python's own, and an array of numpy's as a list."""
    if _is_numpy(value):
        return value.tolist()
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise TypeError(f"{value} is not a JSON number")
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _is_numpy(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "tolist")


def _blame(value: Any) -> str | None:
    """Name the first value that cannot be sent, with a pointer to it."""
    try:
        return next((f"{pointer or 'body'}: {said}" for pointer, said in _unsendable(value, "")), None)
    except RecursionError:
        return "the body holds itself, or is nested too deeply"


def _unsendable(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if is_mapping(value):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _unsendable(item, f"{pointer}/{key}")
            else:
                yield pointer, f"the key {key!r} must be text"
    elif is_list(value):
        for index, item in enumerate(value):
            yield from _unsendable(item, f"{pointer}/{index}")
    elif attrs.has(value.__class__):
        yield from _unsendable(plain_of(value), pointer)
    elif _is_numpy(value):
        yield from _unsendable(value.tolist(), pointer)
    elif said := _refusal(value):
        yield pointer, said


def _refusal(value: Any) -> str | None:
    """Say why a single value cannot be sent, if it cannot."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a JSON number"
    try:
        orjson.dumps(value, default=_default, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError) as problem:
        return str(problem.__cause__ or problem)
    return None
