"""Keeps the connections, loops and threads of a parent process untouched in a forked child."""

from __future__ import annotations

_PARENTS: list[object] = []


def keep_for_parent(thing: object) -> None:
    """Keep a reference to an object of the parent process, so that this child neither closes nor finalises it."""
    _PARENTS.append(thing)
