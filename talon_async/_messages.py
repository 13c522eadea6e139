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


class Repeat(Enum):
    """What repeating an operation would do, by its own nature."""

    SAFE = "safe"
    """Reads, deletions by ID and dry runs: a second time changes nothing more."""
    KEYED = "keyed"
    """Carries an Idempotency-Key: the server answers a repetition from its memory."""
    NAMED = "named"
    """Writes under an ID the client chose: it converges, but rules may run twice."""
    UNIQUE = "unique"
    """Makes a thing under an ID the client chose, once: the server refuses a second one, so it never doubles."""
    NEVER = "never"
    """Makes a new thing each time."""


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
    repeat: Repeat


@attrs.define(eq=False)
class Request:
    """One call, ready to be sent any number of times: the bytes and the key are made once."""

    operation: Operation
    target: str
    body: bytes | None
    repeat: Repeat
    idempotency_key: str | None
    turns: tuple[str, ...]
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
    """

    data: T_co
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    attempts: int
    elapsed: float
    idempotency_key: str | None = None
