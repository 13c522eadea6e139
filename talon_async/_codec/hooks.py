"""Finds the reader and the writer of a class: made when the package was built, or compiled when first asked for.

The models of the package have theirs in `generated`, made by tools/generate_codecs.py, because compiling those of a
session answer takes longer than the answer itself in a process that has just started. Other classes, such as those of
notifications, are compiled here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talon_async import models
from talon_async._codec import generated, support
from talon_async._codec.registry import Hook, registry
from talon_async._codec.source import Source
from talon_async.models._base import execute

if TYPE_CHECKING:
    import cattrs

    from talon_async._codec.exact import Converter

MODELS = "talon_async.models."


def reader(cls: type) -> Hook:
    """Return the function that makes an instance from a JSON object, and returns anything else unchanged."""
    return registry.reader(cls)


def writer(cls: type) -> Hook:
    """Return the function that makes a dict from an instance of a class."""
    return registry.writer(cls)


def _reader(cls: type) -> Hook:
    if cls is models.UnknownEffectProps:  # all that JSON has in its place
        return support.unknown_props
    return _generated("read", cls) or _compiled("read", cls)


def _writer(cls: type) -> Hook:
    return _generated("write", cls) or _compiled("write", cls)


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
    source = Source(cls, is_sent=any(base.__name__ in generated.SENT for base in cls.__mro__))
    text = source.reader() if verb == "read" else source.writer()
    names = {name: getattr(support, name) for name in support.__all__} | {cls.__name__: cls}
    for kind in source.used:
        # looked up with the first call: a class may hold itself
        names[kind.__name__] = kind
        names[f"read_{kind.__name__}"] = partial(_read, kind)
        names[f"write_{kind.__name__}"] = partial(_write, kind)
    execute(f"<{verb}_{cls.__name__}>", "\n".join([text, *source.tables]), names)
    hook: Hook = names[f"{verb}_{cls.__name__}"]
    return hook


def _read(kind: type, value: Any, _: Any = None) -> Any:
    return registry.reader(kind)(value)


def _write(kind: type, value: Any) -> Any:
    return registry.writer(kind)(value)


def converter() -> Converter:
    """Return a new cattrs converter that reads and writes the models as the client does, to be built upon.

    For classes of your own that hold models: `converter().structure({"coupon": {"value": "A"}}, YourClass)`; and for
    `read_attributes` and `write_attributes`, with hooks of your own. Unlike cattrs alone it reads exactly: a value of
    another type than a field of your class has is a ValueError that names the field. The client uses one like it.
    """
    from talon_async._codec.exact import Converter, is_ours  # noqa: PLC0415  # imports cattrs, which takes time

    made = Converter()
    made.register_structure_hook_factory(is_ours, _reader)
    made.register_unstructure_hook_factory(is_ours, _writer)
    return made


registry.make = converter


def converter_of(given: cattrs.Converter | None) -> cattrs.Converter:
    """Return the client's converter where none is given; TypeError for one that is not exact."""
    from talon_async._codec.exact import Converter  # noqa: PLC0415  # as above

    if given is not None and not isinstance(given, Converter):
        raise TypeError("converter must come from talon_async.converter(): others read 1.9 as 1 and 'false' as True")
    return given or registry.converter
