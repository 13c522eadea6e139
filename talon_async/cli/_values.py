"""Reads the values of options. A value that is wrong ends the command before anything starts, with exit code 2.

A message says what is wrong with the value. argparse puts the name of the option before it.
"""

from __future__ import annotations

import io
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

LARGEST = 10**12  # as in `talon_async.errors`, which `--help` need not import
SLOWEST, FASTEST = 1e-9, 1e9
HIGHEST_PORT = 65_535
LONGEST_CODE = 100


def whole(least: int, most: int = LARGEST) -> Callable[[str], int]:
    """Return a reader of whole numbers."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ArgumentTypeError(f"{text!r} must be {least} or more")
        if number > most:
            raise ArgumentTypeError(f"{text!r} must be {most:,} or less")
        return number

    return read


def port(text: str) -> int:
    """Read a port; 0 is any free one."""
    try:
        return whole(0, HIGHEST_PORT)(text)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"must be 0 to {HIGHEST_PORT}, not {text}") from None


def api_key(text: str) -> str:
    """Read an API key, as a client can send it."""
    from talon_async.auth import PREFIX, ApiKey
    from talon_async.errors import ConfigurationError

    try:
        sent = ApiKey(text).common["Authorization"]
    except ConfigurationError as problem:
        raise ArgumentTypeError(str(problem).replace("api_key", "the key")) from None
    if sent != f"{PREFIX} {text}":
        raise ArgumentTypeError("the key must be written without spaces and without its scheme")
    return text


def coupon(text: str) -> tuple[str, float]:
    """Read a code and its discount."""
    code, _, written = text.rpartition("=")
    try:
        discount = float(written)
    except ValueError:
        discount = -1.0
    if not code or not 0 <= discount <= LARGEST:
        raise ArgumentTypeError(f"{text!r} is not CODE=DISCOUNT with a discount of 0 or more, such as SAVE10=10")
    if len(code) > LONGEST_CODE:
        raise ArgumentTypeError(f"{text!r} has a code of more than {LONGEST_CODE} characters")
    return code, discount


def some_text(text: str) -> str:
    """Read a text that says something, such as a path."""
    if not text.strip():
        raise ArgumentTypeError("must not be empty")
    return text


def delimiter(text: str) -> str:
    """Read the character between the cells of CSV."""
    if len(text) != 1:
        raise ArgumentTypeError(f"{text!r} is not one character")
    if text in '"\r\n\0':
        raise ArgumentTypeError(f"{text!r} cannot stand between cells, as CSV uses it for something else")
    return text


def encoding(text: str) -> str:
    """Read the name of a text encoding."""
    sample = "a,b\n"
    try:
        file = io.TextIOWrapper(io.BytesIO(sample.encode(text)), text, errors="surrogateescape", newline="")
        is_usable = file.read() == sample
    except (LookupError, ValueError):
        is_usable = False
    if not is_usable:
        raise ArgumentTypeError(f"{text!r} is not a text encoding of Python")
    return text


def zone(text: str) -> tzinfo:
    """Read the name of a time zone."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ArgumentTypeError(f"{text!r} is not a time zone, such as Europe/Berlin or UTC") from None


def rate(text: str) -> float:
    """Read a number of calls a second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not SLOWEST <= number <= FASTEST:
        raise ArgumentTypeError(f"{text!r} is not a number of calls a second above 0 ({SLOWEST:g} to {FASTEST:g})")
    return number


def concurrency(text: str) -> int | Literal["auto"]:
    """Read a number of calls, or `auto`."""
    return "auto" if text == "auto" else whole(1)(text)
