"""Run the tests on the other Pythons of this machine, and on the oldest dependencies allowed; say how far it is.

`--announce N` only says what the N-th phase of `make test` is. Each Python gets a virtual environment of its own beside
the first one. No other Python is required: what is not found is said. Tests marked `slow` are left out.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tools.install import install

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ["tests/unit", "tests/contract", "tests/e2e", "tests/faults", "tests/bulk"]


def found(version: str) -> str | None:
    """Return an interpreter of a version, on the path or kept by pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, kept)):
        if candidate is None:
            continue
        answer = subprocess.run([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                               capture_output=True, text=True, check=False)  # fmt: skip
        if answer.stdout.strip() == version:  # pyenv's shims exist also for versions that are not in use
            return candidate
    return None


def lowest() -> list[str]:
    """Return every runtime dependency pinned to the oldest release that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r">=([^,]+).*", r"==\1", requirement) for requirement in project["dependencies"]]


def run(python: str, name: str, pins: list[str]) -> int:
    """Set up an environment, if there is none that is current, and run the tests in it."""
    venv = ROOT / f".venv-{name}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + " ".join(pins).encode()).hexdigest()
    mark = venv / ".fresh"
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        subprocess.run([python, "-m", "venv", "--clear", "--without-pip", venv], check=True)
        install(venv / "bin/python", "--editable", f"{ROOT}[test]", *pins)
        mark.write_text(wanted, encoding="utf-8")
    return subprocess.run(
        [venv / "bin/python", "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", "-m", "not slow", *TESTS],
        cwd=ROOT,
        check=False,
    ).returncode


def others() -> dict[str, str]:
    """Return the other Pythons of this machine, by version."""
    return {version: python for version in VERSIONS if version != HERE and (python := found(version)) is not None}


def phases(versions: Iterable[str]) -> list[str]:
    """Return what `make test` does, in order."""
    return [
        "style, types and generated files",
        f"all tests on Python {HERE} with the newest dependencies",
        f"tests on Python {HERE} with the oldest dependencies allowed",
        *(f"tests on Python {version} with the newest dependencies" for version in versions),
    ]


def announce(number: int, titles: list[str]) -> None:
    """Announce the phase that begins."""
    print(f"\n{number} of {len(titles)}: {titles[number - 1]} ...", flush=True)


def main(arguments: list[str]) -> int:
    """Run the command."""
    pythons = others()
    titles = phases(pythons)
    if "--announce" in arguments:
        announce(int(arguments[-1]), titles)
        return 0
    if "--lowest" in arguments:
        return run(sys.executable, "lowest", lowest())
    for version in sorted({*VERSIONS} - {*pythons, HERE}):
        print(f"Python {version} is not on this machine.")
    announce(3, titles)
    failed = run(sys.executable, "lowest", lowest())
    for number, (version, python) in enumerate(pythons.items(), 4):
        announce(number, titles)
        failed |= run(python, version, [])
    print(f"\n{'Something failed: see above.' if failed else 'All passed.'}")
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
