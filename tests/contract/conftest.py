"""Reads the API's two published documents, so that the tests can hold the package against them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.contract.document import Document

FILES = {"26.16": "openapi-26.16.json", "2020-05": "openapi-2020-05.json"}


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    """Both documents by era, from the folder that `TALON_ONE_SPEC` names, or from beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "api"
    folder = Path(os.environ.get("TALON_ONE_SPEC", beside))
    missing = [name for name in FILES.values() if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"{folder} lacks {' and '.join(missing)}: let TALON_ONE_SPEC name the folder that has them")
    return {era: Document((folder / name).read_text(encoding="utf-8")) for era, name in FILES.items()}


@pytest.fixture(params=FILES)
def document(request: pytest.FixtureRequest, documents: dict[str, Document]) -> Document:
    """Each of the two documents in turn."""
    return documents[request.param]
