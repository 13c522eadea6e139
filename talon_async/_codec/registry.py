"""The one cattrs converter that has the functions that read and write a class."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import cattrs

Hook = Callable[..., Any]


class Registry:
    """Holds the converter. Whoever needs a function often fetches it once: an endpoint has those of its models.

    Generated functions look others up here, and `hooks`, which imports the generated ones, says in `make` what the
    converter has. So neither needs to import the other.
    """

    make: Callable[[], cattrs.Converter]

    @cached_property
    def converter(self) -> cattrs.Converter:
        """The converter, made when it is first needed: importing cattrs takes time."""
        return self.make()

    def reader(self, cls: type) -> Hook:
        """Return the function that makes an instance of a class from JSON."""
        hook: Hook = self.converter.get_structure_hook(cls)
        return hook

    def writer(self, cls: type) -> Hook:
        """Return the function that makes what JSON has from an instance of a class."""
        hook: Hook = self.converter.get_unstructure_hook(cls)
        return hook


registry = Registry()
