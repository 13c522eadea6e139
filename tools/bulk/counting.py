"""The processes of a trial as their parent sees them: the server that counts, and one that sends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Counter:
    """The counting server, in a process of its own."""

    def __init__(self, delay: float = 0.0) -> None:
        self._command = ["-m", "tools.bulk.serving", "--delay", str(delay)]

    def __enter__(self) -> Self:
        self._process = start(self._command, stdin=subprocess.PIPE)
        self.url = f"http://127.0.0.1:{int(self._line())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, do: str, **more: Any) -> Any:
        """Send an order to the server, and return its answer."""
        if self._process.stdin is None:
            raise RuntimeError
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""


class Sender:
    """A process that sends events; see `sending`."""

    def __init__(self, url: str, **options: Any) -> None:
        words = [f"--{name}={value}" for name, value in options.items() if value is not None]
        self._process = start(["-m", "tools.bulk.sending", url, *words])

    def is_running(self) -> bool:
        """Tell whether the process has not ended yet."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the process at once, as `kill -9` does."""
        self._process.kill()
        self._process.communicate()

    def report(self) -> dict[str, Any]:
        """Wait for the end of the process, and return its report."""
        out, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"the sender ended with {self._process.returncode}")
        report: dict[str, Any] = json.loads(out)
        return report


def start(words: list[str], stdin: int | None = None) -> subprocess.Popen[str]:
    """Start Python with these arguments."""
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, text=True)
