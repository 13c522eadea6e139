"""What is wrong is told where it is given, in the words of the public thing."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from talon_async import Limits, RetryPolicy, TalonOne, TalonOneSync, Timeout
from talon_async.bulk.runner import values
from talon_async.config import Settings
from talon_async.errors import ConfigurationError, InvalidArgumentError
from talon_async.models import CartItem, IntegrationEventV2Request, NewEvent, evolve
from talon_async.testing import Sandbox

URL = "https://shop.europe-west1.talon.one"
made: Any = TalonOne
talon: Any = TalonOne(URL, "key")
blocking: Any = TalonOneSync(URL, "key")
ITEM: Any = CartItem(sku="a", quantity=1)
timeout: Any = Timeout
policy: Any = RetryPolicy
limits: Any = Limits
model: Any = IntegrationEventV2Request
event: Any = NewEvent
LARGE: list[tuple[Any, str]] = [
    (10**30, "1000000000000000000000000000000"),
    (10**400, "1000"),
    (10**5000, "a number of thousands of digits"),
    (1e300, r"1e\+300"),
    (math.inf, "inf"),
]
"""Numbers that no option takes, and how an error shows them."""


async def awaited(*_: object) -> None:
    """Stand for a callback that would have to be awaited."""


async def generated(*_: object) -> AsyncIterator[None]:
    """Stand for a callback that would have to be iterated."""
    yield


class Awaited:
    async def __call__(self, *_: object) -> None:
        """Stand for a callback that is an object."""


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda: made(URL, "key", timout=3), "TalonOne has no option 'timout'; did you mean 'timeout'?"),
        (lambda: TalonOneSync(URL, "key", timeOut=3), "TalonOne has no option 'timeOut'; did you mean 'timeout'?"),  # type: ignore[call-arg]
        (lambda: talon.with_options(lazyEffects=True), "with_options has no option 'lazyEffects'; did you mean 'lazy_effects'?"),
        (lambda: blocking.with_options(limits=3), "with_options has no option 'limits'"),
        (lambda: timeout(totl=3), "Timeout has no option 'totl'; did you mean 'total'?"),
        (lambda: policy(attempt=3), "RetryPolicy has no option 'attempt'; did you mean 'attempts'?"),
        (lambda: limits(connection=3), "Limits has no option 'connection'; did you mean 'connections'?"),
        (lambda: timeout(3), "Timeout takes words, such as total=, and no bare values"),
        (lambda: talon.queue(sise=3), "QueueOptions has no option 'sise'; did you mean 'size'?"),
        (lambda: blocking.queue(onDrop=print), "QueueOptions has no option 'onDrop'; did you mean 'on_drop'?"),
        (lambda: talon.prepare(talon.track_event_v2)(ITEM, dri=True), "track_event_v2 has no option 'dri'; did you mean 'dry'?"),
        (lambda: model(type="t", profileId="p"), "IntegrationEventV2Request has no field 'profileId'; did you mean 'profile_id'?"),
        (lambda: event(type="t", profileId="p"), "NewEvent has no field 'profileId'; did you mean 'profile_id'?"),
        (lambda: event(type="t"), "NewEvent needs attributes and session_id"),
        (lambda: evolve(ITEM, catalogItemID=3), "CartItem has no field 'catalogItemID'; did you mean 'catalog_item_id'?"),
        (lambda: model(xyz=1), "IntegrationEventV2Request has no field 'xyz'"),
    ],
)  # fmt: skip
def test_the_word_that_was_meant_is_named_when_there_is_no_such_one(use: Any, said: str) -> None:
    """The error names the public thing, the unknown word and the nearest that exists; nothing private."""
    with pytest.raises(TypeError) as caught:
        use()
    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda: talon.get_customer_inventory("a", profil=True), "get_customer_inventory has no option 'profil'; did you mean 'profile'?"),
        (lambda: talon.bulk([], patiance=3), "BulkOptions has no option 'patiance'; did you mean 'patience'?"),
        (lambda: talon.track_events([], max_failure=3), "BulkOptions has no option 'max_failure'; did you mean 'max_failures'?"),
        (lambda: talon.sync_catalog_in_chunks(1, [], rat=3), "PacingOptions has no option 'rat'; did you mean 'rate'?"),
    ],
)  # fmt: skip
async def test_the_word_that_was_meant_is_named_when_a_call_has_no_such_option(use: Any, said: str) -> None:
    """Operations and runs of many calls tell it before anything is sent."""
    with pytest.raises(TypeError) as caught:
        await use()
    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": "5"}, r"timeout must be seconds or a Timeout, such as Timeout\(total=3\), not '5'"),
        ({"retry": 3}, r"retry must be a RetryPolicy, such as RetryPolicy\(attempts=2\), not 3"),
        ({"limits": 3}, r"limits must be Limits, such as Limits\(connections=20\), not 3"),
        ({"strict": "no"}, "strict must be True or False, not 'no'"),
        ({"lazy_effects": 1}, "lazy_effects must be True or False, not 1"),
        ({"idempotency_keys": "k"}, "idempotency_keys must be a function without parameters, not str"),
        ({"headers": ["a"]}, r"headers must be a mapping of names to texts, not \['a'\]"),
        ({"headers": {"a": 1}}, "headers: the name and the value of 'a' must both be text"),
        ({"ssl": False}, "ssl must be an ssl.SSLContext, not False"),
        ({"trust_env": 1}, "trust_env must be True or False, not 1"),
        ({"allow_http": "yes"}, "allow_http must be True or False, not 'yes'"),
        ({"session": "s"}, "session must be an aiohttp.ClientSession, not 's'"),
        ({"clock": 3}, "clock must be"),
        ({"transport": 3}, "transport must be 'session' or 'direct', not 3"),
        ({"proxy": 3}, "proxy must be a URL as text, not int"),
        ({"proxy": "socks5://a:1"}, "proxy must be an HTTP proxy, not socks5: for that give session="),
        ({"proxy": "proxy:3128"}, "proxy has no scheme; it looks like http://proxy"),
        ({"proxy": "ftp://a"}, "proxy must be an http or https URL with a host"),
        ({"proxy": "http://"}, "proxy must be an http or https URL with a host"),
        ({"proxy": "http://u:secret@a:99999"}, "proxy must be a scheme, a host and a port"),
        ({"proxy": "http://u:secret/1@a:1"}, "in a user or password write / as %2F"),
        ({"proxy": "http://u:12/secret@a:1"}, "in a user or password write / as %2F"),
        ({"proxy": "http://u:secret?1@a:1"}, "in a user or password write"),
        ({"proxy": "http://u:12#secret@a:1"}, "in a user or password write"),
        ({"proxy": "http://ü:secret@a:1"}, "proxy has a user or password that is not ASCII"),
        ({"proxy": "http://u:s%C3%BCcret@a:1"}, "proxy has a user or password that is not ASCII"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [TalonOne, TalonOneSync])
def test_a_value_is_refused_when_an_option_is_no_such_thing(kind: Any, options: Any, said: str) -> None:
    """Making the client says which option is wrong and what it must be; no password is repeated."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        kind(URL, "key", **options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://proxy:3128", "https://user:p%40ss@proxy", None])
