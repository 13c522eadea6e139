"""Those who are compared. Each module is imported only by the Python of its own peer's environment."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Entry:
    """Who takes part: the name people read, whose environment it runs in (ours if empty), and its class."""

    label: str
    peer: str
    module: str
    name: str


ENTRIES = {
    "aiohttp": Entry("aiohttp, dicts", "", "raw", "Raw"),
    "talon_async": Entry("talon_async", "", "ours", "Awaited"),
    "talon_async-lazy": Entry("talon_async, effects unread", "", "ours", "Lazy"),
    "talon_async-batch": Entry("talon_async, track_events", "", "ours", "Batch"),
    "talon_async-blocking": Entry("talon_async, blocking", "", "ours", "Blocking"),
    "official": Entry("talon-one-sdk, threads", "official", "official", "Official"),
    "httpx": Entry("httpx, awaited, dicts", "httpx", "httpx_dicts", "Awaited"),
    "httpx-blocking": Entry("httpx, threads, dicts", "httpx", "httpx_dicts", "Blocking"),
    "requests": Entry("requests, threads, dicts", "requests", "requests_dicts", "Requests"),
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker is told on its command line."""

    contender: str
    url: str
    answer: str
    in_flight: int
    ca: str = ""
    cpu: int | None = None


def make(job: Job) -> Any:
    """Import a contender and make it."""
    entry = ENTRIES[job.contender]
    return getattr(import_module(f"{__name__}.{entry.module}"), entry.name)(job)
