"""The form of a call in the file: one BLOB, which is a head followed by the record. Pure.

The head holds four values: a checksum of the index and of all bytes that follow, whether the call can be repeated, the
time of its acceptance (in seconds since 1970), and the first 5 bytes of the hash of its item.
"""

from __future__ import annotations

import struct
import sys
from array import array
from zlib import crc32

import attrs

from talon_async.errors import JournalError

DIGEST = 5
"""Bytes kept of an item's hash. A changed item goes unnoticed once in 2**40 times; a million hashes take 5 MB."""
BLOCK = 1024
"""The number of hashes in a row of the table."""
UNKNOWN = bytes(DIGEST)
"""Stands in for a hash that is not kept."""

LITTLE = sys.byteorder == "little"
_HEAD = struct.Struct(f"<BI{DIGEST}s")
_CHECKSUM = 4
WITHOUT_RECORD = _CHECKSUM + _HEAD.size
"""Bytes of the BLOB of an item that could not be encoded."""


@attrs.frozen
class Stored:
    """One call, as read from the file."""

    index: int
    record: bytes = attrs.field(repr=False)
    digest: bytes = attrs.field(repr=False)
    repeatable: bool
    accepted: int


def digest_of(fingerprint: bytes) -> bytes:
    """Return the part of an item's hash that is kept."""
    return fingerprint[:DIGEST].ljust(DIGEST, b"\0")


def pack(index: int, record: bytes, fingerprint: bytes, accepted: int, *, repeatable: bool) -> bytes:
    """Return the BLOB of a call."""
    head = _HEAD.pack(repeatable, accepted, fingerprint)
    return _checksum(index, head, record) + head + record


def _checksum(index: int, head: bytes, record: bytes) -> bytes:
    return crc32(head, crc32(record, index & 0xFFFFFFFF)).to_bytes(_CHECKSUM, "little")


def unpack(index: int, blob: bytes) -> Stored:
    """Read the BLOB of a call; raise JournalError if it is damaged."""
    head, record = blob[_CHECKSUM : _CHECKSUM + _HEAD.size], blob[_CHECKSUM + _HEAD.size :]
    if len(head) != _HEAD.size or blob[:_CHECKSUM] != _checksum(index, head, record):
        raise JournalError(f"the journal is damaged: the checksum of call {index} is wrong")
    flags, accepted, digest = _HEAD.unpack(head)
    return Stored(index, record, digest, bool(flags), accepted)


def pack_numbers(numbers: list[int]) -> bytes:
    """Return many numbers as one BLOB."""
    packed = array("q", numbers)
    if not LITTLE:
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(blob: bytes) -> array[int]:
    """Return the numbers that `pack_numbers` packed."""
    packed = array("q")
    packed.frombytes(blob[: len(blob) // 8 * 8])
    if not LITTLE:
        packed.byteswap()
    return packed
