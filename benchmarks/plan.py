"""The plan: what is measured, how often and how long. This module imports only the standard library."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "aiohttp"
"""The contender whose ratio is 1.00."""

READY_WITHIN = 60.0
"""Seconds in which a process must report that it is ready; importing the official SDK takes many."""

SLICE_WITHIN = 3600.0
"""Seconds in which a slice must end; a million events take minutes, with the official SDK many."""

ENDS_WITHIN = 5.0
"""Seconds between asking a process to end and killing it."""

POOL = 64
"""Connections that the blocking peers keep; their defaults discard connections and open new ones."""

SMALLEST_BULK = 10_000
"""Events of the smallest run of many; larger runs tell what they take beyond it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How thorough a run is.

    Attributes:
        rounds: slices of each contender.
        processes: how many processes of each contender, one after the other, share the rounds.
        slice_seconds: how long a slice takes; a first slice decides its number of requests.
        cold_rounds: how many fresh processes measure what happens once in a process.
        bulk_rounds: runs of the smallest number of events; a larger number is run once.
        skipped: scenarios that are measured only when `--only` names them.
    """

    rounds: int
    processes: int
    slice_seconds: float
    cold_rounds: int
    bulk_rounds: int
    skipped: tuple[str, ...] = ()


FULL = Pace(rounds=40, processes=5, slice_seconds=0.1, cold_rounds=15, bulk_rounds=20)
QUICK = Pace(
    rounds=12, processes=2, slice_seconds=0.05, cold_rounds=3, bulk_rounds=4,
    skipped=(
        "event-1", "event-256", "session-64", "blocking-event-16", "blocking-session-16", "bulk-100k", "bulk-1m",
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One situation in which contenders are compared.

    Attributes:
        name: its name, also for `--only`.
        answer: the answer of the server, a key of `payloads.ANSWERS`.
        in_flight: requests at a time, or threads.
        contenders: the contenders in the order of the table: the default transport, the direct one, the peers.
        tls: whether requests go over TLS.
        many_headers: whether answers carry fifteen headers, as behind a load balancer of a cloud, instead of seven.
        bulk: the events of a slice that is one run of many; 0 for slices of as many requests as fit into the time.
        one_process: whether all contenders, which are in our environment then, run in one process. So differences of
            few microseconds show, and memory does not. Apart, processes differ by more: in one that has freed a block
            of 256 KiB, as a journal does, the C library gives asyncio's buffers for reading without asking the system
            for each, which saves a third of a call.
    """

    name: str
    answer: str
    in_flight: int
    contenders: tuple[str, ...]
    tls: bool = False
    many_headers: bool = False
    bulk: int = 0
    one_process: bool = False


PEERS = (BASE, "wreq", "pyreqwest", "official", "httpx", "requests")
PLAIN = ("talon_async", "talon_async-direct", *PEERS)
EFFECTS = ("talon_async", "talon_async-lazy", "talon_async-direct", "talon_async-direct-lazy", *PEERS)
BLOCKING = (
    "talon_async", "talon_async-blocking", "talon_async-direct", "talon_async-direct-blocking",
    BASE, "official", "httpx-blocking", "requests",
)  # fmt: skip
BULK = (
    "talon_async", "talon_async-bulk", "talon_async-bulk-journal", "talon_async-bulk-v1", "talon_async-bulk-v1-journal",
    "talon_async-direct", "talon_async-direct-bulk", "talon_async-direct-bulk-journal", "talon_async-direct-bulk-v1",
    "talon_async-direct-bulk-v1-journal", BASE, "aiohttp-gather", "aiohttp-semaphore", "official",
)  # fmt: skip
BULK_ADDED = BULK[: BULK.index(BASE) + 1]
"""A loop of calls, and what the runner and the journal add to it."""
LARGEST_BULK = (
    "talon_async-bulk", "talon_async-bulk-journal", "talon_async-direct-bulk", "talon_async-direct-bulk-journal",
    BASE, "official",
)  # fmt: skip
"""Those whose memory stays bounded; a task for each of a million events takes gigabytes."""

SCENARIOS = (
    *(Scenario(name=f"event-{n}", answer="event", in_flight=n, contenders=PLAIN) for n in (1, 16, 64, 256)),
    *(Scenario(name=f"session-{n}", answer="session", in_flight=n, contenders=EFFECTS) for n in (16, 64)),
    Scenario(name="large-16", answer="large", in_flight=16, contenders=EFFECTS),
    Scenario(name="silent-16", answer="silent", in_flight=16, contenders=PLAIN),
    Scenario(name="tls-16", answer="event", in_flight=16, contenders=PLAIN, tls=True),
    Scenario(name="event-headers-16", answer="event", in_flight=16, contenders=PLAIN, many_headers=True),
    Scenario(name="tls-headers-16", answer="event", in_flight=16, contenders=PLAIN, tls=True, many_headers=True),
    *(Scenario(name=f"blocking-event-{n}", answer="event", in_flight=n, contenders=BLOCKING) for n in (1, 16)),
    *(Scenario(name=f"blocking-session-{n}", answer="session", in_flight=n, contenders=BLOCKING) for n in (1, 16)),
    Scenario(
        name="bulk-added", answer="silent", in_flight=64, contenders=BULK_ADDED, bulk=SMALLEST_BULK, one_process=True
    ),
    Scenario(name="bulk-10k", answer="silent", in_flight=64, contenders=BULK, bulk=SMALLEST_BULK),
    Scenario(name="bulk-100k", answer="silent", in_flight=64, contenders=BULK, bulk=100_000),
    Scenario(name="bulk-1m", answer="silent", in_flight=64, contenders=LARGEST_BULK, bulk=1_000_000),
)

COLD = ("import", "first-call", "first-answer")
"""Scenarios that measure what a process does once; see `measure.cold`."""

FIRST_CALLS = ("talon_async", "talon_async-direct", BASE)
"""Contenders whose first call is measured."""

COUNTED = {"event": (200, 600), "session": (200, 600), "large": (40, 120), "silent": (200, 600)}
"""Answers whose instructions are counted, 16 in flight: the requests of the shorter run and of the longer one."""
