"""Compiles functions with the parameters of a stub."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def reached(source: str) -> str:
    """Return the expression for a parameter or a field of the body, None where a step is missing."""
    parameter, *fields = source.split(".")
    for field in fields:
        parameter = f"getattr({parameter}, {field!r}, None)"
    return parameter


def compiled(head: str, signature: inspect.Signature, lines: Sequence[str], scope: dict[str, Any]) -> Any:
    """Compile a function with the parameters of a signature."""
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    source = f"{head}{inspect.Signature(bare)}:\n    " + "\n    ".join(lines)
    exec(compile(source, f"<{head}>", "exec"), scope)  # noqa: S102  # made from this package's own stubs
    return scope[head.rpartition(" ")[2]]
