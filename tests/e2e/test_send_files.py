"""`talon-async send` and its files: none is lost, pipes are read to their end, output may be closed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sending import COMMAND, environment, ndjson, run, start

from tools.counting_server import CountingServer

pytestmark = pytest.mark.slow

PRECIOUS = b"this is nobody else's\n"


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "a.ndjson"
    path.write_bytes(ndjson(5))
    return path


def shell(server: CountingServer | None, line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which SEND stands for the command."""
    variables = environment(server, SEND=" ".join([*COMMAND, "send"]))
    return subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {line}"], env=variables, cwd=cwd, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def later(path: Path, content: bytes) -> threading.Thread:
    """Write to a FIFO once it is opened for reading."""
    thread = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    thread.start()
    return thread


# -- nothing is lost


@pytest.mark.parametrize(
    "arguments",
    [
        "a.ndjson --failed ./a.ndjson",
        "a.ndjson --failed hard-link",
        "a.ndjson --failed link-to-a",
        "a.ndjson --journal ./a.ndjson",
        "a.ndjson --journal bj --failed bj",
        "a.ndjson --journal bj --failed ./bj",
        "a.ndjson --journal bj --failed bj-wal",
        "a.ndjson --journal bj --failed bj-shm",
        "a.ndjson --journal bj --failed bj.lock",
        "a.ndjson --journal bj --failed bj.reserve",
        "a.ndjson --failed a.ndjson.journal",
        "a.ndjson a.ndjson.failed.ndjson",
        "a.ndjson link-to-a",
        "a.ndjson ./a.ndjson",
        "a.ndjson hard-link",
        "- --failed a.ndjson < a.ndjson",
        "- a.ndjson < a.ndjson",
        "a.ndjson --check --failed ./a.ndjson",
    ],
)
def test_the_command_is_refused_when_one_file_has_two_purposes(
    server: CountingServer, events: Path, arguments: str
) -> None:
    """A file that is given for two purposes is refused, under whatever names.

    Inputs, journals and files of failures are compared as files.
    """
    folder = events.parent
    (folder / "hard-link").hardlink_to(events)
    (folder / "link-to-a").symlink_to(events)
    (folder / "a.ndjson.failed.ndjson").write_bytes(b"")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = shell(server, f"$SEND {arguments} --format ndjson", folder)
    assert (2, 0) == (done.returncode, len(server.counts.requests)), done.stdout
    assert ("Traceback" in done.stderr, len(done.stderr.splitlines())) == (False, 1), done.stderr
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("content", [PRECIOUS, b"[1]\n", b'{"profileId": "x"}\n', b"\n\n"])
@pytest.mark.parametrize("name", ["precious.txt", None])
def test_a_foreign_file_is_kept_when_it_is_named_for_failures(
    server: CountingServer, events: Path, name: str | None, content: bytes
) -> None:
    """A file for failures that holds anything but calls of earlier runs is neither replaced nor removed.

    Nothing is sent.
    """
    path = events.with_name(name or "a.ndjson.failed.ndjson")
    path.write_bytes(content)
    done = run(server, events, *(["--failed", path] if name else []))
    assert (2, content, 0) == (done.returncode, path.read_bytes(), len(server.counts.requests)), done.stderr
    assert f"{path} already exists and holds other data" in done.stderr


@pytest.mark.parametrize("name", ["precious.txt.tmp", "out.ndjson.tmp"])
def test_a_file_beside_is_kept_when_failures_are_written(server: CountingServer, events: Path, name: str) -> None:
    """Failures are written to a temporary file whose name no other file has, and then moved."""
    beside = events.with_name(name)
    beside.write_bytes(PRECIOUS)
    done = run(server, events, "--failed", beside.with_suffix(""), "--no-journal")
    assert (0, PRECIOUS) == (done.returncode, beside.read_bytes()), done.stderr
    assert {events, beside} == set(events.parent.iterdir())


@pytest.mark.parametrize("is_empty", [True, False])
def test_an_own_file_is_replaced_when_it_is_named_for_failures(tmp_path: Path, events: Path, is_empty: bool) -> None:
    """A file for failures that is empty, or that an earlier run has written, is replaced.

    It is removed when nothing fails.
    """
    failed, codes = tmp_path / "failed", [400]
    with CountingServer(status=lambda _: codes[0]) as server:
        if is_empty:
            failed.touch()
        for count in (5, 5, 0):
            codes[0] = 400 if count else 204
            done = run(server, events, "--failed", failed, "--no-journal")
            assert bool(count) == done.returncode, done.stderr
            assert count == (len(failed.read_bytes().splitlines()) if failed.exists() else 0)


