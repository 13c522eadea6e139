"""Journals in real processes: killed, refused, forked."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import IO

import pytest
from support.journals import entries, indices_left, opened

from talon_async.bulk import Journal
from talon_async.errors import JournalError

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, os, random, sys
from pathlib import Path
from support.journals import *
PATH = Path(sys.argv[1])
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""
FOREVER = """
async def main():
    chance = random.Random(int(sys.argv[2]))
    journal = await opened(PATH)
    for entry in await left(journal):
        if chance.random() < 0.5:
            await journal.settle(entry.index)
            say("settled", entry.index)
    while True:
        first = journal.recorded
        group = entries(journal, range(first, first + chance.randint(1, 300)))
        say("accepting")
        await journal.accept(group)
        say("accepted", first, journal.recorded)
        for entry in group:
            if chance.random() < 0.9:
                await journal.settle(entry.index)
                say("settled", entry.index)
asyncio.run(main())
"""
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def start(script: str, path: Path, *args: object) -> subprocess.Popen[bytes]:
    """Start a script with every warning turned into an error."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-W", "error", "-c", HEAD + textwrap.dedent(script), str(path), *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def run(script: str, path: Path, *args: object) -> str:
    """Run a script, which must succeed without writing to the error stream."""
    process = start(script, path, *args)
    out, err = process.communicate(timeout=60)
    assert (0, b"") == (process.returncode, err), err.decode()
    return out.decode().strip()


def output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


@pytest.mark.slow
async def test_nothing_is_lost_or_comes_back_when_the_process_is_killed(path: Path) -> None:
    """After each of 20 kills at random moments, the journal holds the accepted calls.

    Calls whose settlement was committed are gone.
    """
    chance = random.Random(20)
    expected: set[int] = set()  # accepted and not settled, as far as the process could tell
    for kill in range(20):
        doubtful: set[int] = set()  # settled, but not surely written
        with start(FOREVER, path, kill) as process:
            lines = [output(process).readline() for _ in range(chance.randint(1, 2000))]
            process.kill()
            lines += output(process).readlines()
        before: set[int] = set()  # settled before the group that is being accepted
        for word, *numbers in (line.decode().split() for line in lines if line.endswith(b"\n")):
            if word == "settled":
                doubtful.add(int(numbers[0]))
            elif word == "accepting":
                before = set(doubtful)
            else:
                expected |= set(range(int(numbers[0]), int(numbers[1])))
                expected -= before
                doubtful -= before
        indices = set(await indices_left(path))
        journal = await opened(path)
        in_doubt = set(range(max(expected | doubtful | {-1}) + 1, journal.recorded))  # being accepted at the end
        await journal.close()
        assert expected - doubtful <= indices
        assert indices <= expected | in_doubt
        assert len(in_doubt) <= 300
        expected = indices


def test_a_second_process_is_refused_when_the_journal_is_in_use(path: Path) -> None:
    """The error of a second process names the process ID of the first one. Afterwards the journal is free."""
    with start(FOREVER, path, 1) as process:
        assert any(b"accepted" in line for line in output(process))
        refused = run(
            """
            try: asyncio.run(opened(PATH))
            except JournalError as error: print(error)
            """.replace("try:", "from talon_async.errors import JournalError\n            try:", 1),
            path,
        )
        assert f"{path}: the journal is in use by process {process.pid}" == refused
        with pytest.raises(JournalError, match=f"in use by process {process.pid}"):
            Journal(path).erase("profile:jane")
        with pytest.raises(JournalError, match=f"in use by process {process.pid}"):
            Journal(path).requeue()
        assert Journal(path).count().recorded > 0  # reading needs no lock
        assert next(Journal(path).list()).index >= 0
        process.kill()
    run("asyncio.run(indices_left(PATH))", path)


async def test_a_second_journal_is_refused_when_it_is_in_the_same_process(path: Path) -> None:
    """A second journal object in the same process is refused, because the lock belongs to one object."""
    journal = await opened(path)
    with pytest.raises(JournalError, match=f"in use by this process \\({os.getpid()}\\)"):
        await opened(path)
    await journal.accept(entries(journal, range(3)))
    await journal.close()
    assert [0, 1, 2] == await indices_left(path)


