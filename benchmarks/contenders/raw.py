"""aiohttp and orjson, written by hand: dictionaries, no checks, no retries."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import orjson

from benchmarks.payloads import KEY, REQUESTS, body

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class Raw:
    """One session with its headers set once and no limit of connections."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path

    async def open(self) -> None:
        """Make the session, inside the loop."""
        context = ssl.create_default_context(cafile=self.job.ca) if self.job.ca else True
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context),
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
        if self.job.answer == "v1":
            return state["event"]["effects"]
        return [effect["props"] for effect in state["effects"]]

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()
