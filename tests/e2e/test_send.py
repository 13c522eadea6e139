"""`talon-async send`, as a process of its own against a server that counts."""

from __future__ import annotations

import fcntl
import gzip
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.sending import MAPPING, event, ndjson, row, run, start, wait_for, write_csv

from tools.counting_server import CountingServer

pytestmark = pytest.mark.slow

COUNT = 300


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


def assert_each_once(server: CountingServer, count: int) -> None:
    expected = {"distinct": count, "doubled": 0, "reordered": 0, "conflicts": 0}
    assert expected == {name: server.counts.summary()[name] for name in expected}
    assert set(range(count)) == set(server.counts.recorded)


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    writer.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


# -- formats


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "ndjson", "jsonl.gz", "parquet"])
def test_every_row_is_sent_once_when_a_file_has_a_format(server: CountingServer, tmp_path: Path, kind: str) -> None:
    """CSV, NDJSON and Parquet lead to the same events, compressed or not."""
    path = tmp_path / f"events.{kind}"
    mapping: list[str] = []
    if "csv" in kind:
        text, mapping = write_csv(tmp_path / "plain.csv", COUNT).read_bytes(), MAPPING
        path.write_bytes(gzip.compress(text) if kind.endswith("gz") else text)
    elif kind == "parquet":
        parquet(path, [row(n) for n in range(COUNT)])
        mapping = MAPPING
    else:
        path.write_bytes(gzip.compress(ndjson(COUNT)) if kind.endswith("gz") else ndjson(COUNT))
    done = run(server, path, *mapping)
    assert (0, f"{path}: {COUNT} sent") == (done.returncode, done.stdout.partition(",")[0]), done.stderr
    assert_each_once(server, COUNT)
    assert sorted(server.counts.bodies, key=lambda body: body["attributes"]["n"]) == [event(n) for n in range(COUNT)]


def test_standard_input_is_sent_when_the_file_is_a_dash(server: CountingServer) -> None:
    """Standard input is read as NDJSON, compressed or not, and as CSV on request. It has no journal of its own."""
    assert run(server, "-", given=ndjson(3)).returncode == 0
    done = run(server, "-", "--format", "csv", *MAPPING, given=b"customer,n,price\nx,7,1\n")
    assert (0, "standard input: 1 sent") == (done.returncode, done.stdout.partition(",")[0])
    assert [0, 1, 2, 7] == sorted(server.counts.recorded)


def test_other_operations_are_sent_when_they_are_named(server: CountingServer, tmp_path: Path) -> None:
    """An operation with an ID in its path takes the ID from a column."""
    path = tmp_path / "customers.csv"
    path.write_text("id,tier,since\njane,gold,2026-11-27 12:00\njoe,,\n")
    done = run(
        server, path, "--operation", "update_customer_profile_v2", "--map", "integration_id=id", "--attribute", "tier",
        "--attribute", "Member since=since:datetime", "--time-zone", "Europe/Berlin",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {"PUT /v2/customer_profiles/jane": 1, "PUT /v2/customer_profiles/joe": 1} == dict(server.counts.paths)
    assert {"attributes": {"tier": "gold", "Member since": "2026-11-27T12:00:00+01:00"}} in server.counts.bodies


def test_files_follow_each_other_when_there_are_several(server: CountingServer, tmp_path: Path) -> None:
    """Each file has a journal of its own, and events of one profile keep their order from file to file."""
    first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    lines = ndjson(COUNT).splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:100]))
    second.write_bytes(b"".join(lines[100:]))
    assert run(server, first, second).returncode == 0
    assert_each_once(server, COUNT)
    assert {"a.ndjson", "a.ndjson.journal", "b.ndjson", "b.ndjson.journal"} <= {
        path.name for path in tmp_path.iterdir()
    }


# -- nothing is sent


