"""The two pages, judged by the checkers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_use_is_accepted_and_misuse_is_found_when_a_checker_reads_the_pages(checker: str) -> None:
    """Both checkers, strict; a mistake that is no longer found is an error, too."""
    pytest.importorskip(checker, reason=f"{checker} comes with the dev extra")
    options = ["--pythonpath", sys.executable] if checker == "pyright" else []
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, HERE / "use.py", HERE / "misuse.py"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_page_of_use_runs_when_it_is_imported() -> None:
    """What stands at its top is made for real."""
    spec = importlib.util.spec_from_file_location("use", HERE / "use.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
