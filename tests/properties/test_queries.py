"""Query values of any content: the server reads what was meant, or no request is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.strategies import JSON, PLAIN, arguments_of, within

from talon_async._endpoint import Endpoint, Query, endpoints_of
from talon_async._messages import Request
from talon_async.client import TalonOne
from talon_async.errors import InvalidArgumentError
from talon_async.testing._reading import query_values

STUBS = {name: stub for name, stub in endpoints_of(TalonOne).items() if stub.queries}
QUERIES = [
    pytest.param(stub, query, id=f"{name}.{query.wire}") for name, stub in STUBS.items() for query in stub.queries
]
each_query = pytest.mark.parametrize(("stub", "query"), QUERIES)


def item_of(query: Query) -> Any:
    """Return the type of a query value or, of a list, that of its items."""
    return get_args(query.kind)[0] if get_origin(query.kind) is Sequence else query.kind


WORDED = [case for case in QUERIES if get_origin(item_of(case.values[1])) is Literal]


def values_of(stub: Endpoint, query: Query) -> st.SearchStrategy[Any]:
    """Make values of a query value; what is joined by commas has none of its own."""
    kind = item_of(query)
    if get_origin(kind) is Literal:
        values: st.SearchStrategy[Any] = st.sampled_from(get_args(kind))
    elif limit := stub.limits.get(query.parameter):
        values = within(kind, limit)
    else:
        values = PLAIN[kind]
    if query.comma:
        values = values.filter(lambda value: "," not in value)
    return st.lists(values, max_size=3) if get_origin(query.kind) is Sequence else values


def request_of(stub: Endpoint, options: dict[str, Any]) -> Request:
    """Make the request of an operation with some query values."""
    return stub.request(**arguments_of(stub), **options)


@pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)
def test_query_is_read_as_it_was_meant_when_it_has_any_values(stub: Endpoint) -> None:
    """The server reads the query values that the caller gave, and None and empty lists are not sent."""
    options = {query.parameter: st.none() | values_of(stub, query) for query in stub.queries}

    @settings(max_examples=25)
    @given(st.fixed_dictionaries({}, optional=options))
    def same(given_: dict[str, Any]) -> None:
        path, _, text = request_of(stub, given_).target.partition("?")
        expected = {name: value for name, value in given_.items() if value is not None and value != []}
        assert expected == query_values(stub, text)
        assert request_of(stub, {}).target == path
        assert text.isascii()

    same()


@pytest.mark.parametrize(("stub", "query"), WORDED)
def test_word_is_refused_by_name_when_it_is_not_listed(stub: Endpoint, query: Query) -> None:
    """A word that the API does not list, or a value of another type, is refused by name, also within a list."""
    words = get_args(item_of(query))
    listed = get_origin(query.kind) is Sequence

    @settings(max_examples=20)
    @given(
        st.none() | st.sampled_from(words),
        (st.text() | st.booleans() | st.integers() | st.sampled_from(["True", "ACTIVE"])),
    )
    def refused(before: Any, word: Any) -> None:
        if (type(word), word) in [(type(known), known) for known in words]:
            return
        value = [known for known in (before, word) if known is not None] if listed else word
        with pytest.raises(InvalidArgumentError, match=f"^{stub.name}.*{query.parameter} cannot be sent"):
            request_of(stub, {query.parameter: value})

    refused()


@each_query
def test_query_is_sent_or_refused_by_name_when_it_has_any_value(stub: Endpoint, query: Query) -> None:
    """Any value of an option makes a request or an error of the package that names the option."""

    @settings(max_examples=10)
    @given(JSON | st.text(st.characters()) | st.binary() | st.datetimes() | st.floats())
    def judged(value: Any) -> None:
        error, target = None, ""
        try:
            target = request_of(stub, {query.parameter: value}).target
        except InvalidArgumentError as problem:
            error = problem
        assert error is None or query.parameter in str(error)
        assert target.isascii()
        assert set() == set(target) & set(" #\n\x00")

    judged()


@each_query
def test_query_is_refused_by_name_when_it_cannot_be_text(stub: Endpoint, query: Query) -> None:
    """A value that has no form in a query is refused with an error that names the option."""
    for value in (float("nan"), float("inf"), b"bytes", bytearray(b"b"), {"a": 1}, {1}, [[1]], object(), "\ud800"):
        with pytest.raises(InvalidArgumentError, match=query.parameter):
            request_of(stub, {query.parameter: value})


@pytest.mark.parametrize(
    ("stub", "query"), [case for case in QUERIES if get_origin(case.values[1].kind) is not Sequence]
)
def test_list_is_refused_by_name_when_there_is_one_value(stub: Endpoint, query: Query) -> None:
    """A list is refused where the API takes one value, even if its items are right."""
    value = get_args(query.kind)[0] if get_origin(query.kind) is Literal else 1
    with pytest.raises(InvalidArgumentError, match=query.parameter):
        request_of(stub, {query.parameter: [value, value]})
