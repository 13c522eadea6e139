"""Divides calls into partitions, so that those of one profile stay together and in order. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from zlib import crc32

import orjson

from talon_async.bulk.calls import digest

if TYPE_CHECKING:
    from talon_async.bulk.calls import PreparedCall

    Numbered = tuple[int, PreparedCall[Any]]

PROFILE = "profile:"


def partition_of(call: PreparedCall[Any], index: int, count: int) -> int:
    """Return the partition of a call: by its profile, else by its first ordering key, else by its place."""
    keys = call.ordering_keys
    if not keys:
        return index % count
    key = next((key for key in keys if key.startswith(PROFILE)), keys[0])
    return crc32(key.encode("utf-8", "surrogatepass")) % count


def keyed(call: PreparedCall[Any], job: str, index: int) -> PreparedCall[Any]:
    """Return the call with an idempotency key that is the same whenever the same job sends the same item."""
    return call.with_key(digest(orjson.dumps([job, index]) + call.fingerprint).hex())


class Partitions:
    """The waiting calls, by partition. At most one block of a partition is under way."""

    waiting: int

    def __init__(self, count: int, block: int) -> None:
        self._waiting: list[deque[Numbered]] = [deque() for _ in range(count)]
        self._block = block
        self._busy: set[int] = set()
        self.waiting = 0

    def add(self, index: int, call: PreparedCall[Any]) -> None:
        """Add a call behind those of its partition."""
        self._waiting[partition_of(call, index, len(self._waiting))].append((index, call))
        self.waiting += 1

    def has_block(self) -> bool:
        """Tell whether a partition without a block under way has a whole block waiting."""
        return any(len(calls) >= self._block for n, calls in enumerate(self._waiting) if n not in self._busy)

    def take(self) -> tuple[int, list[Numbered]] | None:
        """Return the next block of the partition with the most waiting calls, among those without a block under way."""
        idle = [n for n, calls in enumerate(self._waiting) if calls and n not in self._busy]
        if not idle:
            return None
        partition = max(idle, key=lambda n: len(self._waiting[n]))
        calls = self._waiting[partition]
        taken = [calls.popleft() for _ in range(min(self._block, len(calls)))]
        self._busy.add(partition)
        self.waiting -= len(taken)
        return partition, taken

    def done(self, partition: int) -> None:
        """Let the next block of a partition go."""
        self._busy.remove(partition)

    def rest(self) -> list[Numbered]:
        """Take all waiting calls, in the order in which they were added."""
        rest = sorted((call for calls in self._waiting for call in calls), key=lambda numbered: numbered[0])
        for calls in self._waiting:
            calls.clear()
        self.waiting = 0
        return rest