@pytest.mark.parametrize("place", ["missing/failed", "folder", "pipe", "file/failed"])
def test_the_command_is_refused_when_failures_cannot_be_written(
    server: CountingServer, events: Path, place: str
) -> None:
    """A file for failures that cannot be written is reported before anything is sent."""
    (events.parent / "folder").mkdir()
    (events.parent / "file").touch()
    os.mkfifo(events.parent / "pipe")
    path = events.parent / place
    done = run(server, events, "--failed", path)
    assert (2, 1, 0) == (done.returncode, len(done.stderr.splitlines()), len(server.counts.requests)), done.stderr
    assert str(path) in done.stderr


@pytest.mark.parametrize("place", ["folder", "pipe"])
def test_the_command_is_refused_when_the_journal_is_no_file(server: CountingServer, events: Path, place: str) -> None:
    """A journal that is a folder or a pipe is refused as such."""
    (events.parent / "folder").mkdir()
    os.mkfifo(events.parent / "pipe")
    done = run(server, events, "--journal", events.parent / place)
    assert (2, 0) == (done.returncode, len(server.counts.requests))
    assert ("is a folder" if place == "folder" else "is not an ordinary file") in done.stderr


def test_the_counts_are_printed_when_failures_cannot_be_written_any_more(tmp_path: Path, events: Path) -> None:
    """A folder for failures that goes away during the run ends it with one sentence, the counts, and exit code 1."""
    place = tmp_path / "place"
    place.mkdir()

    def status(_: object) -> int:
        if place.exists():
            place.rmdir()
        return 400

    with CountingServer(status=status) as server:
        done = run(server, events, "--failed", place / "failed")
    assert (1, True) == (done.returncode, "5 failed" in done.stdout), done.stderr
    assert f"{place / 'failed'} cannot be written: No such file" in done.stderr
    assert "Traceback" not in done.stderr


# -- pipes


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("$SEND <(cat a.ndjson)", 5),
        ("$SEND <(head -n2 a.ndjson) <(tail -n3 a.ndjson)", 5),
        ("cat a.ndjson | $SEND /dev/stdin", 5),
        ("$SEND /dev/stdin < a.ndjson", 5),
        ("cat a.ndjson | $SEND /dev/fd/0", 5),
        ("$SEND <(gzip -c a.ndjson)", 5),
        ("$SEND a.ndjson <(true)", 5),
    ],
)
def test_every_row_is_sent_when_an_input_is_a_pipe(server: CountingServer, events: Path, line: str, count: int) -> None:
    """An input that is a pipe is opened once, every row is sent, and no journal is kept beside it."""
    done = shell(server, line, events.parent)
    assert 0 == done.returncode, done.stderr
    assert set(range(count)) == set(server.counts.recorded)
    assert not server.counts.doubled
    kept = {path.name for path in events.parent.iterdir() if not path.name.startswith("a.ndjson.journal")}
    assert {"a.ndjson"} == kept


@pytest.mark.parametrize(("name", "options"), [("rows.csv", ["--set", "type=t"]), ("rows", [])])
def test_every_row_is_sent_when_an_input_is_a_fifo(
    server: CountingServer, tmp_path: Path, name: str, options: list[str]
) -> None:
    """The name of a FIFO tells its format, as that of a file does.

    Without an ending it is NDJSON, like standard input.
    """
    path = tmp_path / name
    os.mkfifo(path)
    content = ndjson(3) if name == "rows" else b'profileId,attributes\na,"{""n"": 0}"\nb,"{""n"": 1}"\n'
    writer = later(path, content)
    done = run(server, path, *options)
    writer.join(10)
    assert 0 == done.returncode, done.stderr
    assert set(range(3 if name == "rows" else 2)) == set(server.counts.recorded)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("is_standard", [True, False])
def test_a_run_stops_when_nothing_ever_comes(server: CountingServer, tmp_path: Path, is_standard: bool) -> None:
    """Ctrl-C ends a run that waits for the first byte, or for a writer to open the pipe."""
    path = tmp_path / "rows.csv"
    os.mkfifo(path)
    process = start(server, "-" if is_standard else path, stdin=subprocess.PIPE)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30) if not is_standard else _ended(process)
    assert (3, b"") == (process.returncode, err)


