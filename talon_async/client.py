"""The client: what users make, hold and close."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypedDict, TypeVar

import attrs

from talon_async._codec.warm import ANSWER
from talon_async._endpoint import endpoint_of, valid_key, warm_up
from talon_async._messages import Repeat
from talon_async.auth import ApiKey, ContentSignature
from talon_async.batch import Batches
from talon_async.config import Limits, Options, Settings, new_key
from talon_async.config import base_url as checked_url
from talon_async.errors import ConfigurationError
from talon_async.operations import Operations
from talon_async.pages._generated import Pages

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
    from typing import Self, Unpack

    import aiohttp

    from talon_async._clock import Clock
    from talon_async._messages import Request, Response
    from talon_async._run import Run, Shared
    from talon_async.auth import Auth
    from talon_async.config import RetryPolicy, Timeout
    from talon_async.pages import Pager

P = ParamSpec("P")
T = TypeVar("T")

READY_WITHIN = 1.0
"""Seconds that entering a client waits for its first connection."""


class CallOptions(TypedDict, total=False):
    """What `with_options` can change.

    Attributes:
        timeout: seconds for the whole call, or a `Timeout`.
        retry: when a failed call is repeated.
        strict: raise on answers that are not exactly as documented; for tests.
        lazy_effects: read the effects of an answer when they are first looked at, which halves the cost of a large
            answer whose effects are not; `effects` is then a sequence, but no list.
        idempotency_keys: makes the key of a call that is given none; random UUIDs by default.
        clock: time and chance, for tests.
    """

    timeout: Timeout | float
    retry: RetryPolicy
    strict: bool
    lazy_effects: bool
    idempotency_keys: Callable[[], str]
    clock: Clock


class ClientOptions(CallOptions, total=False):
    """What a client can be made with.

    Attributes:
        limits: how much at once.
        headers: sent with every request, beside those that are different for each, such as Content-Type.
        proxy: the URL of an HTTP proxy.
        ssl: how the server's certificate is checked; the system's authorities by default.
        trust_env: take proxies and credentials from the environment and ~/.netrc. It makes every request slower.
        allow_http: accept an unencrypted base URL on another machine than this one.
        session: an aiohttp session whose connector to borrow, with its limits. It is never closed here, none of its
            own headers, cookies, timeouts or traces are used, and it is bound to its event loop.
    """

    limits: Limits
    headers: Mapping[str, str]
    proxy: str | None
    ssl: ssl_module.SSLContext | None
    trust_env: bool
    allow_http: bool
    session: aiohttp.ClientSession | None


class TalonOne(Operations, Pages, Batches):
    """The Integration API, awaited.

    One client serves a whole process: it pools its connections and works in any number of event loops one after the
    other. Use it with `async with`, which loads everything and opens the first connection: a server that is away for
    the moment does no harm, and is waited for a second at most. (With a proxy, `trust_env` or a borrowed session there
    is no connection yet.) Or close it with `aclose()`; then all that happens on first use.

    Args:
        base_url: the deployment, such as `https://mycompany.europe-west1.talon.one`; `http://` is for this machine.
        api_key: the key of an Application, an `ApiKey`, or for V1 operations a `ContentSignature`.
        **options: see `ClientOptions`.

    Raises:
        ConfigurationError: something of this cannot work; nothing was sent.
    """

    def __init__(self, base_url: str, api_key: str | Auth, **options: Unpack[ClientOptions]) -> None:
        given: dict[str, Any] = dict(options)
        self._base_url = checked_url(base_url, allow_http=given.pop("allow_http", False))
        self._connection: dict[str, Any] = {
            "base_url": self._base_url,
            "auth": api_key if isinstance(api_key, ApiKey | ContentSignature) else ApiKey(api_key),
            "limits": given.pop("limits", Limits()),
            "headers": _checked_headers(given.pop("headers", {})),
            "proxy": given.pop("proxy", None),
            "ssl": given.pop("ssl", None),
            "trust_env": given.pop("trust_env", False),
            "session": given.pop("session", None),
        }
        self._options = Options(**given)
        self._cell: list[Shared] = []

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from environment variables; options given here win.

        `TALON_ONE_BASE_URL` and `TALON_ONE_API_KEY` are needed. The key may stand in a file named by
        `TALON_ONE_API_KEY_FILE`; for V1 signatures there are `TALON_ONE_APPLICATION_ID` and
        `TALON_ONE_APPLICATION_KEY`. Further: `TALON_ONE_TIMEOUT`, `_ATTEMPT_TIMEOUT`, `_CONNECT_TIMEOUT` (seconds),
        `_ATTEMPTS`, `_TRUST_KEYS`, `_CONNECTIONS`, `_LANE_WIDTH`, `_ALLOW_HTTP`, `_PROXY`.

        Raises:
            ConfigurationError: lists everything that is missing or wrong.
        """
        settings = Settings.from_env(environ)
        merged: Any = {**settings.options, **options}
        return cls(settings.base_url, settings.auth, **merged)

    async def __aenter__(self) -> Self:
        is_new = self._shared.pools.get() is None
        pool = await self._shared.pool()
        try:
            warm_up(type(self))
            await self._rehearse()
            if is_new:
                await pool.connect(min(READY_WITHIN, self._options.timeout.connect))
        except BaseException:
            if is_new and not pool.is_in_use():
                await pool.close()  # nobody else will: the block is not entered
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Calls under way end with ClientClosedError; closing twice does nothing."""
        await self._shared.close()

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a light copy with other options, on the same connections, lanes and retry budget.

        Closing one closes all.
        """
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        changes: dict[str, Any] = dict(options)
        copy._options = attrs.evolve(self._options, **changes)
        return copy

    def raw(self, method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, Response[T]]]:
        """Return a method that gives the whole `Response` instead of its data alone.

        `response = await talon.raw(talon.get_customer_inventory)("id", profile=True)`
        """
        endpoint, client = endpoint_of(method), getattr(method, "__self__", self)

        async def call(*args: P.args, **kwargs: P.kwargs) -> Response[T]:
            run: Run = await client._run(endpoint.request(*args, **kwargs))  # noqa: SLF001
            return run.response()

        return call

    @staticmethod
    async def _rehearse() -> None:
        """Make the most usual call before nobody, as often as it takes Python to make its code fast.

        It takes two milliseconds, once in a process; without it a first call costs four times what a later one does.
        """
        if _rehearsed:
            return
        from talon_async.models import CartItem, IntegrationRequest, NewCustomerSessionV2  # noqa: PLC0415  # loaded late

        session = NewCustomerSessionV2(profile_id="p", coupon_codes=["A"], cart_items=[CartItem(sku="a", quantity=1)])
        async with contextlib.aclosing(TalonOne("https://nobody.invalid", "rehearsal")) as double:
            if (await double._shared.pool()).go_on_stage(ANSWER):  # noqa: SLF001  # of this very class
                for _ in range(10):
                    await _usual(double, "rehearsal", IntegrationRequest(customer_session=session))
                _rehearsed.append(True)

    @property
    def _shared(self) -> Shared:
        if not self._cell:
            # aiohttp is most of what there is to import, and is not needed before the first call
            from talon_async._run import Shared  # noqa: PLC0415
            from talon_async._transport import Connection  # noqa: PLC0415

            self._cell.append(Shared.of(Connection(**self._connection)))
        return self._cell[0]

    def _run(self, request: Request) -> Coroutine[Any, Any, Run]:
        options = self._options
        if request.idempotency_key is None and request.operation.repeat is Repeat.KEYED:
            made = options.idempotency_keys()
            request.idempotency_key = made if options.idempotency_keys is new_key else valid_key(made)
        shared = self._shared
        return shared.run(shared, options, request).to_end()

    async def _walk(self, pager: Pager) -> AsyncGenerator[Any, None]:
        while (request := pager.request()) is not None:
            for item in pager.items((await self._run(request)).data):
                yield item

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds a key and connections and is not pickled: make one in each process"
        )


_usual = TalonOne.update_customer_session_v2
"""The call of a rehearsal, as it is here, not as somebody's test has replaced it."""
_rehearsed: list[bool] = []


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset((
    "authorization", "connection", "content-length", "content-signature", "content-type", "expect", "idempotency-key",
    "transfer-encoding", "upgrade",
))  # fmt: skip
"""Headers that say what a request is, which is different for each; a key of all of them would lose all but one."""


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not value.isprintable() or name.lower() in _OURS:
            raise ConfigurationError(f"headers: {name!r} cannot be set (or its value holds control characters)")
    return dict(headers)
