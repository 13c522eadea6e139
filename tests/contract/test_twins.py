"""The two clients against each other, and their words against the API's pages."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from support.published import STUBS, versions

from talon_async import TalonOne, TalonOneSync
from talon_async._endpoint import Endpoint

RENAMED_METHODS = {"aclose": "close"}
"""Methods that the blocking client calls by another name."""

PAGE = "https://docs.talon.one/integration-api#tag/{tag}/operation/{id}"
PAGES = {"2020-05": "https://github.com/talon-one/talon_one.js/blob/v4.1.0/docs/IntegrationApi.md#{id}"}
"""Where the operations are explained that the vendor's own page has no more."""

ITERATORS = [name for name in dir(TalonOne) if name.startswith("iter_")]
MANY = [
    "bulk",
    "stream",
    "track_events",
    "stream_events",
    *(n for n in dir(TalonOne) if re.fullmatch(r"[a-z].*_in_chunks", n)),
]
each_iterator = pytest.mark.parametrize("name", ITERATORS)
each_stub = pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)


@each_stub
def test_signatures_are_equal_when_the_blocking_client_has_the_operation(stub: Endpoint) -> None:
    """Both clients have the same parameters, types, answers and words for an operation."""
    awaited, blocking = getattr(TalonOne, stub.name), getattr(TalonOneSync, stub.name)
    assert inspect.signature(awaited) == inspect.signature(blocking)
    assert inspect.getdoc(awaited) == inspect.getdoc(blocking)


@each_iterator
def test_signatures_are_equal_when_the_blocking_client_has_the_iterator(name: str) -> None:
    """Both clients have the same iterators, which differ in nothing but that one is asynchronous."""
    awaited, blocking = (inspect.signature(getattr(cls, name)) for cls in (TalonOne, TalonOneSync))
    assert awaited.parameters == blocking.parameters
    assert re.sub(r"Async(.*), None]", r"\1, None, None]", awaited.return_annotation) == blocking.return_annotation
    assert inspect.getdoc(getattr(TalonOne, name)) == inspect.getdoc(getattr(TalonOneSync, name))


@pytest.mark.parametrize("name", MANY)
def test_signatures_are_equal_when_many_calls_are_made_by_either_client(name: str) -> None:
    """The blocking client takes no asynchronous source, and gives its results as an ordinary iterator."""
    awaited, blocking = (str(inspect.signature(getattr(cls, name))) for cls in (TalonOne, TalonOneSync))
    awaited = re.sub(r" \| AsyncIterable\[[\w\[\]]+\](?=[,)'])", "", awaited)
    awaited = re.sub(r"AsyncGenerator\[(.*), None\]", r"Generator[\1, None, None]", awaited)
    assert awaited == blocking


def test_iterator_exists_when_an_operation_comes_in_pages() -> None:
    """Each operation with `page_size` and `skip` has an iterator with all its other arguments but that for a total.

    A total makes every request slow, and the iterator finds the end without it. No other operation has an iterator.
    """
    paged = {stub for stub in STUBS.values() if {"page_size", "skip"} <= stub.signature.parameters.keys()}
    assert {"iter_" + stub.name.replace("get_", "", 1) for stub in paged} == set(ITERATORS)
    for stub in paged:
        iterator = inspect.signature(getattr(TalonOne, "iter_" + stub.name.replace("get_", "", 1)))
        without = {"skip", "with_total_result_size"}
        assert {*stub.signature.parameters, "limit"} - without == set(iterator.parameters)


def test_public_names_are_equal_when_both_clients_are_compared() -> None:
    """Both clients have the same public names, but for the names of closing."""
    awaited = {RENAMED_METHODS.get(name, name) for name in dir(TalonOne) if not name.startswith("_")}
    assert awaited == {name for name in dir(TalonOneSync) if not name.startswith("_")}


@pytest.mark.parametrize("name", ["from_env", "with_options", "__init__"])
def test_signatures_are_equal_when_a_client_is_made(name: str) -> None:
    """Both clients are made and copied with the same options."""
    assert inspect.signature(getattr(TalonOne, name)) == inspect.signature(getattr(TalonOneSync, name))


@each_stub
def test_docstring_links_the_page_when_an_operation_is_documented(stub: Endpoint, documents: dict[str, Any]) -> None:
    """The last line of every docstring links to the newest page of the operation."""
    eras = versions(documents, stub)
    operation = list(eras.values())[-1]
    tag = operation.operation["tags"][0].replace(" ", "-")
    page = PAGES.get(list(eras)[-1], PAGE).format(tag=tag, id=operation.id)
    assert f"See {page}" == (inspect.getdoc(getattr(TalonOne, stub.name)) or "").splitlines()[-1]


@each_stub
def test_argument_is_explained_when_an_operation_takes_it(stub: Endpoint) -> None:
    """Every parameter has a line of its own in the docstring, in the order of the signature."""
    text = inspect.getdoc(getattr(TalonOne, stub.name)) or ""
    explained = re.findall(r"^    (\w+): ", text.partition("Args:")[2].partition("Raises:")[0], re.MULTILINE)
    assert list(stub.signature.parameters)[1:] == explained
