"""What the generators share: reading the package's source, and writing generated files or checking them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "talon_async"


def tree_of(path: str) -> ast.Module:
    """Parse a file of the package."""
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


def classes_of(path: str) -> dict[str, ast.ClassDef]:
    """Return a file's classes by name."""
    return {node.name: node for node in tree_of(path).body if isinstance(node, ast.ClassDef)}


def methods_of(cls: ast.ClassDef) -> dict[str, ast.AsyncFunctionDef | ast.FunctionDef]:
    """Return a class's methods by name."""
    return {node.name: node for node in cls.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}


def imports_of(path: str) -> set[tuple[str, str]]:
    """Return what a file imports by name for type checkers, and from `typing`, as (module, name)."""
    body = tree_of(path).body
    blocks = [node for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    nodes = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    nodes += [node for node in body if isinstance(node, ast.ImportFrom)]
    return {(node.module or "", alias.name) for node in nodes for alias in node.names if node.module != "__future__"}


def operations() -> list[tuple[str, ast.ClassDef]]:
    """Return the classes of operations with their files, in the order of the client's bases."""
    tags = [base.id for base in classes_of("operations/__init__.py")["Operations"].bases if isinstance(base, ast.Name)]
    files = {path.name: classes_of(f"operations/{path.name}") for path in PACKAGE.glob("operations/*.py")}
    homes = {name: (f"operations/{path}", cls) for path, classes in files.items() for name, cls in classes.items()}
    return [homes[tag] for tag in tags]


def docstring(method: ast.AsyncFunctionDef | ast.FunctionDef) -> str:
    """Return a method's docstring as it stands in the source."""
    return ast.get_docstring(method, clean=False) or ""


def settle(target: Path, text: str) -> int:
    """Write a generated file, formatted; with --check on the command line, only tell whether it is current."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        [*ruff, "check", "--quiet", "--fix-only", "--select=I,F401", f"--stdin-filename={target}", "-"],
        [*ruff, "format", "--quiet", f"--stdin-filename={target}", "-"],
    ):
        text = subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout
    if "--check" not in sys.argv:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return 0
    print(f"{target.name} is stale: run make generate")
    return 1
