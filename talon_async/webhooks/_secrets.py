"""The secrets of webhooks: a header or credentials, which you set in the webhook's settings in Talon.One.

Notifications are not signed; a shared secret is the only protection. Receive them over TLS only.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from talon_async.errors import ConfigurationError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class Headers(Protocol):
    """The headers of a request, as a mapping of any framework."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the names and values."""
        ...


class WrongSecretError(TalonOneError):
    """The secret of the request is missing or wrong. Answer with 401, and do not use the request."""


@attrs.frozen
class SecretHeader:
    """A header with a secret value. For a bearer token, it is the whole value of `Authorization`.

    Raises:
        ConfigurationError: the name or value is not valid in a header.
    """

    name: str
    value: str = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError("the secret header's name is empty or not the name of a header")
        if not _VALUE.fullmatch(self.value):
            raise ConfigurationError("the secret header's value is empty, not ASCII, or begins or ends with a space")

    def is_in(self, headers: Headers) -> bool:
        """Tell whether the headers carry this secret."""
        return _same(header(headers, self.name) or "", self.value)


@attrs.frozen
class BasicCredentials:
    """The user name and password of HTTP Basic authentication.

    Raises:
        ConfigurationError: the password is empty, or the user name holds a colon.
    """

    user: str
    password: str = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.password or ":" in self.user:
            raise ConfigurationError("the credentials' password is empty, or there is a colon in the user's name")

    def is_in(self, headers: Headers) -> bool:
        """Tell whether the headers carry these credentials."""
        scheme, _, token = (header(headers, "Authorization") or "").partition(" ")
        expected = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return _same(token.strip(), expected) and scheme.lower() == "basic"


Secret = SecretHeader | BasicCredentials


def check(headers: Headers, secret: Secret | Sequence[Secret]) -> None:
    """Raise WrongSecretError for headers without one of the secrets. The message does not say what is wrong."""
    accepted = [secret] if isinstance(secret, SecretHeader | BasicCredentials) else secret
    if not any(each.is_in(headers) for each in accepted):
        raise WrongSecretError("the request does not carry the secret of this webhook")


def header(headers: Headers, name: str) -> str | None:
    """Return the value of a header, whose name may be in any case; None if it is missing."""
    values = (value for key, value in headers.items() if str(key).lower() == name.lower())
    return next((value for value in values if isinstance(value, str)), None)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
