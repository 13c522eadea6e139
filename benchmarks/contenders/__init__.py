"""The contenders. Each module is imported only by the Python of its own peer's environment."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One contender: the name people read, the environment it runs in (ours if empty), and its class."""

    label: str
    peer: str
    module: str
    name: str


ENTRIES = {
    "talon_async": Entry("talon_async", "", "ours", "Awaited"),
    "talon_async-lazy": Entry("talon_async, effects unread", "", "ours", "Lazy"),
    "talon_async-bulk": Entry("talon_async, bulk", "", "ours_bulk", "Bulk"),
    "talon_async-bulk-journal": Entry("talon_async, bulk, journal", "", "ours_bulk", "BulkJournal"),
    "talon_async-bulk-v1": Entry("talon_async, bulk of V1", "", "ours_bulk", "BulkV1"),
    "talon_async-bulk-v1-journal": Entry("talon_async, bulk of V1, journal", "", "ours_bulk", "BulkV1Journal"),
    "talon_async-blocking": Entry("talon_async, blocking", "", "ours", "Blocking"),
    "talon_async-direct": Entry("talon_async, direct", "", "ours", "Direct"),
    "talon_async-direct-lazy": Entry("talon_async, direct, effects unread", "", "ours", "DirectLazy"),
    "talon_async-direct-bulk": Entry("talon_async, direct, bulk", "", "ours_bulk", "DirectBulk"),
    "talon_async-direct-bulk-journal": Entry(
        "talon_async, direct, bulk, journal", "", "ours_bulk", "DirectBulkJournal"
    ),
    "talon_async-direct-bulk-v1": Entry("talon_async, direct, bulk of V1", "", "ours_bulk", "DirectBulkV1"),
    "talon_async-direct-bulk-v1-journal": Entry(
        "talon_async, direct, bulk of V1, journal", "", "ours_bulk", "DirectBulkV1Journal"
    ),
    "talon_async-direct-blocking": Entry("talon_async, direct, blocking", "", "ours", "DirectBlocking"),
    "aiohttp": Entry("aiohttp, dicts", "", "raw", "Raw"),
    "aiohttp-gather": Entry("aiohttp, dicts, asyncio.gather", "", "raw", "Gathered"),
    "aiohttp-semaphore": Entry("aiohttp, dicts, semaphore", "", "raw", "WithSemaphore"),
    "wreq": Entry("wreq (Rust), dicts", "wreq", "wreq_dicts", "Wreq"),
    "pyreqwest": Entry("pyreqwest (Rust), dicts", "pyreqwest", "pyreqwest_dicts", "Pyreqwest"),
    "official": Entry("talon-one-sdk, threads", "official", "official", "Official"),
    "httpx": Entry("httpx, awaited, dicts", "httpx", "httpx_dicts", "Awaited"),
    "httpx-blocking": Entry("httpx, threads, dicts", "httpx", "httpx_dicts", "Blocking"),
    "requests": Entry("requests, threads, dicts", "requests", "requests_dicts", "Requests"),
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """The arguments of a worker."""

    contender: str
    url: str
    answer: str
    in_flight: int
    ca: str = ""
    cpu: int | None = None


def contender(name: str) -> Any:
    """Import the class of a contender."""
    entry = ENTRIES[name]
    return getattr(import_module(f"{__name__}.{entry.module}"), entry.name)


LACKING = "this release of talon_async has no such option"
"""Why a contender that is not available is left out."""


def available(name: str) -> bool:
    """Tell whether this release of talon_async has the options that a contender needs."""
    return getattr(contender(name), "available", True)


def make(job: Job) -> Any:
    """Import a contender and make it."""
    return contender(job.contender)(job)