def test_a_proxy_is_taken_when_it_can_be_used(proxy: Any) -> None:
    """A user and a password may stand in it."""
    assert proxy == TalonOne(URL, "key", proxy=proxy)._core.settings.proxy


@pytest.mark.parametrize("user", ["u:secret", "u:secret/1", "u:1/secret", "u:secret?"])
def test_a_base_url_is_refused_when_it_has_a_user(user: str) -> None:
    """The error does not repeat the password, however the rest is written."""
    with pytest.raises(ConfigurationError, match="must hold no user") as caught:
        TalonOne(f"https://{user}@a.b", "key")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("version", ["/v1", "/v2", "/v3/", "/proxy/v1"])
def test_a_base_url_is_refused_when_it_ends_in_a_version(version: str) -> None:
    """The paths of operations begin with the version; the error says what to write."""
    plain = f"{URL}{version}".rstrip("/")[:-3]
    with pytest.raises(ConfigurationError, match=rf"must not end in /v\d, which calls add themselves: write {plain}$"):
        TalonOne(URL + version, "key")


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [(5, "key", "base_url must be text, not int"), (URL, 5, "api_key must be text, an ApiKey or")],
)
def test_the_kind_is_told_when_url_or_key_are_no_text(url: Any, key: Any, said: str) -> None:
    """`api_key=None`, from an environment without it, is told as what it is."""
    with pytest.raises(ConfigurationError, match=said):
        TalonOne(url, key)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (RetryPolicy, {"attempts": "3"}, "RetryPolicy.attempts must be a whole number of 1 or more, not '3'"),
        (RetryPolicy, {"attempts": 0}, "RetryPolicy.attempts must be a whole number of 1 or more, not 0"),
        (RetryPolicy, {"base": "3"}, "RetryPolicy.base must be a number of 0 or more, not '3'"),
        (RetryPolicy, {"trust_keys": "no"}, "RetryPolicy.trust_keys must be True or False, not 'no'"),
        (Limits, {"connections": "3"}, "Limits.connections must be a whole number of 1 or more, not '3'"),
        *((kind, {name: value}, f"{kind.__name__}.{name} must be 1,000,000,000 or less, not {shown}")
          for kind, names in ((Timeout, ("total", "attempt", "connect")),
                              (RetryPolicy, ("base", "parallel_base", "throttle_base", "cap", "retry_after_cap")))
          for name in names for value, shown in LARGE),
        *((kind, {name: value}, f"{kind.__name__}.{name} must be 1,000,000,000,000 or less, not {shown}")
          for kind, names in ((RetryPolicy, ("attempts",)),
                              (Limits, ("connections", "parallel_updates", "response_bytes", "response_head_bytes")))
          for name in names for value, shown in LARGE if isinstance(value, int)),
    ],
)  # fmt: skip
def test_a_value_is_refused_when_a_policy_has_no_such(kind: Any, options: Any, said: str) -> None:
    """Values of another type, and numbers that overflow, are a ConfigurationError, and no other error from inside."""
    with pytest.raises(ConfigurationError, match=said):
        kind(**options)


