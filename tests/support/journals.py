"""Calls for journals, and the calls that a journal file has left."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_async._messages import Idempotency
from talon_async.bulk import Journal
from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.journal_base import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.clock import FakeClock

HERE = "https://shop.europe-west1.talon.one with some key"


def fingerprint(item: object) -> bytes:
    return hashlib.blake2b(str(item).encode(), digest_size=16).digest()


def call(index: int, key: str | None, profile: str = "jane", *, keyed: bool = True) -> PreparedCall[Any]:
    return PreparedCall(
        "track_event_v2" if keyed else "track_event",
        "/v2/events",
        b'{"profileId":"%s","type":"purchase","attributes":{"row":%d,"note":"%s"}}' % (profile.encode(), index, b"n" * 150),
        (f"profile:{profile}",),
        Idempotency.KEYED if keyed else Idempotency.NEVER,
        key if keyed else None,
    )  # fmt: skip


def entries(journal: Journal, indices: Iterable[int], profile: str = "jane", *, keyed: bool = True) -> list[Entry]:
    return [
        Entry(index, bytes(call(index, journal.key(index), profile, keyed=keyed)), fingerprint(index), keyed)
        for index in indices
    ]


async def opened(path: Path, *, clock: FakeClock | None = None, trust_keys: bool = True) -> Journal:
    journal = Journal(path, clock=clock)
    await journal.open(destination=HERE, trust_keys=trust_keys)
    return journal


async def left(journal: Journal) -> list[Entry]:
    return [entry async for entry in journal.unsettled()]


async def indices_left(path: Path) -> list[int]:
    journal = await opened(path)
    try:
        return [entry.index for entry in await left(journal)]
    finally:
        await journal.close()


def copy(path: Path, folder: Path) -> Path:
    """Copy a journal file in another process, because this one must not touch the files of an open database."""
    folder.mkdir()
    copied = folder / path.name
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            subprocess.run([shutil.which("cp") or "cp", f"{path}{suffix}", f"{copied}{suffix}"], check=True)
    return copied


async def with_odd_items(path: Path) -> Journal:
    """Leave a call of Jane (0), an unsettled (1) and a failed item (2) without calls, and a failed call of Mary (3)."""
    journal = await opened(path)
    odd = [Entry(index, b"", fingerprint(index), repeatable=False) for index in (1, 2)]
    await journal.accept([*entries(journal, [0]), *odd, *entries(journal, [3], "mary")])
    for index in (2, 3):
        await journal.settle(index, '{"outcome": "rejected", "message": "attributes: nan is no JSON"}')
    await journal.close()
    return Journal(path)
