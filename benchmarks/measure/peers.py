"""The environments of the peers: made once, kept in `benchmarks/.env`, apart from ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.measure.processes import ROOT

PEERS = {
    "official": ["talon-one-sdk==26.2"],
    "wreq": ["wreq==0.13.0", "orjson"],
    "pyreqwest": ["pyreqwest==0.15.1", "orjson"],
    "httpx": ["httpx==0.28.1", "orjson", "sniffio"],
    "requests": ["requests==2.34.2", "orjson"],
}
"""The packages of each environment, pinned so that figures of two days can be compared.

Without sniffio, httpx looks for it at every lock.
"""


def python_of(peer: str) -> Path | None:
    """Return the Python of a peer's environment, made if needed; print why and return None on failure."""
    folder = ROOT / "benchmarks" / ".env" / peer
    python, mark = folder / "bin" / "python", folder / ".made"
    wanted = " ".join([sys.version, *PEERS[peer]])
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    print(f"setting up benchmarks/.env/{peer} ...")
    venv.create(folder, clear=True, with_pip=True)
    done = subprocess.run(  # noqa: S603  # pip, with the list above
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[peer]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        print(f"{peer} is left out: it cannot be installed ({reason})")
        return None
    mark.write_text(wanted, encoding="utf-8")
    return python


def pythons() -> dict[str, Path]:
    """Return the Python of every environment by its name; the empty name is ours."""
    environments = {peer: python for peer in PEERS if (python := python_of(peer)) is not None}
    return {"": Path(sys.executable), **environments}
