"""The package without the libraries of its extras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("aiokafka", "distributed", "dask"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""


def run(script: str) -> str:
    command = [sys.executable, "-c", BLOCKED + script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout + done.stderr


def test_everything_else_can_be_imported_when_the_extras_are_missing() -> None:
    """The package and `talon_async.bulk` can be imported without Kafka and Dask."""
    assert (
        run("import talon_async.bulk, talon_async.client, talon_async.blocking, talon_async.cli; print('fine')")
        == "fine\n"
    )


@pytest.mark.parametrize(("module", "library"), [("kafka", "aiokafka"), ("dask", "distributed")])
def test_the_missing_library_is_named_when_an_adapter_is_imported(module: str, library: str) -> None:
    """The error of an adapter without its library says what to install."""
    assert f"pip install talon-async[{module}]" in (told := run(f"import talon_async.bulk.{module}"))
    assert library in told
