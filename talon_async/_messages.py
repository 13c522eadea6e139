"""The requests and answers that pass between a call and its transport."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T_co = TypeVar("T_co", covariant=True)

Outcome = Literal["not_sent", "unknown", "rejected", "accepted"]
"""Whether the server may have acted on a call that failed.

- `not_sent`: the request never reached the server.
- `unknown`: the server may have acted.
- `rejected`: the server refused the request and changed nothing.
- `accepted`: the server has acted, and its answer is lost or cannot be read.
"""


class Idempotency(Enum):
    """What happens when an operation is sent a second time."""

    SAFE = "safe"
    """Reads, deletions by ID and dry runs: the second request changes nothing more."""
    KEYED = "keyed"
    """Writes with an Idempotency-Key: the server remembers the key and replays its first answer."""
    NAMED = "named"
    """Writes under an ID that the client chose: the state is the same, but rules may run twice."""
    UNIQUE = "unique"
    """Creates a thing under an ID that the client chose: the server refuses the second request."""
    NEVER = "never"
    """Creates a new thing each time."""


class Failure(Enum):
    """What is known about a failed attempt. It decides whether the call is repeated."""

    NOT_SENT = "not sent"
    REFUSED = "refused for now"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted, answer lost"
    FINAL = "final"


@attrs.frozen(eq=False)
class Operation:
    """One operation of the API. `path` is a template with names in braces, so it never holds a customer's ID."""

    name: str
    method: str
    path: str
    idempotency: Idempotency


@attrs.define(eq=False)
class Request:
    """One request, ready to be sent any number of times with the same bytes and the same idempotency key.

    Calls that share one of the `ordering_keys`, such as `profile:jane`, are sent one after the other.
    """

    operation: Operation
    target: str
    body: bytes | None
    idempotency: Idempotency
    idempotency_key: str | None
    ordering_keys: tuple[str, ...]
    decode: Callable[..., Any]


@attrs.define(eq=False)
class Answer:
    """One HTTP answer, read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True, eq=False)
class Response(Generic[T_co]):
    """The whole answer of a call that succeeded, as `raw(...)` returns it.

    Attributes:
        data: the answer as the model that the operation returns.
        status: the HTTP status.
        headers: the headers, a mapping that ignores the case of names. Since API release 26.18 the answer to a request
            with an Idempotency-Key has `Idempotency-Key`, `Idempotent-Replayed`, `X-Idempotency-Created-At`,
            `X-Idempotency-Expires-At` (24 hours later) and `X-Idempotency-Fingerprint` (the SHA-256 of the request).
        body: the bytes of the body, after decompression. It includes fields that the models do not know.
        attempts: how many attempts the call made.
        elapsed: seconds from the start of the call to its end, including waiting and repetitions.
        idempotency_key: the Idempotency-Key that was sent; None if the operation has none.
    """

    data: T_co
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    attempts: int
    elapsed: float
    idempotency_key: str | None = None

    @property
    def replayed(self) -> bool:
        """Whether the server says that this is the replayed answer to an earlier request with the same key."""
        return self.headers.get("Idempotent-Replayed", "").lower() == "true"
