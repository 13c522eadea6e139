"""What stands in a journal's place or beside it is not harmed when it belongs to another program."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from support.journals import entries, indices_left, opened
from support.raw import RawServer, answer

from talon_async import TalonOne
from talon_async.bulk import Journal
from talon_async.errors import JournalError
from talon_async.models import IntegrationEventV2Request

ENDS = (".lock", ".reserve", "-wal", "-shm", "-journal")
EVENT = IntegrationEventV2Request(profile_id="p", type="paid", attributes={})


def is_there(path: Path) -> bool:
    return "\0" in str(path) or path.exists()


def names(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()}


async def refused(path: Path, match: str) -> None:
    """Check that a run is refused before anything is sent, and so is what changes the journal."""
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, "key") as talon:
            with pytest.raises(JournalError, match=match):
                await talon.track_events([EVENT], journal=path)
        assert not server.received
    with pytest.raises(JournalError, match=match if is_there(path) else "there is no such journal"):
        Journal(path).erase("profile:p")


@pytest.mark.parametrize("content", [b"my notes\n" * 10, b"pid", b"\x01" * 256 * 1024])
@pytest.mark.parametrize("end", ENDS)
async def test_a_file_beside_a_journal_is_not_touched_when_it_is_not_the_journals(
    path: Path, end: str, content: bytes
) -> None:
    """A file beside a journal that belongs to another program is left as it is.

    The error names the file, and no other file is made.
    """
    beside = Path(f"{path}{end}")
    beside.write_bytes(content)
    await refused(path, f"^{beside}: this file does not belong to the journal events.journal")
    assert (content, {beside.name}) == (beside.read_bytes(), names(path.parent))


@pytest.mark.parametrize("end", ENDS)
async def test_a_folder_beside_a_journal_is_named_when_the_journal_needs_its_name(path: Path, end: str) -> None:
    """The error names a folder that has a name which the journal needs, and does not report a failure of the disk."""
    beside = Path(f"{path}{end}")
    beside.mkdir()
    await refused(path, f"^{beside}: this file does not belong to")


@pytest.mark.parametrize("end", [".lock", ".reserve", "-wal"])
async def test_a_journal_is_left_alone_when_a_file_beside_it_was_replaced(path: Path, end: str) -> None:
    """A journal whose lock, reserve or WAL was replaced is refused.

    Its calls are there once the foreign file is removed.
    """
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    await journal.close()
    beside = Path(f"{path}{end}")
    beside.write_bytes(b"my notes\n")
    await refused(path, f"^{beside}: ")
    beside.unlink()
    assert [0, 1, 2] == await indices_left(path)


async def test_files_beside_a_journal_are_its_own_when_it_was_killed(path: Path) -> None:
    """A copy of an open journal, with all files beside it, can be opened like any journal."""
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    folder = path.parent / "killed"
    folder.mkdir()
    copies = [
        shutil.which("cp") or "cp",
        *(f"{path}{end}" for end in ("", ".lock", ".reserve", "-wal", "-shm")),
        folder,
    ]
    subprocess.run(copies, check=True)  # in another process: SQLite's files are open here
    assert {".lock", ".reserve", "-wal", "-shm", ""} == {name.name.removeprefix(path.name) for name in folder.iterdir()}
    assert [0, 1, 2] == await indices_left(folder / path.name)
    await journal.close()


@pytest.mark.parametrize(
    ("place", "said"), [("", "is a folder"), ("pipe", "is not an ordinary file"), ("a\0b", "not a valid path")]
)
async def test_the_error_says_what_a_path_is_when_it_is_no_file(tmp_path: Path, place: str, said: str) -> None:
    """The error says that the path is a folder, a device or a pipe, and no file is left beside it."""
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / place
    await refused(path, f"{said}.* not a journal")
    with pytest.raises(JournalError, match=said):
        Journal(path).count()
    assert ({"pipe"}, False) == (names(tmp_path), Path(f"{tmp_path}.lock").exists())


async def test_the_folder_is_named_when_there_is_none(tmp_path: Path) -> None:
    """A journal in a folder that does not exist is refused. The error names the folder, and the folder is not made."""
    with pytest.raises(JournalError, match=f"there is no folder {tmp_path / 'no'}$"):
        await opened(tmp_path / "no" / "x.journal")


@pytest.mark.parametrize("kind", ["text", "database"])
async def test_nothing_is_left_when_a_file_is_of_another_program(path: Path, kind: str) -> None:
    """A file of another program is not changed, and no lock is left beside it."""
    if kind == "text":
        path.write_bytes(b"profile,price\n" * 100)
    else:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        connection.close()
    before = path.read_bytes()
    await refused(path, f"^{path}: this (file )?is not a journal")
    assert (before, {path.name}) == (path.read_bytes(), names(path.parent))


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9", b"a#b?c=d&mode=ro", b"100%41 \n\t'\"", b"-wal", b"file:x", "\u00fc\U0001f600".encode(), b"a;b|c"],
)
async def test_a_journal_is_kept_when_its_name_is_odd(tmp_path: Path, name: bytes) -> None:
    """A journal's file has exactly the bytes of its name, also in a folder with such a name."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    folder.mkdir()
    path = Path("/" + os.fsdecode(os.fsencode(folder) + b"/" + name))  # with two slashes in front
    journal = await opened(path)
    await journal.accept(entries(journal, range(3)))
    assert 3 == Journal(path).count().unsettled
    await journal.close()
    assert [0, 1, 2] == await indices_left(path)
    assert {path.name, f"{path.name}.lock", f"{path.name}.reserve"} == names(folder)
