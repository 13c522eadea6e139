"""Wrong requests: for every field, query value and path value of an operation, values that it must not have."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import attrs

from talon_async import models
from talon_async._codec.shape import branches, hints, is_catalog_payload
from talon_async._endpoint import Endpoint
from talon_async.models._base import wire_name

VALUES: Sequence[Any] = (
    None, True, False, 0, -1, 1, 1.5, 1e308, -1e308, 10**30, "", "x", "x" * 2000, "9" * 30, "0", "\x00", "é\u2028",
    "2020-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", [], [None], [[]], [{}], [1], ["a", "a"], {},
    {"a": 1}, {"": None}, {"type": []},
)  # fmt: skip
TEXTS = (
    "", "x", "-1", "0", "1", "1.5", "1e999", "nan", "-inf", "9" * 30, "9" * 5000, "true", "yes", "True", "a,b", ",",
    "%FF", "%00", "%", "%ED%A0%80", "2020-01-01", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "x" * 2000,
)  # fmt: skip
PATHS = ("%FF", "%00", "%", ".", "..", "-1", "0", "1.5", "9" * 30, "9" * 5000, "x" * 2000, "%ED%A0%80", "%2F", "%20")


CLOSED, CARD, PROGRAM, CARDS_PROGRAM = "abcd", "abcd", "1", "2"
"""A closed session, a card, and the programs of customers and of cards: what the wrong requests are about."""
TEXT = {"timeframe": "30", "validity": "30D"}
"""Texts of fields that do not take any text, by wire name."""


def sample(kind: Any) -> Any:
    """Return a value that a type allows, with all fields of a model."""
    origin = get_origin(kind) or kind
    if attrs.has(origin):
        return {
            wire_name(field): TEXT.get(wire_name(field)) or sample(branches(annotation)[0])
            for field in attrs.fields(origin)
            for annotation in [hints(origin)[field.name]]
            if not is_catalog_payload(annotation)
        }
    if origin is Literal:
        return get_args(kind)[0]
    if origin is Sequence:
        return [sample(branches(get_args(kind)[0])[0])]
    if origin is Mapping:
        return {"a": sample(branches(get_args(kind)[1])[0])}
    plain: dict[Any, Any] = {str: "abcd", int: 1, float: 1.5, bool: True, datetime: "2026-01-01T00:00:00Z"}
    return plain.get(origin, 1)


def bodies(endpoint: Endpoint) -> Iterator[Any]:
    """Return whole bodies of an operation, one for each class and each kind of action."""
    for kind in endpoint.body_classes:
        if kind is models.CatalogSyncRequest:
            for word, payload in models.CATALOG_ACTIONS.items():
                yield {"actions": [{"type": word, "payload": sample(payload)}], "version": None}
        else:
            yield sample(kind)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the places of all values in JSON."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return JSON with another value at a place."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return changed


def wrong_bodies(endpoint: Endpoint) -> Iterator[Any]:
    """Return the bodies of an operation with one wrong value each."""
    for body in bodies(endpoint):
        yield body
        for place in places(body):
            yield from (replaced(body, place, value) for value in VALUES)


def path_of(endpoint: Endpoint, values: Mapping[str, str]) -> str:
    """Return the path of an operation with the given values."""
    path, about_cards = endpoint.operation.path, "loyalty_card" in endpoint.name
    usual = {"loyalty_card_id": CARD, "loyalty_program_id": CARDS_PROGRAM if about_cards else PROGRAM}
    if endpoint.name in ("return_cart_items", "reopen_customer_session", "get_customer_session"):
        usual["customer_session_id"] = CLOSED
    for name in endpoint.path_parameters:
        path = path.replace(f"{{{name}}}", values.get(name) or usual.get(name, "1"))
    return path


def wrong_targets(endpoint: Endpoint) -> Iterator[str]:
    """Return the targets of an operation with one wrong value each in the path or the query."""
    for name in endpoint.path_parameters:
        yield from (path_of(endpoint, {name: text}) for text in PATHS)
    plain = path_of(endpoint, {})
    for query in endpoint.queries:
        yield from (f"{plain}?{query.wire}={text}" for text in TEXTS)
        yield from (f"{plain}?{query.wire}={text}&{query.wire}={text}" for text in TEXTS)
        yield from (f"{plain}?{query.wire}", f"{plain}?{query.wire}[]=1")
    yield from (f"{plain}?", f"{plain}?other=1", f"{plain}?=1", f"{plain}?%FF=1", f"{plain}?&&")
