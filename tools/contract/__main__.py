"""Print what an OpenAPI document of the Integration API has and the package lacks, and what to do about it.

Ends with 0 when nothing is missing, with 1 when something is, and with 2 when the document cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.contract.document import Document, DocumentError
from tools.contract.findings import Finding, ordered, report, sift
from tools.contract.known_gaps import KNOWN_GAPS
from tools.contract.operations import compare_operations
from tools.contract.schemas import compare_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.contract.findings import Key


def compare(document: Document, gaps: Mapping[Key, str] = KNOWN_GAPS) -> list[Finding]:
    """Return all that the package lacks of a document, sorted, without the known gaps."""
    named = {*document.published, *document.components, *document.schemas, *document.effects}
    return ordered(sift([*compare_operations(document), *compare_schemas(document)], gaps, named))


def main(given: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("document", type=Path, help="the OpenAPI document, as JSON")
    parser.add_argument("--json", action="store_true", help="print each finding as a line of JSON, and no count")
    arguments = parser.parse_args(given)
    try:
        document = Document.read(arguments.document)
        found = compare(document)
    except DocumentError as error:
        print(f"{arguments.document}: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        lines = [json.dumps(finding._asdict()) for finding in found]
    elif found:
        lines = list(report(found))
    else:
        held = f"{len(document.published)} operations, {len(document.schemas)} schemas, {len(document.effects)} effects"
        lines = [f"nothing is missing: {held} held"]
    print("\n".join(lines), end="\n" if lines else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
