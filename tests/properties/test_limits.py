"""Limits of the API: a value within its limit is sent, and one outside is refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import MODELS, PLAIN, arguments_of, branches, complete, filled, sample, within

from talon_async import to_json
from talon_async._endpoint import Endpoint, endpoints_of
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import LIMIT, Limit, wire_name

FIELDS = [
    pytest.param(cls, field, id=f"{name}.{field.name}")
    for name, cls in MODELS.items()
    for field in attrs.fields(cls)
    if LIMIT in field.metadata
]
ARGUMENTS = [
    pytest.param(stub, name, id=f"{stub.name}.{name}")
    for stub in endpoints_of(TalonOne).values()
    for name in stub.limits
]
NO_CARD = [" ", "/", "\n", "ä", "٣", "\x00"]
"""Characters that no card has."""
MANY = 3000
"""More than any limit of a size."""


def beyond(kind: Any, limit: Limit) -> st.SearchStrategy[Any]:
    """Make values outside a limit: too small, too large, or with a part that is not allowed."""
    if limit.above is not None:
        return st.floats(max_value=limit.above, allow_nan=False)
    if kind is int:
        below = st.integers(max_value=limit.least - 1)
        return below if limit.most is None else below | st.integers(min_value=limit.most + 1)
    few = range(limit.least)
    sizes = [*few[:2], *few[-2:], *([limit.most + 1, MANY] if limit.most is not None else [])]
    if kind is str:
        odd = st.builds("{0}{2}{1}".format, *[st.text("aZ9", min_size=2, max_size=9)] * 2, st.sampled_from(NO_CARD))
        return st.sampled_from(["x" * size for size in sizes]) | (odd if limit.pattern else st.nothing())
    each = get_args(kind)[0]
    item = sample(each, limit.each) if each in PLAIN else filled(each)
    wrong = st.nothing() if limit.each is None else beyond(each, limit.each).map(lambda value: [item, value])
    return wrong | (st.sampled_from([[item] * size for size in sizes]) if sizes else st.nothing())


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_field_is_refused_by_name_when_it_is_outside_its_limit(cls: type[Any], field: Any) -> None:
    """A field outside its limit is refused with an error that begins with the Python name of the field."""
    (kind,) = branches(get_type_hints(cls)[field.name])
    body = filled(cls)

    @settings(max_examples=10)
    @given(beyond(kind, field.metadata[LIMIT]))
    def refused(value: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=rf"^{field.name} (item \d+ )?must "):
            to_json(attrs.evolve(body, **{field.name: value}))

    refused()


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_field_is_sent_when_it_is_within_its_limit(cls: type[Any], field: Any) -> None:
    """A field within its limit, up to its edge, is sent as it is."""
    (kind,) = branches(get_type_hints(cls)[field.name])
    body, limit = filled(cls), field.metadata[LIMIT]
    most = min(limit.least + 2, MANY if limit.most is None else limit.most)
    if get_origin(kind) is Sequence and (each := get_args(kind)[0]) in PLAIN:
        inner = within(each, limit.each) if limit.each else PLAIN[each]
        values = st.lists(inner, min_size=limit.least, max_size=most)
    elif get_origin(kind) is Sequence:
        values = st.sampled_from([limit.least, most, limit.most or most]).map(lambda size: [complete(each)] * size)
    else:
        values = within(kind, limit)

    @settings(max_examples=10)
    @given(values)
    def sent(value: Any) -> None:
        assert value == json.loads(to_json(attrs.evolve(body, **{field.name: value})))[wire_name(field)]

    sent()


@pytest.mark.parametrize(("stub", "name"), ARGUMENTS)
def test_argument_is_refused_by_name_when_it_is_outside_its_limit(stub: Endpoint, name: str) -> None:
    """A value of the path or the query makes a request if it is within its limit, and an error if it is not."""
    kind = int if name == "page_size" else str
    needed = arguments_of(stub)

    @settings(max_examples=10)
    @given(
        beyond(kind, stub.limits[name]), within(kind, stub.limits[name]).filter(lambda value: value not in (".", ".."))
    )
    def judged(outside: Any, inside: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=f"^{stub.name}: {name} (must|is '')"):
            stub.request(**needed | {name: outside})
        stub.request(**needed | {name: inside})

    judged()


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_request_is_not_made_when_its_body_is_outside_a_limit(cls: type[Any], field: Any) -> None:
    """A body with one field outside its limit makes no request."""
    (kind,) = branches(get_type_hints(cls)[field.name])
    stubs = [stub for stub in endpoints_of(TalonOne).values() if cls in stub.body_classes]

    @settings(max_examples=3)
    @given(beyond(kind, field.metadata[LIMIT]))
    def refused(value: Any) -> None:
        body = attrs.evolve(filled(cls), **{field.name: value})
        for stub in stubs:
            with pytest.raises(InvalidArgumentError, match=f"^{stub.name}: {field.name} "):
                stub.request(**arguments_of(stub) | {"body": body})

    refused()
