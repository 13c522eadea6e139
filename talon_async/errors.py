"""What can go wrong, in one tree.

    TalonOneError
    ├─ ConfigurationError          the client cannot be made from these settings
    ├─ InvalidArgumentError        a call that cannot be sent as asked
    ├─ ClientClosedError
    ├─ NoAnswerError
    │  ├─ ConnectError             never sent
    │  ├─ ConnectionLostError      sent, perhaps; the connection broke
    │  └─ RequestTimeoutError      no answer in time
    ├─ UnreadableAnswerError       the server acted; its answer cannot be read
    ├─ APIError                    an answer that says no
    │  ├─ BadRequestError 400      ├─ AuthenticationError 401   ├─ PermissionDeniedError 403
    │  ├─ NotFoundError 404        ├─ ConflictError 409         │  └─ ParallelUpdateError
    │  ├─ UnprocessableError 422   ├─ RateLimitError 429        └─ ServerError 5xx
    ├─ JournalError                a journal that cannot be used: held by another process, damaged, foreign, disk full
    ├─ BulkInterruptedError        a run of many calls ended before its source did
    ├─ QueueFullError              no room in a queue that shall not wait
    └─ QueueClosedError            a queue that is not open, or has stopped

All can be imported from `talon_async`. Every error can be pickled, and none holds a header, a key or a customer's ID.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import orjson

from talon_async._messages import Failure
from talon_async.models._base import unknown_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_async._messages import Answer, Operation, Outcome

PARALLEL = "too many requests are updating"
"""How the server's message begins when too many requests update one profile or session."""


@attrs.frozen(kw_only=True)
class ErrorDetail:
    """One thing the server found wrong; `pointer` is the JSON pointer of the field in the request's body."""

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
    """The root of every error this package raises.

    Attributes:
        message: what went wrong, in the server's words where it gave any.
        operation: the operation's name, such as `track_event`; with its `method` and `path` template.
        status: the HTTP status, if one was received.
        errors: the server's own list of what is wrong, with pointers into the request.
        attempts: how often the request went out.
        idempotency_key: the key it carried; repeat with the same one to learn what became of it.
        outcome: whether the server may have acted: `not_sent`, `unknown`, `rejected` or `accepted`.
        retry_after: seconds the server asked to wait, if it did.
        body: the answer as it came, if one did.
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
        """Say which operation failed."""
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
    """The settings cannot work; the message lists every problem found."""


class InvalidArgumentError(TalonOneError, ValueError):
    """The call cannot be sent as asked; the message names the parameter or the field. Nothing was sent."""


class ClientClosedError(TalonOneError, RuntimeError):
    """The client was closed, before the call or while it was under way."""


class NoAnswerError(TalonOneError):
    """No complete HTTP answer came."""

    failure = Failure.UNKNOWN
    outcome: Outcome = "unknown"


class ConnectError(NoAnswerError):
    """No connection could be made (name look-up, connect, TLS, proxy): nothing was sent.

    `errno` is the operating system's number for the reason, where it gave one.
    """

    errno: int | None = None

    failure = Failure.NOT_SENT
    outcome: Outcome = "not_sent"


class ConnectionLostError(NoAnswerError):
    """The connection broke after the request may have left: the server may or may not have acted."""


class RequestTimeoutError(NoAnswerError, TimeoutError):
    """No answer came within the time allowed; `outcome` says whether the request had left."""


class UnreadableAnswerError(TalonOneError):
    """The server accepted the request, but its answer is cut off, too large, or not what it should be.

    `outcome` is `accepted`: do not send the request again with another key. `body` keeps what came.
    """

    failure = Failure.ACCEPTED
    outcome: Outcome = "accepted"


class APIError(TalonOneError):
    """The server answered with something else than success."""

    outcome: Outcome = "rejected"


class BadRequestError(APIError):
    """400: the request is wrong; `errors` points at the fields."""


class AuthenticationError(APIError):
    """401: the key is invalid, expired, or belongs to another environment."""


class PermissionDeniedError(APIError):
    """403: the key does not allow this."""


class NotFoundError(APIError):
    """404: there is no such thing."""


class ConflictError(APIError):
    """409: it exists already, or its state does not allow this."""


class ParallelUpdateError(ConflictError):
    """409: too many requests update one profile or session at once. The server did nothing; repeated on its own."""

    failure = Failure.REFUSED


class UnprocessableError(APIError):
    """422: the rules rejected it."""


class RateLimitError(APIError):
    """429: too many requests. The server did nothing; repeated on its own."""

    failure = Failure.REFUSED


class ServerError(APIError):
    """5xx: the server failed; it may have acted."""

    failure = Failure.UNKNOWN
    outcome: Outcome = "unknown"


class JournalError(TalonOneError):
    """The journal cannot be used: another process holds it, it is damaged, foreign or for another destination, or full.

    The message says which, and what to do. Calls that the journal had accepted stay in it.
    """


class BulkInterruptedError(TalonOneError):
    """A run of many calls ended before its source did; `report` tells how far it came, the cause is chained.

    What had been taken from the source is accounted for: sent and settled, or among the failures of the report.
    """

    report: Any = None


class QueueFullError(TalonOneError):
    """The queue has no room, and was made with `overflow="raise"`. The event was not accepted."""


class QueueClosedError(TalonOneError, RuntimeError):
    """The queue is not open, or it has stopped; the cause says why. The event was not accepted."""


_BY_STATUS: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,  # the server gave up waiting: it may have read everything
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitError,
}


def check_words(what: str, words: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for an option that there is not; the message names the one that was meant."""
    names = list(known)
    if unknown := [word for word in words if word not in names]:
        raise TypeError(unknown_word(what, "option", unknown[0], names))


class _Fields:
    """Reads an error body of any shape: whatever is not text is left out."""

    fields: ClassVar = tuple(field.name for field in attrs.fields(ErrorDetail))

    @staticmethod
    def text(value: Any) -> str | None:
        return str(value) if isinstance(value, str | int | float) and value != "" else None

    @classmethod
    def detail(cls, entry: Any) -> ErrorDetail | None:
        if not isinstance(entry, dict):
            said = cls.text(entry)
            return ErrorDetail(details=said) if said else None
        merged = cast("dict[str, Any]", entry)
        if isinstance(source := merged.get("source"), dict):
            merged = {**merged, **cast("dict[str, Any]", source)}
        found = {name: cls.text(merged.get(name)) for name in cls.fields}
        found["details"] = found["details"] or cls.text(merged.get("detail"))
        detail = ErrorDetail(**{name: value for name, value in found.items() if value})
        return detail if str(detail) else None


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def error_for(answer: Answer) -> APIError:
    """Return the error that an unsuccessful answer stands for, whatever its body."""
    fields = _parsed(answer.body)
    said = _Fields.text(fields.get("message")) or _Fields.text(fields.get("Error"))
    kind = _BY_STATUS.get(answer.status) or (ServerError if answer.status >= 500 else APIError)  # noqa: PLR2004
    if kind is ConflictError and said and said.lower().startswith(PARALLEL):
        kind = ParallelUpdateError
    error = kind(said or _unsaid(answer))
    if isinstance(details := fields.get("errors"), list):
        found = map(_Fields.detail, cast("list[Any]", details))
        error.errors = tuple(detail for detail in found if detail)
    error.status = answer.status
    error.body = answer.body
    return error


def _unsaid(answer: Answer) -> str:
    if 300 <= answer.status < 400:  # noqa: PLR2004
        return "the server redirects elsewhere; redirects are not followed: check the base URL"
    return "the answer explains nothing" if answer.body else "the answer is empty"
