"""What a forked child does with the connections, loops and threads of its parent: nothing."""

from __future__ import annotations

_PARENTS: list[object] = []


def keep_for_parent(thing: object) -> None:
    """Keep what belongs to the parent process, so that nothing in this child closes or finalises it."""
    _PARENTS.append(thing)
