"""Finds the operation a request is for, and reads its arguments back: the reverse of what the client does.

1. Paths are matched as they came over the wire; each value is percent-decoded once, so that any ID survives.
2. Nothing passes that is not documented: unknown query values, values of another type, bodies that do not fit, values
   outside their limits.
3. A body that names a field of the operation's own model is that model, even if it does not fit and another would.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import attrs

from talon_async import models
from talon_async._codec import parse, read
from talon_async._codec.shape import branches, hints, is_catalog_payload, is_list, is_mapping
from talon_async._codec.strict import problems
from talon_async._codec.support import when
from talon_async.models._base import LIMIT, camel, wire_name
from talon_async.testing._refusal import BAD_REQUEST, Flaw, Refusal, misused, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talon_async._endpoint import Endpoint, Query


DEEPEST = 200
"""Levels of lists and objects in a body: an answer that repeats it is written with 254 at the most."""


@attrs.frozen
class Match:
    """An operation, and its path values as they came over the wire."""

    endpoint: Endpoint
    path: Mapping[str, str]


class Router:
    """Knows which operation a method and a path belong to."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._fixed: dict[str, list[Endpoint]] = {}
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = []
        for endpoint in endpoints:
            path = endpoint.operation.path
            if endpoint.path_parameters:
                pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
                self._patterns.append((re.compile(pattern), endpoint))
            else:
                self._fixed.setdefault(path, []).append(endpoint)

    def find(self, method: str, path: str) -> Match:
        """Return the operation for a request, or refuse it."""
        matches = [Match(endpoint, {}) for endpoint in self._fixed.get(path, ())]
        matches += [
            Match(endpoint, m.groupdict()) for pattern, endpoint in self._patterns if (m := pattern.fullmatch(path))
        ]
        for match in matches:
            if match.endpoint.operation.method == method:
                return match
        if matches:
            raise Refusal(405, f"{method} is not possible here")
        raise Refusal(404, "There is no such path")


def path_values(match: Match) -> dict[str, Any]:
    """Decode the values of a path."""
    return {name: _path_value(match.endpoint.types[name], name, text) for name, text in match.path.items()}


def _path_value(kind: Any, name: str, text: str) -> Any:
    try:
        value = unquote(text, errors="strict")
        return int(value) if kind is int else value
    except ValueError:
        raise misused(camel(name), f"{text!r} cannot be read") from None


def query_values(endpoint: Endpoint, text: str) -> dict[str, Any]:
    """Read the query of a request."""
    queries = {query.wire: query for query in endpoint.queries}
    texts: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in queries:
            raise misused(name, f"{endpoint.name} has no such query value")
        texts.setdefault(name, []).append(value)
    return {queries[name].parameter: _query_value(queries[name], values) for name, values in texts.items()}


def _query_value(query: Query, values: list[str]) -> Any:
    if get_origin(query.kind) is Sequence:
        parts = values[0].split(",") if query.comma and len(values) == 1 else values
        return [_plain(query, get_args(query.kind)[0], part) for part in parts]
    if len(values) > 1:
        raise misused(query.wire, "must be given once")
    return _plain(query, query.kind, values[0])


def _plain(query: Query, kind: Any, text: str) -> Any:
    if get_origin(kind) is Literal:
        words = {str(query.words.get(word, word)): word for word in get_args(kind)}
        if text not in words:
            raise misused(query.wire, f"must be {' or '.join(words)}, not {text!r}")
        return words[text]
    if kind is bool:
        flags = {word: flag for flag, word in query.words.items()}
        if text not in flags:
            raise misused(query.wire, f"must be {' or '.join(flags)}, not {text!r}")
        return flags[text]
    if kind is datetime:
        if isinstance(time := when(text), str):
            raise misused(query.wire, f"must be an RFC 3339 time, not {text!r}")
        return time
    if kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise misused(query.wire, f"must be a {'whole ' * (kind is int)}number, not {text!r}")
        return number
    return text


def body_value(endpoint: Endpoint, body: bytes | None) -> dict[str, Any]:
    """Read the body of a request; None is one that could not be decompressed."""
    if body is None:
        raise unreadable("The body cannot be decoded")
    if "body" not in endpoint.types:
        if body:
            raise unreadable(f"{endpoint.name} takes no body")
        return {}
    try:
        value = parse(body)
    except ValueError as problem:
        raise unreadable(f"The body is not JSON: {problem}") from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise unreadable(f"The body is nested deeper than {DEEPEST} levels")
    kind = _body_class(endpoint, value)
    flaws = [Flaw(p.title, p.details, {"pointer": p.pointer}) for p in problems(value, kind)]
    flaws = flaws or [Flaw("Invalid value", reason, {"pointer": pointer}) for pointer, reason in outside(value, kind)]
    if flaws:
        raise Refusal(BAD_REQUEST, "The request is not valid", flaws)
    return {"body": read(value, kind)}


def _is_deeper(value: Any, levels: int) -> bool:
    items = value.values() if is_mapping(value) else value if is_list(value) else ()
    return levels < 1 or any(_is_deeper(item, levels - 1) for item in items)


def _body_class(endpoint: Endpoint, value: Any) -> Any:
    """Return which of the models of an operation a body is: the first, unless only a later one fits."""
    first, *others = endpoint.body_classes
    if not others or not any(problems(value, first)):
        return first
    own = _names(first)
    return next(
        (kind for kind in others if not any(problems(value, kind)) and not (own - _names(kind)) & set(value)), first
    )


def _names(cls: Any) -> set[str]:
    return {wire_name(field) for field in attrs.fields(cls)}


_MOST: dict[Any, float] = {int: 2**63 - 1, float: 1e15}
"""The largest numbers: the API's integers have 64 bits, and sums of other numbers stay finite."""


def outside(value: Any, kind: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a body that fits its model is outside the limits of its fields, and what it must be."""
    for branch in branches(kind):
        origin = get_origin(branch) or branch
        if origin is Sequence and is_list(value):
            for index, item in enumerate(value):
                yield from outside(item, get_args(branch)[0], f"{pointer}/{index}")
        elif origin is Mapping and is_mapping(value):
            for name, item in value.items():
                yield from outside(item, get_args(branch)[1], f"{pointer}/{name}")
        elif attrs.has(origin) and is_mapping(value):
            yield from _outside_fields(value, origin, pointer)
        elif (most := _MOST.get(origin)) is not None and isinstance(value, int | float) and abs(value) > most:
            yield pointer, f"must be {-most:g} to {most:g}"


def _outside_fields(value: Mapping[str, Any], cls: Any, pointer: str) -> Iterator[tuple[str, str]]:
    for field in attrs.fields(cls):
        name, annotation = wire_name(field), hints(cls)[field.name]
        if (inner := value.get(name)) is None:
            continue
        if is_catalog_payload(annotation):
            annotation = models.CATALOG_ACTIONS[value["type"]]
        limit = field.metadata.get(LIMIT)
        if limit is not None and (reason := limit.refusal(inner)) is not None:
            yield f"{pointer}/{name}", reason
        yield from outside(inner, annotation, f"{pointer}/{name}")
