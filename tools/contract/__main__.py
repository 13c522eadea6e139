"""Print what the Integration API has and the package lacks, and what to do about it.

Without a document, the package is held against the committed tables of the API (see tools/contract/tables.py), and
against the documents that they are written from, if TALON_ONE_SPEC names the folder that has them. With one, against
that document.

Ends with 0 when nothing is missing, with 1 when something is, and with 2 when the document cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.contract.docstrings import compare_docstrings
from tools.contract.document import Document, DocumentError
from tools.contract.examples import compare_examples, examples
from tools.contract.findings import Finding, Group, ordered, report, sift
from tools.contract.known_gaps import EXAMPLES_ONLY, KNOWN_GAPS
from tools.contract.limits import compare_limits, limits
from tools.contract.operations import compare_operations
from tools.contract.schemas import compare_schemas
from tools.contract.tables import (
    ERAS,
    NEWEST,
    NO_DOCUMENTS,
    SOURCES,
    differing,
    has_documents,
    original,
    spec,
    table,
)  # fmt: skip
from tools.contract.types import listed_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.contract.findings import Key


WITH_ALL_GAPS = "26.16"
NO_DOCUMENT = (AttributeError, KeyError, RecursionError, StopIteration, TypeError, ValueError)
"""What a text raises that is JSON and says to be OpenAPI, but is not built like it."""


def compare(document: Document, gaps: Mapping[Key, str] = KNOWN_GAPS) -> list[Finding]:
    """Return everything that the package lacks of a document, sorted, without the known gaps."""
    named = {*document.published, *document.components, *document.schemas, *document.effects}
    compared = (compare_operations, compare_docstrings, compare_schemas, compare_limits)
    findings = [finding for compare_part in compared for finding in compare_part(document)]
    return ordered(sift(findings, gaps, named))


def compare_older(document: Document, newer: Document) -> list[Finding]:
    """Return what the package lacks of the parts that only an older document has."""
    newer_names = {*newer.published, *newer.schemas}
    return [finding for finding in compare(document) if finding.key.partition(".")[0] not in newer_names]


def compare_names(document: Document, named: set[str]) -> list[Finding]:
    """Return the names that only examples have; known gaps are looked for in `named`."""
    return ordered(sift(compare_examples(document), EXAMPLES_ONLY, named))


def compare_tables() -> tuple[list[Finding], str]:
    """Return everything that the package lacks of the tables, and a description of their size."""
    for name in SOURCES:
        table(name)  # raises for one that cannot be read, or has other facts than it was sealed with
    newest = table(NEWEST)
    found, counts = compare(newest), [(NEWEST, {*newest.published})]
    for era in reversed([era for era in ERAS if era != NEWEST]):
        older = table(era)
        counts.append((era, older.published.keys() - set[str]().union(*(names for _, names in counts))))
        found += compare_older(older, newest)
    methods = [(era, len(names)) for era, names in counts if names]
    parts = ", ".join(f"{count} of {era}" for era, count in methods)
    return ordered(found), f"{sum(count for _, count in methods)} methods ({parts}), {size_of(newest)}"


def compare_sources(folder: Path) -> tuple[list[Finding], list[str]]:
    """Return what a folder's documents say and the tables do not, and the names that only examples have."""
    if not has_documents(folder):
        raise DocumentError(NO_DOCUMENTS)
    todo = "run python -m tools.contract.tables"
    stale = [name for name, _ in differing(folder)]
    findings = [Finding(Group.TABLE, f"{name}.txt", "not what its document says", todo) for name in stale]
    lines: list[str] = []
    for name in SOURCES:
        source = original(name, folder)
        if source is not None:
            # a known gap that is none is told by the document that has all schemas with known gaps
            findings += compare_names(source, {*source.schemas} if name == WITH_ALL_GAPS else set())
            count = len(list(examples(source)))
            lines.append(f"{name}.txt {'differs from' if name in stale else 'is'} its document; {count} examples read")
    return findings, lines


def size_of(document: Document) -> str:
    """Describe the size of a document."""
    words = {(name, property_, word) for name, shape in document.schemas.items()
             for property_, schema in shape.properties.items() for word in listed_words(schema, document)}  # fmt: skip
    counts = {"schemas": document.schemas, "effects": document.effects, "words": words, "limits": limits(document)}
    return ", ".join(f"{len(what)} {name}" for name, what in counts.items())


def main(given: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.contract", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("document", type=Path, nargs="?", help="an OpenAPI document, as JSON")
    parser.add_argument("--json", action="store_true", help="print each finding as a line of JSON, and no count")
    arguments = parser.parse_args(given)
    try:
        if arguments.document:
            read = Document.read(arguments.document)
            findings = ordered([*compare(read), *compare_names(read, set())])
            summary, lines = f"{len(read.published)} operations, {size_of(read)}", list[str]()
        else:
            findings, summary = compare_tables()
            more, lines = compare_sources(folder) if (folder := spec()) else ([], [])
            findings = ordered([*findings, *more])
    except (DocumentError, *NO_DOCUMENT) as error:
        said = error if isinstance(error, DocumentError) else f"it cannot be compared: {error!r}"
        print(f"{arguments.document or 'the tables'}: {said}", file=sys.stderr)
        return 2
    if arguments.json:
        lines = [json.dumps(finding._asdict()) for finding in findings]
    else:
        lines += report(findings) if findings else [f"nothing is missing: {summary} held"]
    print("\n".join(lines), end="\n" if lines else "")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
