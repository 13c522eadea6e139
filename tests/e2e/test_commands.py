"""The commands, as a person types them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from talon_async import TalonOneSync, __version__
from talon_async.models import NewCustomerProfile

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "talon_async"]


def test_the_demo_tells_a_shops_day_when_it_runs() -> None:
    """The demo prints every kind of call and what was recorded, and ends with exit code 0."""
    done = subprocess.run(
        [*COMMAND, "demo", "--events", "300"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    for operation in (
        "create_coupon_reservation", "create_referral", "delete_coupon_reservation", "delete_customer_data",
        "get_customer_inventory", "get_reserved_customers", "track_event ", "update_customer_profile ",
        "update_customer_profile_v2", "update_customer_session ", "update_customer_session_v2", "track_events",
    ):  # fmt: skip
        assert operation in done.stdout
    assert "400 views sent, 400 recorded, 0 of them twice" in done.stdout
    assert "/attributes/teir" in done.stdout


def test_the_sandbox_serves_another_process_when_it_is_started() -> None:
    """The sandbox prints what to export, answers, and ends on Ctrl-C with exit code 0."""
    process = subprocess.Popen([*COMMAND, "sandbox", "--coupon", "A=5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, cwd=ROOT)  # fmt: skip
    assert process.stdout is not None
    variables: dict[str, str] = {}
    for line in process.stdout:
        if found := re.fullmatch(r"\s+export (\w+)=(\S+)\s*", line):
            variables[found[1]] = found[2]
        if line.startswith("Ctrl-C"):
            break
    with TalonOneSync.from_env(variables) as talon:
        talon.update_customer_profile("p", NewCustomerProfile(attributes={}))
        assert talon.get_reserved_customers("A").total_result_size == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (0, "") == (process.returncode, err)
    assert "2 requests were answered" in out


def test_the_version_is_printed_when_it_is_asked_for() -> None:
    """`--version` prints one line, and an unknown command is an error that lists the commands."""
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == f"talon-async {__version__}\n"
    done = subprocess.run([*COMMAND, "nonsense"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (2, True) == (done.returncode, "sandbox" in done.stderr)


def test_a_taken_port_is_reported_when_the_sandbox_cannot_listen() -> None:
    """The sandbox prints one sentence and no traceback on standard error, and ends with exit code 1."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "sandbox", "--port", port], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
        )
    assert (1, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith("talon-async sandbox: ")
    assert "address already in use" in done.stderr


def refused(*words: str) -> str:
    """Run a command that must end with exit code 2 and no output; return the last line of standard error."""
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False, stdin=subprocess.DEVNULL
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--port", "99999", "must be 0 to 65535, not 99999"),
        ("--port", "-1", "must be 0 to 65535, not -1"),
        ("--port", "http", "must be 0 to 65535, not http"),
        ("--api-key", "", "the key is empty"),
        ("--api-key", "a b", "the key holds a space or another character that API keys do not have"),
        ("--api-key", "ApiKey-v1 a", "the key must be written without spaces and without its scheme"),
        ("--coupon", "X=-5", "'X=-5' is not CODE=DISCOUNT with a discount of 0 or more, such as SAVE10=10"),
        ("--coupon", "X=nan", "'X=nan' is not CODE=DISCOUNT"),
        ("--coupon", "X=1e300", "'X=1e300' is not CODE=DISCOUNT"),
        ("--coupon", "=5", "'=5' is not CODE=DISCOUNT"),
        ("--coupon", "X", "'X' is not CODE=DISCOUNT"),
        ("--coupon", f"{'X' * 101}=5", "has a code of more than 100 characters"),
        ("--referrals", "-3", "'-3' must be 1 or more"),
        ("--referrals", "seven", "'seven' must be 1 or more"),
    ],
)
def test_a_value_is_refused_when_the_sandbox_cannot_use_it(option: str, value: str, said: str) -> None:
    """The sandbox does not start. The last line names the option and what is wrong, on standard error."""
    line = refused("sandbox", f"{option}={value}")
    assert line.startswith(f"talon-async sandbox: error: argument {option}: ")
    assert said in line


def test_a_coupon_is_refused_when_it_is_given_twice() -> None:
    """A code that is given twice is told with its option, before the sandbox starts."""
    line = refused("sandbox", "--coupon", "A=1", "--coupon", "A=2")
    assert "talon-async sandbox: --coupon: there is a coupon 'A' already" == line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "--events=-1"], "argument --events: '-1' must be 0 or more"),
        (["demo", "--events=many"], "argument --events: 'many' must be 0 or more"),
        (["demo", f"--events={10**30}"], "argument --events: '1000"),
        (["send", ""], "argument FILE: must not be empty"),
        (["send", "a.csv", "--journal="], "argument --journal: must not be empty"),
        (["send", "a.csv", "--failed="], "argument --failed: must not be empty"),
        (["send", "a.csv", '--delimiter="'], "cannot stand between cells"),
        (["send", "a.csv", "--delimiter=\n"], "cannot stand between cells"),
        (["send", "a.csv", "--rate=1e-300"], "argument --rate: '1e-300' is not a number of calls a second above 0"),
        (["send", "a.csv", "--rate=1e300"], "argument --rate: '1e300' is not a number of calls a second above 0"),
        (["send", "a.csv", f"--concurrency={10**30}"], "must be 1,000,000,000,000 or less"),
        (["send", "a.csv", f"--max-failures={10**30}"], "must be 1,000,000,000,000 or less"),
        (["send", "a.csv", "--max-failures=x"], "argument --max-failures: 'x' must be 1 or more"),
        (["journal", "list", ""], "argument JOURNAL: must not be empty"),
        (["journal", "list", "a.journal", "--key="], "argument --key: must not be empty"),
        (["journal", "export", "a.journal", "--output="], "argument --output: must not be empty"),
        (["journal", "requeue", "a.journal", "--", "-4"], "argument INDEX: '-4' must be 0 or more"),
        (["journal", "erase", "a.journal", ""], "argument KEY: must not be empty"),
    ],
)
def test_a_value_is_refused_when_a_command_cannot_use_it(words: list[str], said: str) -> None:
    """Nothing starts: the last line on standard error names the option, and the exit code is 2."""
    line = refused(*words)
    assert line.startswith(f"talon-async {words[0]}")
    assert said in line


INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = {command!r}
import runpy
runpy.run_module("talon_async", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("command", "module", "said"),
    [
        (["sandbox"], "aiohttp", "talon-async: stopped\n"),
        (["sandbox"], "talon_async.testing", "talon-async: stopped\n"),
        (["demo"], "talon_async.cli._day", "talon-async: stopped\n"),
        (["sandbox"], "talon_async.cli", ""),
    ],
)
def test_a_command_ends_in_a_line_when_it_is_stopped_while_it_imports(
    command: list[str], module: str, said: str
) -> None:
    """Ctrl-C at any moment prints no traceback; the exit code is that of shells."""
    script = INTERRUPTED.format(module=module, command=command)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )
    assert (130, said) == (done.returncode, done.stderr)
