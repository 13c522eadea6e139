"""What a call costs, counted in functions, imports and timers, because times would depend on the machine."""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import gc
import json
import statistics
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from properties.strategies import complete
from support.raw import EMPTY, RawServer, answer
from support.twins import KEY

import talon_async
from talon_async import TalonOne
from talon_async._codec import decode, encode
from talon_async._endpoint import endpoint_of
from talon_async.models import (
    CartItem,
    IntegrationEventV2Request,
    IntegrationRequest,
    IntegrationStateV2,
    NewCustomerSessionV2,
    NewEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = str(Path(talon_async.__file__).parent)
OWN = ("<", HOME)
"""Where the package's functions stand: in its files, or in what it has compiled."""

FRAMES = {"session": 30, "direct": 34}
"""How often a function of the package is entered for a warm event, going on after a wait included.

The direct transport needs more of them because it reads the answer itself.
"""


class Calls:
    """Counts how often the package's Python functions are entered; a coroutine is entered again after each wait."""

    def __init__(self) -> None:
        self.count = 0

    def _look(self, frame: Any, event: str, _: Any) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(OWN) and not name.startswith("<frozen"):
            self.count += 1

    def __enter__(self) -> Self:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def counted(function: Callable[[], object]) -> int:
    """Count the calls of a function once it is warm."""
    function()
    with Calls() as calls:
        function()
    return calls.count


@pytest.mark.parametrize("transport", FRAMES)
async def test_functions_of_a_call_are_few_when_it_is_warm(transport: Any) -> None:
    """A silent event enters a fixed number of functions from the model to the answer. One more needs a reason."""
    counts: list[int] = []
    with RawServer(EMPTY) as server:
        async with TalonOne(server.url, KEY, transport=transport) as talon:
            for _ in range(10):
                with Calls() as calls:
                    await talon.track_event_v2(IntegrationEventV2Request(type="t", profile_id="p"))
                counts.append(calls.count)
    assert FRAMES[transport] == statistics.median_low(counts)  # a timer may fire during one of them


def test_reading_is_one_call_for_each_object_when_an_answer_is_read() -> None:
    """Reading a session makes one call for each object and for each time in the answer, and a handful for the whole."""
    body = json.dumps(complete(IntegrationStateV2)).encode()
    objects = body.count(b"{") + body.count(b"2026-08-01T")
    assert counted(lambda: decode(body, IntegrationStateV2)) <= 1.25 * objects + 10


def test_writing_is_one_call_for_each_object_when_a_request_is_written() -> None:
    """Writing a cart of a hundred items makes one call for each item, and a handful for the whole."""
    cart = [CartItem(sku=f"s{n}", quantity=1, price=1.5, attributes={"a": 1}) for n in range(100)]
    session = NewCustomerSessionV2(profile_id="p", cart_items=cart, coupon_codes=["A"], referral_code="B")
    # on Python 3.11 a list comprehension is a call, too
    assert counted(lambda: encode(IntegrationRequest(customer_session=session))) <= 100 + 15


@pytest.mark.parametrize("cls", [NewEvent, IntegrationEventV2Request])
def test_making_a_model_is_one_call_when_its_class_is_warm(cls: Any) -> None:
    """Making a model calls only its `__init__`."""
    arguments = {"type": "t", "session_id": "s", "profile_id": "p", "attributes": {}}
    arguments = {name: value for name, value in arguments.items() if name in cls.__slots__}
    cls(**arguments)
    with Calls() as calls:
        cls(**arguments)
    assert 1 == calls.count


def test_making_a_request_is_four_calls_when_it_has_a_body() -> None:
    """Making a request calls the compiled function, the model's writer, the encoder, and the request's `__init__`."""
    request = endpoint_of(TalonOne.track_event_v2).request
    body = IntegrationEventV2Request(type="t", profile_id="p")
    assert 4 == counted(lambda: request(body))


def test_making_a_request_is_two_calls_more_when_it_has_a_path_value() -> None:
    """A path value adds two calls: the check of its limit and its encoding. A GET has no body to write."""
    request = endpoint_of(TalonOne.get_customer_inventory).request
    assert 4 == counted(lambda: request("p"))


async def test_nothing_is_imported_when_an_entered_client_makes_its_first_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entering a client loads what every operation needs, so that no call waits for an import."""
    missing: list[str] = []
    original = builtins.__import__

    def watching(name: str, *args: Any) -> Any:
        before = len(sys.modules)
        module = original(name, *args)
        if len(sys.modules) > before and name.startswith("talon_async"):
            missing.append(name)
        return module

    with RawServer(answer(complete(IntegrationStateV2))) as server:
        async with TalonOne(server.url, KEY) as talon:
            monkeypatch.setattr(builtins, "__import__", watching)
            await talon.update_customer_session_v2("s", IntegrationRequest(customer_session=NewCustomerSessionV2()))
            await talon.get_customer_inventory("p")
            monkeypatch.undo()
    assert [] == missing


async def test_one_timer_is_set_when_many_calls_have_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One timer watches over the deadlines of all attempts of a client."""
    with RawServer(EMPTY) as server:
        async with TalonOne(server.url, KEY) as talon:
            loop = asyncio.get_running_loop()
            ours: list[float] = []
            original = loop.call_at

            def watching(when: float, callback: Any, *args: Any, **options: Any) -> Any:
                if "Deadlines" in getattr(callback, "__qualname__", ""):
                    ours.append(when)
                return original(when, callback, *args, **options)

            monkeypatch.setattr(loop, "call_at", watching)
            for _ in range(30):
                await talon.track_event_v2(IntegrationEventV2Request(type="t", profile_id="p"))
    assert len(ours) <= 1  # entering the client has set one, too


async def test_the_callers_context_is_let_go_when_its_call_is_over() -> None:
    """The timer that outlives a call keeps nothing of the caller's context."""
    held: contextvars.ContextVar[Any] = contextvars.ContextVar("held")

    class Thing:
        pass

    async def calling(talon: TalonOne, thing: Thing) -> None:
        held.set(thing)
        await talon.track_event_v2(IntegrationEventV2Request(type="t", profile_id="p"))

    with RawServer(EMPTY) as server:
        async with TalonOne(server.url, KEY) as talon:
            await talon.track_event_v2(IntegrationEventV2Request(type="t", profile_id="p"))  # connects
            sooner = talon.with_options(timeout=5)  # an earlier deadline than before sets the timer anew
            thing = Thing()
            seen = weakref.ref(thing)
            await asyncio.create_task(calling(sooner, thing))
            del thing
            await asyncio.sleep(0)  # what aiohttp has yet to call back
            gc.collect()
            assert seen() is None


MADE = """
    import builtins, sys
    from talon_async import TalonOne, TalonOneSync
    kind, url, transport = sys.argv[1:]
    talon = (TalonOneSync if kind == "blocking" else TalonOne)(url, "key", transport=transport)
    before = {name for name in sys.modules if name.startswith(("talon_async", "aiohttp", "anyio"))}
    if kind == "blocking":
        talon.get_customer_inventory("a")
        talon.close()
    else:
        import asyncio
        async def main():
            await talon.get_customer_inventory("a")
            await talon.aclose()
        asyncio.run(main())
    after = {name for name in sys.modules if name.startswith(("talon_async", "aiohttp", "anyio"))}
    print(sorted(after - before))
"""


@pytest.mark.parametrize("kind", ["awaited", "blocking"])
@pytest.mark.parametrize("transport", ["session", "direct"])
def test_nothing_is_imported_by_a_first_call_when_the_client_is_made(kind: str, transport: str) -> None:
    """Making a client loads what its calls need, so that a child that is forked meanwhile finds no half-done import."""
    with RawServer(answer({})) as server:
        command = [sys.executable, "-c", textwrap.dedent(MADE), kind, server.url, transport]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(HOME).parent)
    assert "[]\n" == done.stdout
