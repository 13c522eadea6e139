"""Checks the values of options, for every kind of run. Each error names the option."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talon_async.errors import LARGEST, LONGEST, InvalidArgumentError, function_refusal, number_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def check_pacing(options: Mapping[str, Any]) -> None:
    """Check the options of `PacingOptions` where the run itself begins later, or elsewhere."""
    width(options.get("concurrency", 1), LARGEST)
    rate(options.get("rate"))
    seconds("patience", options.get("patience"))
    whole("max_failures", options.get("max_failures"), 1, 1)
    function("progress", options.get("progress"))


def whole(name: str, value: Any, least: int, default: int) -> int:
    """Return a whole number, or the default for None."""
    if value is None:
        return default
    _refuse(name, number_refusal(value, f"a whole number of {least} or more", least=least, whole=True))
    return int(value)


def seconds(name: str, value: Any) -> float | None:
    """Return a number of seconds, which may be infinite, or None."""
    if value is None:
        return None
    if value == math.inf:
        return math.inf
    _refuse(name, number_refusal(value, "0 or more seconds"))
    return float(value)


def rate(value: Any) -> float | None:
    """Return a number of calls a second, or None."""
    if value is None:
        return None
    _refuse("rate", number_refusal(value, "calls a second above 0", above=True))
    if value < 1 / LONGEST:
        raise InvalidArgumentError(f"rate must be {1 / LONGEST:g} or more, not {value!r}")
    return float(value)


def width(value: Any, most: int) -> int:
    """Return how many calls may be under way: at most so many, which is what "auto" begins with."""
    if value == "auto":
        return most
    _refuse("concurrency", number_refusal(value, "1 or more, or 'auto'", least=1, whole=True))
    return min(int(value), most)


def function(name: str, value: Any) -> Callable[[Any], object] | None:
    """Return a function that is called without `await`, or None."""
    if value is not None:
        _refuse(name, function_refusal(value))
    called: Callable[[Any], object] | None = value
    return called


def truth(name: str, value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name} must be True or False, not {value!r}")
    return value


def _refuse(name: str, refusal: str | None) -> None:
    if refusal is not None:
        raise InvalidArgumentError(f"{name} {refusal}")
