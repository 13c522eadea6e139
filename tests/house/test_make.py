"""The commands of the Makefile: pages name only targets that exist, and `make test` announces its phases."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES)
def test_a_target_is_in_the_makefile_when_a_page_names_it(page: str) -> None:
    """The Makefile has every target that the README, the changelog and the guide for contributors name."""
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / page).read_text("utf-8")))
    targets = set(re.findall(r"[a-z-]+(?=[^:=\n]*:(?!=))", (ROOT / "Makefile").read_text("utf-8")))
    assert named
    assert set() == named - targets


@pytest.mark.parametrize("number", [1, 2])
def test_a_phase_of_the_tests_is_announced_when_it_begins(number: int) -> None:
    """`make test` prints the number of a phase, how many phases there are, and what the phase does."""
    command = [sys.executable, "-m", "tools.pythons", "--announce", str(number)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    title = ["style, types and generated files", f"all tests on Python {sys.version_info[0]}.{sys.version_info[1]} "][
        number - 1
    ]
    assert re.fullmatch(rf"\n{number} of \d+: {title}.*\.\.\.\n", output)
