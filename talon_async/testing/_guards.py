"""Who may come in: an API key, or for V1 operations a signature over the body."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import attrs

from talon_async.auth import PREFIX
from talon_async.testing._refusal import Mismatch, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORIZATION, SIGNATURE = "Authorization", "Content-Signature"
SECRETS = frozenset({AUTHORIZATION.lower(), SIGNATURE.lower()})
"""The headers that are not kept, in small letters."""


def _from_hex(digits: str) -> bytes:
    return bytes.fromhex(digits)


@attrs.frozen
class Guard:
    """Holds the keys that are accepted."""

    api_key: str = attrs.field(repr=False)
    application_id: str
    application_key: bytes = attrs.field(repr=False, converter=_from_hex)

    def check(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse a request that does not prove who sent it."""
        expected = f"{PREFIX} {self.api_key}"
        if _same(headers.get(AUTHORIZATION, ""), expected):
            return
        signature = headers.get(SIGNATURE)
        if signature is None or not path.startswith("/v1/"):
            raise Refusal(401, "The API key is not valid")
        digest = hmac.new(self.application_key, body, hashlib.md5).hexdigest()
        if not _same(signature, f"signer={self.application_id}; signature={digest}"):
            raise Mismatch


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
