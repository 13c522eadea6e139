"""Finds the reader and the writer of a class: made when the package was built, or compiled when first asked for.

The models of the package have theirs in `generated`, made by tools/generate_codecs.py, because compiling those of a
session answer takes longer than the answer itself in a process that has just started. Other classes, such as those of
notifications, are compiled here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import generated, support
from talon_async._codec.registry import Hook, Registry, readers, writers
from talon_async._codec.source import Source

if TYPE_CHECKING:
    import cattrs

MODELS = "talon_async.models."


def reader(cls: type) -> Hook:
    """Return the function that makes an instance from a JSON object, and returns anything else unchanged."""
    return readers[cls]


def writer(cls: type) -> Hook:
    """Return the function that makes a dict from an instance of a class."""
    return writers[cls]


def _find(verb: str, cls: type) -> Hook:
    return _generated(verb, cls) or _compiled(verb, cls)


readers.find = partial(_find, "read")
writers.find = partial(_find, "write")


def _generated(verb: str, cls: type) -> Hook | None:
    """Return the function that was made when the package was built, if the class is a model of the package."""
    if not cls.__module__.startswith(MODELS):
        return None
    name = f"{verb}_{cls.__name__}"
    if (by_hand := getattr(support, name, None)) is not None:
        return by_hand  # type: ignore[no-any-return]
    home = cls.__module__.removeprefix(MODELS).partition(".")[0]
    hook: Hook | None = getattr(generated.module(home), name, None)
    return hook


def _compiled(verb: str, cls: type) -> Hook:
    source = Source(cls)
    text = source.reader() if verb == "read" else source.writer()
    names = {name: getattr(support, name) for name in support.__all__} | {cls.__name__: cls}
    for kind in source.used:
        # looked up with the first call: a class may hold itself
        names[kind.__name__] = kind
        names[f"read_{kind.__name__}"] = partial(_call, readers, kind)
        names[f"write_{kind.__name__}"] = partial(_call, writers, kind)
    exec(compile("\n".join([text, *source.tables]), f"<{verb}_{cls.__name__}>", "exec"), names)  # noqa: S102  # the source is ours
    hook: Hook = names[f"{verb}_{cls.__name__}"]
    return hook


def _call(registry: Registry, kind: type, value: Any) -> Any:
    return registry[kind](value)


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
