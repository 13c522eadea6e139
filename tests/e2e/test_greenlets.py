"""Blocking calls under gevent and eventlet, which put greenlets in the place of threads; also in servers that use them."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.processes import ROOT, run
from support.raw import Exchange, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.slow


def needs(*packages: str) -> pytest.MarkDecorator:
    lacking = [package for package in packages if importlib.util.find_spec(package) is None]
    return pytest.mark.skipif(bool(lacking), reason=f"{' and '.join(lacking)} not installed")


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
TRANSPORTS = pytest.mark.parametrize("transport", ["session", "direct"])

GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent
spawn, sleep, Timeout = gevent.spawn, gevent.sleep, gevent.Timeout
def ended(greenlet): return greenlet.get()
"""
EVENTLET = """
import eventlet
eventlet.monkey_patch()
spawn, sleep, Timeout = eventlet.spawn, eventlet.sleep, eventlet.Timeout
def ended(greenlet): return greenlet.wait()
"""
HEAD = """
import os, sys, time
from talon_async import RetryPolicy, TalonOneSync
from talon_async.models import IntegrationEventV2Request
def new(transport="session"): return TalonOneSync(sys.argv[1], "key", transport=transport, retry=RetryPolicy.off())
def name(what="a"): return talon.get_customer_inventory(what).profile.integration_id
def event(n): return IntegrationEventV2Request(type="t", profile_id=f"p{n}", attributes={})
"""
LIBRARIES = pytest.mark.parametrize(
    "library",
    [
        pytest.param(GEVENT, marks=needs("gevent"), id="gevent"),
        pytest.param(EVENTLET, marks=needs("eventlet"), id="eventlet"),
    ],
)


async def serve(exchange: Exchange) -> None:
    """Answer; what is slow after 0.3 s."""
    if "slow" in exchange.line:
        await asyncio.sleep(0.3)
    await exchange.send(answer({"profile": {"integrationId": "jane"}}))


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(serve) as running:
        yield running


def lines(library: str, script: str, server: RawServer) -> list[str]:
    """Run a script under a library; return what it prints."""
    code = library + HEAD + textwrap.dedent(script)
    return run(code, server.url, "-W", "ignore", has_head=False).splitlines()


@LIBRARIES
@TRANSPORTS
def test_other_greenlets_go_on_when_one_waits_for_an_answer(library: str, transport: str, server: RawServer) -> None:
    """Twenty slow calls at once; meanwhile another greenlet runs."""
    script = f"""
        talon = new({transport!r})
        name()
        ticks = []
        def tick():
            while True: sleep(0.01); ticks.append(1)
        spawn(tick)
        began = time.monotonic()
        names = [ended(greenlet) for greenlet in [spawn(name, "slow") for _ in range(20)]]
        print(set(names), len(names), time.monotonic() - began < 3, len(ticks) > 3)
        talon.close()
    """
    assert ["{'jane'} 20 True True"] == lines(library, script, server)


@needs("gevent")
@TRANSPORTS
def test_calls_work_when_gevent_has_left_threads_alone(transport: str, server: RawServer) -> None:
    """It has still replaced other modules, such as `queue`."""
    script = f"""
        import threading
        talon, names = new({transport!r}), []
        def work(): names.extend(name() for _ in range(5))
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        work()
        for thread in threads: thread.join()
        print(set(names), len(names))
        talon.close()
    """
    partly = GEVENT.replace("patch_all()", "patch_all(thread=False)")
    assert ["{'jane'} 20"] == lines(partly, script, server)


@LIBRARIES
def test_runs_and_queues_work_when_they_are_used_by_greenlets(library: str, server: RawServer, tmp_path: Path) -> None:
    """With journals, a source that waits, and many greenlets that put."""
    script = f"""
        talon = new()
        def slowly():
            for n in range(5): sleep(0.02); yield event(n)
        print(talon.track_events(map(event, range(50)), journal="{tmp_path}/journal").succeeded)
        print(talon.track_events(slowly()).succeeded, len(list(talon.stream_events(slowly()))))
        with talon.queue(journal="{tmp_path}/queue") as queue:
            for greenlet in [spawn(queue.put, event(n)) for n in range(30)]: ended(greenlet)
        print(queue.statistics.delivered)
    """
    assert ["50", "5 5", "30"] == lines(library, script, server)


@LIBRARIES
def test_the_call_is_cancelled_when_its_greenlet_is_killed_or_out_of_time(library: str, server: RawServer) -> None:
    """At once; the next call works."""
    script = """
        talon = new()
        name()
        began = time.monotonic()
        greenlet = spawn(name, "slow")
        sleep(0.1)
        greenlet.kill()
        try:
            with Timeout(0.1): name("slow")
        except Timeout: print("out of time")
        async def is_in_use(): return talon._client._core.state().is_in_use()
        print(talon._portal.run(is_in_use), time.monotonic() - began < 0.45, name())
    """
    assert ["out of time", "False True jane"] == lines(library, script, server)


