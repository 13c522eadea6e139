"""The plan: what is measured, how often and how long. This module imports only the standard library."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "aiohttp"
"""The contender whose ratio is 1.00."""

READY_WITHIN = 60.0
"""Seconds in which a process must report that it is ready; importing the official SDK takes many."""

SLICE_WITHIN = 1200.0
"""Seconds in which a slice must end; a million events take several minutes."""

ENDS_WITHIN = 5.0
"""Seconds between asking a process to end and killing it."""

POOL = 64
"""Connections that the blocking peers keep; their defaults discard connections and open new ones."""


SMALLEST_BATCH = 10_000


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How thorough a run is.

    Attributes:
        rounds: slices of each contender.
        processes: how many processes of each contender, one after the other, share the rounds.
        slice_seconds: how long a slice takes; a first slice decides its number of requests.
        cold_rounds: how many fresh processes measure what happens once in a process.
        batch_rounds: slices of a batch of the smallest size; a larger batch has one.
        largest_batch: batches of more events are not measured.
        skipped: scenarios that are measured only when `--only` names them.
    """

    rounds: int
    processes: int
    slice_seconds: float
    cold_rounds: int
    batch_rounds: int
    largest_batch: int
    skipped: tuple[str, ...] = ()


FULL = Pace(rounds=40, processes=5, slice_seconds=0.1, cold_rounds=15, batch_rounds=10, largest_batch=1_000_000)
QUICK = Pace(
    rounds=8, processes=2, slice_seconds=0.05, cold_rounds=3, batch_rounds=2, largest_batch=10_000,
    skipped=(
        "event-1", "event-256", "session-64", "silent-16", "event-headers-16", "tls-headers-16",
        "blocking-event-16", "blocking-session-16",
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
        batch: the events of a slice that is one batch; 0 for slices of as many requests as fit into the time.
    """

    name: str
    answer: str
    in_flight: int
    contenders: tuple[str, ...]
    tls: bool = False
    many_headers: bool = False
    batch: int = 0


PEERS = (BASE, "wreq", "pyreqwest", "official", "httpx", "requests")
PLAIN = ("talon_async", "talon_async-direct", *PEERS)
EFFECTS = ("talon_async", "talon_async-lazy", "talon_async-direct", "talon_async-direct-lazy", *PEERS)
BLOCKING = (
    "talon_async", "talon_async-blocking", "talon_async-direct", "talon_async-direct-blocking",
    BASE, "official", "httpx-blocking", "requests",
)  # fmt: skip
BATCH = ("talon_async", "talon_async-batch", "talon_async-direct", "talon_async-direct-batch", BASE)
LARGEST_BATCH = ("talon_async-batch", "talon_async-direct-batch")

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
    Scenario(name="batch-10k", answer="v1", in_flight=64, contenders=BATCH, batch=SMALLEST_BATCH),
    Scenario(name="batch-100k", answer="v1", in_flight=64, contenders=BATCH, batch=100_000),
    Scenario(name="batch-1m", answer="v1", in_flight=64, contenders=LARGEST_BATCH, batch=1_000_000),
)

COLD = ("import", "first-call", "first-answer")
"""Scenarios that measure what a process does once; see `measure.cold`."""

FIRST_CALLS = ("talon_async", "talon_async-direct", BASE)
"""Contenders whose first call is measured."""

COUNTED = {"event": (200, 600), "session": (200, 600), "large": (40, 120), "silent": (200, 600)}
"""Answers whose instructions are counted, 16 in flight: the requests of the shorter run and of the longer one."""
