"""Sends many events from a CSV file by `talon-async send`, killed twice with -9 and stopped once by Ctrl-C in between.

A server of its own process counts what came: every row must be recorded once, those of a profile in their order.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
STOPPED = 3
OPTIONS = ["--set", "type=purchase", "--map", "profile_id=customer", "--attribute", "n:int"]
INTERRUPTIONS = [(0.2, signal.SIGKILL), (0.45, signal.SIGINT), (0.7, signal.SIGKILL)]
"""Which part of the events has come when the command is interrupted, and how."""


class Server:
    """The counting server, in a process of its own."""

    def __init__(self, delay: float) -> None:
        command = [sys.executable, "-m", "tools.counting_server", "--delay", str(delay)]
        self._process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = f"http://127.0.0.1:{self._line()}"

    def _line(self) -> str:
        return self._process.stdout.readline().strip() if self._process.stdout is not None else ""

    def counts(self) -> dict[str, int]:
        """Ask the server what it has counted so far."""
        if self._process.stdin is not None:
            print(file=self._process.stdin, flush=True)
        counts: dict[str, int] = json.loads(self._line())
        return counts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate("")


def write(path: Path, events: int, profiles: int) -> None:
    """Write the file, with the events of each profile spread over it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "n", "price"])
        writer.writerows([f"customer-{n * 7919 % profiles}", n, n % 10_000 / 100] for n in range(events))


class Trial:
    """The command on one file, again and again.

    Attributes:
        memory: the most that a run has had, in MiB.
    """

    def __init__(self, path: Path, server: Server) -> None:
        self._server = server
        self._command = [sys.executable, "-m", "talon_async", "send", str(path), *OPTIONS]
        self._environment: dict[str, str] = {
            **os.environ,
            "TALON_ONE_BASE_URL": server.url,
            "TALON_ONE_API_KEY": "trial",
            "PYTHONPATH": str(ROOT),
        }
        self.memory = 0.0
        print("$ talon-async", shlex.join(["send", path.name, *OPTIONS]), flush=True)

    def run(self, until: int | None = None, number: signal.Signals | None = None) -> int:
        """Run the command, and send it a signal after a number of events while it has calls under way."""
        process = subprocess.Popen(self._command, env=self._environment, stdout=sys.stdout, stderr=sys.stdout)
        try:
            while until is not None and number is not None and process.poll() is None:
                counts = self._server.counts()
                if counts["distinct"] >= until and counts["under_way"]:
                    process.send_signal(number)
                    break
                time.sleep(0.01)
            _, status, usage = os.wait4(process.pid, 0)
            code = process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            process.kill()
        self.memory = max(self.memory, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024))
        if number is not None:
            print(f"-- {number.name}, exit code {code}; the server: {self._server.counts()}\n", flush=True)
        return code


def main() -> int:
    """Run the trial, and return 0 if every event was recorded once and in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--profiles", type=int, default=10_000)
    parser.add_argument("--delay", type=float, default=0.005, help="seconds until the server answers")
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Server(options.delay) as server:
        path = Path(folder, "events.csv")
        write(path, options.events, options.profiles)
        began, trial = time.monotonic(), Trial(path, server)
        codes = [trial.run(int(part * options.events), number) for part, number in INTERRUPTIONS]
        codes.append(trial.run())
        counts, seconds = server.counts(), time.monotonic() - began
        journal = path.with_name("events.csv.journal").stat().st_size / 2**20
    summary = f"{seconds:.1f} s, journal {journal:.1f} MiB, memory of the command {trial.memory:.1f} MiB at most"
    print(f"-- exit codes {codes}, {summary}")
    print(f"-- the server: {counts}")
    wrong = counts["doubled"] + counts["reordered"] + counts["conflicts"] + options.events - counts["distinct"]
    expected = [-number if number is signal.SIGKILL else STOPPED for _, number in INTERRUPTIONS]
    is_right = not wrong and codes == [*expected, 0]
    print("every row was recorded once, in order for each profile" if is_right else "SOMETHING IS WRONG")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