def test_every_problem_is_listed_when_a_file_is_checked(server: CountingServer, tmp_path: Path) -> None:
    """`--check` tells file, line and column of each problem, shows no value, and sends nothing."""
    path = tmp_path / "events.csv"
    path.write_text('customer,n,price\nsecret,1,1.5\nsecret,2,secret\n"sec\nret",3,1\n,4,1\nsecret,5\nsecret,x,\n')
    done = run(server, path, "--check", *MAPPING)
    assert done.stdout.splitlines() == [
        f"{path}, line 3, column price: must be a number (float)",
        f"{path}, line 6, column customer: profile_id is required",
        f"{path}, line 7: has 2 cells, but the header has 3",
        f"{path}, line 8, column n: must be a whole number (int)",
        f"{path}: 6 rows, 4 problems",
    ]
    assert (2, 0, [path]) == (done.returncode, len(server.counts.requests), list(tmp_path.iterdir()))


def test_a_check_succeeds_when_a_file_has_no_problem(tmp_path: Path) -> None:
    """A check needs neither a deployment nor a key."""
    done = run(None, write_csv(tmp_path / "events.csv", 5), "--check", *MAPPING)
    assert (0, "5 rows, no problems") == (done.returncode, done.stdout.strip().partition(": ")[2])


def test_nothing_is_kept_when_a_run_is_dry(server: CountingServer, tmp_path: Path) -> None:
    """A dry run asks the server to store nothing and leaves no journal, so the real run sends every row."""
    path = write_csv(tmp_path / "events.csv", 5)
    done = run(server, path, "--dry", *MAPPING)
    assert (0, f"{path}: 5 evaluated") == (done.returncode, done.stdout.partition(",")[0])
    assert [path] == list(tmp_path.iterdir())
    assert {"silent=yes&dry=true"} == server.counts.queries
    assert run(server, path, *MAPPING).stdout.startswith(f"{path}: 5 sent")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.csv"], "missing.csv: No such file"),
        (["events.xls"], "the format is not known; use --format"),
        (["-", "--journal", "x", "--no-journal"], "--journal cannot be combined"),
        (["-", "--map", "profile=customer"], "has no 'profile'; it has"),
        (["-", "--attribute", "price:number"], "'number' is not a type"),
        (["-", "--operation", "nonsense"], "invalid choice"),
        (["-", "--rate", "0"], "is not a number of calls a second above 0"),
        (["-", "-"], "is given twice"),
        (["-", "--operation", "create_referral", "--dry"], "create_referral has no dry run"),
    ],
)
def test_the_command_is_refused_when_it_makes_no_sense(
    server: CountingServer, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """A command that makes no sense prints one sentence and ends with exit code 2, and nothing is sent."""
    done = run(server, *[str(tmp_path / word) if word.endswith((".csv", ".xls")) else word for word in arguments])
    assert (2, True, 0) == (done.returncode, said in done.stderr, len(server.counts.requests)), done.stderr
    assert "Traceback" not in done.stderr


def test_the_error_names_the_variables_when_the_environment_has_none(tmp_path: Path) -> None:
    """A run without a deployment or a key prints one sentence that names the variables."""
    done = run(None, write_csv(tmp_path / "events.csv", 1), *MAPPING)
    assert (2, True) == (done.returncode, "TALON_ONE_API_KEY is not set" in done.stderr)


def test_a_bad_row_stops_the_run_when_it_is_reached(server: CountingServer, tmp_path: Path) -> None:
    """A run stops at a bad row after sending the rows before it.

    Once the row is mended, the same command goes on there.
    """
    path = tmp_path / "events.ndjson"
    lines = ndjson(COUNT).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:200], b'{"profileId": "x", "tpye": 1}\n', *lines[201:]]))
    done = run(server, path)
    assert (2, 200) == (done.returncode, len(server.counts.recorded))
    assert f"{path}, line 201, column tpye: track_event_v2 has no such field" in done.stderr
    path.write_bytes(b"".join(lines))
    assert run(server, path).returncode == 0
    assert_each_once(server, COUNT)


# -- failures


