"""httpx with orjson and dictionaries, awaited and blocking."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from benchmarks.payloads import KEY, REQUESTS, body

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class _Common:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path

    def options(self) -> Any:
        """Return the options of the client."""
        # its own defaults, with room for all: more idle connections would cost it a walk over them for each request
        limits = httpx.Limits(max_connections=max(100, self.job.in_flight), max_keepalive_connections=20)
        return {
            "headers": {"Authorization": f"ApiKey-v1 {KEY}", "Content-Type": "application/json"},
            "limits": limits,
            "verify": ssl.create_default_context(cafile=self.job.ca) if self.job.ca else True,
            "timeout": 30.0,
        }

    def read(self, response: httpx.Response) -> object:
        """Read all effects of an answer."""
        response.raise_for_status()
        if self.job.answer == "silent":
            return None
        return [effect["props"] for effect in orjson.loads(response.content)["effects"]]

    def request(self, n: int) -> Any:
        """Return the n-th request."""
        data = orjson.dumps(body(self.job.answer, n))
        return {"method": self.method, "url": self.target.format(n=n), "content": data}


class Awaited(_Common):
    """One client for all tasks."""

    async def open(self) -> None:
        """Make the client, inside the loop."""
        self.client = httpx.AsyncClient(**self.options())

    async def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        return self.read(await self.client.request(**self.request(n)))

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()


class Blocking(_Common):
    """One client for all threads."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.client = httpx.Client(**self.options())

    def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        return self.read(self.client.request(**self.request(n)))
