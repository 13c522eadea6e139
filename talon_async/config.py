"""The settings of a client: base URL, authentication, timeouts, limits and retries."""

from __future__ import annotations

import ipaddress
import math
import os
import re
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import attrs

from talon_async.auth import ApiKey, ContentSignature
from talon_async.errors import ConfigurationError, check_words, function_refusal, number_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from talon_async.auth import Auth

__all__ = ["Limits", "Options", "RetryPolicy", "Settings", "Timeout", "base_url"]

C = TypeVar("C")


def _checks_words(cls: type[C]) -> type[C]:
    """Have a class say which of its words was meant, when it is made with one that it does not have."""
    names, made = [field.name for field in vars(cls)["__attrs_attrs__"]], vars(cls)["__init__"]

    @wraps(made)
    def init(self: Any, *values: Any, **words: Any) -> None:
        if values:
            raise TypeError(f"{cls.__name__} takes words, such as {names[0]}=, and no bare values")
        check_words(cls.__name__, words, names)
        made(self, **words)

    type.__setattr__(cls, "__init__", init)
    return cls


def _seconds(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if attribute.name == "total" and value is None:
        return
    if (refusal := number_refusal(value, "a number of seconds above 0", above=True)) is not None:
        raise ConfigurationError(f"{type(instance).__name__}.{attribute.name} {refusal}")


@_checks_words
@attrs.frozen(kw_only=True)
class Timeout:
    """Time limits of a call, in seconds.

    Attributes:
        total: the limit for the whole call: waiting for other updates and for a connection, all attempts, and the waits
            between them; 30 by default. None means no limit.
        attempt: the limit for one attempt, from the moment when it may use a connection; 10 by default.
        connect: the limit for making a connection, within an attempt; 5 by default.

    Raises:
        ConfigurationError: a value is not a number above 0.
    """

    total: float | None = attrs.field(default=30.0, validator=_seconds)
    attempt: float = attrs.field(default=10.0, validator=_seconds)
    connect: float = attrs.field(default=5.0, validator=_seconds)


def _timeout_of(value: Any) -> Timeout:
    """Return a plain number as a `Timeout` with this total."""
    if isinstance(value, Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"timeout must be seconds or a Timeout, such as Timeout(total=3), not {value!r}")
    return Timeout(total=value)


def _not_negative(_: object, attribute: attrs.Attribute[float], value: Any) -> None:
    if (refusal := number_refusal(value, "a number of 0 or more")) is not None:
        raise ConfigurationError(f"RetryPolicy.{attribute.name} {refusal}")


def _truths(instance: object, attribute: attrs.Attribute[bool], value: Any) -> None:
    if not isinstance(value, bool):
        where = "" if isinstance(instance, Options) else f"{type(instance).__name__}."
        raise ConfigurationError(f"{where}{attribute.name} must be True or False, not {value!r}")


def _count(instance: object, attribute: attrs.Attribute[int], value: Any) -> None:
    least = 0 if attribute.name == "parallel_updates" else 1
    refusal = number_refusal(value, f"a whole number of {least} or more", least=least, whole=True)
    if refusal is not None:
        raise ConfigurationError(f"{type(instance).__name__}.{attribute.name} {refusal}")


@_checks_words
@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When a failed call is repeated.

    Attributes:
        attempts: the highest number of attempts, including the first; 4 by default. 1 turns repetition off.
        base: the wait before the second attempt is random between 0 and `base` seconds, and the bound doubles with each
            further attempt; 0.25 by default.
        parallel_base: the same after a 409 because of parallel updates; 0.1 by default.
        throttle_base: the same after a 429; 1 by default.
        cap: the longest wait in seconds, unless the server asks for a longer one; 10 by default.
        retry_after_cap: if the server asks for a longer wait than this, in seconds, the call fails; 60 by default.
        trust_keys: whether the deployment honours Idempotency-Keys, so that a repeated key does not act twice.
            Deployments older than 26.15 ignore the header. With `False` the header is still sent, but a write is
            repeated as if it had no key.
        repeat_named: whether writes under an ID that the client chose are repeated after an unknown outcome, although
            rules may then run twice.

    Raises:
        ConfigurationError: `attempts` is less than 1, or another value is not a number of 0 or more.
    """

    attempts: int = attrs.field(default=4, validator=_count)
    base: float = attrs.field(default=0.25, validator=_not_negative)
    parallel_base: float = attrs.field(default=0.1, validator=_not_negative)
    throttle_base: float = attrs.field(default=1.0, validator=_not_negative)
    cap: float = attrs.field(default=10.0, validator=_not_negative)
    retry_after_cap: float = attrs.field(default=60.0, validator=_not_negative)
    trust_keys: bool = attrs.field(default=True, validator=_truths)
    repeat_named: bool = attrs.field(default=False, validator=_truths)

    @classmethod
    def off(cls) -> RetryPolicy:
        """Return a policy that never repeats a call."""
        return cls(attempts=1)


@_checks_words
@attrs.frozen(kw_only=True)
class Limits:
    """Limits for requests at the same time and for the size of answers.

    Attributes:
        connections: the highest number of requests under way at the same time, for each event loop; 100 by default.
        parallel_updates: the highest number of updates of one profile or session at the same time; 1 by default. The
            server runs one update and queues two. With 0, updates do not wait for each other.
        response_bytes: the largest body of an answer in bytes, after decompression; 16 MiB by default.
        response_head_bytes: the largest header section of an answer in bytes; 64 KiB by default.

    Raises:
        ConfigurationError: a value is not a whole number, or is too small.
    """

    connections: int = attrs.field(default=100, validator=_count)
    parallel_updates: int = attrs.field(default=1, validator=_count)
    response_bytes: int = attrs.field(default=16 * 1024 * 1024, validator=_count)
    response_head_bytes: int = attrs.field(default=64 * 1024, validator=_count)


def new_key() -> str:
    """Return a random UUID as text. The `uuid` module takes four times as long."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _policy(_: object, __: attrs.Attribute[Any], value: Any) -> None:
    check_kind("retry", value, RetryPolicy, "a RetryPolicy, such as RetryPolicy(attempts=2)")


def _function(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if (refusal := function_refusal(value, "a function without parameters")) is not None:
        raise ConfigurationError(f"{attribute.name} {refusal}")


def check_kind(name: str, value: object, kind: type, expected: str) -> None:
    """Raise ConfigurationError if an option is of another class than this."""
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be {expected}, not {value!r}")


@attrs.frozen(kw_only=True, eq=False)
class Options:
    """The options that can differ between the copies of a client; see `CallOptions`."""

    timeout: Timeout = attrs.field(factory=Timeout, converter=_timeout_of)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy, validator=_policy)
    strict: bool = attrs.field(default=False, validator=_truths)
    lazy_effects: bool = attrs.field(default=False, validator=_truths)
    idempotency_keys: Callable[[], str] = attrs.field(default=new_key, validator=_function)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def base_url(text: str, *, allow_http: bool = False) -> str:
    """Return the base URL without surrounding spaces and final slashes; raise ConfigurationError if it is invalid."""
    example = "; it looks like https://mycompany.europe-west1.talon.one"
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"base_url must be text, not {type(text).__name__}{example}")
    if not text.strip():
        raise ConfigurationError(f"base_url is empty{example}")
    text = text.strip()
    if "@" in text:
        raise ConfigurationError(f"base_url must hold no user, query or fragment{example}")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as problem:
        raise ConfigurationError(f"base_url {text!r} cannot be read ({problem}){example}") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\\x00-\x1f]", text):
        raise ConfigurationError(f"base_url {text!r} is not an https URL with a host{example}")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"base_url must hold no user, query or fragment{example}")
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        raise ConfigurationError(f"base_url {text!r} would send the key unencrypted: use https, or allow_http=True")
    text = text.rstrip("/")
    if version := re.search(r"/+v\d+$", parts.path.rstrip("/")):
        plain = text.removesuffix(version[0])
        raise ConfigurationError(f"base_url must not end in {version[0]}, which calls add themselves: write {plain}")
    return text


