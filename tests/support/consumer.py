"""A consumer of Kafka without a broker: it gives the records of the test, and keeps what was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
from aiokafka import TopicPartition


@attrs.frozen
class Record:
    """A message of a topic."""

    offset: int
    value: bytes = b"{}"
    key: bytes | None = None
    partition: int = 0
    topic: str = "events"
    headers: Sequence[tuple[str, bytes]] = ()


class FakeConsumer:
    """Gives records as they are asked for; the test says when its group assigns the partitions anew."""

    def __init__(self, *records: Record, auto_commit: bool = False, group: str | None = "group") -> None:
        self._enable_auto_commit, self._group_id = auto_commit, group
        self.records = list(records)
        self.given = 0
        self.committed: dict[Any, int] = {}
        self.commits = 0
        self.touched = 0
        self.listener: Any = None
        self.is_started = self.is_stopped = False
        self._paused: set[Any] = set()

    def subscription(self) -> set[str]:
        return {"events"}

    def subscribe(self, topics: Any = (), pattern: Any = None, listener: Any = None) -> None:
        self.listener = listener

    async def start(self) -> None:
        assert not self.is_started
        self.is_started = True

    async def stop(self) -> None:
        self.is_stopped = True

    def assignment(self) -> set[Any]:
        return {TopicPartition("events", 0), TopicPartition("events", 1)}

    def pause(self, *partitions: Any) -> None:
        self._paused |= set(partitions)

    def resume(self, *partitions: Any) -> None:
        self._paused -= set(partitions)

    async def commit(self, offsets: Any = None) -> None:
        self.commits += 1
        self.committed |= offsets

    async def getmany(self, *partitions: Any, timeout_ms: Any = 0, max_records: Any = None) -> dict[Any, list[Record]]:
        self.touched += bool(self._paused)
        batches: dict[Any, list[Record]] = {}
        taken = 0
        for record in self.records[self.given :]:
            partition = TopicPartition(record.topic, record.partition)
            if partition in self._paused or (partitions and partition not in partitions) or taken == max_records:
                break
            batches.setdefault(partition, []).append(record)
            taken += 1
        self.given += taken
        if not taken:
            await asyncio.sleep(min(timeout_ms, 10) / 1000)
        return batches
