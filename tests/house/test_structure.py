"""The structure of the package: imports run downward, files and folders stay small, generated files are fresh."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "talon_async"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    ["_version", "_clock", "models", "_messages"],
    ["errors", "effects"],
    ["_codec"],
    ["_endpoint", "auth", "webhooks"],
    ["config"],
    ["operations", "_transport"],
    ["pages", "_core"],
    ["bulk"],
    ["client"],
    ["blocking"],
    ["_sync_client"],
    ["testing"],
    ["cli"],
    ["__init__", "__main__"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PURE = [
    "_core/retry.py",
    "models",
    "_messages",
    "errors",
    "effects",
    "webhooks",
    "_codec",
    "_endpoint",
    "config",
    "auth",
    "pages",
]
HEAVY = ["aiohttp", "attrs", "attr", "cattrs", "anyio", "orjson", "asyncio"]
NETWORK = {"aiohttp", "asyncio", "anyio", "yarl", "multidict"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return every module that a file imports anywhere, also inside functions and for type checkers."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module == "talon_async"
                else {node.module}
            )
    return modules


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward_when_a_room_uses_another(path: Path) -> None:
    """A room imports only from rooms on lower floors."""
    own = room(path)
    if own == "__init__":
        return  # it names what it hands out
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("talon_async.")} - {own}
    assert set() == {other for other in rooms if FLOOR[other] >= FLOOR[own]}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in FILES}


def imported_modules(path: Path) -> set[str]:
    """Return the package's files that a file imports anywhere; `import_module(f"folder.{...}")` means a whole folder.

    Python also runs the `__init__` of each folder on the way, which is not counted.
    """
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=aliases):
                modules |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(origin), names=aliases):
                inner = {f"{origin}.{alias.name}" for alias in aliases}
                modules |= {name if name in MODULES else origin for name in inner}
            case ast.Call(
                func=ast.Name(id="import_module"), args=[ast.JoinedStr(values=[ast.Constant(value=folder), *_])]
            ):
                modules |= {name for name in MODULES if name.startswith(str(folder))}
    return modules & MODULES.keys()


IMPORTS = {name: imported_modules(path) for name, path in MODULES.items()}


def circle(start: str, imports: Mapping[str, set[str]] = IMPORTS) -> list[str]:
    """Return the shortest way from a file along its imports back to itself, or an empty list."""
    ways = [[start]]
    seen = set[str]()
    for way in ways:
        for name in sorted(imports[way[-1]] - seen):
            if name == start:
                return [*way, start]
            seen.add(name)
            ways.append([*way, name])
    return []


@pytest.mark.parametrize("own", sorted({room(path) for path in FILES}))
def test_imports_make_no_circle_when_files_share_a_room(own: str) -> None:
    """Files of one room do not import each other in a circle, neither in functions nor for type checkers."""
    circles = {name: way for name, path in MODULES.items() if room(path) == own and (way := circle(name))}
    assert {} == circles


def test_a_circle_is_reported_when_there_is_one() -> None:
    """A circle is reported as its files in the order in which they import each other."""
    imports = {"a": {"b"}, "b": {"c", "e"}, "c": {"a"}, "d": {"a"}, "e": set[str]()}
    assert ["a", "b", "c", "a"] == circle("a", imports)
    assert [] == circle("d", imports)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("talon_async._codec.generated.")))
def test_generated_codecs_import_little_when_they_are_written(name: str) -> None:
    """Generated codecs import the models, each other, and the functions of `support` only."""
    assert {"talon_async._codec.support"} == {
        other
        for other in IMPORTS[name]
        if not other.startswith(("talon_async.models.", "talon_async._codec.generated."))
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_network_stays_outside_when_a_room_is_pure(path: Path) -> None:
    """A pure room imports no event loop and no HTTP client, except for type checkers."""
    if room(path) not in PURE and str(path.relative_to(PACKAGE)) not in PURE:
        return
    top = {
        name.split(".")[0]
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert set() == top & NETWORK


def imported_at_run_time(path: Path) -> set[str]:
    """Return every module that a file imports when it runs, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def test_aiohttp_has_one_door_when_the_package_is_searched() -> None:
    """Only the transport, and the sandbox as a server, import aiohttp at run time."""
    users = {
        room(path) for path in FILES if any(name.split(".")[0] == "aiohttp" for name in imported_at_run_time(path))
    }
    assert {"_transport", "testing"} == users


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_short_when_they_are_written_by_hand(path: Path) -> None:
    """A file that is written by hand has at most 400 lines, and a function has at most 40."""
    text = path.read_text(encoding="utf-8")
    if "GENERATED" in text[:400]:
        return
    assert text.count("\n") <= 400
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    docs = {n: len((ast.get_docstring(n) or "").splitlines()) for n in functions}
    long = {n.name: n.end_lineno - n.lineno - docs[n] for n in functions if n.end_lineno}
    assert {} == {name: lines for name, lines in long.items() if lines > 40}


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda path: path.name)
def test_folders_stay_small_when_files_are_added(folder: Path) -> None:
    """A folder has at most 14 entries. The root of the package has one for each room and may not grow."""
    entries = [entry for entry in folder.iterdir() if entry.name not in ("__pycache__", "py.typed")]
    assert len(entries) <= (23 if folder == PACKAGE else 14)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_states_its_fact_when_it_is_read(path: Path) -> None:
    """The docstring of a test begins with a capital letter or a backtick, has four words, and ends with a period."""
    docs = {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    sentences = {name for name, text in docs.items() if re.fullmatch(r"[A-Z`].*\.", text, re.DOTALL)}
    assert [] == [name for name, text in docs.items() if name not in sentences or len(text.split()) < 4]
    assert [] == [name for name in docs if "_when_" not in name]


@pytest.mark.parametrize("tool", ["generate_codecs", "generate_pages", "generate_sync", "generate_models_index"])
def test_generated_files_are_fresh_when_their_source_changes(tool: str) -> None:
    """The generated files that are committed are what the tools generate."""
    pytest.importorskip("ruff", reason="ruff, from the dev extra, formats what is generated")
    done = subprocess.run(
        [sys.executable, "-m", f"tools.{tool}", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_heavy_is_imported_when_the_package_is_imported() -> None:
    """`import talon_async` loads none of the heavy dependencies."""
    script = "import sys, talon_async; print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    done = subprocess.run([sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_nothing_heavy_is_imported_when_a_command_is_looked_up() -> None:
    """`talon-async --help` imports the commands' modules, which import their dependencies only when they run."""
    script = (
        "import contextlib, sys; from talon_async.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr): main(['--help'])\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    )
    done = subprocess.run([sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "sandbox" in done.stderr
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_when_it_is_listed() -> None:
    """`__all__`, the table of lazy names and the imports that checkers see list the same names."""
    import talon_async

    assert all(hasattr(talon_async, name) for name in talon_async.__all__)
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: (node.module or "").removeprefix("talon_async.")
            for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}  # fmt: skip
    assert seen == talon_async._HOMES
    assert {*seen, "__version__"} == set(talon_async.__all__)
    assert set(talon_async.__all__) <= set(dir(talon_async))
    with pytest.raises(AttributeError, match="no attribute 'Talon'"):
        _ = talon_async.Talon
