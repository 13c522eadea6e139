"""The protocol of journals that the runner uses. `journal` implements it with SQLite; tests bring other journals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@attrs.frozen
class Entry:
    """One call as a journal stores it.

    Attributes:
        index: the place of the call among all calls of the journal, counted from 0.
        record: the bytes of the `PreparedCall`, including its idempotency key.
        fingerprint: a hash of the source item, without the key.
        repeatable: whether the call may be sent twice.
        maybe_sent: whether an earlier run may have sent the call.
    """

    index: int
    record: bytes = attrs.field(repr=False)
    fingerprint: bytes = attrs.field(repr=False)
    repeatable: bool
    maybe_sent: bool = False


@runtime_checkable
class Journal(Protocol):
    """Keeps calls until they are settled, so that they outlive the process."""

    @property
    def id(self) -> str:
        """The name of this journal, from which the idempotency keys are derived."""
        ...

    @property
    def recorded(self) -> int:
        """The number of source items recorded so far. A source that is read again is skipped up to here."""
        ...

    def key(self, index: int) -> str:
        """Return the idempotency key of the call at an index."""
        ...

    def check(self, index: int, fingerprint: bytes) -> None:
        """Raise JournalError if a different item was recorded at this index."""
        ...

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        """Lock the file for this process. `destination` is a fingerprint of the base URL and the Application's key."""
        ...

    def unsettled(self) -> AsyncIterator[Entry]:
        """Return the calls that earlier runs left unsettled, in the order of their indices."""
        ...

    async def failed_keys(self) -> set[str]:
        """Return the ordering keys of the calls that failed and have been neither requeued nor erased."""
        ...

    async def accept(self, entries: Sequence[Entry]) -> None:
        """Store calls. They are durable when this returns."""
        ...

    async def mark_leaving(self, indices: Sequence[int]) -> None:
        """Mark calls as possibly sent from now on. The marks are durable when this returns."""
        ...

    async def unmark(self, indices: Sequence[int]) -> None:
        """Record that calls were not sent."""
        ...

    async def settle(self, index: int, failure: str | None = None) -> None:
        """Record that a call needs no further attempt. `failure` is a JSON object that describes a failed call."""
        ...

    async def close(self) -> None:
        """Write outstanding changes and unlock the file."""
        ...
