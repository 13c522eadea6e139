"""Calls sent from the processes of a Dask cluster, one of which is killed and one retired, counted by the server."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
from distributed import Client, LocalCluster

from support.effects import Counts, EffectServer
from talon_async import TalonOne, TalonOneSync
from talon_async.bulk import PreparedCall, Report
from talon_async.bulk.dask import distribute
from talon_async.models import IntegrationEventV2Request

WITHIN = 60.0


@attrs.define
class Trial:
    """The result of a trial."""

    counts: Counts
    report: Report[Any]
    events: int
    under_way_at_kill: int
    under_way_at_leaving: int

    @property
    def missing(self) -> int:
        """Return how many events never acted."""
        return self.events - self.counts.effects

    def __str__(self) -> str:
        return (
            f"{self.events} events: {self.missing} missing, {self.counts}; under way at the kill "
            f"{self.under_way_at_kill}, at the leaving {self.under_way_at_leaving}; report: {self.report}"
        )


def prepared(count: int, profiles: int) -> list[PreparedCall[Any]]:
    """Return events of many profiles, numbered."""
    prepare = TalonOne("http://127.0.0.1", "key").prepare(TalonOne.track_event_v2)
    prepare_one: Any = prepare
    return [
        prepare_one(
            IntegrationEventV2Request(profile_id=f"p{n % profiles}", type="paid", attributes={"n": n}), silent=True
        )
        for n in range(count)
    ]


def cluster(workers: int) -> LocalCluster:
    """Return a cluster of processes on this machine."""
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )


def make_client(url: str) -> TalonOneSync:
    """Make a worker's client, which names the process."""
    return TalonOneSync(url, "key", transport="direct", headers={"X-Worker": str(os.getpid())})


def connect(url: str) -> Callable[[], TalonOneSync]:
    """Return a function that makes a worker's client."""
    return partial(make_client, url)


class Saboteur:
    """Kills one worker after a third of the effects, and retires another after two thirds."""

    def __init__(self, client: Client, server: EffectServer, events: int) -> None:
        self._client, self._server, self._events = client, server, events
        self.under_way_at_kill = self.under_way_at_leaving = 0
        self.thread = threading.Thread(target=self._run, name="saboteur")

    def _until(self, effects: int, pid: int) -> int:
        """Wait for a number of effects, and for calls under way in a process; return how many calls those are."""
        counts, name = self._server.counts, str(pid)
        deadline = time.monotonic() + WITHIN
        while (counts.effects < effects or not counts.under_way[name]) and time.monotonic() < deadline:
            time.sleep(0.002)
        return counts.under_way[name]

    def _run(self) -> None:
        pids = self._client.run(os.getpid)
        killed, retired, *_ = sorted(pids)
        self.under_way_at_kill = self._until(self._events // 3, pids[killed])
        os.kill(pids[killed], signal.SIGKILL)
        self.under_way_at_leaving = self._until(2 * self._events // 3, pids[retired])
        self._client.retire_workers([retired])


def run_trial(
    *, events: int, profiles: int, block: int, latency: float = 0.02, workers: int = 3, **options: Any
) -> Trial:
    """Send from three processes, and return what the server has counted."""
    calls = prepared(events, profiles)
    with EffectServer(latency) as server, cluster(workers) as local, Client(local) as client:
        saboteur = Saboteur(client, server, events)
        saboteur.thread.start()
        report = distribute(client, calls, connect(server.url), "trial", block=block, **options)
        saboteur.thread.join()
        time.sleep(0.3)  # time for what must not come
        return Trial(server.counts, report, events, saboteur.under_way_at_kill, saboteur.under_way_at_leaving)
