"""pyreqwest, a client written in Rust, with orjson and dictionaries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from pyreqwest.client import ClientBuilder

from benchmarks.payloads import KEY, REQUESTS, body

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class Pyreqwest:
    """One client with its headers set once and no limit of connections; HTTP/1.1 is its default."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path
        self.authority = Path(job.ca).read_bytes() if job.ca else None

    async def open(self) -> None:
        """Make the client after the process is pinned, so that its own threads are pinned as well."""
        headers = {"Authorization": f"ApiKey-v1 {KEY}", "Content-Type": "application/json"}
        builder = ClientBuilder().default_headers(headers).timeout(timedelta(seconds=30)).no_proxy().error_for_status()
        if self.authority is not None:
            builder = builder.add_root_certificate_pem(self.authority)
        self.client = builder.build()

    async def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        data = orjson.dumps(body(self.job.answer, n))
        request = self.client.request(self.method, self.target.format(n=n)).body_bytes(data).build()
        response = await request.send()
        if self.job.answer == "silent":
            return None
        state = orjson.loads(memoryview(await response.bytes()))
        return [effect["props"] for effect in state["effects"]]

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()