@pytest.mark.parametrize(("value", "shown"), LARGE, ids=[shown for _, shown in LARGE])
def test_the_timeout_is_refused_when_it_is_too_large(value: Any, shown: str) -> None:
    """A number as `timeout` of a client, or of a copy, is refused as that of a `Timeout` is."""
    for make in (lambda: made(URL, "key", timeout=value), lambda: talon.with_options(timeout=value)):
        with pytest.raises(ConfigurationError, match=f"Timeout.total must be 1,000,000,000 or less, not {shown}"):
            make()


@pytest.mark.parametrize("keys", [awaited, partial(awaited), Awaited()])
def test_a_maker_of_keys_is_refused_when_it_is_a_coroutine_function(keys: Any) -> None:
    """Keys are made without `await`, so a coroutine function is refused when the client is made."""
    with pytest.raises(ConfigurationError, match="idempotency_keys must be .* that is not a coroutine function"):
        made(URL, "key", idempotency_keys=keys)


@pytest.mark.parametrize("name", ["on_session", "on_profile", "on_event"])
@pytest.mark.parametrize(("rule", "said"), [(awaited, "not a coroutine function"), (3, "a function, not int")])
def test_a_rule_is_refused_when_the_sandbox_cannot_call_it(name: str, rule: Any, said: str) -> None:
    """The sandbox calls rules without `await`, so it refuses a coroutine function, and what is no function."""
    with pytest.raises(TypeError, match=f"rule must be .*{said}"):
        getattr(Sandbox(), name)(rule)