def _ended(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Wait for the end of a process whose standard input stays open."""
    process.wait(30)
    return process.communicate()


def test_the_command_is_refused_when_a_second_pipe_is_missing(server: CountingServer, events: Path) -> None:
    """A command with two pipes is refused, and nothing is read from the first."""
    done = shell(server, "$SEND <(cat a.ndjson) /dev/fd/77", events.parent)
    assert (2, 0) == (done.returncode, len(server.counts.requests)), done.stderr
    assert "/dev/fd/77: No such file" in done.stderr


# -- output that is gone


@pytest.mark.parametrize(
    ("line", "code", "sent"),
    [
        ("$SEND a.ndjson > /dev/full", 0, 5),
        ("$SEND a.ndjson 2> /dev/full", 0, 5),
        ("$SEND a.ndjson > /dev/full 2>&1", 0, 5),
        ("$SEND a.ndjson 2>&-", 0, 5),
        ("$SEND a.ndjson >&-", 0, 5),
        ("$SEND a.ndjson >&- 2>&- <&-", 0, 5),
        ("$SEND a.ndjson 2>&1 | true", 0, 5),
        ("$SEND a.ndjson | true", 0, 5),
        ("$SEND a.ndjson --check | true", 0, 0),
        ("$SEND bad.ndjson --check | true", 2, 0),
        ("$SEND bad.ndjson --check | head -n1", 2, 0),
        ("$SEND bad.ndjson 2> /dev/full", 2, 0),
        ("$SEND missing.ndjson 2>&-", 2, 0),
        ("$SEND --help | true", 0, 0),
    ],
)
def test_the_exit_code_stays_when_output_goes_nowhere(
    server: CountingServer, events: Path, line: str, code: int, sent: int
) -> None:
    """A run goes on with its own exit code when its output is a full disk, a closed pipe, or closed from the start."""
    (events.parent / "bad.ndjson").write_bytes(b'{"profileId": 1}\n' * 5000)
    done = shell(server, f"{line}", events.parent)
    assert (code, sent) == (done.returncode, len(server.counts.recorded)), done.stderr
    assert not {"Traceback", "Exception"} & {*done.stderr.replace(":", " ").split()}, done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("$SEND - <&-", "standard input is closed"),
        ("$SEND .  --format csv", ".: Is a directory"),
        ("$SEND - --format csv --encoding idna < a.ndjson", "'idna' is not a text encoding"),
        ("$SEND - --format csv --encoding undefined < a.ndjson", "'undefined' is not a text encoding"),
        ("$SEND - --format csv --encoding base64 < a.ndjson", "'base64' is not a text encoding"),
        ("$SEND - --format parquet < a.ndjson", "cannot be read from standard input"),
    ],
)
def test_one_sentence_is_printed_when_the_input_cannot_be_read(
    server: CountingServer, events: Path, line: str, said: str
) -> None:
    """An input that cannot be read prints one sentence without a traceback, and the exit code is 2."""
    done = shell(server, line, events.parent)
    assert (2, True, False) == (done.returncode, said in done.stderr, "Traceback" in done.stderr), done.stderr


def test_a_name_is_shown_when_it_is_no_text(server: CountingServer, tmp_path: Path) -> None:
    """Bytes of a name that the terminal's encoding lacks are shown as escapes."""
    path = os.fsencode(tmp_path) + b"/\xff.ndjson"
    Path(os.fsdecode(path)).write_bytes(ndjson(1))
    strict = environment(server, PYTHONIOENCODING="utf-8:strict")
    done = subprocess.run([*COMMAND, "send", path, "--no-journal"], env=strict, capture_output=True, check=False)
    assert (0, True) == (done.returncode, rb"\udcff.ndjson: 1 sent" in done.stdout), done.stderr


# -- rows


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", b"profileId,profile_id,type\na,b,t\n", "the columns 'profileId' and 'profile_id' are the same field"),
        (
            "x.ndjson",
            b'{"profileId": "a", "type": "t", "attributes": {}}\n{"profile_id": "b", "type": "t", "profileId": "a"}\n',
            "line 2, column profile_id: is the same field as profileId",
        ),
    ],
)
def test_a_row_is_refused_when_two_columns_are_one_field(
    server: CountingServer, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """A row in which two columns are the same field is refused, and both columns are named."""
    path = tmp_path / name
    path.write_bytes(content)
    done = run(server, path)
    assert (2, True) == (done.returncode, said in done.stderr), done.stderr


def test_a_long_cell_is_sent_when_the_file_is_csv(server: CountingServer, tmp_path: Path) -> None:
    """A cell of CSV may be as long as a line of NDJSON."""
    path = tmp_path / "x.csv"
    long = "x" * 200_000
    path.write_text(f"profileId,type,n,text\na,t,0,{long}\nb,t,1,y\n")
    done = run(server, path, "--attribute", "n:int", "--attribute", "text")
    assert 0 == done.returncode, done.stderr
    assert {long, "y"} == {body["attributes"]["text"] for body in server.counts.bodies}
