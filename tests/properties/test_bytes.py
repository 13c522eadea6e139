"""Answers of any bytes: a model, or an error of the package."""

from __future__ import annotations

import json
import pickle
from types import NoneType
from typing import Any, get_args, get_origin

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties.strategies import JSON, KEYS, branches, complete

from talon_async import TalonOneError
from talon_async._codec import decode
from talon_async._endpoint import endpoints_of
from talon_async._messages import Answer
from talon_async.client import TalonOne
from talon_async.errors import APIError, UnreadableAnswerError, error_for
from talon_async.models import IntegrationState, IntegrationStateV2

KINDS = {str(stub.returns): stub.returns for stub in endpoints_of(TalonOne).values() if stub.returns is not None}
NOTHING = [b"", b"\xef\xbb\xbf"]
"""No answer, with the mark of its encoding or without."""
GOOD = json.dumps(complete(IntegrationState)).encode()
BROKEN = st.builds(
    lambda start, end, noise: GOOD[:start] + noise + GOOD[end:], *[st.integers(0, len(GOOD))] * 2, st.binary()
)
ODD = st.sampled_from(
    [
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"<html>",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"attributes":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"id": 1e999}',
        b'{"id": NaN}',
        b'{"id": 1} {}',
        b'{"id": "\\ud800"}',
        b"{}\x00",
        b"null",
    ]
)
DETAILS = st.fixed_dictionaries({}, optional=dict.fromkeys(["title", "details", "detail", "source", "pointer"], JSON))
ERRORS = st.fixed_dictionaries(
    {},
    optional={"message": JSON, "Error": JSON, "errors": st.integers() | JSON | st.lists(DETAILS), "StatusCode": JSON},
)
BODIES = st.one_of(
    st.binary(),
    BROKEN,
    ODD,
    ERRORS.map(lambda value: json.dumps(value).encode()),
    (st.dictionaries(KEYS, JSON) | JSON).map(lambda value: json.dumps(value).encode()),
)


@pytest.mark.parametrize("returns", [pytest.param(kind, id=name) for name, kind in sorted(KINDS.items())])
def test_answer_is_a_model_or_unreadable_when_its_bytes_are_anything(returns: Any) -> None:
    """Any bytes of an answer become a model or an UnreadableAnswerError. None stands for an answer without bytes."""
    optional, kind = NoneType in get_args(returns), branches(returns)[0]

    @settings(max_examples=25)
    @given(BODIES, st.booleans())
    def read(body: bytes, strict: bool) -> None:
        try:
            answer = decode(body, returns, strict=strict)
        except UnreadableAnswerError:
            return
        assert type(answer) is (get_origin(kind) or kind) or (optional and answer is None and body in NOTHING)

    read()


@given(st.binary())
def test_answer_is_none_when_the_operation_documents_no_answer(body: bytes) -> None:
    """The body of an answer is ignored when the operation documents none."""
    assert decode(body, None) is None


@settings(max_examples=300)
@given(st.integers(300, 599), BODIES)
@example(409, b'{"message": "Too many requests are updating this profile at the same time"}')
def test_error_is_made_and_pickled_when_the_answer_says_no(status: int, body: bytes) -> None:
    """Any body of an error answer becomes an error, which is the same after pickling."""
    error = error_for(Answer(status, {}, body))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(error, APIError)
    assert (status, body) == (error.status, error.body)
    assert (type(error), str(error), vars(error)) == (type(again), str(again), vars(again))
    assert isinstance(error.message, str)
    assert error.message


@given(BODIES)
def test_error_is_pickled_when_the_answer_cannot_be_read(body: bytes) -> None:
    """An UnreadableAnswerError is the same after pickling."""
    error = None
    try:
        decode(body, IntegrationStateV2)
    except TalonOneError as problem:
        error = problem
    assert str(error) == str(pickle.loads(pickle.dumps(error)))


@given(st.lists(DETAILS | JSON))
@example([{}])
@example([{"title": None, "unknown": 1}])
def test_detail_has_text_when_it_is_kept(details: list[Any]) -> None:
    """Error details without any text are left out, so that no message ends in a separator."""
    error = error_for(Answer(400, {}, json.dumps({"message": "bad", "errors": details}).encode()))
    assert all(str(detail) for detail in error.errors)
