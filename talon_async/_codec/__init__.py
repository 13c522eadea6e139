"""Models to JSON and back: the one cattrs converter.

1. Reading never fails on a value: the server has acted, so its answer is delivered. A field left out or null is the
   default; a value of another type than documented stays as it came; a time that cannot be read stays text. (Whole
   numbers beyond 64 bits, which the API does not have, come as floats.)
2. Only effect props are held to their types, because code matches on them: props that do not fit become
   `UnknownEffectProps`, with everything they held.
3. Writing is exact: None is left out, NULL is null, what users put into maps goes out untouched, nothing is added.
4. What JSON cannot carry, or the API would misread (a time without zone, NaN), is refused with a pointer to it.

The functions that convert a class are compiled on its first use and registered as cattrs hooks, so a hook that is
registered for a class by hand is honoured inside every other class too.
"""

# What stands in JSON is Any.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import attrs
import cattrs
import orjson

from talon_async._codec.compiler import Compiler, branches
from talon_async._codec.strict import problems
from talon_async.errors import InvalidArgumentError, UnreadableAnswerError

T = TypeVar("T")
_BOM = b"\xef\xbb\xbf"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    compiler = Compiler(converter)
    converter.register_structure_hook_factory(attrs.has, compiler.reader)
    converter.register_unstructure_hook_factory(attrs.has, compiler.writer)
    return converter


converter = _make_converter()


def parse(body: bytes) -> Any:
    """Read JSON; ValueError says what is wrong with it."""
    return orjson.loads(body.removeprefix(_BOM))


@cache
def _reader(returns: Any) -> tuple[Callable[[Any, Any], Any], bool, type]:
    """Return how an answer of a type is read, whether it may be empty, and what it is in JSON."""
    kinds = branches(returns)
    kind = kinds[0] if kinds else type(None)
    optional = returns is None or type(None) in get_args(returns)
    if get_origin(kind) is list:
        each = converter.get_structure_hook(get_args(kind)[0])
        return (lambda value, _: [each(item, _) for item in value]), optional, list
    return converter.get_structure_hook(kind), optional, dict if attrs.has(kind) else object


def read(value: Any, returns: Any, *, strict: bool = False) -> Any:
    """Turn parsed JSON into the given type; strict raises ValueError where tolerance would let something pass."""
    if strict and (found := list(problems(value, returns))):
        raise ValueError("; ".join(f"{problem.pointer or '/'}: {problem.details}" for problem in found))
    return _reader(returns)[0](value, returns)


def decode(body: bytes, returns: Any, *, strict: bool = False) -> Any:
    """Turn an answer's bytes into the given type, or say that the answer cannot be read."""
    if returns is None:
        return None
    _, optional, container = _reader(returns)
    if not body:
        if optional:
            return None
        raise UnreadableAnswerError("the answer is empty")
    try:
        value = parse(body)
        if not isinstance(value, container):
            expected = "a list" if container is list else "an object"
            raise ValueError(f"expected {expected}, got {type(value).__name__}")  # noqa: TRY301, TRY004
        return read(value, returns, strict=strict)
    except (ValueError, RecursionError) as problem:
        raise UnreadableAnswerError(f"the answer is not what it should be: {problem}") from None


def encode(value: Any) -> bytes:
    """Turn a model into the bytes that are sent, or refuse it with a pointer to the field that cannot be sent."""
    plain = plain_of(value)
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
    return value if isinstance(value, Mapping) else converter.get_unstructure_hook(value.__class__)(value)


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
