"""Finds the operation a request is for, and reads its arguments back: the reverse of what the client does.

1. Paths are matched as they came over the wire; each value is percent-decoded once, so that any ID survives.
2. Nothing passes that is not documented: unknown query values, values of another type, bodies that do not fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import attrs

from talon_async._codec import parse, read
from talon_async._codec.strict import problems
from talon_async._codec.support import when
from talon_async.models._base import camel
from talon_async.testing._refusal import Flaw, Refusal, misused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_async._endpoint import Endpoint, Query


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
        found = [Match(endpoint, {}) for endpoint in self._fixed.get(path, ())]
        found += [
            Match(endpoint, m.groupdict()) for pattern, endpoint in self._patterns if (m := pattern.fullmatch(path))
        ]
        for match in found:
            if match.endpoint.operation.method == method:
                return match
        if found:
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
    known = {query.wire: query for query in endpoint.queries}
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in known:
            raise misused(name, f"{endpoint.name} has no such query value")
        given.setdefault(name, []).append(value)
    return {known[name].parameter: _query_value(known[name], values) for name, values in given.items()}


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
            return kind(text)
        except ValueError:
            raise misused(query.wire, f"must be a {'whole ' * (kind is int)}number, not {text!r}") from None
    return text


def body_value(endpoint: Endpoint, body: bytes) -> dict[str, Any]:
    """Read the body of a request as the first of its models that it fits."""
    if "body" not in endpoint.types:
        if body:
            raise Refusal(400, f"{endpoint.name} takes no body")
        return {}
    try:
        value = parse(body)
    except ValueError as problem:
        raise Refusal(400, f"The body is not JSON: {problem}") from None
    found: list[Flaw] = []
    for kind in endpoint.body_classes:
        found = [Flaw(p.title, p.details, {"pointer": p.pointer}) for p in problems(value, kind)]
        if not found:
            return {"body": read(value, kind)}
    raise Refusal(400, "The request is not valid", found)
