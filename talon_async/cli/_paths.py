"""The files that `talon-async send` writes: none of them may be one that it reads, or one of somebody else."""

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

INPUT, JOURNAL, FAILED = "a file that is to be sent", "a journal", "a file for calls that failed"


def identity(path: str | Path) -> object:
    """Return what two names of one file have in common, whether or not it is there."""
    try:
        found = os.fstat(0) if path == STANDARD_INPUT else Path(path).stat()
    except (OSError, ValueError):
        return os.path.normcase(os.path.realpath(path))
    return found.st_dev, found.st_ino


def refuse_clashes(inputs: Sequence[str], places: Iterable[tuple[Path | None, Path | None]]) -> None:
    """Raise UsageError if one file has two purposes. `places` are the journal and the failed file of each input."""
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
            raise UsageError(f"a file is named twice: {path}")
        if key in seen:
            raise UsageError(f"{path} is {purpose}, and cannot be {seen[key]}")
        seen[key] = purpose


def problem_of_failed(path: Path) -> str | None:
    """Return why a file for calls that failed cannot be written or replaced."""
    if (problem := problem_of_kind(path)) is not None:
        return problem
    try:
        if path.exists() and not _is_replaceable(path):
            return "is there already and holds something else: it would be lost"
        descriptor, probe = tempfile.mkstemp(prefix=".talon-async-", dir=path.parent)
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None


def _is_replaceable(path: Path) -> bool:
    """Tell whether a file is empty, or holds calls that an earlier run has written."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_LINE)
    try:
        values: Any = orjson.loads(line) if line else None
    except orjson.JSONDecodeError:
        return False
    return not line or (values.__class__ is dict and is_record(values))