def test_the_largest_numbers_are_taken_when_they_do_not_overflow() -> None:
    """A billion seconds and a trillion things are taken; so is a patience without end."""
    timeout, seconds = Timeout(total=10**9, attempt=1e9, connect=1e9), ("base", "cap", "retry_after_cap")
    made(URL, "key", timeout=timeout, retry=RetryPolicy(attempts=10**12, **dict.fromkeys(seconds, 1e9)))
    assert math.inf == values.seconds("patience", math.inf)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"progress": 3}, "progress must be a function, not int"),
        ({"item_id": "id"}, "item_id must be a function, not str"),
        ({"sent_before": "no"}, "sent_before must be True or False, not 'no'"),
        ({"journal": 3}, "journal must be the path of a file, or a Journal, not int"),
        ({"buffer": "3"}, "buffer must be a whole number of 0 or more, not '3'"),
        ({"rate": "3"}, "rate must be calls a second above 0, not '3'"),
        ({"progress": awaited}, "progress must be a function that is not a coroutine function"),
        ({"progress": partial(awaited)}, "progress must be a function that is not a coroutine function"),
        ({"progress": Awaited()}, "progress must be a function that is not a coroutine function"),
        ({"item_id": awaited}, "item_id must be a function that is not a coroutine function"),
        ({"item_id": generated}, "item_id must be a function that is not a coroutine function"),
        *(({name: value}, f"{name} must be 1,000,000,000 or less, not {shown}")
          for name in ("rate", "patience") for value, shown in LARGE if (name, value) != ("patience", math.inf)),
        ({"rate": 1e-300}, "rate must be 1e-09 or more, not 1e-300"),
        *(({name: value}, f"{name} must be 1,000,000,000,000 or less, not {shown}")
          for name in ("concurrency", "buffer", "max_failures") for value, shown in LARGE if isinstance(value, int)),
    ],
)  # fmt: skip
async def test_a_value_is_refused_when_an_option_of_a_run_is_no_such_thing(options: Any, said: str) -> None:
    """The run does not begin."""
    with pytest.raises(InvalidArgumentError, match=said):
        await talon.bulk([], **options)


def test_a_proxy_is_told_by_its_variable_when_the_environment_has_it() -> None:
    """All problems of the environment are in one error."""
    environ = {"TALON_ONE_BASE_URL": f"{URL}/v2", "TALON_ONE_API_KEY": "k", "TALON_ONE_PROXY": "socks5://a"}
    with pytest.raises(ConfigurationError, match=r"TALON_ONE_PROXY: proxy must be .*TALON_ONE_BASE_URL: .* /v2"):
        Settings.from_env(environ)


CALLS = [
    lambda: talon.get_customer_inventory("a"),
    lambda: talon.raw(talon.get_customer_inventory)("a"),
    talon.__aenter__,
    lambda: talon.bulk([]),
    lambda: talon.stream([]).__anext__(),
    lambda: talon.queue().__aenter__(),
    lambda: talon.iter_loyalty_program_profile_transactions(1, "a").__anext__(),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("runs", ["trio runs here", "no event loop runs here"])
def test_asyncio_is_asked_for_when_something_else_runs(call: Any, runs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under trio, or without any loop, awaiting a call says what is needed and what to use instead."""

    def current_task() -> object:
        if "trio" not in runs:
            raise RuntimeError("must be called from async context")
        return object()

    monkeypatch.setitem(sys.modules, "trio", SimpleNamespace(lowlevel=SimpleNamespace(current_task=current_task)))
    with pytest.raises(RuntimeError, match=f"TalonOne needs asyncio, and {runs}: use TalonOneSync, in a thread, or"):
        call().send(None)
