"""What the sandbox has received."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH = 10_000
SECRET_HEADERS = frozenset({"authorization", "content-signature"})


@attrs.define
class ReceivedRequest:
    """One request: the operation it was for, if any, and what stood in it, without the key.

    `status` is that of the answer; None until there is one, and for a connection that was cut.
    """

    operation: str | None
    method: str
    target: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes
    status: int | None = None


@attrs.define
class Journal:
    """The latest requests, and how many there were in all."""

    latest: deque[ReceivedRequest] = attrs.field(factory=lambda: deque[ReceivedRequest](maxlen=LENGTH))
    total: int = 0

    def note(
        self, operation: str | None, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> ReceivedRequest:
        """Write a request down."""
        shown = {name.lower(): value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}
        received = ReceivedRequest(operation, method, target, shown, body)
        self.latest.append(received)
        self.total += 1
        return received
