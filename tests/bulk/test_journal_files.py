"""Files that are no journal or are damaged, and disks that cannot be written."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.journals import HERE, copy, entries, indices_left, left, opened

from talon_async.bulk import Journal
from talon_async.errors import JournalError


async def filled(path: Path, count: int = 600) -> None:
    journal = await opened(path)
    await journal.accept(entries(journal, range(count)))
    await journal.close()


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(sql)
    connection.close()


async def refused(path: Path, match: str) -> None:
    """Check that the runner and the tools refuse the file with the same words, and leave it as it was."""
    before = path.read_bytes()
    with pytest.raises(JournalError, match=match):
        await opened(path)
    with pytest.raises(JournalError, match=match):
        Journal(path).count()
    with pytest.raises(JournalError, match=match):
        Journal(path).erase("profile:jane")
    assert before == path.read_bytes()


@pytest.mark.parametrize("content", [b"profile,price\njane,3\n" * 100, os.urandom(100_000), b"x"])
async def test_a_file_is_refused_when_it_is_of_another_kind(path: Path, content: bytes) -> None:
    """A source that is given as a journal by mistake is not changed."""
    path.write_bytes(content)
    await refused(path, f"{path}: this file is not a journal")


async def test_a_database_is_refused_when_it_is_of_another_program(path: Path) -> None:
    """A database of another program is refused, and even its journal mode stays as it was."""
    change(path, "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    await refused(path, "this is not a journal, but the database of another program")


@pytest.mark.parametrize(
    ("version", "match"),
    [
        (2, "has format 2, made by a newer release of talon_async: update"),
        (0, "has format 0, made by an older release"),
    ],
)
async def test_a_journal_is_refused_when_it_has_another_format(path: Path, version: int, match: str) -> None:
    """The message says whether the journal's format is older or newer."""
    await filled(path)
    change(path, f"PRAGMA user_version={version}")
    change(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    await refused(path, match)


async def test_an_empty_file_becomes_a_journal_when_it_is_opened(path: Path) -> None:
    """An empty file, as a process leaves it that is killed while it makes the journal, becomes a journal.

    The tools say that it is empty.
    """
    path.touch()
    with pytest.raises(JournalError, match="no run has used it yet"):
        Journal(path).count()
    await filled(path)
    assert 600 == Journal(path).count().unsettled


def test_tools_refuse_when_there_is_no_file(path: Path) -> None:
    """The tools make no journal out of a mistyped name."""
    with pytest.raises(JournalError, match="there is no such journal"):
        Journal(path).count()
    with pytest.raises(JournalError, match="there is no such journal"):
        Journal(path).erase("profile:jane")
    with pytest.raises(JournalError, match="there is no such journal"):
        Journal(path).requeue()
    assert [] == list(path.parent.iterdir())


async def test_what_is_read_is_right_or_refused_when_the_file_is_cut_off(path: Path) -> None:
    """A file that was cut off at a random place gives each call as it was accepted, or raises an error."""
    await filled(path)
    whole, chance, refusals = path.read_bytes(), random.Random(1), 0
    journal = await opened(path)
    expected = {entry.index: entry.record for entry in await left(journal)}
    await journal.close()
    for _ in range(40):
        path.write_bytes(whole[: chance.randrange(1, len(whole))])
        refusals += await damaged(path, expected)
    assert 40 == refusals  # none was taken for a whole one


async def damaged(path: Path, expected: dict[int, bytes]) -> bool:
    """Read a damaged file; tell whether it was refused, either at once or after some calls."""
    journal = Journal(path)
    try:
        await journal.open(destination=HERE, trust_keys=True)
        try:
            async for entry in journal.unsettled():
                assert expected[entry.index] == entry.record
        finally:
            await journal.close()
    except JournalError as error:
        message = error.message
    else:
        return False
    assert "damaged" in message or "no journal" in message
    return True


async def test_what_is_read_is_right_or_refused_when_bytes_are_changed(path: Path) -> None:
    """A checksum covers each record, so a changed byte never reaches the server."""
    await filled(path)
    whole, chance, refusals = path.read_bytes(), random.Random(2), 0
    journal = await opened(path)
    expected = {entry.index: entry.record for entry in await left(journal)}
    await journal.close()
    for _ in range(60):
        place = chance.randrange(4096, len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
        refusals += await damaged(path, expected)
    assert refusals > 30


async def test_a_journal_is_as_after_some_commit_when_its_wal_is_torn(path: Path, tmp_path: Path) -> None:
    """A journal whose WAL is torn holds whole transactions only, from the first one to some later one."""
    journal = await opened(path)
    states: list[list[int]] = [[]]
    for start in range(0, 300, 10):
        await journal.accept(entries(journal, range(start, start + 10)))
        for index in range(max(start - 10, 0), start - 5):
            await journal.settle(index)
        await journal.unmark([])  # a transaction of its own
        states += [[call.index for call in journal.list()]]
    between = [sorted({*old, *new}) for old, new in itertools.pairwise(states)]
    chance = random.Random(3)
    wal = Path(f"{path}-wal")
    whole = copy(path, tmp_path / "whole")
    assert states[-1] == [call.index for call in journal.list()]
    await journal.close()
    assert not wal.exists()
    size, seen = Path(f"{whole}-wal").stat().st_size, set[int]()
    for cut in range(30):
        folder = tmp_path / f"cut{cut}"
        torn = copy(whole, folder)
        os.truncate(f"{torn}-wal", chance.randrange(size))
        indices = await indices_left(torn)
        assert indices in states or indices in between
        seen.add(len(indices))
    assert len(seen) > 3


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk for the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1500k", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("a small disk cannot be mounted here; RLIMIT_FSIZE is tried in any case")
    yield folder
    subprocess.run([shutil.which("umount") or "umount", "-l", folder], check=True)


@pytest.mark.parametrize("size", [1200, 1500, 2000, 3000, 5000])
async def test_every_settlement_is_written_when_the_disk_is_full(disk: Path, size: int) -> None:
    """A full disk ends the run with a clear error.

    Every settlement is written into the space of the reserve, and every call that was accepted is stored.
    """
    subprocess.run([shutil.which("mount") or "mount", "-o", f"remount,size={size}k", disk], check=True)
    path, chance = disk / "events.journal", random.Random(size)
    journal = await opened(path)
    open_calls: set[int] = set()
    with pytest.raises(JournalError, match="the disk is full: free some space"):
        while True:
            group = entries(journal, range(journal.recorded, journal.recorded + chance.randint(1, 256)))
            await journal.accept(group)
            open_calls |= {entry.index for entry in group}
            for index in chance.sample(sorted(open_calls), min(len(open_calls), 100)):
                await journal.settle(index)
                open_calls.discard(index)
    assert journal.problem is not None
    with pytest.raises(JournalError, match="disk is full"):
        await journal.accept(entries(journal, [journal.recorded]))
    with pytest.raises(JournalError, match="disk is full"):
        await journal.mark_leaving([0])
    for index in chance.sample(sorted(open_calls), 79):
        await journal.settle(index, '{"outcome": "rejected"}' if index % 2 else None)
        open_calls.discard(index)
    for _ in range(30):  # each a transaction of its own
        for index in chance.sample(sorted(open_calls), 2):
            await journal.settle(index)
            open_calls.discard(index)
        with pytest.raises(JournalError, match="the disk is full"):
            await journal.unmark([])
    with pytest.raises(JournalError, match="the disk is full") as caught:
        await journal.close()
    assert "could not be written" not in caught.value.message
    assert open_calls == {call.index for call in Journal(path).list("unsettled")}
    subprocess.run([shutil.which("mount") or "mount", "-o", "remount,size=20000k", disk], check=True)
    assert sorted(open_calls) == await indices_left(path)


async def test_a_run_does_not_start_when_the_disk_is_full_from_the_beginning(disk: Path) -> None:
    """A run does not start if there is no room for the reserve, and the journal can still be read."""
    path = disk / "events.journal"
    await filled(path, 200)
    path.with_name("events.journal.reserve").unlink()
    with pytest.raises(OSError, match="No space left"), (disk / "other").open("wb", buffering=0) as other:
        while True:
            other.write(bytes(4096))
    with pytest.raises(JournalError, match=r"No space left|disk is full"):
        await opened(path)
    assert 200 == len(list(Journal(path).list()))


async def test_the_journal_can_be_read_when_its_disk_is_read_only(disk: Path) -> None:
    """A run on a read-only disk is refused with the reason, and the journal can still be read."""
    path = disk / "events.journal"
    await filled(path, 200)
    subprocess.run([shutil.which("mount") or "mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(JournalError, match="Read-only file system"):
        await opened(path)
    assert 200 == Journal(path).count().unsettled
    assert 200 == len(list(Journal(path).list()))


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users of this kind here")
@pytest.mark.parametrize("what", ["file", "folder"])
async def test_a_run_is_refused_when_the_file_or_its_folder_is_read_only(what: str) -> None:
    """A run is refused when its journal may not be written.

    The error names the permission, and the journal can still be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, user = Path(folder) / "events.journal", os.geteuid()
        if user == 0:  # who may write everything
            Path(folder).chmod(0o777)
            os.seteuid(65534)
        try:
            await filled(path)
            path.chmod(0o400 if what == "file" else 0o600)
            if what == "folder":
                os.seteuid(user)
                Path(folder).chmod(0o555)
                os.seteuid(65534 if user == 0 else user)
            with pytest.raises(JournalError, match="read-only|cannot be opened"):
                await opened(path)
            assert 600 == Journal(path).count().unsettled
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o700)
