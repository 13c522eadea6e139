"""`talon-async send` with an odd input, journal or terminal: nothing is lost, doubled or hidden."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sending import MAPPING, run, start, wait_for, write_csv

from tools.counting_server import CountingServer

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_ends_in_order_when_its_terminal_is_closed(tmp_path: Path, number: signal.Signals) -> None:
    """A run whose terminal is closed waits for the calls under way, as after Ctrl-C. No V1 event is in doubt then."""
    path = write_csv(tmp_path / "events.csv", 4000)
    options = [*MAPPING, "--operation", "track_event", "--set", "session_id=s"]
    with CountingServer(delay=0.02) as server:
        process = start(server, path, *options)
        wait_for(server, 200)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
        sent = len(server.counts.recorded)
    assert (3, 0) == (process.returncode, server.counts.under_way)
    assert f"{sent:,} sent, " in out.decode()
    assert "in doubt" not in out.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_run_goes_on_when_the_signal_is_ignored(tmp_path: Path) -> None:
    """A run under `nohup`, which ignores the signal, goes on."""
    path = write_csv(tmp_path / "events.csv", 600)
    with CountingServer(delay=0.02) as server:
        process = start(server, path, *MAPPING, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        wait_for(server, 100)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
        assert (0, 600) == (process.returncode, len(server.counts.recorded))


@pytest.mark.parametrize("end", ["", ".lock"])
def test_a_run_stops_when_its_journal_is_removed(tmp_path: Path, end: str) -> None:
    """A run whose journal is removed stops, because a second run could begin beside it and send everything twice."""
    path = write_csv(tmp_path / "events.csv", 4000)
    with CountingServer(delay=0.01) as server:
        process = start(server, path, *MAPPING)
        wait_for(server, 300)
        (tmp_path / f"events.csv.journal{end}").unlink()
        _, err = process.communicate(timeout=30)
        assert len(server.counts.recorded) < 4000
    assert 3 == process.returncode
    assert "events.csv.journal: the journal or its lock was removed while it was in use" in err.decode()
    assert "Traceback" not in err.decode()


def test_a_run_stops_when_its_file_is_cut_off_meanwhile(tmp_path: Path) -> None:
    """A run whose file is cut off meanwhile says that its last row may be incomplete, and does not succeed."""
    path = write_csv(tmp_path / "events.csv", 80_000)
    with CountingServer(delay=0.01) as server:
        process = start(server, path, *MAPPING, "--no-journal")
        wait_for(server, 100)
        os.truncate(path, path.read_bytes().index(b"\r\n", 60_000) - 1)  # in the last cell of a row
        _, err = process.communicate(timeout=60)
    assert 2 == process.returncode
    assert "the file became shorter while it was read" in err.decode()


def test_the_error_names_the_option_for_the_encoding_when_a_cell_is_no_text(
    server: CountingServer, tmp_path: Path
) -> None:
    """The error for a cell that is no text names its row and column, and the option for the encoding."""
    path = tmp_path / "events.csv"
    path.write_bytes(b"customer,n,price\ncaf\xe9,1,2\n")
    done = run(server, path, *MAPPING)
    assert (2, f"talon-async send: {path}, line 2, column customer: holds bytes that are not valid in this encoding: see --encoding") == (
        done.returncode,
        done.stderr.splitlines()[-1],
    )  # fmt: skip
    assert 0 == run(server, path, *MAPPING, "--encoding", "latin-1").returncode


def test_control_characters_are_escaped_when_a_file_is_no_csv(server: CountingServer, tmp_path: Path) -> None:
    """Names of columns are shown without control characters."""
    path = tmp_path / "events.csv"
    path.write_bytes(b"\x1b[2J\x07PK\x03,n\n1,2\n")
    done = run(server, path, *MAPPING)
    assert (2, True, False) == (done.returncode, r"\x1b[2J\x07PK" in done.stderr, "\x1b" in done.stderr)


def test_no_repetition_is_advised_when_the_same_command_would_fail_again(
    server: CountingServer, tmp_path: Path
) -> None:
    """The command does not advise repeating it when the journal belongs to another file."""
    path = write_csv(tmp_path / "events.csv", 10)
    assert 0 == run(server, path, *MAPPING).returncode
    done = run(server, path, "--set", "type=other", *MAPPING[2:])
    assert (2, "") == (done.returncode, done.stdout)
    assert "item 0 of the source is not the one that was recorded" in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfcustomer,n,price\r\na,0,1\r\nb,1,2\r\n",
        b"customer,n,price\ra,0,1\rb,1,2",
        "customer,n,price\na,0,1\nb,1,2\n".encode("utf-16"),
        b"customer,n,price\n\n\na,0,1\r\n\r\nb,1,2",
    ],
    ids=["BOM and CRLF", "CR", "UTF-16", "empty lines"],
)
def test_every_row_is_sent_when_a_file_comes_from_elsewhere(
    server: CountingServer, tmp_path: Path, content: bytes
) -> None:
    """Every row of an unusual file is sent once. The next run sends nothing, even if the line ends have changed."""
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    encoding = ["--encoding", "utf-16"] if content[:1] == b"\xff" else []
    assert 0 == run(server, path, *MAPPING, *encoding).returncode
    path.write_text("customer,n,price\na,0,1\nb,1,2\n")
    assert "0 sent, 2 sent before" in run(server, path, *MAPPING).stdout
    assert ([0, 1], 0) == (sorted(server.counts.recorded), server.counts.doubled)


def test_one_of_two_is_refused_when_runs_begin_at_once(tmp_path: Path) -> None:
    """One of two runs that begin at once is refused, and the other sends everything once."""
    path = write_csv(tmp_path / "events.csv", 300)
    with CountingServer(delay=0.1) as server:
        both: list[subprocess.Popen[bytes]] = [start(server, path, *MAPPING) for _ in range(2)]
        errors = b"".join(process.communicate(timeout=60)[1] for process in both)
        assert ([0, 2], 300, 0) == (
            sorted(process.returncode for process in both),
            len(server.counts.recorded),
            server.counts.doubled,
        )
    assert b"the journal is in use by process" in errors
