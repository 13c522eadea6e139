"""Keeps commands running when standard output or error is closed, full, or a pipe that is no longer read.

Output that cannot be written is lost. The exit code of the command does not change.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator


class Forgiving:
    """A text file that discards text that cannot be written."""

    def __init__(self, file: Any) -> None:
        self._file, self._is_lost = file, False

    def write(self, text: str) -> int:
        """Write text; characters that the encoding lacks are written as escapes."""
        try:
            self._file.write("" if self._is_lost else text)
        except UnicodeEncodeError:
            encoding = self._file.encoding
            return self.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError:
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Write what is in the buffer."""
        try:
            self._file.flush()
        except OSError:
            self._lose()

    def _lose(self) -> None:
        self._is_lost = True
        discard(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def discard(file: Any) -> None:
    """Redirect a file to the null device, or the interpreter would report its unwritten buffer at exit."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def forgiving(name: str) -> Generator[None]:
    """Make `stdout` or `stderr` discard text that cannot be written."""
    before: Any = getattr(sys, name)
    file = Forgiving(before)
    setattr(sys, name, file)
    try:
        yield
    finally:
        file.flush()
        setattr(sys, name, before)


def replace_missing() -> None:
    """Open standard files that are missing, so that no other file gets the numbers 0 to 2."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8", closefd=False))
