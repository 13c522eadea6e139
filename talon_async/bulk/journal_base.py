"""What a journal is to the runner: `journal` keeps one in SQLite; tests and other engines may bring their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@attrs.frozen
class Entry:
    """One call as a journal stores it.

    Attributes:
        index: its place among all calls of the journal, counted from 0.
        record: the bytes of the `PreparedCall`, its idempotency key included.
        fingerprint: a hash of the source item, which the key is no part of.
        repeatable: whether sending it twice does no harm.
        maybe_sent: whether an earlier run marked it as leaving, or sent it.
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
        """How many source items are recorded so far; a source that is read again is skipped up to here."""
        ...

    def key(self, index: int) -> str:
        """Return the idempotency key of the call at an index."""
        ...

    def check(self, index: int, fingerprint: bytes) -> None:
        """Raise JournalError if the item that was recorded at this index is another one."""
        ...

    async def open(self, *, destination: str, trust_keys: bool) -> None:
        """Lock the file for this process. `destination` is a fingerprint of the base URL and the Application's key."""
        ...

    def unsettled(self) -> AsyncIterator[Entry]:
        """Return the calls that earlier runs left behind, in the order of their indices."""
        ...

    async def failed_keys(self) -> set[str]:
        """Return the ordering keys of the calls that failed, and were neither requeued nor erased since."""
        ...

    async def accept(self, entries: Sequence[Entry]) -> None:
        """Store calls; they are durable when this returns."""
        ...

    async def mark_leaving(self, indices: Sequence[int]) -> None:
        """Note durably that calls may be sent from now on."""
        ...

    async def unmark(self, indices: Sequence[int]) -> None:
        """Take back the marks of calls that were not sent."""
        ...

    async def settle(self, index: int, failure: str | None = None) -> None:
        """Note that a call needs no further attempt. `failure` is JSON text that says what is known of a failed one."""
        ...

    async def close(self) -> None:
        """Write what is outstanding and unlock the file."""
        ...