@needs_fork
def test_a_child_leaves_the_journal_alone_when_it_is_forked(path: Path) -> None:
    """A forked child that uses its parent's journal gets an error, and can open one of its own.

    The child ends without output, and the parent goes on.
    """
    script = """
    from talon_async.errors import JournalError
    async def child(journal):
        for use in (lambda: journal.accept([]), lambda: journal.settle(0), lambda: left(journal), lambda: opened(PATH)):
            try: await use()
            except JournalError as error: say(str(error).replace(str(PATH), ""))
        own = await opened(PATH.with_name("own.journal"))
        await own.accept(entries(own, range(5)))
        await own.close()
        await journal.close()
    async def parent():
        journal = await opened(PATH)
        await journal.accept(entries(journal, range(600)))
        writing = [asyncio.ensure_future(journal.accept(entries(journal, [600 + n]))) for n in range(50)]
        await asyncio.sleep(0)
        pid = os.fork()
        if not pid:
            return journal, True
        say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        await asyncio.gather(*writing)
        for n in range(600): await journal.settle(n)
        await journal.close()
        return journal, False
    loop = asyncio.new_event_loop()
    journal, is_child = loop.run_until_complete(parent())
    if is_child:
        asyncio.run(child(journal))
        os._exit(0)
    loop.close()
    say(len(asyncio.run(indices_left(PATH))), len(asyncio.run(indices_left(PATH.with_name("own.journal")))))
    """
    refused = ": the journal is open in the parent process: make a Journal here"
    in_use = ": the journal is in use by process "
    *said, status, counts = run(script, path).splitlines()
    assert [refused] * 3 == said[:3]
    assert said[3].startswith(in_use)
    assert ("0", "50 5") == (status, counts)


@needs_fork
def test_a_journal_is_free_when_its_process_ends_before_a_forked_child(path: Path) -> None:
    """Another process can open the journal of a process that has ended while its forked child lives on.

    The child has closed the lock's descriptor, and is refused itself.
    """
    script = """
    from talon_async.errors import JournalError
    loop = asyncio.new_event_loop()
    journal = loop.run_until_complete(opened(PATH))
    loop.run_until_complete(journal.accept(entries(journal, range(7))))
    if os.fork():
        os._exit(0)
    os.read(0, 1)
    loop.close()
    try: asyncio.run(opened(PATH))
    except JournalError as error: say(error)
    try: journal.count()
    except JournalError as error: say(error)
    sys.exit(0)  # the ordinary way out, with the finalisers
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-W", "error", "-c", HEAD + textwrap.dedent(script), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert 0 == process.wait(60)  # the parent's; the child lives on
        run(
            """
            async def main():
                journal = await opened(PATH)
                await journal.accept(entries(journal, [7]))
                await journal.settle(0)
                await journal.close()
            asyncio.run(main())
            """,
            path,
        )
        out, _ = process.communicate(b"x", timeout=60)
    refused = f"{path}: the journal was open in the parent when this process was forked: use it in a fresh process"
    assert [refused] * 2 == out.decode().splitlines()
    assert [1, 2, 3, 4, 5, 6, 7] == [call.index for call in Journal(path).list()]


def test_the_interpreter_ends_when_a_journal_was_not_closed(path: Path) -> None:
    """The journal's thread does not hold up the exit, and the calls are in the file."""
    script = """
    import warnings
    warnings.simplefilter("ignore", ResourceWarning)
    loop = asyncio.new_event_loop()
    journal = loop.run_until_complete(opened(PATH))
    loop.run_until_complete(journal.accept(entries(journal, range(7))))
    loop.close()
    """
    run(script, path)
    assert 7 == Journal(path).count().unsettled


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes there")
@pytest.mark.parametrize("size", [600_000, 1_500_000, 5_000_000])
def test_every_settlement_is_written_when_files_may_not_grow(path: Path, size: int) -> None:
    """A limit on the size of files, such as `ulimit -f` or a quota, ends a run as a full disk does.

    Every settlement is written.
    """
    script = """
    import resource
    from talon_async.errors import JournalError
    async def main():
        journal = await opened(PATH)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
        chance, still = random.Random(1), set()
        while True:
            group = entries(journal, range(journal.recorded, journal.recorded + 256))
            try: await journal.accept(group)
            except JournalError as error: break
            still |= {entry.index for entry in group}
            for index in chance.sample(sorted(still), 100):
                await journal.settle(index, None if index % 5 else '{"outcome": "rejected"}')
                still.discard(index)
        for index in chance.sample(sorted(still), 79):
            await journal.settle(index)
            still.discard(index)
        try: await journal.close()
        except JournalError as error: say(error.message)
        say(*sorted(still))
    asyncio.run(main())
    """
    message, still = run(script, path, size).splitlines()
    assert message.startswith(f"{path}: the disk failed, or has no room left for this file")
    expected = [int(index) for index in still.split()]
    assert len(expected) > 100
    assert expected == [call.index for call in Journal(path).list("unsettled")]
    assert all(call.index % 5 == 0 for call in Journal(path).list("failed"))
