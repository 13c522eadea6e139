"""The README as Sybil reads it: its sections, and their blocks of code, run as they stand."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

from talon_async import TalonOne

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BASH = shutil.which("bash") or "bash"
NAMES = "Guide"
"""The section whose blocks make the names that the sections below it share."""


def prose(text: str) -> str:
    """Return a page with its blocks of code blank, because a comment in them is no heading."""
    return re.sub(r"(?ms)^```.*?^```$", lambda block: re.sub(r"[^\n]", " ", block[0]), text)


def same(expected: str, actual: str) -> bool:
    """Tell whether an output is the expected one; `...` stands for any text."""
    return doctest.OutputChecker().check_output(expected, actual, doctest.ELLIPSIS)


def evaluate_console(example: Example) -> str | None:
    """Run the lines that begin with `$`, and compare what they print with the lines below."""
    for command, expected in re.findall(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", example.parsed, re.MULTILINE):
        done = subprocess.run(
            [BASH, "-c", command],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        )
        if not same(expected, done.stdout):
            return f"$ {command}\nexpected:\n{expected}\ngot:\n{done.stdout}\nand said:\n{done.stderr}"
    return None


class Page:
    """One reading of the README, with an event loop for the blocks that await."""

    def __init__(self, names: Mapping[str, Any] | None = None) -> None:
        parsers = [CodeBlockParser("python", self._evaluate), CodeBlockParser("console", evaluate_console)]
        self._document: Document = Sybil(parsers, path=str(ROOT)).parse(README)
        self.names = self._document.namespace
        self.names.update({"__name__": "readme", **(names or {})})
        self._runner = asyncio.Runner()
        self.sections: defaultdict[str, list[Example]] = defaultdict(list)
        headings = re.finditer(r"^(#+) (.*)$", prose(self._document.text), re.MULTILINE)
        begins = [(found.start(), found[2]) for found in headings]
        for example in self._document.examples():
            self.sections[[name for start, name in begins if start < example.start][-1]].append(example)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._runner:
            for client in [value for value in self.names.values() if isinstance(value, TalonOne)]:
                self._runner.run(client.aclose())

    def read(self, section: str) -> dict[str, Any]:
        """Run the blocks of a section; return the names that they have made."""
        for example in self.sections[section]:
            example.evaluate()
        return self.names

    def _evaluate(self, example: Example) -> str | None:
        """Run a block of Python, which may await, and compare what it prints with the comment at its end."""
        source = "\n" * (example.line + example.parsed.line_offset) + example.parsed
        code = compile(source, example.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            result = eval(code, example.namespace)  # noqa: S307  # the README is ours
            if inspect.iscoroutine(result):
                self._runner.run(result)
        expected = re.sub("^# ?", "", re.search(r"(?:^#.*\n?)*\Z", example.parsed, re.MULTILINE)[0], flags=re.MULTILINE)  # type: ignore[index]
        if expected and not same(expected, printed.getvalue()):
            return f"expected:\n{expected}\ngot:\n{printed.getvalue()}"
        return None
