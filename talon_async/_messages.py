"""The values that cross between the call and the network: what is asked, what came back."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T_co = TypeVar("T_co", covariant=True)

Outcome = Literal["not_sent", "unknown", "rejected", "accepted"]
"""Whether the server may have acted: never reached, perhaps, refused, or yes although its answer is lost."""


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
    """What is known of a failed attempt."""

    NOT_SENT = "not sent"
    REFUSED = "refused for now"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted, answer lost"
    FINAL = "final"


@attrs.frozen(eq=False)
class Operation:
    """One operation of the API, named as there; the path is a template, so it never holds a customer's ID."""

    name: str
    method: str
    path: str
    idempotency: Idempotency


@attrs.define(eq=False)
class Request:
    """One call, ready to be sent any number of times: its bytes and its key are made once.

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
    """One HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True, eq=False)
class Response(Generic[T_co]):
    """An answer with everything around it: what `raw(...)` returns.

    `body` holds the bytes as they came, with the fields the models do not know; `elapsed` is in seconds and covers
    waiting and repetitions; `attempts` counts how often the request went out.

    `headers` takes names in any case. Since API release 26.18 the answer to a request with an Idempotency-Key has
    `Idempotency-Key`, `Idempotent-Replayed`, `X-Idempotency-Created-At`, `X-Idempotency-Expires-At` (24 hours later)
    and `X-Idempotency-Fingerprint`, the SHA-256 of the request.
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
        """Whether the server replayed the answer to an earlier request with this key; False if it does not say so."""
        return self.headers.get("Idempotent-Replayed", "").lower() == "true"
