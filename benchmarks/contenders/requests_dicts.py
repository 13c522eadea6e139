"""requests with orjson and dictionaries: one session for all threads, with a pool that is large enough for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import requests
from requests.adapters import HTTPAdapter

from benchmarks.payloads import KEY, REQUESTS, body
from benchmarks.plan import POOL

if TYPE_CHECKING:
    from benchmarks.contenders import Job


class Requests:
    """One session with its headers set once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.method, path = REQUESTS[job.answer]
        self.target = job.url + path
        self.session = requests.Session()
        self.session.headers.update({"Authorization": f"ApiKey-v1 {KEY}", "Content-Type": "application/json"})
        self.session.verify = job.ca or True
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=max(POOL, job.in_flight)))

    def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        data = orjson.dumps(body(self.job.answer, n))
        response = self.session.request(self.method, self.target.format(n=n), data=data, timeout=30)
        response.raise_for_status()
        if self.job.answer == "silent":
            return None
        return [effect["props"] for effect in orjson.loads(response.content)["effects"]]
