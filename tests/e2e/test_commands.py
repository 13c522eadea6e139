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
    """The sandbox prints one sentence and no traceback, and ends with exit code 1."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "sandbox", "--port", port], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
        )
    assert (1, "") == (done.returncode, done.stderr)
    assert "address already in use" in done.stdout


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_is_refused_when_there_is_no_such_one(port: str) -> None:
    """The sandbox says which ports there are, in one line and with exit code 2."""
    done = subprocess.run(
        [*COMMAND, "sandbox", "--port", port], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )
    assert f"talon-async sandbox: --port must be 0 to 65535, not {port}\n" == done.stdout
    assert (2, "") == (done.returncode, done.stderr)


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