@pytest.mark.parametrize("journal", [[], ["--no-journal"]], ids=["with a journal", "without"])
def test_what_failed_can_be_sent_again_when_its_reason_is_gone(tmp_path: Path, journal: list[str]) -> None:
    """Refused calls are written to a file beside the input, which can be sent like any other file."""
    path = write_csv(tmp_path / "events.csv", COUNT)
    failed = tmp_path / "events.csv.failed.ndjson"
    refused = {3, 70, 71}
    with CountingServer(status=lambda body: 400 if body["attributes"]["n"] in refused else 204) as server:
        done = run(server, path, *MAPPING, *journal)
        assert (1, True) == (done.returncode, f"{COUNT - 3} sent, 3 failed" in done.stdout), done.stdout
        assert refused == {orjson.loads(line)["body"]["attributes"]["n"] for line in failed.read_bytes().splitlines()}
        assert (0o600, str(failed) in done.stdout) == (failed.stat().st_mode & 0o777, True)
        refused.clear()
        assert run(server, failed).returncode == 0
        assert COUNT == len(server.counts.recorded)
        assert server.counts.doubled == 0


def test_calls_of_unknown_outcome_are_refused_when_no_key_protects_them(server: CountingServer, tmp_path: Path) -> None:
    """A V1 event whose answer was lost is sent again only if an option asks for it."""
    path = tmp_path / "failed.ndjson"
    record = {
        "operation": "track_event", "target": "/v1/events", "ordering_keys": ["profile:x"], "idempotency_key": None,
        "body": {"type": "t", "profileId": "x", "sessionId": "s", "attributes": {"n": 1}},
        "accepted": "2026-11-27T00:00:00Z", "settled": "2026-11-27T00:00:00Z", "failure": {"outcome": "unknown"},
    }  # fmt: skip
    path.write_bytes(orjson.dumps(record) + b"\n")
    done = run(server, path, "--no-journal")
    assert (2, True) == (done.returncode, f"{path}, line 1: the server may have recorded this call" in done.stderr)
    assert run(server, path, "--no-journal", "--in-doubt", "skip").returncode == 0
    assert 0 == len(server.counts.recorded)
    assert run(server, path, "--no-journal", "--in-doubt", "send").returncode == 0
    assert [1] == list(server.counts.recorded)


# -- ends


def test_a_run_goes_on_when_it_was_stopped_by_ctrl_c_and_killed(tmp_path: Path) -> None:
    """A run that Ctrl-C stops ends with exit code 3 and says how to go on.

    After that and a kill, every row is sent once.
    """
    path, count = write_csv(tmp_path / "events.csv", 4000), 4000
    with CountingServer(delay=0.004) as server:
        process = start(server, path, *MAPPING)
        wait_for(server, 500)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (3, 0) == (process.returncode, server.counts.under_way)
        assert f"talon-async send {path}" in out.decode()
        assert "Traceback" not in err.decode()
        process = start(server, path, *MAPPING)
        wait_for(server, 2000)
        process.kill()
        process.communicate()
        assert len(server.counts.recorded) < count
        done = run(server, path, *MAPPING)
        assert (0, True) == (done.returncode, "sent before" in done.stdout), done.stderr
        assert_each_once(server, count)
        requests = sum(server.counts.requests.values())
        again = run(server, path, *MAPPING)
        assert (0, requests) == (again.returncode, sum(server.counts.requests.values()))
        assert f"0 sent, {count:,} sent before" in again.stdout


