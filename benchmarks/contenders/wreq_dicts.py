"""wreq, a client written in Rust, with orjson and dictionaries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import wreq

from benchmarks.payloads import KEY, REQUESTS, body

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class Wreq:
    """One client with its headers set once and no limit of connections; HTTP/1.1 only."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path

    async def open(self) -> None:
        """Make the client after the process is pinned, so that its own threads are pinned as well."""
        self.client = wreq.Client(
            headers={"Authorization": f"ApiKey-v1 {KEY}", "Content-Type": "application/json"},
            tls_verify=Path(self.job.ca) if self.job.ca else True,
            http1_only=True,
            no_proxy=True,
            raise_for_status=True,
            timeout=timedelta(seconds=30),
        )
        self.send = self.client.post if self.method == "POST" else self.client.put

    async def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        data = orjson.dumps(body(self.job.answer, n))
        response = await self.send(self.target.format(n=n), body=data)
        if self.job.answer == "silent":
            return None
        state = orjson.loads(await response.bytes())
        return [effect["props"] for effect in state["effects"]]

    async def close(self) -> None:
        """Close the client."""
        self.client.close()
