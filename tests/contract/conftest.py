"""Gives the tests what the API publishes: the tables, which are always there, and the documents, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.contract.document import Document
from tools.contract.tables import ERAS, spec, table
from tools.contract.tables import original as find


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    """Return the tables of the Integration API by era, the newest last."""
    return {era: table(era) for era in ERAS}


@pytest.fixture(params=ERAS)
def document(request: pytest.FixtureRequest, documents: dict[str, Document]) -> Document:
    """Give each of the tables in turn."""
    return documents[request.param]


@pytest.fixture(scope="session")
def folder() -> Path:
    """Return the folder of the published documents; a fresh clone has none."""
    named = spec()
    if named is None:
        pytest.skip("the published documents are not here: let TALON_ONE_SPEC name the folder that has them")
    return named


@pytest.fixture(scope="session")
def originals(folder: Path) -> dict[str, Document]:
    """Return the published documents of the Integration API by era, with their examples."""
    found = {era: original for era in ERAS if (original := find(era, folder))}
    assert found.keys() >= {"2020-05", "26.16"}, f"{folder} lacks a document"
    return found


@pytest.fixture(params=["2020-05", "26.16"])
def original(request: pytest.FixtureRequest, originals: dict[str, Document]) -> Document:
    """Give each of the published documents in turn."""
    return originals[request.param]
