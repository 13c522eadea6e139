"""The client: what users make, hold and close."""

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
"""Seconds that entering a client waits for its first connection, at most."""


class CallOptions(TypedDict, total=False):
    """What `with_options` can change.

    Attributes:
        timeout: seconds for the whole call, or a `Timeout`.
        retry: when a failed call is repeated.
        strict: raise on answers that are not exactly as documented; for tests.
        lazy_effects: read the effects of an answer when they are first looked at, which halves the cost of a large
            answer whose effects are not; `effects` is then a sequence, but no list.
        idempotency_keys: makes the key of a call that is given none; random UUIDs by default.
    """

    timeout: Timeout | float
    retry: RetryPolicy
    strict: bool
    lazy_effects: bool
    idempotency_keys: Callable[[], str]


class ClientOptions(CallOptions, total=False):
    """What a client can be made with.

    Attributes:
        transport: how requests reach the server. `session`, the default, is aiohttp's session: proxies, `trust_env`,
            borrowed sessions, mocks, traces and instrumentation of aiohttp work. `direct` speaks HTTP/1.1 on its own
            connections, for less than half the processor time; it has none of those. Four things only `direct` does:
            it opens a connection when the client is entered, it bounds the header section of an answer as a whole, it
            knows that nothing was sent on a reused connection that is already closed, and it keeps the key out of the
            frames of a call that is cancelled.
        limits: how much at once, and how large.
        headers: sent with every request, beside those that are different for each, such as Content-Type.
        proxy: the URL of an HTTP proxy.
        ssl: how the server's certificate is checked; the system's authorities by default.
        trust_env: take proxies and credentials from the environment and ~/.netrc. It makes every request slower.
        allow_http: accept an unencrypted base URL on another machine than this one.
        session: an aiohttp session whose connector to borrow, with its limits. It is never closed here, none of its
            own headers, cookies, timeouts or traces are used, and it is bound to its event loop.
        clock: time and chance, for tests.
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
    """The Integration API, awaited.

    One client serves a whole process: it pools its connections and works in any number of event loops. Making it loads
    everything that its calls need. Use it with `async with`, or call `aclose()` at the end. With the direct transport,
    `async with` also opens the first connection; it waits a second for it at most, so a server that is away does no
    harm.

    Args:
        base_url: the deployment, such as `https://mycompany.europe-west1.talon.one`; `http://` is for this machine.
        api_key: the key of an Application, an `ApiKey`, or for V1 operations a `ContentSignature`.
        **options: see `ClientOptions`.

    Raises:
        ConfigurationError: something of this cannot work; nothing was sent.
    """

    def __init__(self, base_url: str, api_key: str | Auth, **options: Unpack[ClientOptions]) -> None:
        given: dict[str, Any] = dict(options)
        check_words("TalonOne", given, OPTIONS)
        settings = TransportSettings(
            base_url=checked_url(base_url, allow_http=_truth(given, "allow_http")),
            auth=api_key if isinstance(api_key, ApiKey | ContentSignature) else ApiKey(api_key),
            limits=_limits(given.pop("limits", Limits())),
            headers=_checked_headers(given.pop("headers", {})),
            proxy=proxy_url(given.pop("proxy", None)),
            ssl=_ssl(given.pop("ssl", None)),
            trust_env=_truth(given, "trust_env"),
            session=_session(given.pop("session", None), given.get("transport")),
        )
        self._transport: TransportName = given.pop("transport", "session")
        self._core = Core(settings, transport_class(self._transport, settings), _clock(given.pop("clock", None)))
        self._options = Options(**given)
        warm_up(type(self))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from environment variables; options given here win.

        `TALON_ONE_BASE_URL` and `TALON_ONE_API_KEY` are needed. The key may stand in a file named by
        `TALON_ONE_API_KEY_FILE`; for V1 signatures there are `TALON_ONE_APPLICATION_ID` and
        `TALON_ONE_APPLICATION_KEY`. Further: `TALON_ONE_TIMEOUT`, `_ATTEMPT_TIMEOUT`, `_CONNECT_TIMEOUT` (seconds),
        `_ATTEMPTS`, `_TRUST_KEYS`, `_CONNECTIONS`, `_PARALLEL_UPDATES`, `_ALLOW_HTTP`, `_PROXY`, `_TRANSPORT`.

        Raises:
            ConfigurationError: lists everything that is missing or wrong.
        """
        settings = Settings.from_env(environ)
        merged: Any = {**settings.options, **options}
        return cls(settings.base_url, settings.auth, **merged)

    @property
    def transport(self) -> TransportName:
        """How requests reach the server: `session` or `direct`."""
        return self._transport

    async def __aenter__(self) -> Self:
        is_new = self._core.state() is None
        state = await self._core.open()
        try:
            if is_new:
                await state.transport.connect(min(READY_WITHIN, self._options.timeout.connect))
        except BaseException:
            if is_new and not state.is_in_use():
                await state.close()  # the block is not entered, so __aexit__ does not do it
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Calls under way end with ClientClosedError; closing twice does nothing."""
        await self._core.close()

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a light copy with other options, on the same connections, locks and retry budget.

        Closing one closes all.
        """
        changes: dict[str, Any] = dict(options)
        check_words("with_options", changes, CallOptions.__annotations__)
        changed = copy.copy(self)
        changed._options = attrs.evolve(self._options, **changes)  # noqa: SLF001  # of this class
        return changed

    def raw(self, method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, Response[T]]]:
        """Return a method that gives the whole `Response` instead of its data alone.

        `response = await talon.raw(talon.get_customer_inventory)("id", profile=True)`
        """
        endpoint, client = endpoint_of(method), getattr(method, "__self__", self)

        async def call(*args: P.args, **kwargs: P.kwargs) -> Response[T]:
            done: Call = await client._call(endpoint.request(*args, **kwargs))  # noqa: SLF001  # of this class
            return done.response()

        return call

    def prepare(self, method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, PreparedCall[T]]:
        """Return a method that checks and encodes a call, and returns it as a value instead of sending it.

        `call = talon.prepare(talon.update_customer_profile_v2)("jane", profile)`. A `PreparedCall` has its idempotency
        key from here on. It can be sent by this client or another, kept, and pickled; `bulk` sends many.
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
        """Send a prepared call, and return what its operation returns.

        Sent twice it acts once where the operation takes an idempotency key: it is the same key each time.
        """
        data: T = (await self._call(request_of(call, type(self)))).data
        return data

    def _call(self, request: Request) -> Coroutine[Any, Any, Call]:
        """Return the coroutine that runs a call to its end."""
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
