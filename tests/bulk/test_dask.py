"""Calls sent from a Dask cluster: divided by profile, keyed by job and item, counted once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from talon_async import TalonOne
from talon_async.bulk import PreparedCall
from talon_async.errors import BulkInterruptedError, InvalidArgumentError
from talon_async.models import IntegrationEventV2Request, NewEvent

pytest.importorskip("distributed", reason="distributed is not installed: pip install talon-async[dask]")

from distributed import Client
from support.dask_trial import Trial, cluster, connect, prepared, run_trial
from support.effects import EffectServer

from talon_async.bulk.dask import distribute
from talon_async.bulk.dask.partitions import Partitions, keyed, partition_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # distributed leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with cluster(2) as local, Client(local) as client:
        yield client


@pytest.fixture
def server() -> Iterator[EffectServer]:
    with EffectServer(latency=0.002) as server:
        yield server


def event_v1() -> PreparedCall[Any]:
    talon = TalonOne("http://127.0.0.1", "key")
    return talon.prepare(talon.track_event)(NewEvent(profile_id="p", type="paid", attributes={}, session_id="s"))


@pytest.mark.slow
def test_every_call_acts_once_and_in_order_when_workers_come_and_go() -> None:
    """Every call acts once and in order when one of three workers is killed and another is retired.

    Both had calls under way. A worker that sends a call which the server is still working on is told so, and asks again
    later.
    """
    trial: Trial = run_trial(events=1800, profiles=100, block=100, concurrency=16)
    counts = trial.counts
    assert (0, 0, 0) == (trial.missing, counts.doubled, counts.reordered), str(trial)
    assert (1800, 1800, 0, []) == (
        trial.report.taken,
        trial.report.succeeded,
        trial.report.pending,
        trial.report.failures,
    )
    assert trial.under_way_at_kill, str(trial)
    assert trial.under_way_at_leaving, str(trial)


def test_nothing_acts_again_when_the_same_job_is_run_again(client: Client, server: EffectServer) -> None:
    """A job that is run again changes nothing, because keys are derived from job and item. Another job acts anew."""
    for job in ("import", "import"):
        report = distribute(client, prepared(100, 10), connect(server.url), job, block=20)
        assert 100 == report.succeeded
    assert (100, 0, 100) == (server.counts.effects, server.counts.doubled, server.counts.replays)
    distribute(client, prepared(100, 10), connect(server.url), "another", block=20)
    assert 100 == server.counts.doubled


@pytest.mark.slow
def test_the_rate_is_that_of_all_workers_together_when_it_is_given(client: Client, server: EffectServer) -> None:
    """The blocks under way share the rate between them."""
    distribute(client, prepared(120, 60), connect(server.url), "paced", rate=60, block=200, partitions=2)
    times = sorted(server.counts.times)
    assert 30 <= (len(times) - 2) / (times[-1] - times[0]) <= 63


def test_one_report_holds_every_failure_when_workers_have_some(client: Client, server: EffectServer) -> None:
    """The report holds every failure of every worker, with the index of the call in the source and the call itself."""
    talon = TalonOne("http://127.0.0.1", "key")
    bad = talon.prepare(talon.track_event_v2)(IntegrationEventV2Request(profile_id="p3", type="poison", attributes={}))
    calls = prepared(50, 10)
    calls.insert(33, bad)
    report = distribute(client, calls, connect(server.url), "bad", block=10)
    (failure,) = report.failures
    assert (33, bad.body, "rejected", 50) == (failure.index, failure.item.body, failure.outcome, report.succeeded)
    assert keyed(bad, "bad", 33).idempotency_key == failure.idempotency_key
    assert 400 == failure.error.status


def test_calls_are_refused_when_they_are_not_safe_to_send_again(client: Client, server: EffectServer) -> None:
    """An event of V1 stops the job before anything is sent, and the report says why."""
    report = distribute(client, [event_v1()], connect(server.url), "v1")
    assert "track_event acts twice" in str(report.stopped_by)
    assert (1, 0) == (report.rejected, server.counts.requests)


def test_what_was_read_is_sent_when_the_source_raises(client: Client, server: EffectServer) -> None:
    """A source that raises ends the job with an error whose report counts the calls that were sent."""

    def calls() -> Iterator[PreparedCall[Any]]:
        yield from prepared(30, 10)
        raise OSError("the file is gone")

    with pytest.raises(BulkInterruptedError, match="the file is gone") as caught:
        distribute(client, calls(), connect(server.url), "broken")
    assert (30, 30) == (caught.value.report.taken, caught.value.report.succeeded)


def test_the_workers_stop_when_the_sending_is_interrupted(client: Client) -> None:
    """Ctrl-C ends the blocks under way.

    Their calls have an unknown outcome, and the calls that no worker has got are unsent.
    """
    with EffectServer(latency=0.02) as server:

        def interrupt() -> None:
            while server.counts.requests < 20:
                time.sleep(0.002)
            os.kill(os.getpid(), signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            distribute(client, prepared(4000, 400), connect(server.url), "stopped", block=200, concurrency=2)
        interrupting.join()
        time.sleep(0.1)
        requests = server.counts.requests
        time.sleep(0.3)
        assert requests == server.counts.requests < 1000
    report = caught.value.__dict__["report"]
    assert report.unknown
    assert (0, report.taken) == (report.pending, report.succeeded + report.unknown + report.unsent)


def no_client() -> Any:
    raise OSError("no credentials here")


def test_the_sending_ends_when_no_worker_can_make_a_client(client: Client) -> None:
    """The error that keeps the workers from making a client is the cause of the job's error.

    The report accounts for every call.
    """
    with pytest.raises(BulkInterruptedError, match="no credentials here") as caught:
        distribute(client, prepared(30, 10), no_client, "none", block=5)
    report = caught.value.report
    assert (0, 0, report.taken) == (report.pending, report.succeeded, report.unknown + report.unsent)


@pytest.mark.parametrize(
    "options",
    [
        {"block": 0}, {"parallel": True}, {"partitions": -1}, {"max_failures": 0}, {"concurrency": 0}, {"rate": -1},
        {"patience": 10**400}, {"block": 10**30}, {"progress": 3}, {"progress": asyncio.sleep},
    ],
)  # fmt: skip
def test_an_option_is_refused_when_it_makes_no_sense(client: Client, options: dict[str, Any]) -> None:
    """An option that makes no sense raises `InvalidArgumentError`, which names the option."""
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        distribute(client, [], connect("http://127.0.0.1"), "job", **options)
    with pytest.raises(InvalidArgumentError, match="connect must be a function that is not a coroutine function"):
        distribute(client, [], asyncio.sleep, "job")


def test_calls_of_one_profile_stay_in_order_when_they_are_divided() -> None:
    """The calls of a profile are in one partition, and each partition has at most one block under way."""
    partitions = Partitions(4, block=3)
    calls = prepared(40, 8)
    for index, call in enumerate(calls):
        partitions.add(index, call)
    order: list[int] = []
    while partitions.waiting:
        out = list(iter(partitions.take, None))
        assert len(out) == len({partition for partition, _ in out})
        for partition, block in out:
            order += [index for index, _ in block]
            partitions.done(partition)
    for profile in range(8):
        assert list(range(profile, 40, 8)) == [index for index in order if index % 8 == profile]


def test_a_partition_is_the_same_when_another_process_computes_it() -> None:
    """The partition of a call is the same in every process, which `hash` would not guarantee."""
    call = prepared(1, 1)[0]
    assert {partition_of(call, index, 7) for index in range(20)} == {1}
