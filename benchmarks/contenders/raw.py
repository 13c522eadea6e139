"""aiohttp and orjson, written by hand: dictionaries, no checks, no retries."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aiohttp
import orjson

from benchmarks.payloads import KEY, REQUESTS, body

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class Raw:
    """One session with its headers set once and no limit of connections."""

    connections = 0

    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path

    async def open(self) -> None:
        """Make the session, inside the loop."""
        context = ssl.create_default_context(cafile=self.job.ca) if self.job.ca else True
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections, ssl=context),
            headers={"Authorization": f"ApiKey-v1 {KEY}", "Content-Type": "application/json"},
        )
        self.send = self.session.post if self.method == "POST" else self.session.put

    async def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        data = orjson.dumps(body(self.job.answer, n))
        async with self.send(self.target.format(n=n), data=data) as response:
            response.raise_for_status()
            raw = await response.read()
        if self.job.answer == "silent":
            return None
        state = orjson.loads(raw)
        return [effect["props"] for effect in state["effects"]]

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()


class Gathered(Raw):
    """A task for each event, all at once; aiohttp's default limit of connections makes them wait."""

    connections = 100

    async def bulk(self, count: int) -> None:
        """Send so many requests."""
        await asyncio.gather(*(self.call(n) for n in range(count)))


class WithSemaphore(Raw):
    """A task for each event, all at once; a semaphore makes them wait."""

    async def bulk(self, count: int) -> None:
        """Send so many requests."""
        semaphore = asyncio.Semaphore(self.job.in_flight)

        async def one(n: int) -> None:
            async with semaphore:
                await self.call(n)

        await asyncio.gather(*(one(n) for n in range(count)))
