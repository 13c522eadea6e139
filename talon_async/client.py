"""The asynchronous client and its options."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar

import attrs

from talon_async._core.call import Call
from talon_async._core.core import Core
from talon_async._endpoint import endpoint_of, valid_key, warm_up
from talon_async._messages import Idempotency
from talon_async._transport import TransportName, transport_class
from talon_async._transport.base import TransportSettings
from talon_async.auth import ApiKey, ContentSignature
from talon_async.bulk.calls import PreparedCall, request_of
from talon_async.bulk.methods import Bulk
from talon_async.bulk.methods.base import key_maker
from talon_async.config import Limits, Options, Settings, check_kind, new_key, proxy_url
from talon_async.config import base_url as checked_url
from talon_async.errors import ConfigurationError, check_words
from talon_async.operations import Operations
from talon_async.pages._generated import Pages

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from typing import Self, Unpack

    import aiohttp

    from talon_async._clock import Clock
    from talon_async._messages import Request, Response
    from talon_async.auth import Auth
    from talon_async.config import RetryPolicy, Timeout
    from talon_async.pages import Pager

P = ParamSpec("P")
T = TypeVar("T")

READY_WITHIN = 1.0
"""The highest number of seconds that entering a client waits for its first connection."""


class CallOptions(TypedDict, total=False):
    """The options of calls, which `with_options` can change.

    Attributes:
        timeout: seconds for the whole call, or a `Timeout`.
        retry: when a failed call is repeated.
        strict: whether an answer that is not exactly as documented raises `UnreadableAnswerError`; for tests.
        lazy_effects: whether the effects of an answer are decoded on first access. This halves the processor time of a
            large answer whose effects are not used. `effects` is then a sequence, but not a list.
        idempotency_keys: a function that makes the key of a call without one. The default makes random UUIDs.
    """

    timeout: Timeout | float
    retry: RetryPolicy
    strict: bool
    lazy_effects: bool
    idempotency_keys: Callable[[], str]


class ClientOptions(CallOptions, total=False):
    """The options of a client, in addition to `CallOptions`.

    Attributes:
        transport: how requests reach the server. `session`, the default, uses aiohttp's session: proxies, `trust_env`,
            borrowed sessions, mocks, traces and instrumentation of aiohttp work. `direct` speaks HTTP/1.1 on its own
            connections. It takes less than half of the processor time and supports none of those. Only `direct` opens a
            connection when the client is entered, bounds the header section of an answer as a whole, detects that
            nothing was sent on a reused connection that is already closed, and keeps the API key out of the frames of a
            call that is cancelled.
        limits: the limits for requests at the same time and for the size of answers.
        headers: headers that are sent with every request. Headers that the client sets itself, such as Content-Type,
            are refused.
        proxy: the URL of an HTTP proxy.
        ssl: the TLS settings for checking the server's certificate. The default trusts the authorities of the system.
        trust_env: whether to take proxies and credentials from the environment and ~/.netrc. It makes every request
            slower.
        allow_http: whether to accept an unencrypted base URL on another machine.
        session: an aiohttp session whose connector, with its limits, is used. The client never closes the session, uses
            none of its headers, cookies, timeouts or traces, and works on the event loop of the session only.
        clock: a clock, for tests.
    """

    transport: TransportName
    limits: Limits
    headers: Mapping[str, str]
    proxy: str | None
    ssl: ssl_module.SSLContext | None
    trust_env: bool
    allow_http: bool
    session: aiohttp.ClientSession | None
    clock: Clock


OPTIONS = (*CallOptions.__annotations__, *ClientOptions.__annotations__)


class TalonOne(Operations, Pages, Bulk):
    """The asynchronous client of the Integration API.

    One client serves a whole process: it pools its connections and works in any number of event loops. Making a client
    loads everything that its calls need. Use it with `async with`, or await `aclose()` at the end. With the direct
    transport, `async with` also opens the first connection. It waits for the connection for a second at most, and
    continues without one if the server cannot be reached.

    Args:
        base_url: the URL of the deployment, such as `https://mycompany.europe-west1.talon.one`. `http://` is accepted
            for this machine only, unless `allow_http` is set.
        api_key: the API key of an Application, as text or an `ApiKey`; for V1 operations also a `ContentSignature`.
        **options: see `ClientOptions`.

    Raises:
        ConfigurationError: a setting is invalid. Nothing was sent.

    See https://docs.talon.one/integration-api
    """

    def __init__(self, base_url: str, api_key: str | Auth, **options: Unpack[ClientOptions]) -> None:
        remaining: dict[str, Any] = dict(options)
        check_words("TalonOne", remaining, OPTIONS)
        settings = TransportSettings(
            base_url=checked_url(base_url, allow_http=_truth(remaining, "allow_http")),
            auth=api_key if isinstance(api_key, ApiKey | ContentSignature) else ApiKey(api_key),
            limits=_limits(remaining.pop("limits", Limits())),
            headers=_checked_headers(remaining.pop("headers", {})),
            proxy=proxy_url(remaining.pop("proxy", None)),
            ssl=_ssl(remaining.pop("ssl", None)),
            trust_env=_truth(remaining, "trust_env"),
            session=_session(remaining.pop("session", None), remaining.get("transport")),
        )
        self._transport: TransportName = remaining.pop("transport", "session")
        self._core = Core(settings, transport_class(self._transport, settings), _clock(remaining.pop("clock", None)))
        self._options = Options(**remaining)
        warm_up(type(self))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from environment variables. Options that are passed here take precedence.

        `TALON_ONE_BASE_URL` and `TALON_ONE_API_KEY` are required. `TALON_ONE_API_KEY_FILE` may name a file with the key
        instead. `TALON_ONE_APPLICATION_ID` and `TALON_ONE_APPLICATION_KEY` are for V1 signatures. Optional variables
        are `TALON_ONE_TIMEOUT`, `_ATTEMPT_TIMEOUT` and `_CONNECT_TIMEOUT` (in seconds), `_ATTEMPTS`, `_TRUST_KEYS`,
        `_CONNECTIONS`, `_PARALLEL_UPDATES`, `_ALLOW_HTTP`, `_PROXY` and `_TRANSPORT`.

        Args:
            environ: the variables; `os.environ` by default.
            **options: see `ClientOptions`.

        Raises:
            ConfigurationError: a variable is missing or invalid. The message lists all of them.
        """
        settings = Settings.from_env(environ)
        merged: Any = {**settings.options, **options}
        return cls(settings.base_url, settings.auth, **merged)

    @property
    def transport(self) -> TransportName:
        """The name of the transport: `session` or `direct`."""
        return self._transport

    async def __aenter__(self) -> Self:
        is_new = self._core.state() is None
        state = await self._core.open()
        try:
            if is_new:
                await state.transport.connect(min(READY_WITHIN, self._options.timeout.connect))
        except BaseException:
            if is_new and not state.is_in_use():
                await state.close()  # __aexit__ is not called if __aenter__ raises
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Calls under way raise ClientClosedError. Closing a second time does nothing."""
        await self._core.close()

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a light copy with other options that shares the connections, locks and retry budget.

        Closing a client closes all of its copies.
        """
        changes: dict[str, Any] = dict(options)
        check_words("with_options", changes, CallOptions.__annotations__)
        changed = copy.copy(self)
        changed._options = attrs.evolve(self._options, **changes)  # noqa: SLF001  # of this class
        return changed

    def raw(self, method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, Response[T]]]:
        """Return a method that returns the whole `Response` instead of only its data.

        `response = await talon.raw(talon.get_customer_inventory)("id", profile=True)`
        """
        endpoint, client = endpoint_of(method), getattr(method, "__self__", self)

        async def call(*args: P.args, **kwargs: P.kwargs) -> Response[T]:
            done: Call = await client._call(endpoint.request(*args, **kwargs))  # noqa: SLF001  # of this class
            return done.response()

        return call

    def prepare(self, method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, PreparedCall[T]]:
        """Return a function that checks and encodes a call, and returns it as a `PreparedCall` without sending it.

        `call = talon.prepare(talon.update_customer_profile_v2)("jane", profile)`. The function takes the arguments of
        the method. If the operation has an idempotency key, it is chosen now. A `PreparedCall` can be stored and
        pickled. Any client can send it; `bulk` sends many calls.
        """
        endpoint, options = endpoint_of(method), getattr(method, "__self__", self)._options  # noqa: SLF001  # of this class

        def prepare(*args: P.args, **kwargs: P.kwargs) -> PreparedCall[T]:
            request = endpoint.request(*args, **kwargs)
            has_own_key = request.idempotency_key is not None
            if not has_own_key and request.operation.idempotency is Idempotency.KEYED:
                request.idempotency_key = key_maker(options)()
            return PreparedCall[T].of(request, has_own_key=has_own_key)

        return prepare

    async def send(self, call: PreparedCall[T]) -> T:
        """Send a prepared call, and return the answer of its operation.

        Each sending uses the same idempotency key, so a call of an operation with a key acts once even if it is sent
        twice.

        Raises:
            InvalidArgumentError: the call is not a valid call of its operation. Nothing was sent.
        """
        data: T = (await self._call(request_of(call, type(self)))).data
        return data

    def _call(self, request: Request) -> Coroutine[Any, Any, Call]:
        """Return the coroutine that runs a call."""
        options = self._options
        if request.idempotency_key is None and request.operation.idempotency is Idempotency.KEYED:
            key = options.idempotency_keys()
            request.idempotency_key = key if options.idempotency_keys is new_key else valid_key(key)
        return Call(self._core, options, request).run()

    async def _walk(self, pager: Pager) -> AsyncGenerator[Any, None]:
        while (request := pager.request()) is not None:
            for item in pager.items((await self._call(request)).data):
                yield item

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._core.settings.base_url!r})"


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESERVED = frozenset((
    "authorization", "connection", "content-length", "content-signature", "content-type", "expect", "idempotency-key",
    "transfer-encoding", "upgrade",
))  # fmt: skip
"""Headers that the client sets itself, because they differ from request to request."""


