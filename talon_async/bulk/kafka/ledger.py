"""Finds the offset of a partition that may be committed: all messages before it are settled."""

from __future__ import annotations

from collections import deque


class Ledger:
    """The messages taken from one partition, in order, and which of them are settled.

    Attributes:
        position: the offset to commit, which is the next to read after a restart; None before a message is settled.
        committed: the last committed offset.
    """

    def __init__(self) -> None:
        self.position: int | None = None
        self.committed: int | None = None
        self._taken: deque[int] = deque()
        self._settled: set[int] = set()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, offset: int) -> None:
        """Add a message that was taken. Offsets rise and may have gaps."""
        self._taken.append(offset)

    def settle(self, offset: int) -> None:
        """Mark a message as settled."""
        taken, settled = self._taken, self._settled
        settled.add(offset)
        while taken and taken[0] in settled:
            first = taken.popleft()
            settled.remove(first)
            self.position = first + 1

    def uncommitted(self) -> int | None:
        """Return the offset to commit; None if it is already committed."""
        return None if self.position == self.committed else self.position
