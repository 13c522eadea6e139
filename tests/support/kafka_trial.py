"""A topic delivered by processes, one of which is killed and one leaves, counted by the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import attrs
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from support.effects import Counts, EffectServer

ROOT = Path(__file__).parents[2]
WITHIN = 40.0


@attrs.define
class Trial:
    """The result of a trial."""

    counts: Counts
    events: int
    poisons: int
    handed_over: int
    under_way_at_kill: int
    under_way_at_leaving: int
    seconds: float
    outputs: list[str]

    @property
    def missing(self) -> int:
        """Return how many events never acted."""
        return self.events - self.counts.effects

    def __str__(self) -> str:
        return (
            f"{self.events} events: {self.missing} missing, {self.counts}; under way at the kill "
            f"{self.under_way_at_kill}, at the leaving {self.under_way_at_leaving}; "
            f"{self.poisons} poison messages, {self.handed_over} hand-overs; {self.seconds:.1f} s"
        )


async def create_topic(address: str, topic: str, partitions: int) -> None:
    """Make a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()


async def produce(address: str, topic: str, messages: Sequence[tuple[str, object]]) -> None:
    """Write messages with their keys."""
    producer = AIOKafkaProducer(bootstrap_servers=address, linger_ms=5)
    await producer.start()
    try:
        sendings = [
            await producer.send(topic, value if isinstance(value, bytes) else json.dumps(value).encode(), key.encode())
            for key, value in messages
        ]
        await asyncio.gather(*sendings)
    finally:
        await producer.stop()


def start_worker(address: str, topic: str, url: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a process that delivers the topic."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "support.kafka_worker", address, topic, url], stdout=out, stderr=out, env=environment
        )


@contextlib.asynccontextmanager
async def workers(count: int, address: str, url: str, folder: Path) -> AsyncGenerator[list[subprocess.Popen[bytes]]]:
    """Start processes, and end those that are left."""
    running = [start_worker(address, "events", url, folder / f"{n}.log") for n in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()


async def until(condition: object, within: float = WITHIN) -> bool:
    """Wait until a condition holds."""
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def sabotage(counts: Counts, effects: int, process: subprocess.Popen[bytes], sign: signal.Signals) -> int:
    """Signal a process after a number of effects, while it has calls under way; return how many calls those are."""
    name = str(process.pid)
    await until(lambda: counts.effects >= effects and counts.under_way[name])
    under_way = counts.under_way[name]
    process.send_signal(sign)
    return under_way


async def run_trial(
    address: str, folder: Path, *, events: int, profiles: int, poisons: int, partitions: int = 6, latency: float = 0.02
) -> Trial:
    """Deliver with three processes: kill one after a third of the events, and let one leave after two thirds."""
    await create_topic(address, "events", partitions)
    messages = [(f"p{n % profiles}", {"profile": f"p{n % profiles}", "n": n, "type": "paid"}) for n in range(events)]
    step = max(1, events // max(1, poisons))
    wanted = poisons
    for n in range(poisons):
        bad = b"not JSON" if n % 2 else {"profile": f"p{n % profiles}", "n": n, "type": "poison"}
        messages.insert(n * (step + 1), (f"p{n % profiles}", bad))  # type: ignore[arg-type]
    with EffectServer(latency) as server:
        counts = server.counts
        await produce(address, "events", messages)
        async with workers(3, address, server.url, folder) as running:
            started = time.monotonic()
            at_kill = await sabotage(counts, events // 3, running[0], signal.SIGKILL)
            at_leaving = await sabotage(counts, 2 * events // 3, running[1], signal.SIGTERM)
            await until(lambda: counts.effects >= events)
            seconds = time.monotonic() - started
            await asyncio.sleep(0.5)  # time for what must not come
        outputs = [(folder / f"{n}.log").read_text() for n in range(3)]
    handed_over = len({line for text in outputs for line in text.splitlines() if line.startswith("poison ")})
    return Trial(counts, events, wanted, handed_over, at_kill, at_leaving, seconds, outputs)