def _limits(value: Any) -> Limits:
    check_kind("limits", value, Limits, "Limits, such as Limits(connections=20)")
    limits: Limits = value
    return limits


def _ssl(value: Any) -> ssl_module.SSLContext | None:
    if value is not None and not hasattr(value, "wrap_bio"):
        raise ConfigurationError(f"ssl must be an ssl.SSLContext, not {value!r}; None trusts the system's authorities")
    context: ssl_module.SSLContext | None = value
    return context


def _session(value: Any, transport: object) -> aiohttp.ClientSession | None:
    if value is not None and transport != "direct" and not hasattr(value, "connector"):  # that one takes none at all
        raise ConfigurationError(f"session must be an aiohttp.ClientSession, not {value!r}")
    session: aiohttp.ClientSession | None = value
    return session


def _clock(value: Any) -> Clock | None:
    if value is not None and not hasattr(value, "monotonic"):
        raise ConfigurationError(f"clock must be like the client's own, for tests, not {value!r}")
    clock: Clock | None = value
    return clock


def _truth(options: dict[str, Any], name: str) -> bool:
    value: Any = options.pop(name, False)
    check_kind(name, value, bool, "True or False")
    return bool(value)


def _checked_headers(headers: Any) -> dict[str, str]:
    check_kind("headers", headers, Mapping, "a mapping of names to texts")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ConfigurationError(f"headers: the name and the value of {name!r} must both be text")
        if not _TOKEN.fullmatch(name) or not value.isprintable() or name.lower() in _RESERVED:
            raise ConfigurationError(f"headers: {name!r} cannot be set (or its value holds control characters)")
    return dict(headers)
