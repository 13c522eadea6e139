"""A reserve of room on the disk, for the moment when the disk is full."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from talon_async.bulk.journal.beside import RESERVED

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 256 * 1024
"""Bytes: enough to settle 256 calls in one transaction, and to move it from the WAL into the database."""


class Reserve:
    """A file beside the journal whose only purpose is to take up room."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Write the file, unless it exists; raise OSError if there is not enough room."""
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_size == SIZE:
                return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(
                    RESERVED + os.urandom(SIZE - len(RESERVED))
                )  # a file system with compression would store zeros in no room
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Remove the file, which frees its room."""
        with contextlib.suppress(OSError):
            self.path.unlink()
