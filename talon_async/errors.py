"""The errors of this package, in one tree.

    TalonOneError
    ├─ ConfigurationError          a setting of the client is invalid
    ├─ InvalidArgumentError        an argument is invalid; nothing was sent
    ├─ ClientClosedError           the client is closed
    ├─ NoAnswerError               no complete HTTP answer arrived
    │  ├─ ConnectError             no connection; the request was not sent
    │  ├─ ConnectionLostError      the connection broke; the request may have been sent
    │  └─ RequestTimeoutError      no answer within the time limit
    ├─ UnreadableAnswerError       the server has acted, but its answer cannot be read
    ├─ APIError                    the answer has an error status
    │  ├─ BadRequestError 400      ├─ AuthenticationError 401   ├─ PermissionDeniedError 403
    │  ├─ NotFoundError 404        ├─ ConflictError 409         │  └─ ParallelUpdateError
    │  ├─ UnprocessableError 422   ├─ RateLimitError 429        └─ ServerError 5xx
    ├─ JournalError                the journal cannot be used: in use, damaged, not a journal, or the disk is full
    ├─ BulkInterruptedError        a run of many calls ended before its source
    ├─ QueueFullError              the queue is full, and `overflow` is "raise"
    └─ QueueClosedError            the queue is not open, or has stopped

All of them can be imported from `talon_async`. Every error can be pickled, and none holds a header, a key or a
customer's ID.
"""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import orjson

from talon_async._messages import Failure
from talon_async.models._base import unknown_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_async._messages import Answer, Operation, Outcome

PARALLEL = "too many requests are updating"
"""The beginning of the server's message when too many requests update one profile or session."""


@attrs.frozen(kw_only=True)
class ErrorDetail:
    """One problem that the server reports. `pointer` is the JSON pointer of the field in the body of the request."""

    title: str = ""
    details: str = ""
    pointer: str | None = None
    parameter: str | None = None
    line: str | None = None
    resource: str | None = None

    def __str__(self) -> str:
        where = self.pointer or self.parameter or self.resource or (self.line and f"line {self.line}")
        what = self.details or self.title
        return f"{where}: {what}" if where else what


class TalonOneError(Exception):
    """The base class of all errors of this package.

    Attributes:
        message: what went wrong, in the server's words if it sent any.
        operation: the name of the operation, such as `track_event`.
        method: the HTTP method of the operation.
        path: the path template of the operation, such as `/v1/events`.
        status: the HTTP status; None if there was no answer.
        errors: the problems that the server reports, with pointers into the request.
        attempts: the number of attempts.
        idempotency_key: the Idempotency-Key that was sent. Sending the call again with the same key acts once.
        outcome: whether the server may have acted: `not_sent`, `unknown`, `rejected` or `accepted`.
        retry_after: the seconds that the server asks to wait; None if it does not.
        body: the body of the answer; empty if there was none.
    """

    failure: Failure = Failure.FINAL
    outcome: Outcome = "not_sent"
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    errors: Sequence[ErrorDetail] = ()
    attempts: int = 0
    idempotency_key: str | None = None
    retry_after: float | None = None
    body: bytes = b""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def about(self, operation: Operation) -> TalonOneError:
        """Add the operation that failed."""
        self.operation, self.method, self.path = operation.name, operation.method, operation.path
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __str__(self) -> str:
        where = f"{self.operation}: " if self.operation else ""
        status = f"{self.status} " if self.status else ""
        details = "".join(f"; {detail}" for detail in self.errors)
        tries = f" (after {self.attempts} attempts)" if self.attempts > 1 else ""
        return f"{where}{status}{self.message}{details}{tries}"


class ConfigurationError(TalonOneError, ValueError):
    """The settings are invalid. The message lists all problems."""


class InvalidArgumentError(TalonOneError, ValueError):
    """An argument is invalid; nothing was sent.

    The message names the parameter, or the field of the body such as `customer_session.cart_items[1].quantity`.
    """


class ClientClosedError(TalonOneError, RuntimeError):
    """The client was closed before the call or during it. `outcome` says whether the server may have acted."""


class NoAnswerError(TalonOneError):
    """No complete HTTP answer arrived."""

    failure = Failure.UNKNOWN
    outcome: Outcome = "unknown"


class ConnectError(NoAnswerError):
    """No connection could be made (name look-up, connect, TLS, proxy). Nothing was sent.

    `errno` is the error number of the operating system; None if there is none.
    """

    errno: int | None = None

    failure = Failure.NOT_SENT
    outcome: Outcome = "not_sent"


class ConnectionLostError(NoAnswerError):
    """The connection broke after the request may have been sent. The server may have acted."""


class RequestTimeoutError(NoAnswerError, TimeoutError):
    """No answer arrived within the time limit. `outcome` says whether the request may have been sent."""


class UnreadableAnswerError(TalonOneError):
    """The server accepted the request, but its answer is cut off, too large, or not as documented.

    `outcome` is `accepted`: do not send the request again with another key. `body` holds the bytes that arrived.
    """

    failure = Failure.ACCEPTED
    outcome: Outcome = "accepted"


