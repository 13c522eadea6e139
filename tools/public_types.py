"""Check that every public name has a complete type, as the checker of a user sees it: `pyright --verifytypes`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def report() -> dict[str, Any]:
    """Return what pyright says about the package of this folder.

    It runs elsewhere, so that it looks for an installed package and ignores the configuration of the project.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "pyright", "--verifytypes", "talon_async", "--ignoreexternal", "--outputjson"]
    with tempfile.TemporaryDirectory() as elsewhere:
        ended = subprocess.run(
            command,
            cwd=elsewhere,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def problems(found: dict[str, Any]) -> list[str]:
    """Return a line for everything that is not complete."""
    complete = found["typeCompleteness"]
    symbols = [symbol for symbol in complete["symbols"] if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]]
    lines = [f"{symbol['name']}: {note['message']}" for symbol in symbols for note in symbol["diagnostics"]]
    lines += [note["message"] for note in found["generalDiagnostics"] if note["severity"] == "error"]
    if complete["completenessScore"] < 1 or not complete["symbols"]:
        lines.append(f"{complete['completenessScore']:.1%} of the public names have a complete type")
    return lines


if __name__ == "__main__":
    wrong = problems(report())
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)
