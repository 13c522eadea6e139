"""Loads and compiles what the first calls would have to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_async import models
from talon_async._codec.hooks import reader, writer

if TYPE_CHECKING:
    from collections.abc import Iterable


def warm_up(bodies: Iterable[type]) -> None:
    """Load the readers of all effects, and the writers of these models and of all they hold."""
    reader(models.Effect)
    for cls in bodies:
        writer(cls)
