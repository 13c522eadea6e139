"""Checks the files that `talon-async send` writes: none may be an input, or belong to another program."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from talon_async.bulk.journal.beside import BESIDE, problem_of_kind
from talon_async.cli._send.files import STANDARD_INPUT
from talon_async.cli._send.problems import UsageError
from talon_async.cli._send.records import is_record
from talon_async.cli._send.rows import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

INPUT, JOURNAL, FAILED = "an input file", "a journal", "a file for failed calls"


def identity(path: str | Path) -> object:
    """Return a value that is the same for all names of one file, even if the file does not exist."""
    try:
        status = os.fstat(0) if path == STANDARD_INPUT else Path(path).stat()
    except (OSError, ValueError):
        return os.path.normcase(os.path.realpath(path))
    return status.st_dev, status.st_ino


def refuse_clashes(inputs: Sequence[str], places: Iterable[tuple[Path | None, Path | None]]) -> None:
    """Raise UsageError if a file has two purposes. `places` has the journal and the failed file of each input."""
    seen: dict[object, str] = {}
    named: list[tuple[str | Path, str]] = [(path, INPUT) for path in inputs]
    for journal, failed in places:
        if journal is not None:
            named += [(journal.with_name(journal.name + end), JOURNAL) for end in ("", *BESIDE)]
        if failed is not None:
            named.append((failed, FAILED))
    for path, purpose in named:
        key = identity(path)
        if key in seen and purpose == INPUT:
            raise UsageError(f"{path} is given twice")
        if key in seen:
            raise UsageError(f"{path} is {purpose}, and cannot also be {seen[key]}")
        seen[key] = purpose


def problem_of_failed(path: Path) -> str | None:
    """Return why a file for failed calls cannot be written or replaced; None if it can."""
    if (problem := problem_of_kind(path)) is not None:
        return problem
    try:
        if path.exists() and not _is_replaceable(path):
            return "already exists and holds other data, which would be lost"
        descriptor, probe = tempfile.mkstemp(prefix=".talon-async-", dir=path.parent)
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None


def _is_replaceable(path: Path) -> bool:
    """Tell whether a file is empty, or holds failed calls of an earlier run."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_LINE)
    try:
        values: Any = orjson.loads(line) if line else None
    except orjson.JSONDecodeError:
        return False
    return not line or (values.__class__ is dict and is_record(values))
