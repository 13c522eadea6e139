"""Suppressions: comments and casts that make a checker look away. Their number may only fall."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "talon_async"
TEXTS = [text for path in sorted(PACKAGE.rglob("*.py")) if "GENERATED" not in (text := path.read_text("utf-8"))[:400]]

COUNTS = {
    "noqa": 54,
    "pyright: ignore": 7,
    "type: ignore": 2,
    "files with pyright rules off": 2,
    "cast": 19,
}
"""How many there are in files that people write. Who removes one lowers its number."""


def counted(what: str, text: str) -> int:
    """Count one kind of suppression in the text of a file."""
    if what == "cast":
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        return sum(ast.unparse(function) in ("cast", "typing.cast") for function in calls)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    if what == "files with pyright rules off":
        return any(re.match(r"# pyright: (?!ignore)", comment) for comment in comments)
    return sum(comment.count(what) for comment in comments)


@pytest.mark.parametrize("what", COUNTS)
def test_suppressions_are_as_many_as_recorded_when_the_package_is_searched(what: str) -> None:
    """The package has exactly as many suppressions as recorded. The commit that removes one lowers the number."""
    assert COUNTS[what] == sum(counted(what, text) for text in TEXTS)


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("noqa", "x = 1  # noqa: E501  # a reason\ny = '# noqa'\n", 1),
        ("noqa", "# ruff: noqa: E501\n", 1),
        ("pyright: ignore", "x = 1  # type: ignore[misc]  # pyright: ignore[reportCallIssue]\n", 1),
        ("type: ignore", "x = 1  # type: ignore[misc]  # pyright: ignore[reportCallIssue]\n", 1),
        ("files with pyright rules off", "# pyright: reportA=false\n# pyright: reportB=false\n", 1),
        ("files with pyright rules off", "x = 1  # pyright: ignore[reportA]\n", 0),
        ("cast", "x = cast('int', recast(y))\nz = typing.cast(int, y)\n", 2),
    ],
)
def test_suppressions_are_counted_when_they_are_comments_or_calls(what: str, text: str, expected: int) -> None:
    """A suppression is a comment or a call, not a word in a text or a part of a longer name.

    Comments that turn rules off count once a file.
    """
    assert expected == counted(what, text)
