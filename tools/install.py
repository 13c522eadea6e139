"""Install requirements into a virtual environment: `python -m tools.install PYTHON REQUIREMENT ...`.

It takes uv, which needs seconds where pip needs most of a minute. uv is installed beside this Python if it is missing.
Where uv cannot do it, as behind an index that only pip knows, it takes pip.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
UV = Path(sys.executable).parent / "uv"


def install(python: str | Path, *requirements: str) -> None:
    """Install requirements for an interpreter; raise CalledProcessError if neither tool can."""
    if not UV.exists():
        subprocess.run([*PIP, "install", "uv"], check=False)
    if UV.exists():
        command = [UV, "pip", "install", "--quiet", "--system-certs", "--python", python, *requirements]
        with contextlib.suppress(OSError):  # it cannot be run here
            if subprocess.run(command, check=False).returncode == 0:
                return
        print("uv could not do it: installing with pip ...", file=sys.stderr, flush=True)
    subprocess.run([*PIP, "--python", python, "install", *requirements], check=True)


if __name__ == "__main__":
    try:
        install(*sys.argv[1:])
    except subprocess.CalledProcessError as problem:  # pip has said why
        sys.exit(problem.returncode)
