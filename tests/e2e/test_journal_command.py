"""`talon-async journal`, on journals that `talon-async send` has left."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from support.journals import with_odd_items
from support.sending import COMMAND, MAPPING, environment, run, write_csv

from tools.counting_server import CountingServer

COUNT = 20


@pytest.fixture
def refused() -> set[int]:
    return {3, 10}


@pytest.fixture
def server(refused: set[int]) -> Iterator[CountingServer]:
    with CountingServer(status=lambda body: 400 if body["attributes"]["n"] in refused else 204) as server:
        yield server


@pytest.fixture
def journal(server: CountingServer, tmp_path: Path) -> Path:
    """Return the journal of a run in which two calls, both of `customer-3`, were refused."""
    assert run(server, write_csv(tmp_path / "events.csv", COUNT), *MAPPING).returncode == 1
    return tmp_path / "events.csv.journal"


def test_calls_are_listed_without_data_when_a_journal_has_some(journal: Path) -> None:
    """The list shows index, state, operation and reason, and nothing of a customer."""
    done = run(None, "list", journal, command="journal")
    first, second, counts = done.stdout.splitlines()
    assert ["3", "failed"] == first.split()[:2]
    assert ["track_event_v2", "rejected", "BadRequestError", "400"] == second.split()[4:]
    assert (0, "20 calls recorded, 0 unsettled, 2 failed") == (done.returncode, counts)
    assert "customer-" not in done.stdout
    done = run(None, "list", journal, "--state", "unsettled", command="journal")
    assert [counts] == done.stdout.splitlines()


def test_exported_calls_can_be_sent_when_their_reason_is_gone(
    server: CountingServer, refused: set[int], journal: Path, tmp_path: Path
) -> None:
    """`export` writes lines that `send` reads, to standard output or to a new file that only its owner can read."""
    file = tmp_path / "calls.ndjson"
    assert run(None, "export", journal, "--output", file, command="journal").returncode == 0
    done = run(None, "export", journal, "--key", "profile:customer-3", command="journal")
    assert (done.stdout.encode(), 0o600) == (file.read_bytes(), file.stat().st_mode & 0o777)
    assert [3, 10] == [orjson.loads(line)["body"]["attributes"]["n"] for line in file.read_bytes().splitlines()]
    assert run(None, "export", journal, "--output", file, command="journal").returncode == 2  # it is there already
    refused.clear()
    assert run(server, file).returncode == 0
    assert (COUNT, 0) == (len(server.counts.recorded), server.counts.doubled)


def test_requeued_calls_are_sent_when_the_run_is_repeated(
    server: CountingServer, refused: set[int], journal: Path
) -> None:
    """`requeue` takes all failed calls or some of them; the same command then sends them."""
    path = journal.with_suffix("")
    refused.clear()
    assert "1 calls will be sent again" in run(None, "requeue", journal, 10, command="journal").stdout
    done = run(server, path, *MAPPING)
    assert (1, 19) == (done.returncode, len(server.counts.recorded))
    assert "1 sent, 1 failed before, 18 sent before" in done.stdout
    assert "1 calls" in run(None, "requeue", journal, command="journal").stdout
    assert run(server, path, *MAPPING).returncode == 0
    assert (COUNT, 0) == (len(server.counts.recorded), server.counts.doubled)
    assert not path.with_name("events.csv.failed.ndjson").exists()


def test_a_customer_is_gone_when_the_journal_erases_one(journal: Path) -> None:
    """`erase` removes the calls of one ordering key, also from the bytes of the file."""
    assert b"customer-3" in journal.read_bytes()
    assert "2 calls were removed" in run(None, "erase", journal, "profile:customer-3", command="journal").stdout
    assert b"customer-3" not in journal.read_bytes()


@pytest.mark.parametrize("action", ["list", "export", "requeue", "erase"])
def test_one_sentence_is_printed_when_there_is_no_journal(tmp_path: Path, action: str) -> None:
    """A missing or foreign file is exit code 2, without a traceback."""
    key = ["profile:x"] if action == "erase" else []
    done = run(None, action, tmp_path / "none", *key, command="journal")
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE something (x)")
    connection.close()
    done = run(None, action, foreign, *key, command="journal")
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr


@pytest.mark.parametrize("action", ["list", "export", "requeue", "erase"])
@pytest.mark.parametrize(("place", "said"), [("", "is a folder"), ("pipe", "is not an ordinary file")])
def test_the_error_says_what_a_path_is_when_it_is_no_file(tmp_path: Path, action: str, place: str, said: str) -> None:
    """The error says that a path is a folder, a device or a pipe."""
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / place
    done = run(None, action, path, *(["profile:x"] if action == "erase" else []), command="journal")
    assert (2, f"talon-async journal: {path} {said}, so it is not a journal\n") == (done.returncode, done.stderr)


def test_the_exit_code_tells_when_a_list_is_lost(journal: Path) -> None:
    """A list that a full disk has swallowed ends with exit code 2. A pager that was closed is no error."""
    line = f"{' '.join(COMMAND)} journal list {journal}"
    for more, code, said in (("> /dev/full", 2, "No space left"), ("> /dev/full 2>&1", 2, ""), ("| true", 0, "")):
        done = subprocess.run(
            ["/bin/bash", "-c", f"set -o pipefail; {line} {more}"],
            env=environment(None),
            capture_output=True,
            check=False,
        )
        assert (code, True) == (done.returncode, said in done.stderr.decode()), done.stderr
        assert len(done.stderr.splitlines()) == bool(said)


def test_items_without_a_call_are_listed_when_they_could_not_be_encoded(tmp_path: Path) -> None:
    """Items without a call are listed, exported and erased. Requeueing does not send them."""
    path = tmp_path / "x.journal"
    asyncio.run(with_odd_items(path))
    done = run(None, "list", path, "--state", "failed", command="journal")
    assert (0, ["2", "failed", "(not", "encoded)", "rejected"]) == (
        done.returncode,
        [part for part in done.stdout.splitlines()[0].split() if part[:2] != "20" and ":" not in part],
    )
    assert 3 == len(run(None, "export", path, command="journal").stdout.splitlines()) - 1
    done = run(None, "requeue", path, "2", command="journal")
    assert (2, "item 2 could not be encoded" in done.stderr) == (done.returncode, True)
    assert "1 calls will be sent" in run(None, "requeue", path, command="journal").stdout
    assert "2 calls were removed" in run(None, "erase", path, "profile:nobody", command="journal").stdout
