"""Faults that tests request, and the record of every request."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

import attrs

from talon_async._messages import Answer
from talon_async.testing._refusal import UNPROCESSABLE, Refusal, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.define(kw_only=True, eq=False)
class ReceivedRequest:
    """One request as the sandbox received it.

    Attributes:
        operation: the operation's name, such as `track_event`; None if there is none at this path.
        method: the HTTP method.
        target: path and query as they came over the wire.
        path: the values in the path by parameter, decoded.
        query: the query values by parameter, as the operation took them.
        headers: the headers, without those that hold a key or a signature.
        body: the bytes of the body.
        status: the status of the answer; None while the request is under way, and if the connection was cut.
    """

    operation: str | None
    method: str
    target: str
    path: Mapping[str, object]
    query: Mapping[str, object]
    headers: Mapping[str, str]
    body: bytes
    status: int | None = None


class Faults:
    """The planned faults of each operation, in order."""

    def __init__(self) -> None:
        self._failures: defaultdict[str, deque[Answer]] = defaultdict(deque[Answer])
        self._drops: defaultdict[str, int] = defaultdict(int)

    def fail(self, operation: str, answer: Answer, times: int) -> None:
        """Plan this answer for the next requests, instead of acting."""
        self._failures[operation].extend([answer] * times)

    def drop(self, operation: str, times: int) -> None:
        """Plan to cut the connection after acting, for the next requests."""
        self._drops[operation] += times

    def failure(self, operation: str) -> Answer | None:
        """Return the next planned answer; None if there is none."""
        waiting = self._failures.get(operation)
        return waiting.popleft() if waiting else None

    def dropped(self, operation: str) -> bool:
        """Tell whether to cut the connection now."""
        if self._drops.get(operation, 0) < 1:
            return False
        self._drops[operation] -= 1
        return True


def failure(operation: str, status: int, headers: Mapping[str, str] | None, body: bytes | None) -> Answer:
    """Return the answer of a scripted fault; without a body it has the shape that the operation's errors have."""
    if body is not None:
        return Answer(status, dict(headers or {}), body)
    message = f"The sandbox was told to fail with {status}"
    is_rejection = (operation, status) == ("unlock_reward", UNPROCESSABLE)
    refusal = Rejection(message, []) if is_rejection else Refusal(status, message)
    answer = refusal.answer(operation)
    return attrs.evolve(answer, headers={**answer.headers, **(headers or {})})
