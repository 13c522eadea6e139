"""Room on the disk that is kept for the moment when there is none left."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from talon_async.bulk.journal.beside import RESERVED

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 256 * 1024
"""Bytes: enough for a transaction that settles 256 calls, and for moving it from the WAL into the database."""


class Reserve:
    """A file beside the journal that only takes room."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Take the room, unless it is taken already; raise OSError if there is not enough."""
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_size == SIZE:
                return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(
                    RESERVED + os.urandom(SIZE - len(RESERVED))
                )  # zeros would take no room on a disk that compresses
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Free the room."""
        with contextlib.suppress(OSError):
            self.path.unlink()