class APIError(TalonOneError):
    """The server answered with an error status."""

    outcome: Outcome = "rejected"


class BadRequestError(APIError):
    """400: the request is invalid; `errors` names the fields."""


class AuthenticationError(APIError):
    """401: the key is invalid, expired, or belongs to another environment."""


class PermissionDeniedError(APIError):
    """403: the API key does not allow this operation."""


class NotFoundError(APIError):
    """404: the resource does not exist."""


class ConflictError(APIError):
    """409: the resource exists already, or its state does not allow the operation."""


class ParallelUpdateError(ConflictError):
    """409: too many requests update one profile or session. The server did nothing; the client repeats the call."""

    failure = Failure.REFUSED


class UnprocessableError(APIError):
    """422: the rules rejected the request."""


class RateLimitError(APIError):
    """429: too many requests. The server did nothing; the client repeats the call."""

    failure = Failure.REFUSED


class ServerError(APIError):
    """5xx, or 408: the server failed. It may have acted."""

    failure = Failure.UNKNOWN
    outcome: Outcome = "unknown"


class JournalError(TalonOneError):
    """The journal cannot be used.

    It is in use by another process, damaged, not a journal, for another base URL or API key, or the disk is full. The
    message says which, and what to do. Calls that the journal has accepted stay in it.
    """


class BulkInterruptedError(TalonOneError):
    """A run of many calls ended before its source. `report` is the report; `__cause__` is the reason.

    The report counts every item that was taken from the source.
    """

    report: Any = None


class QueueFullError(TalonOneError):
    """The queue is full, and was made with `overflow="raise"`. The event was not accepted."""


class QueueClosedError(TalonOneError, RuntimeError):
    """The queue is not open, or it has stopped; `__cause__` is the reason. The event was not accepted."""


_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,  # the server stopped waiting, but may have read the whole request
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitError,
}


def check_words(what: str, words: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for an option that there is not; the message names the one that was meant."""
    names = list(known)
    if unknown := [word for word in words if word not in names]:
        raise TypeError(unknown_word(what, "option", unknown[0], names))


LONGEST, LARGEST = 10**9, 10**12
"""The highest numbers that options take: of seconds (32 years), and of things. Larger ones overflow clocks or sizes."""


def number_refusal(
    value: Any, expected: str, *, least: float = 0, above: bool = False, whole: bool = False
) -> str | None:
    """Return what the number of an option must be, if this is no such number; with `above`, `least` is too small."""
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not (value > least if above else value >= least):
        return f"must be {expected}, not {_shown(value)}"
    most = LARGEST if whole else LONGEST
    return f"must be {most:,} or less, not {_shown(value)}" if value > most else None


def function_refusal(function: Any, expected: str = "a function") -> str | None:
    """Return what a function that is called without `await` must be, if this is no such function."""
    if not callable(function):
        return f"must be {expected}, not {type(function).__name__}"
    called = (function, type(function).__call__)
    if any(iscoroutinefunction(one) or isasyncgenfunction(one) for one in called):
        return f"must be {expected} that is not a coroutine function, as nothing would await it"
    return None


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "a number of thousands of digits"


class _Fields:
    """Reads an error body of any shape. Values that are not text or numbers are left out."""

    fields: ClassVar = tuple(field.name for field in attrs.fields(ErrorDetail))

    @staticmethod
    def text(value: Any) -> str | None:
        return str(value) if isinstance(value, str | int | float) and value != "" else None

    @classmethod
    def detail(cls, entry: Any) -> ErrorDetail | None:
        if not isinstance(entry, dict):
            text = cls.text(entry)
            return ErrorDetail(details=text) if text else None
        merged = cast("dict[str, Any]", entry)
        if isinstance(source := merged.get("source"), dict):
            merged = {**merged, **cast("dict[str, Any]", source)}
        values = {name: cls.text(merged.get(name)) for name in cls.fields}
        values["details"] = values["details"] or cls.text(merged.get("detail"))
        detail = ErrorDetail(**{name: value for name, value in values.items() if value})
        return detail if str(detail) else None


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def error_for(answer: Answer) -> APIError:
    """Return the error for an answer with an error status and any body."""
    fields = _parsed(answer.body)
    message = _Fields.text(fields.get("message")) or _Fields.text(fields.get("Error"))
    kind = _BY_STATUS.get(answer.status) or (ServerError if answer.status >= 500 else APIError)  # noqa: PLR2004
    if kind is ConflictError and message and message.lower().startswith(PARALLEL):
        kind = ParallelUpdateError
    error = kind(message or _unsaid(answer))
    if isinstance(details := fields.get("errors"), list):
        parsed = map(_Fields.detail, cast("list[Any]", details))
        error.errors = tuple(detail for detail in parsed if detail)
    error.status = answer.status
    error.body = answer.body
    return error


def _unsaid(answer: Answer) -> str:
    if 300 <= answer.status < 400:  # noqa: PLR2004
        return "the server sent a redirect, which is not followed: check the base URL"
    return "the answer has no error message" if answer.body else "the answer is empty"
