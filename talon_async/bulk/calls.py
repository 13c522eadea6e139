"""A call as a value: checked and encoded, ready to be sent now, later, or by another process.

1. It holds the request without the host and the API key, so any client may send it.
2. Its idempotency key is made with it. An operation with a key therefore acts once, even if the call is sent twice.
3. Its byte form is a line of JSON such as `1["track_event_v2","/v2/events",...]`, and then the body as it is sent. The
   digit in front is the version of the form; an unknown version is an error. The line ends with the length and CRC-32
   of the body, so bytes that were cut off are an error as well.
4. The bytes are not trusted. A call is sent only to a path of its operation, as one request, and is repeated no more
   freely than the operation allows.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from zlib import crc32

import attrs
import orjson

from talon_async._codec import decoder
from talon_async._endpoint import Endpoint, endpoint_of, valid_key
from talon_async._messages import Idempotency, Request
from talon_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._messages import Operation

T_co = TypeVar("T_co", covariant=True)

VERSION = b"1"
FINGERPRINT_BYTES = 16
TARGET = re.compile(r"/(?!/)[!-~]*")
"""A path and query that neither end the request line nor name another host."""
SEGMENT = r"(?!\.{1,2}(?![^/?]))[\w.~%-]+"
"""An encoded value in a path, other than `.` and `..`, which would address another resource."""


@attrs.frozen(hash=True)
class PreparedCall(Generic[T_co]):
    """One call that has not been sent yet, as the function returned by `prepare(method)` makes it.

    Two calls are equal if all of their attributes are. The `repr` holds no ID of a customer.

    Attributes:
        operation: the name of the method, such as `track_event_v2`.
        target: the path and query.
        body: the JSON that is sent; None if the operation has no body.
        ordering_keys: keys such as `profile:jane`. Calls that share a key are sent one after the other, in order.
        idempotency: what happens if the call is sent a second time.
        idempotency_key: the Idempotency-Key; None if the operation has none.
        has_own_key: whether the caller chose the key. A key that the client made can be replaced.
    """

    operation: str
    target: str = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)
    ordering_keys: tuple[str, ...] = attrs.field(repr=False)
    idempotency: Idempotency
    idempotency_key: str | None
    has_own_key: bool = False

    @classmethod
    def of(cls, request: Request, *, has_own_key: bool = False) -> PreparedCall[Any]:
        """Return a request as a call."""
        return cls(
            request.operation.name,
            request.target,
            request.body,
            request.ordering_keys,
            request.idempotency,
            request.idempotency_key,
            has_own_key,
        )

    def with_key(self, key: str) -> PreparedCall[T_co]:
        """Return the call with another idempotency key; the same call if it has no key or the caller chose the key."""
        if self.idempotency_key is None or self.has_own_key:
            return self
        return attrs.evolve(self, idempotency_key=valid_key(key))

    @property
    def fingerprint(self) -> bytes:
        """A hash of the operation, target, body and, if the caller chose it, idempotency key."""
        key = (self.idempotency_key or "") if self.has_own_key else ""
        return digest(orjson.dumps([self.operation, self.target, key]) + (self.body or b""))

    def __bytes__(self) -> bytes:
        head = [
            self.operation,
            self.target,
            self.ordering_keys,
            self.idempotency,
            self.idempotency_key,
            self.has_own_key,
            None if self.body is None else (len(self.body), crc32(self.body)),
        ]
        return VERSION + orjson.dumps(head) + b"\n" + (self.body or b"")

    @classmethod
    def from_bytes(cls, record: bytes | bytearray | memoryview) -> PreparedCall[Any]:
        """Read a call from the bytes that `bytes(call)` returned.

        Raises:
            InvalidArgumentError: the bytes are not a call, are damaged, or were written by a newer release.
        """
        try:
            record = bytes(memoryview(record))
        except TypeError:
            raise InvalidArgumentError(f"a prepared call is read from bytes, not {type(record).__name__}") from None
        if record[:1] != VERSION:
            if record[:1].isdigit() and record[1:2] == b"[":
                raise InvalidArgumentError(
                    f"this release does not know the format {record[:1].decode()} of prepared calls"
                )
            raise InvalidArgumentError("these bytes are not a prepared call")
        head, end, body = record[1:].partition(b"\n")
        try:
            return cls._from_parts(orjson.loads(head), body if end else None)
        except (ValueError, TypeError):
            raise InvalidArgumentError("these bytes are not a prepared call, or are damaged") from None

    @classmethod
    def _from_parts(cls, head: list[Any], rest: bytes | None) -> PreparedCall[Any]:
        """Return the call of these parts; raise ValueError or TypeError if they are not those of a call."""
        operation, target, keys, idempotency, key, own, check = head
        texts = [operation, target, *keys, *([] if key is None else [key])]
        if not all(isinstance(text, str) for text in texts) or [type(keys), type(own)] != [list, bool]:
            raise TypeError
        is_whole = rest == b"" if check is None else rest is not None and check == [len(rest), crc32(rest)]
        if not is_whole or not TARGET.fullmatch(target):
            raise ValueError
        return cls(
            operation,
            target,
            None if check is None else rest,
            tuple(keys),
            Idempotency(idempotency),
            None if key is None else valid_key(key),
            own,
        )


def digest(data: bytes) -> bytes:
    """Return a short hash."""
    return hashlib.blake2b(data, digest_size=FINGERPRINT_BYTES).digest()


def endpoint_for(client: type, name: str) -> Endpoint:
    """Return the operation of a client by name."""
    try:
        return endpoint_of(getattr(client, name))
    except (AttributeError, TypeError):
        raise InvalidArgumentError(f"{name!r} is not an operation of {client.__name__}") from None


@attrs.frozen(eq=False)
class _Sending:
    """How calls of one operation are checked, and how their answers are read."""

    operation: Operation
    decode: Callable[..., Any]
    matches: Callable[[str], object]
    has_dry: bool

    def allows(self, call: PreparedCall[Any]) -> bool:
        """Tell whether a call claims to be no safer to repeat than the operation is."""
        if call.idempotency in (self.operation.idempotency, Idempotency.NEVER):
            return True
        is_dry = self.has_dry and "dry=true" in call.target.partition("?")[2].split("&")
        return is_dry and call.idempotency is Idempotency.SAFE


@cache
def _sending(client: type, name: str) -> _Sending:
    """Return how calls of an operation, by name, are checked and read."""
    endpoint = endpoint_for(client, name)
    path = SEGMENT.join(map(re.escape, re.split(r"{\w+}", endpoint.operation.path)))
    target = re.compile(rf"{path}(?:\?[!-~]*)?", re.ASCII)
    has_dry = "dry" in endpoint.signature.parameters
    return _Sending(endpoint.operation, decoder(endpoint.returns), target.fullmatch, has_dry)


def request_of(call: PreparedCall[Any], client: type) -> Request:
    """Return the request of a call, as a client sends it.

    Raises:
        InvalidArgumentError: the target is not one of the operation, or the call claims to be safer to repeat than the
            operation is.
    """
    sending, key = _sending(client, call.operation), call.idempotency_key
    if not sending.matches(call.target):
        raise InvalidArgumentError(f"the target of this prepared call does not belong to {call.operation}")
    if not sending.allows(call):
        raise InvalidArgumentError(f"a call of {call.operation} is not {call.idempotency.value}")
    if key is not None:
        valid_key(key)
    return Request(sending.operation, call.target, call.body, call.idempotency, key, call.ordering_keys, sending.decode)


@cache
def _may_be_silent(client: type, name: str) -> bool:
    return "silent" in endpoint_for(client, name).signature.parameters


def silent_request_of(call: PreparedCall[Any], client: type) -> Request:
    """Return the request of a call with `silent=yes`, if the operation has that option and the call does not set it."""
    request = request_of(call, client)
    if _may_be_silent(client, call.operation):
        _, mark, query = call.target.partition("?")
        if "silent=" not in query:
            request.target += "&silent=yes" if mark else "?silent=yes"
    return request


def dry_request(request: Request, client: type) -> Request | None:
    """Return the request as a dry run, which changes nothing; None if the operation has no dry run."""
    endpoint = endpoint_for(client, request.operation.name)
    if "dry" not in endpoint.signature.parameters:
        return None
    path, _, query = request.target.partition("?")
    pairs = [pair for pair in query.split("&") if pair and not pair.startswith("dry=")]
    target = f"{path}?{'&'.join([*pairs, 'dry=true'])}"
    return attrs.evolve(request, target=target, idempotency=Idempotency.SAFE, idempotency_key=None, ordering_keys=())


def is_safe_to_send_again(call: PreparedCall[Any]) -> bool:
    """Tell whether a call that is sent twice acts once, because of its key or of an ID that the caller chose."""
    return call.idempotency is not Idempotency.NEVER


class WrongItemError(InvalidArgumentError):
    """An item of the source has the wrong type. The run stops, since the other items will have it too."""
