"""The two ways to be known to the server: an API key, or the older signature over the body."""

from __future__ import annotations

import hashlib
import hmac
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from talon_async.errors import ConfigurationError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_async._messages import Request

_VISIBLE = re.compile(r"[\x21-\x7e]+")
PREFIX = "ApiKey-v1"


class _Secretive:
    """Holds a secret: it is in no text form and in no pickle."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret and is not pickled: build it where it is needed")


def _text(key: Any) -> str:
    if isinstance(key, str | None):
        return key or ""
    raise ConfigurationError(f"api_key must be text, an ApiKey or a ContentSignature, not {type(key).__name__}")


class ApiKey(_Secretive):
    """An API key of an Application: the `Authorization: ApiKey-v1 ...` header.

    Keys are made in the Campaign Manager, belong to one Application and expire.
    A key pasted with its `ApiKey-v1 ` prefix is understood.
    See https://docs.talon.one/docs/product/applications/managing-api-keys
    """

    __slots__ = ("common",)

    def __init__(self, key: str) -> None:
        key = _text(key).strip()
        scheme, _, rest = key.partition(" ")
        if rest and scheme.lower() == "managementkey-v1":
            raise ConfigurationError("api_key is a Management API key; the Integration API needs an Application's key")
        if rest and scheme.lower() == PREFIX.lower():
            key = rest.strip()
        if not _VISIBLE.fullmatch(key):
            raise ConfigurationError(
                "api_key is empty" if not key else "api_key holds spaces or characters that no key has"
            )
        self.common: Mapping[str, str] = {"Authorization": f"{PREFIX} {key}"}


class ContentSignature(_Secretive):
    """The signature of the V1 era: HMAC-MD5 over the body with an Application's key, which is 32 or more hex digits.

    Only V1 operations accept it. It covers the body alone, neither path nor time: prefer an API key.
    """

    signer: str

    __slots__ = ("_key", "signer")
    common: Mapping[str, str] = MappingProxyType({})

    def __init__(self, application_id: int | str, application_key: str) -> None:
        self.signer = str(application_id).strip()
        try:
            self._key = bytes.fromhex(application_key.strip())
        except (ValueError, AttributeError):
            raise ConfigurationError("application_key must be hexadecimal digits, two for each byte") from None
        if not self._key or not _VISIBLE.fullmatch(self.signer) or ";" in self.signer:
            raise ConfigurationError("application_id and application_key must both be given")

    def sign(self, request: Request) -> dict[str, str]:
        """Return the header with the signature of exactly the bytes that are sent."""
        operation = request.operation
        if not operation.path.startswith("/v1/"):
            raise InvalidArgumentError("Content-Signature is accepted by V1 operations only: use an API key").about(
                operation
            )
        digest = hmac.new(self._key, request.body or b"", hashlib.md5).hexdigest()
        return {"Content-Signature": f"signer={self.signer}; signature={digest}"}


Auth = ApiKey | ContentSignature
