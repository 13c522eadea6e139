"""Which offset of a partition may be committed: everything before it is settled."""

from __future__ import annotations

from collections import deque


class Ledger:
    """The messages of one partition that were taken, in order, and which of them are settled.

    Attributes:
        position: the offset to commit, the next one to read after a restart; None before anything was settled.
        committed: the offset that was committed last.
    """

    def __init__(self) -> None:
        self.position: int | None = None
        self.committed: int | None = None
        self._taken: deque[int] = deque()
        self._settled: set[int] = set()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, offset: int) -> None:
        """Note a message that was taken; offsets rise, and may have gaps."""
        self._taken.append(offset)

    def settle(self, offset: int) -> None:
        """Note that a message needs nothing more."""
        taken, settled = self._taken, self._settled
        settled.add(offset)
        while taken and taken[0] in settled:
            first = taken.popleft()
            settled.remove(first)
            self.position = first + 1

    def uncommitted(self) -> int | None:
        """Return the offset to commit; None when it is committed."""
        return None if self.position == self.committed else self.position
