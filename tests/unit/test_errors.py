"""The tree of errors: which error an answer becomes, and what each error tells."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import orjson
import pytest

from talon_async import errors
from talon_async._messages import Answer, Failure, Idempotency, Operation
from talon_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ErrorDetail,
    NotFoundError,
    ParallelUpdateError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TalonOneError,
    UnprocessableError,
    error_for,
)

TREE = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, TalonOneError) and cls.__module__ == errors.__name__
]


def of(status: int, body: Any = None) -> APIError:
    return error_for(Answer(status, {}, body if isinstance(body, bytes) else orjson.dumps(body)))


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, BadRequestError, "rejected"), (401, AuthenticationError, "rejected"),
        (403, PermissionDeniedError, "rejected"), (404, NotFoundError, "rejected"), (409, ConflictError, "rejected"),
        (422, UnprocessableError, "rejected"), (429, RateLimitError, "rejected"), (500, ServerError, "unknown"),
        (502, ServerError, "unknown"), (503, ServerError, "unknown"), (504, ServerError, "unknown"),
        (599, ServerError, "unknown"), (408, ServerError, "unknown"), (413, APIError, "rejected"),
        (302, APIError, "rejected"), (999, ServerError, "unknown"), (101, APIError, "rejected"),
    ],
)  # fmt: skip
def test_every_status_has_its_class_when_it_is_no_success(status: int, kind: type[APIError], outcome: str) -> None:
    """Each status of a refusal becomes the error of its class, which tells whether the server may have acted."""
    error = of(status, {"message": "no"})
    assert (kind, outcome, status, "no") == (type(error), error.outcome, error.status, error.message)


@pytest.mark.parametrize("of_what", ["profile", "session"])
def test_a_parallel_update_is_an_error_of_its_own_when_the_message_says_so(of_what: str) -> None:
    """A 409 whose message is about parallel updates is a `ParallelUpdateError`, the only conflict that is repeated."""
    message = f"Too many requests are updating this {of_what} at the same time"
    error = of(409, {"message": message, "errors": None, "StatusCode": 409})
    assert (ParallelUpdateError, Failure.REFUSED) == (type(error), error.failure)
    assert type(of(409, {"message": "An event with this ID exists"})) is ConflictError


@pytest.mark.parametrize(
    ("body", "message", "details"),
    [
        ({"message": "m", "errors": [{"title": "t", "details": "d", "source": {"pointer": "/a/b"}}]}, "m",
         [ErrorDetail(title="t", details="d", pointer="/a/b")]),
        ({"message": "m", "errors": [{"title": "t", "source": {"parameter": "dry"}}], "StatusCode": 400}, "m",
         [ErrorDetail(title="t", parameter="dry")]),
        ({"message": "m", "errors": [{"title": "t", "source": {"line": "3", "resource": "r"}}]}, "m",
         [ErrorDetail(title="t", line="3", resource="r")]),
        ({"errors": [{"detail": "JSON:API's own spelling"}]}, "the answer has no error message",
         [ErrorDetail(details="JSON:API's own spelling")]),
        ({"message": "HMAC signature mismatch."}, "HMAC signature mismatch.", []),
        ({"message": "m", "errors": None}, "m", []),
        ({"message": "m", "errors": ["plain", 3, None, {}, []]}, "m",
         [ErrorDetail(details="plain"), ErrorDetail(details="3")]),
        ({"message": "m", "errors": "text"}, "m", []),
        ({"StatusCode": 400, "Error": "third", "RequestUUID": "u"}, "third", []),
        ({"message": {"a": 1}, "errors": [{"source": "odd", "title": ["x"]}]}, "the answer has no error message",
         []),
        ([1, 2], "the answer has no error message", []),
        (b"<html><h1>502 Bad Gateway</h1></html>", "the answer has no error message", []),
        (b"", "the answer is empty", []),
        (b'\xef\xbb\xbf{"message": "with a mark"}', "with a mark", []),
        (b"\xff\xfe", "the answer has no error message", []),
        (b"[" * 5000, "the answer has no error message", []),
    ],
)  # fmt: skip
def test_an_error_is_made_when_its_body_has_any_shape(body: Any, message: str, details: list[ErrorDetail]) -> None:
    """A body of any shape, documented or not, gives an error with the status and whatever text can be read."""
    error = of(400, body)
    assert (message, tuple(details)) == (error.message, error.errors)
    assert error.body == (body if isinstance(body, bytes) else orjson.dumps(body))


def test_the_text_names_operation_status_and_pointers_when_an_error_is_shown() -> None:
    """The text of an error is one line with the operation, the status, the message, the pointers and the attempts."""
    error = of(
        400, {"message": "The data was invalid", "errors": [{"details": "not defined", "source": {"pointer": "/a"}}]}
    )
    error.about(Operation("track_event", "POST", "/v1/events", Idempotency.NEVER))
    error.attempts = 2
    assert str(error) == "track_event: 400 The data was invalid; /a: not defined (after 2 attempts)"


@pytest.mark.parametrize("cls", TREE)
def test_everything_is_kept_when_an_error_is_pickled_or_copied(cls: type[TalonOneError]) -> None:
    """A pickled or copied error has everything that the original has."""
    error = cls("message").about(Operation("op", "PUT", "/v1/{x}", Idempotency.KEYED))
    error.status, error.attempts, error.idempotency_key, error.retry_after = 418, 3, "key", 1.5
    error.errors, error.outcome, error.body = (ErrorDetail(title="t", pointer="/p"),), "unknown", b"{}"
    error.add_note("a note")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(error), vars(error), str(error)) == (type(again), vars(again), str(again))


def test_the_builtin_classes_catch_ours_when_they_mean_the_same() -> None:
    """Errors can be caught as the built-in `TimeoutError`, `ValueError` or `RuntimeError` that they are."""
    assert issubclass(errors.RequestTimeoutError, TimeoutError)
    assert issubclass(errors.ConfigurationError, ValueError)
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert issubclass(errors.ClientClosedError, RuntimeError)
