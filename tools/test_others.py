"""Run the tests on the other Pythons of this machine, and on the oldest dependencies allowed.

Each gets a virtual environment of its own beside the first one. No other Python is required: what is not found is said.
Tests marked `slow` are left out.
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

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ["tests/unit", "tests/contract", "tests/e2e", "tests/faults", "tests/bulk"]


def found(version: str) -> str | None:
    """Return an interpreter of a version: on the path, or kept by pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, kept)):
        if candidate is None:
            continue
        asked = subprocess.run([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                               capture_output=True, text=True, check=False)  # fmt: skip
        if asked.stdout.strip() == version:  # pyenv's shims exist also for versions that are not in use
            return candidate
    return None


def lowest() -> list[str]:
    """Return every runtime dependency pinned to the oldest release that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r">=([^,]+).*", r"==\1", requirement) for requirement in project["dependencies"]]


def run(python: str, name: str, pins: list[str]) -> int:
    """Set an environment up, if it is not there yet, and run the tests in it."""
    venv = ROOT / f".venv-{name}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + " ".join(pins).encode()).hexdigest()
    mark = venv / ".fresh"
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
        pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--editable", f"{ROOT}[test]", *pins], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return subprocess.run(
        [venv / "bin/python", "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", "not slow", *TESTS],
        cwd=ROOT,
        check=False,
    ).returncode


def main() -> int:
    """Run the command."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    print("The oldest dependencies allowed:", ", ".join(lowest()), flush=True)
    failed = run(sys.executable, "lowest", lowest())
    for version in VERSIONS:
        if version == here or "--lowest" in sys.argv:
            continue
        if (python := found(version)) is None:
            print(f"Python {version}: not on this machine")
            continue
        print(f"Python {version}:", flush=True)
        failed |= run(python, version, [])
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
