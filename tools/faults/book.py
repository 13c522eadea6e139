"""What the server of a cell knows: the requests that it has seen, and how often it has acted."""

from __future__ import annotations

from collections import Counter, defaultdict

from tools.faults.natures import Nature


class Book:
    """The truth about every call, by its token.

    Attributes:
        seen: how many requests have come, whole or in part.
        acts: how often the server has done what was asked.
        keys: the Idempotency-Keys of the requests.
    """

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.keys: defaultdict[str, set[str]] = defaultdict(set)
        self._done: defaultdict[str, set[str | None]] = defaultdict(set)

    def receive(self, token: str, key: str | None) -> int:
        """Note a request; return how many of the same call came before it."""
        self.seen[token] += 1
        if key is not None:
            self.keys[token].add(key)
        return self.seen[token] - 1

    def act(self, nature: Nature, token: str, key: str | None) -> bool:
        """Do what a request asks; return whether it conflicts with what was done before.

        A key that was used before is answered as before, and an ID that must be new is refused the second time.
        """
        before = key in self._done[token]
        self._done[token].add(key)
        if before and nature in (Nature.KEYED, Nature.UNIQUE):
            return nature is Nature.UNIQUE
        self.acts[token] += 1
        return False

    def is_doubled(self, nature: Nature, token: str) -> bool:
        """Tell whether a call has acted more than once; reading twice does no harm."""
        return nature is not Nature.SAFE and self.acts[token] > 1

    def forget(self, token: str) -> None:
        """Forget a call."""
        for kept in (self.seen, self.acts, self.keys, self._done):
            kept.pop(token, None)