def proxy_url(text: Any) -> str | None:
    """Return the URL of an HTTP proxy, or raise with what to write instead; no message has its password."""
    if text is None:
        return None
    example = "; it looks like http://proxy.mycompany.com:3128"
    if not isinstance(text, str):
        raise ConfigurationError(f"proxy must be a URL as text, not {type(text).__name__}{example}")
    scheme, mark, _ = text.partition("://")
    if not mark:
        raise ConfigurationError(f"proxy has no scheme{example}")
    if scheme.lower().startswith("socks"):
        raise ConfigurationError(
            f"proxy must be an HTTP proxy, not {scheme}: for that give session=, an aiohttp session that has one"
        )
    escape = "in a user or password write / as %2F, ? as %3F, # as %23 and @ as %40"
    unreadable = ConfigurationError(f"proxy must be a scheme, a host and a port{example}; {escape}")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise unreadable from None
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise unreadable
    if scheme.lower() not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", text):
        raise ConfigurationError(f"proxy must be an http or https URL with a host{example}")
    if not unquote(f"{parts.username}{parts.password}").isascii():
        raise ConfigurationError("proxy has a user or password that is not ASCII, which proxies do not agree about")
    return text


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _truth(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError from None


def _transport(text: str) -> str:
    if text not in ("session", "direct"):
        raise ValueError
    return text


_VARIABLES: dict[str, tuple[str, str, Callable[[str], Any], str]] = {
    # name: (option, its field, reader, what it should be)
    "TIMEOUT": ("timeout", "total", _number, "seconds"),
    "ATTEMPT_TIMEOUT": ("timeout", "attempt", _number, "seconds"),
    "CONNECT_TIMEOUT": ("timeout", "connect", _number, "seconds"),
    "ATTEMPTS": ("retry", "attempts", int, "a whole number"),
    "TRUST_KEYS": ("retry", "trust_keys", _truth, "true or false"),
    "CONNECTIONS": ("limits", "connections", int, "a whole number"),
    "PARALLEL_UPDATES": ("limits", "parallel_updates", int, "a whole number"),
    "ALLOW_HTTP": ("allow_http", "", _truth, "true or false"),
    "PROXY": ("proxy", "", proxy_url, "a URL"),
    "TRANSPORT": ("transport", "", _transport, "session or direct"),
}
_GROUPS: dict[str, type[Any]] = {"timeout": Timeout, "retry": RetryPolicy, "limits": Limits}


@attrs.define
class _Environment:
    """Reads variables and collects all problems, so that one error can report them."""

    environ: Mapping[str, str]
    prefix: str
    problems: list[str] = attrs.field(factory=list[str])

    def text(self, name: str) -> str | None:
        return self.environ.get(self.prefix + name, "").strip() or None

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for name, (option, field, read, expected) in _VARIABLES.items():
            if (text := self.text(name)) is None:
                continue
            variable = self.prefix + name
            try:
                value = read(text)
                if field:
                    _GROUPS[option](**{field: value})  # only checks it
                    options.setdefault(option, {})[field] = value
                else:
                    options[option] = value
            except ConfigurationError as problem:
                attribute = f"{_GROUPS[option].__name__}.{field}" if field else ""
                said = str(problem).replace(attribute, variable) if field else f"{variable}: {problem}"
                self.problems.append(said)
            except ValueError:
                self.problems.append(f"{variable} must be {expected}, not {text!r}")
        return {name: _GROUPS[name](**value) if name in _GROUPS else value for name, value in options.items()}

    def secret(self, name: str) -> str | None:
        """Return a secret from its variable or, as in containers, from the file that `..._FILE` names."""
        if (path := self.text(f"{name}_FILE")) is None:
            return self.text(name)
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            self.problems.append(f"{self.prefix}{name}_FILE cannot be read: {problem.strerror}")
        except UnicodeError:
            self.problems.append(f"{self.prefix}{name}_FILE cannot be read: it is not a text in UTF-8")
        return None

    def auth(self) -> Auth | None:
        """Return the API key, or else the signature; None if both are missing or invalid."""
        key, signer, application_key = (
            self.secret("API_KEY"),
            self.text("APPLICATION_ID"),
            self.secret("APPLICATION_KEY"),
        )
        try:
            if key:
                return ApiKey(key)
            if signer and application_key:
                return ContentSignature(signer, application_key)
        except ConfigurationError as problem:
            about_id = "application_id" in str(problem)
            name = "API_KEY" if key else "APPLICATION_ID" if about_id else "APPLICATION_KEY"
            file = "_FILE" * (self.text(f"{name}_FILE") is not None)
            self.problems.append(f"{self.prefix}{name}{file}: {problem}")
            return None
        names = f"{self.prefix}API_KEY is not set (or {self.prefix}APPLICATION_ID with {self.prefix}APPLICATION_KEY)"
        self.problems.append(names)
        return None


@attrs.frozen
class Settings:
    """The arguments of a client, as read from environment variables."""

    base_url: str
    auth: Auth
    options: dict[str, Any]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, prefix: str = "TALON_ONE_") -> Self:
        """Read the environment. One ConfigurationError reports all problems."""
        env = _Environment(os.environ if environ is None else environ, prefix)
        options = env.options()
        url = env.text("BASE_URL") or ""
        try:
            base_url(url, allow_http=bool(options.get("allow_http")))
        except ConfigurationError as problem:
            said = str(problem).replace("allow_http=True", f"{prefix}ALLOW_HTTP=true")
            env.problems.append(f"{prefix}BASE_URL: {said}")
        auth = env.auth()
        if env.problems or auth is None:
            raise ConfigurationError("; ".join(env.problems))
        return cls(url, auth, options)
