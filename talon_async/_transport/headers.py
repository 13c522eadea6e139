"""The headers of an answer, as the direct transport gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView


class Headers(Mapping[str, str]):
    """A case-insensitive mapping. It keeps repeated names; `get` returns the first value, `getall` every value.

    The bytes are decoded on first use, because most answers are read without their headers.
    """

    __slots__ = ("_fields", "_multidict")

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self._fields = fields
        self._multidict: CIMultiDictProxy[str] | None = None

    def _decoded(self) -> CIMultiDictProxy[str]:
        if self._multidict is None:
            # decoded as in aiohttp, so that both transports return the same headers
            pairs = [(_text(name), _text(value)) for name, value in self._fields]
            self._multidict = CIMultiDictProxy(CIMultiDict(pairs))
        return self._multidict

    def __getitem__(self, name: str) -> str:
        return self._decoded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._fields)

    def getall(self, name: str) -> list[str]:
        """Return every value of a name."""
        return self._decoded().getall(name)

    def keys(self) -> KeysView[str]:
        """Return the names, in the order in which they came."""
        return self._decoded().keys()

    def values(self) -> ValuesView[str]:
        """Return the values, in the order in which they came."""
        return self._decoded().values()

    def items(self) -> ItemsView[str, str]:
        """Return the pairs, in the order in which they came."""
        return self._decoded().items()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
