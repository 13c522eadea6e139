"""The committed tables. Writes those that have a document; `--check` tells whether they are what it would write.

The documents are in the folder that TALON_ONE_SPEC names. The second line of a table has a digest of its facts, so that
none is changed or lost by accident. A table that has no document is written by hand; `--seal` writes its digest anew.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.contract.document import Document, DocumentError
from tools.contract.notation import cut
from tools.contract.table import COMMENT, read, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "contract" / "tables"
API, NOTIFICATIONS = "Integration API", "notifications"
SOURCES = {
    "2020-05": (API, "openapi-2020-05.json"),
    "26.16": (API, "openapi-26.16.json"),
    "26.20": (API, None),
    "notifications-26.16": (NOTIFICATIONS, "openapi-notifications.json"),
    "notifications-26.20": (NOTIFICATIONS, None),
}
"""The tables: which API they are of, and the file of the document that they are written from, if there is one."""

NO_DOCUMENTS = "there are no documents: let TALON_ONE_SPEC name the folder that has them"
NEWEST = "26.20"
ERAS = [name for name, (api, _) in SOURCES.items() if api == API]
"""The tables of the Integration API, from the oldest to the newest."""


SEAL = re.compile(r"^# sealed (\w+)$", re.MULTILINE)
OLD_SEAL = re.compile(r"\A# sealed \w+\n")


def text(name: str) -> str:
    """Return the text of a table; DocumentError if there is none."""
    try:
        return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"it cannot be read: {error.strerror}") from error


@cache
def content(name: str) -> dict[str, Any]:
    """Return what a table says, as an OpenAPI document."""
    api, _ = SOURCES[name]
    prefix = "" if api == API else f"{api}-"
    try:
        check_seal(name)
        return read(text(name), lambda version: content(prefix + version))
    except DocumentError as error:
        raise DocumentError(f"{name}.txt: {error}") from error


def digest(written: str) -> str:
    """Return the digest of a table's facts: of its lines without comments."""
    facts = [cut(line, COMMENT)[0].rstrip() for line in written.splitlines() if not line.startswith("#")]
    return sha256("\n".join(filter(None, facts)).encode()).hexdigest()[:16]


def check_seal(name: str) -> None:
    """Check that a table has the facts that it was sealed with.

    Raises:
        DocumentError: it has others, or no seal.
    """
    if SEAL.findall(text(name)) != [digest(text(name))]:
        command = "python -m tools.contract.tables --seal"
        raise DocumentError(f"its facts are not those that were sealed: look at what changed, then run {command}")


def sealed(written: str) -> str:
    """Return a table with the digest of its facts in the second line."""
    title, _, rest = written.partition("\n")
    return f"{title}\n# sealed {digest(written)}\n{OLD_SEAL.sub('', rest)}"


def seal() -> None:
    """Seal the tables that are written by hand."""
    for name, (_, file) in SOURCES.items():
        if file is None:
            (FOLDER / f"{name}.txt").write_text(sealed(text(name)), encoding="utf-8")


@cache
def table(name: str) -> Document:
    """Return a table as the document that it stands for."""
    return Document(json.dumps(content(name)))


def spec() -> Path | None:
    """Return the folder of the documents, or None if the environment names none."""
    named = os.environ.get("TALON_ONE_SPEC")
    return Path(named) if named else None


def original(name: str, folder: Path) -> Document | None:
    """Return the document that a table is written from, or None if the folder lacks it."""
    _, file = SOURCES[name]
    return Document.read(folder / file) if file and (folder / file).is_file() else None


def has_documents(folder: Path) -> bool:
    """Tell whether a folder has a document that a table is written from."""
    return any((folder / file).is_file() for _, file in SOURCES.values() if file)


def differing(folder: Path) -> Iterator[tuple[str, str]]:
    """List the tables that differ from what the documents of a folder give, with the text that they should have."""
    for name, (api, _) in SOURCES.items():
        source = original(name, folder)
        if source is not None:
            written = sealed(write(source, api, name.rpartition("-")[2] if api == NOTIFICATIONS else name))
            if not (FOLDER / f"{name}.txt").is_file() or written != text(name):
                yield name, written


def main(given: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract.tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a table is not current")
    parser.add_argument("--seal", action="store_true", help="seal the tables that are written by hand, and end")
    arguments = parser.parse_args(given)
    if arguments.seal:
        seal()
        return 0
    folder = spec()
    if folder is None or not has_documents(folder):
        print(NO_DOCUMENTS, file=sys.stderr)
        return 2
    try:
        stale = list(differing(folder))
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 2
    for name, written in stale:
        if arguments.check:
            print(f"{name}.txt is not what its document says: run python -m tools.contract.tables")
        else:
            (FOLDER / f"{name}.txt").write_text(written, encoding="utf-8")
    return int(arguments.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
