"""The functions that read and write a class, by class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Hook = Callable[..., Any]


class Registry(dict[type, Hook]):
    """Readers or writers by class; one that is missing is found when it is first looked up.

    Generated functions look up others here, and `hooks`, which imports the generated ones, says in `find` where a
    function comes from. So neither needs to import the other.
    """

    find: Callable[[type], Hook]

    def __missing__(self, cls: type) -> Hook:
        hook = self[cls] = self.find(cls)
        return hook


readers = Registry()
"""The functions that make an instance of a class from JSON, and return unchanged what is not a JSON object."""

writers = Registry()
"""The functions that make a dict from an instance of a class."""
