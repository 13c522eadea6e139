"""The two ways to authenticate: an API key, or the older signature over the body."""

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
    """Holds a secret, which `repr` does not show and pickle does not store."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled, as it holds a secret: make one in each process")


def _text(key: Any) -> str:
    if isinstance(key, str | None):
        return key or ""
    raise ConfigurationError(f"api_key must be text, an ApiKey or a ContentSignature, not {type(key).__name__}")


class ApiKey(_Secretive):
    """An API key of an Application, sent as the `Authorization: ApiKey-v1 ...` header.

    Keys are created in the Campaign Manager. A key belongs to one Application and expires. A key with the prefix
    `ApiKey-v1 ` is accepted too.

    Raises:
        ConfigurationError: the key is empty, holds characters that no key has, or is a key of the Management API.

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
                "api_key is empty"
                if not key
                else "api_key holds a space or another character that API keys do not have"
            )
        self.common: Mapping[str, str] = {"Authorization": f"{PREFIX} {key}"}


class ContentSignature(_Secretive):
    """The `Content-Signature` header of V1: an HMAC-MD5 of the body with the Application key, in hexadecimal digits.

    Only V1 operations accept it; others raise InvalidArgumentError before anything is sent. The signature covers the
    body, but neither the path nor the time. Prefer an API key.

    Raises:
        ConfigurationError: the ID or the key is empty, or the key is not hexadecimal.
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
        if not self._key:
            raise ConfigurationError("application_key is empty")
        if not _VISIBLE.fullmatch(self.signer) or ";" in self.signer:
            raise ConfigurationError("application_id is empty, or holds a character that IDs do not have")

    def sign(self, request: Request) -> dict[str, str]:
        """Return the header with the signature of the body, computed over the bytes that are sent."""
        operation = request.operation
        if not operation.path.startswith("/v1/"):
            raise InvalidArgumentError("Content-Signature is accepted by V1 operations only: use an API key").about(
                operation
            )
        digest = hmac.new(self._key, request.body or b"", hashlib.md5).hexdigest()
        return {"Content-Signature": f"signer={self.signer}; signature={digest}"}


Auth = ApiKey | ContentSignature
