"""Processes that read commands and write lines of JSON, and end with the controller.

Each has its own session, so that Ctrl-C reaches only the controller, which then ends them one by one. If the controller
dies, their input ends, and they end with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.plan import ENDS_WITHIN

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]


_AUTHORITIES = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"}
"""These variables would replace the authority that the contenders are given."""


class BrokenError(RuntimeError):
    """A process ended or did not answer in time."""


def environment() -> dict[str, str]:
    """Return the environment variables of a measured process.

    Proxies, authorities, debug modes and settings of the client are left out, so that defaults are what is measured.
    """
    kept = {
        name: text for name, text in os.environ.items()
        if not name.startswith(("PYTHON", "TALON_ONE_")) and "proxy" not in name.lower() and name not in _AUTHORITIES
    }  # fmt: skip
    return {**kept, "PYTHONPATH": str(ROOT)}


def started(command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Start a process that reads and writes lines."""
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  # what is run is ours
        command, stdin=pipe, stdout=pipe, bufsize=0, cwd=ROOT, env=environment(), start_new_session=True
    )


def line_of(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Return the next line that a process writes."""
    assert process.stdout is not None  # noqa: S101  # it was started with a pipe
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise BrokenError("it ended" if readable else f"it said nothing for {seconds:.0f} s")
    answer: dict[str, Any] = json.loads(line)
    return answer


def asked(process: subprocess.Popen[bytes], command: str, seconds: float) -> dict[str, Any]:
    """Write one line to a process, and return its answer."""
    assert process.stdin is not None  # noqa: S101  # it was started with a pipe
    try:
        process.stdin.write(command.encode() + b"\n")
    except BrokenPipeError:
        raise BrokenError("it is gone") from None
    return line_of(process, seconds)


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
        else:
            process.terminate()
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
