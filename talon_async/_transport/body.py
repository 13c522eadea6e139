"""Reads the body of an answer: inflates it as it arrives, and never holds more than the limit.

1. The limit counts the bytes after inflation. Inflating stops one byte past the limit, which defeats zip bombs.
2. `gzip` may consist of several members (RFC 1952 2.2). Other bytes behind the end are an error.
3. `deflate` means the zlib format (RFC 9110 8.4.1.2). Some servers send the bare deflate stream, which is read too.
4. A compressed body that is cut off is an error, even if the HTTP framing says that the body is complete.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

from talon_async._transport.faults import body_too_large
from talon_async.errors import UnreadableAnswerError

GZIP, ZLIB, BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
"""The formats, as zlib numbers them."""
DEFLATE_METHOD = 8
"""The lower half of the first byte of the zlib format; a bare stream does not begin like this."""


class Body:
    """One body, collected part by part. `codings` is the value of Content-Encoding; b"" if there is none."""

    def __init__(self, most: int, codings: bytes = b"") -> None:
        self._most, self._size, self._data = most, 0, BytesIO()
        names = [name.strip().lower().removeprefix(b"x-") for name in codings.split(b",")]
        self._codings = [name for name in names if name not in {b"", b"identity"}]
        self._inflater: Any = None  # zlib does not tell the name of its type

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body, as they arrived.

        Raises:
            UnreadableAnswerError: the body is too large, or not compressed as its header says.
        """
        if not self._codings:
            self._add(data)
            return
        if self._codings not in ([b"gzip"], [b"deflate"]):
            raise UnreadableAnswerError("the answer has a Content-Encoding that the request did not accept")
        try:
            self._inflate(data)
        except zlib.error:
            raise UnreadableAnswerError("the compressed answer is damaged") from None

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            UnreadableAnswerError: the compressed body is cut off.
        """
        if self._inflater is not None and not self._inflater.eof:
            raise UnreadableAnswerError("the compressed answer is cut off")
        return self._data.getvalue()

    def _inflate(self, data: bytes) -> None:
        while data:
            if self._inflater is None or self._inflater.eof:
                self._inflater = zlib.decompressobj(self._format(data))
            self._add(self._inflater.decompress(data, self._most - self._size + 1))
            data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail

    def _format(self, start: bytes) -> int:
        if self._codings == [b"gzip"]:
            return GZIP
        if self._inflater is not None:
            raise UnreadableAnswerError("more follows the end of the compressed answer")
        return ZLIB if start[0] & 0x0F == DEFLATE_METHOD else BARE

    def _add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._most:
            raise body_too_large(self._most)
        self._data.write(data)