def test_a_run_stops_when_standard_input_gives_nothing(server: CountingServer) -> None:
    """Ctrl-C ends a run that waits for its standard input."""
    process = start(server, "-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(ndjson(2))
    process.stdin.flush()
    until = time.monotonic() + 30
    while len(server.counts.recorded) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 3
    process.communicate()


def test_the_source_must_be_the_same_when_a_run_goes_on(server: CountingServer, tmp_path: Path) -> None:
    """A file that has changed where it was sent already is refused, and nothing of it is sent."""
    path = write_csv(tmp_path / "events.csv", 10)
    assert run(server, path, *MAPPING).returncode == 0
    path.write_text(path.read_text().replace("0.25", "0.26"))
    done = run(server, path, *MAPPING)
    assert (2, True, 10) == (
        done.returncode,
        "item 1 of the source" in done.stderr,
        sum(server.counts.requests.values()),
    )


def test_a_shorter_source_is_refused_when_a_run_goes_on(server: CountingServer, tmp_path: Path) -> None:
    """A file that has lost rows since the last run is refused."""
    path = write_csv(tmp_path / "events.csv", 10)
    assert run(server, path, *MAPPING).returncode == 0
    done = run(server, write_csv(path, 5), *MAPPING)
    assert (2, True) == (done.returncode, "the journal has recorded more than the 5 items" in done.stderr)
    assert "Traceback" not in done.stderr


def test_new_rows_are_sent_when_a_file_has_grown(server: CountingServer, tmp_path: Path) -> None:
    """Rows that were added to the end of a file are sent by the same command."""
    path = write_csv(tmp_path / "events.csv", 10)
    assert run(server, path, *MAPPING).returncode == 0
    done = run(server, write_csv(path, 15), *MAPPING, "--concurrency", "auto", "--rate", "100")
    assert (0, True) == (done.returncode, "5 sent, 10 sent before" in done.stdout)
    assert_each_once(server, 15)


def test_a_run_stops_when_the_key_is_refused(tmp_path: Path) -> None:
    """A run whose key is refused stops, because no other call can succeed."""
    with CountingServer(status=lambda _: 401) as server:
        done = run(server, write_csv(tmp_path / "events.csv", 2000), *MAPPING)
    assert (3, True) == (done.returncode, sum(server.counts.requests.values()) <= 64), done.stderr


def test_a_journal_is_refused_when_another_process_has_it(tmp_path: Path) -> None:
    """A second run of the same file is refused with an error that names the first process."""
    path = write_csv(tmp_path / "events.csv", 250)
    with CountingServer(delay=0.05) as server:
        process = start(server, path, *MAPPING, "--concurrency", "10")
        wait_for(server, 10)
        process.send_signal(signal.SIGSTOP)  # however long the other one takes to begin, this one has not ended
        try:
            done = run(server, path, *MAPPING)
        finally:
            process.send_signal(signal.SIGCONT)
        assert (2, True) == (done.returncode, f"in use by process {process.pid}" in done.stderr), done.stderr
        assert (0, "") == (process.wait(30), done.stdout)
        process.communicate()
        assert_each_once(server, 250)


# -- what is shown


def test_plain_lines_are_printed_when_there_is_no_terminal(server: CountingServer, tmp_path: Path) -> None:
    """Without a terminal plain lines tell the progress, without control characters and customers' data."""
    path = write_csv(tmp_path / "events.csv", 20)
    done = run(server, path, *MAPPING)
    assert done.stderr.startswith(f"{path}: 100%, 20 sent, 0 failed")
    assert not {"\r", "\x1b"} & {*done.stdout, *done.stderr}
    assert "customer-" not in done.stdout + done.stderr


@pytest.mark.parametrize("has_tqdm", [True, False])
def test_a_bar_is_drawn_when_there_is_a_terminal(tmp_path: Path, has_tqdm: bool) -> None:
    """On a terminal the bar of tqdm is drawn or, where tqdm is not installed, one of a few characters."""
    path = write_csv(tmp_path / "events.csv", 250)
    blocked = tmp_path / "blocked"
    (blocked / "tqdm").mkdir(parents=True)
    (blocked / "tqdm" / "__init__.py").write_text("raise ImportError")
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    with CountingServer(delay=0.05) as server:
        process = start(
            server, path, *MAPPING, "--concurrency", "50", stderr=follower, cwd=tmp_path if has_tqdm else blocked
        )
        os.close(follower)
        shown = b""
        while select.select([leader], [], [], 30)[0]:
            try:
                shown += os.read(leader, 65536)
            except OSError:
                break
        process.communicate(timeout=30)
    os.close(leader)
    text = shown.decode()
    assert process.returncode == 0, text
    assert all(word in text for word in ("\r", "100%", "/s", " left", "250 sent, 0 failed")), text
    assert "customer-" not in text
