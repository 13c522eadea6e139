"""Converts the cells of a column to its type, from text or from values of Parquet and JSON.

A converter returns the value to send, or raises ValueError with the expected form of the value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

import orjson

Converter = Callable[[Any], Any]

WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def as_it_is(value: Any) -> Any:
    """Return a value unchanged."""
    return value


def as_str(value: Any) -> str:
    """Return text. Whole numbers, which IDs often are, are converted to text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("must be text")


def as_int(value: Any) -> int:
    """Return a whole number."""
    if isinstance(value, str):
        if WHOLE.fullmatch(value.strip()):
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    elif isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return int(value)
    raise ValueError("must be a whole number (int)")


def as_float(value: Any) -> float | int | Decimal:
    """Return a finite number. A `Decimal` is returned unchanged."""
    if isinstance(value, str):
        if NUMBER.fullmatch(value.strip()) and math.isfinite(number := float(value)):
            return number
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError("must be a number (float)")


def as_bool(value: Any) -> bool:
    """Return a bool. Accepted texts are true, false, yes, no, 1 and 0."""
    if isinstance(value, bool):
        return value
    truth = TRUTHS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if truth is None:
        raise ValueError("must be true or false (bool)")
    return truth


def as_json(value: Any) -> Any:
    """Return the value of a JSON text. A value that is not text is returned unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        raise ValueError("must be JSON text (json)") from None


def as_datetime(zone: tzinfo | None) -> Converter:
    """Return a converter for times. Times without a zone get `zone`, or are refused if `zone` is None."""

    def convert(value: Any) -> str:
        time = _time_of(value)
        if time is None:
            raise ValueError("must be a time such as 2026-11-27T12:30:00Z (datetime)")
        if time.tzinfo is None:
            if zone is None:
                raise ValueError("must be a time with its zone: see --time-zone")
            time = time.replace(tzinfo=zone)
        return time.isoformat()

    return convert


def as_found(zone: tzinfo | None) -> Converter:
    """Return a converter that returns values unchanged, except that times without a zone get one."""
    with_zone = as_datetime(zone)
    return lambda value: with_zone(value) if isinstance(value, datetime) else value


def _time_of(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def converters(zone: tzinfo | None) -> dict[str, Converter]:
    """Return the converters by TYPE, as in `--attribute price:float`. The key "" stands for no type."""
    return {
        "": as_found(zone),
        "str": as_str,
        "int": as_int,
        "float": as_float,
        "bool": as_bool,
        "datetime": as_datetime(zone),
        "json": as_json,
    }
