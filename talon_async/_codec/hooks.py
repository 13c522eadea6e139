"""Finds the reader and the writer of a class: made when the package was built, or compiled when first asked for.

The models of the package have theirs in `generated`, made by tools/generate_codecs.py, because compiling those of a
session answer takes longer than the answer itself in a process that has just started. Other classes, such as those of
notifications, are compiled here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import support

if TYPE_CHECKING:
    import cattrs

Hook = Callable[..., Any]
MODELS = "talon_async.models."

_readers: dict[type, Hook] = {}
_writers: dict[type, Hook] = {}


def reader(cls: type) -> Hook:
    """Return the function that makes a class from what stands in JSON, and passes what it is not made of through."""
    found = _readers.get(cls)
    if found is None:
        found = _readers[cls] = _generated("read", cls) or _compiled("read", cls)
    return found


def writer(cls: type) -> Hook:
    """Return the function that makes a dict from an instance of a class."""
    found = _writers.get(cls)
    if found is None:
        found = _writers[cls] = _generated("write", cls) or _compiled("write", cls)
    return found


def _generated(verb: str, cls: type) -> Hook | None:
    if not cls.__module__.startswith(MODELS):
        return None
    if (odd := getattr(support, f"{verb}_{cls.__name__}", None)) is not None:
        return odd  # type: ignore[no-any-return]
    home = cls.__module__.removeprefix(MODELS).partition(".")[0]
    hook: Hook | None = getattr(import_module(f"talon_async._codec.generated.{home}"), f"{verb}_{cls.__name__}", None)
    return hook


def _names(cls: type, used: set[type]) -> dict[str, Any]:
    """Return what a compiled function's names stand for: what `support` has, and the functions of other classes."""
    names: dict[str, Any] = {cls.__name__: cls, f"{cls.__name__}_": support.twin(cls)}
    for kind in used:
        # looked up with the first call: a class may hold itself
        names[kind.__name__] = kind
        names[f"read_{kind.__name__}"] = partial(_later, reader, kind)
        names[f"write_{kind.__name__}"] = partial(_later, writer, kind)
    return names | {name: getattr(support, name) for name in support.__all__}


def _later(hook_of: Hook, kind: type, value: Any) -> Any:
    return hook_of(kind)(value)


def _compiled(verb: str, cls: type) -> Hook:
    from talon_async._codec.source import Source  # noqa: PLC0415  # not needed for the package's own models

    source = Source(cls)
    text = source.reader() if verb == "read" else source.writer()
    names = _names(cls, source.used)
    exec(compile(text, f"<{verb}_{cls.__name__}>", "exec"), names)  # noqa: S102  # the source is ours
    hook: Hook = names[f"{verb}_{cls.__name__}"]
    return hook


def _is_ours(cls: Any) -> bool:
    return getattr(cls, "__module__", "").startswith(MODELS) and attrs.has(cls)


def converter() -> cattrs.Converter:
    """Return a new cattrs converter that reads and writes the models as the client does, to be built upon.

    For classes of your own that hold models: `converter().structure({"coupon": {"value": "A"}}, YourClass)`.
    """
    import cattrs  # noqa: PLC0415  # the client itself goes without: importing it takes a tenth of what aiohttp takes

    made = cattrs.Converter(detailed_validation=False)
    made.register_structure_hook_factory(_is_ours, reader)
    made.register_unstructure_hook_factory(_is_ours, writer)
    return made
