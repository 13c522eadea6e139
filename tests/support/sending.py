"""`talon-async send` as a process of its own, and files for it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from tools.counting_server import CountingServer

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "talon_async"]
MAPPING = [
    "--set",
    "type=purchase",
    "--map",
    "profile_id=customer",
    "--attribute",
    "n:int",
    "--attribute",
    "price:float",
]


def environment(server: CountingServer | None, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TALON_ONE_")}
    url = {} if server is None else {"TALON_ONE_BASE_URL": server.url, "TALON_ONE_API_KEY": "key"}
    return {**clean, **url, "PYTHONPATH": str(ROOT), **more}


def run(
    server: CountingServer | None, *arguments: Any, given: bytes = b"", command: str = "send", **variables: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, command, *map(str, arguments)], env=environment(server, **variables), input=given,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def start(server: CountingServer, *arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*COMMAND, "send", *map(str, arguments)], env=environment(server), **options)


def wait_for(server: CountingServer, count: int) -> None:
    """Wait until so many events were recorded and some are under way."""
    until = time.monotonic() + 30
    while len(server.counts.recorded) < count or not server.counts.under_way:
        assert time.monotonic() < until, server.counts.summary()
        time.sleep(0.001)


def row(n: int) -> dict[str, Any]:
    return {"customer": f"customer-{n % 7}", "n": n, "price": n / 4}


def event(n: int) -> dict[str, Any]:
    return {"profileId": f"customer-{n % 7}", "type": "purchase", "attributes": {"n": n, "price": n / 4}}


def write_csv(path: Path, count: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["customer", "n", "price"])
        writer.writeheader()
        writer.writerows(map(row, range(count)))
    return path


def ndjson(count: int) -> bytes:
    return b"".join(orjson.dumps(event(n)) + b"\n" for n in range(count))
