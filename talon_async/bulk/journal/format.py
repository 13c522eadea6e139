"""How a call lies in the file: one BLOB of a head and its record. Pure.

The head holds a checksum of all that follows and of the index, whether the call can be repeated, when it was accepted
(in seconds since 1970), and the beginning of its item's hash.
"""

from __future__ import annotations

import struct
import sys
from array import array
from zlib import crc32

import attrs

from talon_async.errors import JournalError

DIGEST = 5
"""Bytes kept of an item's hash: a changed item goes unnoticed once in 2**40, and a million take 5 MB."""
BLOCK = 1024
"""Hashes in a row."""
UNKNOWN = bytes(DIGEST)
"""Stands where no hash is kept."""

LITTLE = sys.byteorder == "little"
_HEAD = struct.Struct(f"<BI{DIGEST}s")
_CHECKSUM = 4
WITHOUT_RECORD = _CHECKSUM + _HEAD.size
"""Bytes of the BLOB of an item that could not be encoded."""


@attrs.frozen
class Stored:
    """One call as it was read."""

    index: int
    record: bytes = attrs.field(repr=False)
    digest: bytes = attrs.field(repr=False)
    repeatable: bool
    accepted: int


def digest_of(fingerprint: bytes) -> bytes:
    """Return what is kept of an item's hash."""
    return fingerprint[:DIGEST].ljust(DIGEST, b"\0")


def pack(index: int, record: bytes, fingerprint: bytes, accepted: int, *, repeatable: bool) -> bytes:
    """Return the BLOB of a call."""
    head = _HEAD.pack(repeatable, accepted, fingerprint)
    return _checksum(index, head, record) + head + record


def _checksum(index: int, head: bytes, record: bytes) -> bytes:
    return crc32(head, crc32(record, index & 0xFFFFFFFF)).to_bytes(_CHECKSUM, "little")


def unpack(index: int, blob: bytes) -> Stored:
    """Read the BLOB of a call; what is damaged raises JournalError."""
    head, record = blob[_CHECKSUM : _CHECKSUM + _HEAD.size], blob[_CHECKSUM + _HEAD.size :]
    if len(head) != _HEAD.size or blob[:_CHECKSUM] != _checksum(index, head, record):
        raise JournalError(f"the journal is damaged: call {index} is not as it was written")
    flags, accepted, digest = _HEAD.unpack(head)
    return Stored(index, record, digest, bool(flags), accepted)


def pack_numbers(numbers: list[int]) -> bytes:
    """Return many numbers as one BLOB."""
    packed = array("q", numbers)
    if not LITTLE:
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(blob: bytes) -> array[int]:
    """Read what `pack_numbers` made."""
    packed = array("q")
    packed.frombytes(blob[: len(blob) // 8 * 8])
    if not LITTLE:
        packed.byteswap()
    return packed
