"""Models to JSON and back.

1. Reading never fails on a value: the server has acted, so its answer is delivered. A field left out or null is the
   default; a value of another type than documented stays as it came; a time that cannot be read stays text. (Whole
   numbers beyond 64 bits, which the API does not have, come as floats.)
2. Only effect props are held to their types, because code matches on them: props that do not fit become
   `UnknownEffectProps`, with everything they held.
3. Writing is exact: None is left out, NULL is null, what users put into maps goes out untouched, nothing is added.
4. What JSON cannot carry, or the API would misread (a time without zone, NaN), is refused with a pointer to it.

The functions that convert a class are made when the package is built, see `hooks`; `hooks.converter()` makes a cattrs
converter that has them as its hooks.
"""

# What stands in JSON is Any.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import gc
import math
import os
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import attrs
import orjson

from talon_async._codec.hooks import reader, writer
from talon_async._codec.shape import branches
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError

T = TypeVar("T")
_BOM = b"\xef\xbb\xbf"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def parse(body: bytes) -> Any:
    """Read JSON; ValueError says what is wrong with it."""
    try:
        return orjson.loads(body)
    except ValueError:
        if not body.startswith(_BOM):
            raise
    return orjson.loads(body.removeprefix(_BOM))


class LazyEffects(Sequence[Any]):
    """Effects that are read from JSON when somebody looks at them."""

    __slots__ = ("_state",)

    def __init__(self, raw: list[Any]) -> None:
        self._state = (False, raw)  # one value, so that threads which look at once see either list whole

    @property
    def _effects(self) -> list[Any]:
        is_read, effects = self._state
        if not is_read:
            from talon_async.models import Effect  # noqa: PLC0415  # models load on first use

            effects = [reader(Effect)(effect) for effect in effects]
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
        self._is_object = not self._is_list and attrs.has(kind)
        kind = get_args(kind)[0] if self._is_list else kind
        self._read = reader(kind) if attrs.has(kind) else _as_it_is
        self._has_effects = self._is_object and hasattr(kind, "effects")

    def __call__(self, body: bytes, *, strict: bool = False, lazy: bool = False) -> Any:
        """Read a body, or say that it cannot be read; `lazy` leaves its effects unread until they are looked at."""
        if self._returns is None or (not body and self._optional):
            return None
        try:
            if lazy and self._has_effects and not strict:
                return self._read_lazily(self._whole(parse(body)))
            if len(body) < _LARGE or not gc.isenabled():
                return self.read(self._whole(parse(body)), strict=strict)
            with _collector_at_rest():
                return self.read(self._whole(parse(body)), strict=strict)
        except (ValueError, RecursionError) as problem:
            said = f"is not what it should be: {problem}" if body else "is empty"
            raise UnreadableAnswerError(f"the answer {said}") from None

    def _read_lazily(self, value: Any) -> Any:
        if (effects := value.get("effects")).__class__ is not list or not effects:
            return self._read(value)
        value["effects"] = None
        made = self._read(value)
        object.__setattr__(made, "effects", LazyEffects(effects))  # it is frozen from now on
        return made

    def _whole(self, value: Any) -> Any:
        if self._is_object and value.__class__ is not dict:
            raise ValueError(f"expected an object, got {type(value).__name__}")
        if self._is_list and value.__class__ is not list:
            raise ValueError(f"expected a list, got {type(value).__name__}")
        return value

    def read(self, value: Any, *, strict: bool = False) -> Any:
        """Read parsed JSON; strict raises ValueError where tolerance would let something pass."""
        if strict:
            from talon_async._codec.strict import problems  # noqa: PLC0415  # for tests

            if found := list(problems(value, self._returns)):
                raise ValueError("; ".join(f"{problem.pointer or '/'}: {problem.details}" for problem in found))
        return [self._read(item) for item in value] if self._is_list else self._read(value)


_LARGE = 1 << 15
"""Bytes from which the garbage collector rests while an answer is read."""


_resting: set[int] = set()
"""The threads for which the collector is at rest."""


@contextlib.contextmanager
def _collector_at_rest() -> Generator[None]:
    """Keep the collector from looking at what is only half made: with it, 100 KB take a third longer."""
    gc.disable()
    _resting.add(threading.get_ident())
    try:
        yield
    finally:
        _resting.discard(threading.get_ident())
        gc.enable()


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
    """Turn an answer's bytes into the given type, or say that the answer cannot be read."""
    return decoder(returns)(body, strict=strict)


def encode(value: Any) -> bytes:
    """Turn a model into the bytes that are sent, or refuse it with a pointer to the field that cannot be sent."""
    return encode_plain(plain_of(value))


def encode_plain(plain: Any) -> bytes:
    """Turn what a writer has made into bytes."""
    try:
        body = orjson.dumps(plain, default=_default, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError) as problem:
        raise InvalidArgumentError(_blame(plain) or f"the body cannot be sent as JSON: {problem}") from None
    # orjson writes NaN and infinity as null: only where a null stands is it worth looking for one
    if b"null" in body and (found := _blame(plain)):
        raise InvalidArgumentError(found)
    return body


def plain_of(value: Any) -> Any:
    """Return a model as plain dicts, with the API's names; what is no model stays as it is."""
    return writer(value.__class__)(value) if attrs.has(value.__class__) else value


def from_json(body: bytes | str, cls: type[T], *, strict: bool = False) -> T:
    """Read a model from JSON text: a stored answer, a recorded example.

    Tolerant like the client; `strict=True` raises ValueError on anything that is not as documented.
    """
    value: T = read(orjson.loads(body), cls, strict=strict)
    return value


def to_json(value: Any) -> bytes:
    """Write a model as JSON, with the API's field names, as the client would send it."""
    return encode(value)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is not a JSON number")
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet) or (isinstance(value, Sequence) and not isinstance(value, bytes | bytearray)):
        return list(value)
    if attrs.has(type(value)):
        return plain_of(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def rfc3339(value: datetime) -> str:
    """Return a time as the API reads it; a time without zone is refused, because the server would have to guess."""
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no time zone: use datetime(..., tzinfo=UTC) or .astimezone()")
    return value.isoformat()


def _blame(value: Any) -> str | None:
    """Name the first value that cannot be sent, with a pointer to it."""
    try:
        return next((f"{pointer or 'body'}: {said}" for pointer, said in _unsendable(value, "")), None)
    except RecursionError:
        return "the body holds itself, or is nested too deeply"


def _unsendable(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _unsendable(item, f"{pointer}/{key}")
            else:
                yield pointer, f"the key {key!r} must be text"
    elif isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes | bytearray):
        for index, item in enumerate(value):
            yield from _unsendable(item, f"{pointer}/{index}")
    elif attrs.has(type(value)):
        yield from _unsendable(plain_of(value), pointer)
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
