"""Start and stop the server: nginx where it is installed and gives the prepared answers, else our own."""

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from benchmarks.measure.processes import ended, line_of, started
from benchmarks.payloads import ANSWERS, HEADERS, MANY_HEADERS, REQUESTS
from benchmarks.plan import READY_WITHIN
from benchmarks.serve.routes import nginx_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITHOUT_BODY = ("Server", "Date", "Connection")
_STANDARD = (*_WITHOUT_BODY, "Content-Type", "Content-Length")


@dataclass(frozen=True)
class Server:
    """Where the server is: a port for each way to ask it."""

    kind: str
    plain: int
    secure: int
    plain_many: int
    secure_many: int
    ca: str = field(kw_only=True)

    def url(self, *, tls: bool, many_headers: bool = False) -> str:
        """Return the base URL, with or without TLS, for answers with the usual headers or with many."""
        if tls:
            return f"https://127.0.0.1:{self.secure_many if many_headers else self.secure}"
        return f"http://127.0.0.1:{self.plain_many if many_headers else self.plain}"


def processors() -> tuple[int | None, int | None]:
    """Return one processor for the server and another for the clients, or None twice on a machine with only one."""
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
    """Run nginx; yield None if it is not installed or gives other answers than the prepared ones."""
    if (nginx := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")) is None:
        yield None
        return
    for answer, body in ANSWERS.items():
        (folder / f"{answer}.json").write_bytes(body)
    config, ports = folder / "nginx.conf", _free_ports(4)
    config.write_text(nginx_config(folder, ports))
    process = subprocess.Popen(  # noqa: S603  # nginx, as found on the path
        [nginx, "-p", folder, "-c", config], stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        works = _answers_as_prepared(ports, process)
        if not works:
            print("nginx does not answer as it should: our own server stands in")
        yield Server("nginx", *ports, ca=str(folder / "ca.pem")) if works else None
    finally:
        ended(process)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _answers_as_prepared(ports: list[int], process: subprocess.Popen[bytes]) -> bool:
    """Tell whether every request gets its answer, on one connection for each number of headers."""
    deadline = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError):
            return _port_answers(ports[0], HEADERS) and _port_answers(ports[2], MANY_HEADERS)
        time.sleep(0.05)
    return False


def _port_answers(port: int, headers: Mapping[str, str]) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        return all(
            _answer(connection, *REQUESTS[answer]) == (body, {*headers, *(_STANDARD if body else _WITHOUT_BODY)})
            for answer, body in ANSWERS.items()
        )


def _answer(connection: http.client.HTTPConnection, method: str, path: str) -> tuple[bytes, set[str]]:
    connection.request(method, path.format(n=1), body=b"{}")
    response = connection.getresponse()
    body = response.read()
    return body if response.status in (200, 204) else b"refused", set(response.headers)
