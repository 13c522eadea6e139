"""The commands of the Makefile: those that pages name are there, and the long one says how far it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_a_page_names_is_in_the_makefile(page: str) -> None:
    """`make` knows every target that users and contributors read about."""
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / page).read_text("utf-8")))
    targets = set(re.findall(r"[a-z-]+(?=[^:=\n]*:(?!=))", (ROOT / "Makefile").read_text("utf-8")))
    assert named
    assert set() == named - targets


@pytest.mark.parametrize("number", [1, 2])
def test_a_phase_of_the_tests_says_which_it_is(number: int) -> None:
    """`make test` tells how many phases there are, and what the next one does."""
    command = [sys.executable, "tools/test_others.py", "--announce", str(number)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    title = ["style, types and generated files", f"all tests on Python {sys.version_info[0]}.{sys.version_info[1]} "][
        number - 1
    ]
    assert re.fullmatch(rf"\n{number} of \d+: {title}.*\.\.\.\n", said)
