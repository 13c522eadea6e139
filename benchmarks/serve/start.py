"""Starts the server and ends it: nginx where it is installed and does what it should, else our own."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from benchmarks.measure.processes import ended, line_of, started
from benchmarks.payloads import ANSWERS, REQUESTS
from benchmarks.plan import READY_WITHIN
from benchmarks.serve.routes import NGINX

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Server:
    """Where the server is."""

    kind: str
    plain: int
    secure: int
    ca: str

    def url(self, *, tls: bool) -> str:
        """Return the base URL, with or without TLS."""
        return f"https://127.0.0.1:{self.secure}" if tls else f"http://127.0.0.1:{self.plain}"


def processors() -> tuple[int | None, int | None]:
    """Return one processor for the server and another for the clients, or nothing where that cannot be had."""
    if not hasattr(os, "sched_getaffinity") or len(own := sorted(os.sched_getaffinity(0))) < 2:  # noqa: PLR2004
        return None, None
    return own[-1], own[0]


@contextlib.contextmanager
def server(cpu: int | None) -> Iterator[Server]:
    """Run a server on one processor while the block runs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "own.pem")
        with contextlib.ExitStack() as stack:
            yield stack.enter_context(_nginx(folder, cpu)) or stack.enter_context(_canned(folder, cpu))


@contextlib.contextmanager
def _canned(folder: Path, cpu: int | None) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.serve.canned", str(folder / "own.pem")]
    process = started(command if cpu is None else [*command, str(cpu)])
    try:
        ports = line_of(process, READY_WITHIN)["ports"]
        yield Server("our own server", *ports, ca=str(folder / "ca.pem"))
    finally:
        ended(process)


@contextlib.contextmanager
def _nginx(folder: Path, cpu: int | None) -> Iterator[Server | None]:
    """Run nginx; give None if there is none, or if its answers are not the prepared ones."""
    if (nginx := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")) is None:
        yield None
        return
    for answer, body in ANSWERS.items():
        (folder / f"{answer}.json").write_bytes(body)
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        plain, secure = first.getsockname()[1], second.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, plain=plain, secure=secure, certificate=folder / "own.pem"))
    process = subprocess.Popen(  # noqa: S603  # nginx, as found on the path
        [nginx, "-p", folder, "-c", config], stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        works = _answers_as_prepared(plain, process)
        if not works:
            print("nginx does not answer as it should: our own server stands in")
        yield Server("nginx", plain, secure, ca=str(folder / "ca.pem")) if works else None
    finally:
        ended(process)


def _answers_as_prepared(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Tell whether every request gets its answer, on one connection that stays open."""
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(ConnectionRefusedError):
            return all(_answer(connection, *REQUESTS[answer]) == body for answer, body in ANSWERS.items())
        time.sleep(0.05)
    return False


def _answer(connection: http.client.HTTPConnection, method: str, path: str) -> bytes:
    connection.request(method, path.format(n=1), body=b"{}")
    response = connection.getresponse()
    body = response.read()
    return body if response.status in (200, 204) else b"refused"