@needs_fork
@LIBRARIES
@TRANSPORTS
def test_a_child_can_call_when_it_is_patched_after_the_fork(library: str, transport: str, server: RawServer) -> None:
    """As `gunicorn --preload` does it: the parent has called, and its children use greenlets."""
    script = f"""
        talon = new({transport!r})
        name()
        def child():
            exec({library!r}, globals())
            return [ended(greenlet) for greenlet in [spawn(name, "slow") for _ in range(5)]] == ["jane"] * 5
        codes = []
        for _ in range(2):
            pid = os.fork()
            if not pid:
                try: os._exit(0 if child() else 1)
                finally: os._exit(2)
            codes.append(os.waitpid(pid, 0)[1])
        print(codes, name())
    """
    assert ["[0, 0] jane"] == lines("", script, server)


@LIBRARIES
@TRANSPORTS
def test_calls_work_over_tls_when_greenlets_make_them(library: str, transport: str, tmp_path: Path) -> None:
    """With a name that is looked up, too."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    import ssl

    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(shown)
    script = f"""
        import ssl
        trusting = ssl.create_default_context(cafile="{tmp_path}/ca.pem")
        talon = TalonOneSync(sys.argv[1], "key", transport={transport!r}, ssl=trusting)
        print([ended(greenlet) for greenlet in [spawn(name, "slow") for _ in range(3)]])
    """
    with RawServer(serve, tls=shown) as server:
        assert ["['jane', 'jane', 'jane']"] == lines(library, script, server)


# -- servers


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def fetched(url: str, seconds: float = 30) -> str:
    """Ask a web server that may yet have to start."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310  # of this test
                return str(response.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


APPLICATION = """
import os
from talon_async import TalonOneSync
talon = TalonOneSync(os.environ["TALON"], "key")
talon.get_customer_inventory("while it is imported")
def app(environ, start):
    start("200 OK", [])
    return [talon.get_customer_inventory("slow").profile.integration_id.encode()]
"""


@needs("gunicorn", "gevent")
@pytest.mark.parametrize(
    "options", [["-k", "gevent"], ["-k", "gthread", "--threads", "8"], ["-k", "sync"]], ids=lambda options: options[1]
)
def test_requests_are_served_when_gunicorn_loads_the_application_before_it_forks(
    options: list[str], server: RawServer, tmp_path: Path
) -> None:
    """Each kind of worker has its own connections and loop, and ends when it is asked to."""
    (tmp_path / "application.py").write_text(APPLICATION)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--preload",
        "-w",
        "2",
        *options,
        "-b",
        f"127.0.0.1:{port}",
        "application:app",
    ]
    environment = {**os.environ, "TALON": server.url, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        fetched(f"http://127.0.0.1:{port}/")
        with ThreadPoolExecutor(8) as threads:
            bodies = list(threads.map(lambda _: fetched(f"http://127.0.0.1:{port}/"), range(8)))
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=40)
    assert (["jane"] * 8, 0) == (bodies, process.returncode), said


TASKS = """
import os, pathlib
from celery import Celery
from talon_async import TalonOneSync
folder = pathlib.Path(os.environ["FOLDER"])
talon = TalonOneSync(os.environ["TALON"], "key")
app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": str(folder / "mail"), "data_folder_out": str(folder / "mail"), "control_folder": str(folder / "control")}
app.conf.broker_connection_retry_on_startup = True
@app.task
def call(n):
    (folder / f"{n}.done").write_text(talon.get_customer_inventory("slow").profile.integration_id)
"""


@needs("celery", "gevent")
@pytest.mark.parametrize("pool", ["gevent", "prefork"])
def test_tasks_can_call_when_celery_runs_them(pool: str, server: RawServer, tmp_path: Path) -> None:
    """The client is a global of the module of the tasks, in each kind of pool."""
    (tmp_path / "tasks.py").write_text(TASKS)
    for folder in ("mail", "control"):
        (tmp_path / folder).mkdir()
    environment = {**os.environ, "TALON": server.url, "FOLDER": str(tmp_path), "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment, "text": True}
    send = "import tasks\nfor n in range(6): tasks.call.delay(n)"
    subprocess.run([sys.executable, "-c", send], check=True, timeout=60, **options)
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", pool, "-c", "3", "-l", "WARNING"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)
    try:
        until = time.monotonic() + 60
        while len(done := list(tmp_path.glob("*.done"))) < 6 and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert ["jane"] * 6 == [path.read_text() for path in done], said
