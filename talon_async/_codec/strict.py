"""Compares JSON with the models, field by field, for tests and for the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import attrs

from talon_async import models
from talon_async._codec.shape import branches, hints, is_catalog_payload, is_effect_props, is_required, shown
from talon_async._codec.support import when
from talon_async.models._base import ALSO, wire_name


@attrs.frozen
class Problem:
    """A value that is not as documented."""

    pointer: str
    title: str
    details: str


MOST = 10
"""How many problems a message lists."""


def told(found: Iterable[Problem]) -> str:
    """Return a message about problems: the first ones, each with the end of a long pointer, and how many more."""
    listed = [f"{_end(problem.pointer) or '/'}: {problem.details}" for problem in found]
    more = [f"and {len(listed) - MOST} more"] if len(listed) > MOST else []
    return "; ".join([*listed[:MOST], *more])


def _end(pointer: str) -> str:
    return pointer if len(pointer) <= LONGEST else f"...{pointer[-LONGEST:]}"


LONGEST = 200
"""How many characters of a pointer a message shows."""


def problems(value: Any, annotation: Any, pointer: str = "") -> Iterator[Problem]:
    """Yield the problems of a value; a field that is null counts as absent."""
    several: list[Problem] = []
    for kind in branches(annotation):
        several = list(_problems(value, kind, pointer))
        if not several:
            return
    yield from several


def _problems(value: Any, kind: Any, pointer: str) -> Iterator[Problem]:
    origin: Any = get_origin(kind) or kind
    if origin in (Any, None, models.EventEffect, models.UnknownEffectProps):
        return
    origin = {list: Sequence, dict: Mapping}.get(origin, origin)
    expected = _expected(value, origin, kind)
    if expected:
        yield Problem(pointer, "Invalid type", f"must be {expected}, not {shown(value)}")
    elif origin is Sequence:
        (inner,) = get_args(kind) or (Any,)
        for index, item in enumerate(value):
            yield from problems(item, inner, f"{pointer}/{index}")
    elif origin is Mapping:
        *_, inner = get_args(kind) or (Any,)
        for key, item in value.items():
            yield from problems(item, inner, f"{pointer}/{key}")
    elif attrs.has(origin):
        yield from _fields(value, origin, pointer)


def _fields(value: dict[str, Any], cls: type, pointer: str) -> Iterator[Problem]:
    for attribute in attrs.fields(cls):
        name = wire_name(attribute)
        if value.get(name) is None and value.get(also := attribute.metadata.get(ALSO)) is not None:
            name = also
        field, annotation = value.get(name), hints(cls)[attribute.name]
        if is_effect_props(annotation):
            yield from _effect_props(value, f"{pointer}/{name}")
        elif is_catalog_payload(annotation):
            yield from _catalog_payload(value, pointer)
        elif field is not None:
            yield from problems(field, annotation, f"{pointer}/{name}")
        elif is_required(attribute) and not (annotation is Any and name in value):  # null is one of its values
            yield Problem(f"{pointer}/{name}", "Required", "must be given")


def _effect_props(effect: dict[str, Any], pointer: str) -> Iterator[Problem]:
    kind = effect.get("effectType")
    if not isinstance(kind, str) or kind not in models.EFFECT_PROPS:
        yield Problem(pointer, "Unknown", f"{shown(kind)} is not a known effect type")
    elif (cls := models.EFFECT_PROPS[kind]) is not models.UnknownEffectProps:
        yield from problems(effect.get("props"), cls, pointer)


def _catalog_payload(action: dict[str, Any], pointer: str) -> Iterator[Problem]:
    word = action.get("type")
    if word is None:
        yield Problem(f"{pointer}/type", "Required", "must be given")
    elif isinstance(word, str) and (cls := models.CATALOG_ACTIONS.get(word)) is not None:
        yield from problems(action.get("payload"), cls, f"{pointer}/payload")


_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def _expected(value: Any, origin: Any, kind: Any) -> str | None:
    """Return what a value should be; None if it is that."""
    if origin is Literal:
        return None if value in get_args(kind) else " or ".join(map(repr, get_args(kind)))
    if origin is datetime:
        fits = isinstance(value, str) and not isinstance(when(value), str)
        return None if fits else "an RFC 3339 time"
    if origin in (Sequence, Mapping) or attrs.has(origin):
        container = list if origin is Sequence else dict
        return None if isinstance(value, container) else {list: "a list", dict: "an object"}[container]
    if origin is int:
        fits = type(value) is int or (type(value) is float and value.is_integer())
    else:
        fits = type(value) in {float: (int, float)}.get(origin, (origin,))
    return None if fits else _WORDS[origin]
