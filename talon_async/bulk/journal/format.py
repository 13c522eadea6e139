"""How a call lies in the file: one BLOB of a head and its record. Pure.

The head holds a checksum of the record, whether the call can be repeated, when it was accepted (in seconds since 1970)
and the beginning of its item's hash.
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
_HEAD = struct.Struct(f"<IBI{DIGEST}s")


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


def pack(record: bytes, fingerprint: bytes, accepted: int, *, repeatable: bool) -> bytes:
    """Return the BLOB of a call."""
    return _HEAD.pack(crc32(record), repeatable, accepted, fingerprint) + record


def unpack(index: int, blob: bytes) -> Stored:
    """Read the BLOB of a call; what is damaged raises JournalError."""
    try:
        checksum, flags, accepted, digest = _HEAD.unpack_from(blob)
    except struct.error:
        raise JournalError(f"the journal is damaged: call {index} is cut off") from None
    record = blob[_HEAD.size :]
    if checksum != crc32(record) or flags > 1:
        raise JournalError(f"the journal is damaged: call {index} is not as it was written")
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
