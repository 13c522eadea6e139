"""Making a client loads what its calls need: a child that is forked during a call finds no import half done."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.processes import ROOT
from support.raw import Exchange, RawServer, answer

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
import asyncio, contextlib, sys
from talon_async import RetryPolicy, Timeout, TalonOne, TalonOneSync
from talon_async.errors import TalonOneError
from talon_async.models import IntegrationEventV2Request
url, transport, folder = sys.argv[1:]
def event(n): return IntegrationEventV2Request(type="t", profile_id=f"p{n}", attributes={})
def events(): return map(event, range(3))
def once(): return talon.with_options(retry=RetryPolicy.off(), timeout=Timeout(attempt=0.3), strict=True)
def away(kind): return kind("http://127.0.0.1:9", "key", transport=transport, retry=RetryPolicy.off())
def new():
    return sorted(set(sys.modules) - loaded)
"""
BLOCKING = """
talon = TalonOneSync(url, "key", transport=transport)
named = TalonOneSync(url.replace("127.0.0.1", "localhost"), "key", transport=transport)
loaded = set(sys.modules)
for what in ("fine", "refused", "again", "late", "garbage", "gzip", "large"):
    with contextlib.suppress(TalonOneError):
        (talon if what == "again" else once()).get_customer_inventory(what)
with contextlib.suppress(TalonOneError):
    away(TalonOneSync).get_customer_inventory("a")
named.get_customer_inventory("fine")
repr(talon.raw(talon.get_customer_inventory)("fine")), repr(talon)
talon.track_events(events(), concurrency="auto", rate=1000)
talon.track_events(list(events()), journal=f"{folder}/journal")
list(talon.stream_events(events()))
list(talon.iter_catalog_items(1)) if hasattr(talon, "iter_catalog_items") else None
talon.bulk([talon.prepare(talon.track_event_v2)(event(1))])
for options in ({}, {"journal": f"{folder}/queue"}):
    with talon.queue(**options) as queue:
        queue.put(event(1))
    repr(queue)
named.close(), talon.close()
print(new())
"""
AWAITED = """
def slowly():
    import time
    for n in range(3):
        time.sleep(0.03)
        yield event(n)
async def main():
    async with talon:
        for what in ("fine", "refused", "again", "late", "garbage", "gzip", "large"):
            with contextlib.suppress(TalonOneError):
                await (talon if what == "again" else once()).get_customer_inventory(what)
        with contextlib.suppress(TalonOneError):
            await away(TalonOne).get_customer_inventory("a")
        async with named:
            await named.get_customer_inventory("fine")
        repr(await talon.raw(talon.get_customer_inventory)("fine"))
        await talon.track_events(slowly(), concurrency="auto", rate=1000)
        await talon.track_events(list(events()), journal=f"{folder}/journal")
        async for _ in talon.stream_events(events()): pass
        for options in ({}, {"journal": f"{folder}/queue"}):
            async with talon.queue(**options) as queue:
                await queue.put(event(1))
talon = TalonOne(url, "key", transport=transport)
named = TalonOne(url.replace("127.0.0.1", "localhost"), "key", transport=transport)
loaded = set(sys.modules)
asyncio.run(main())
print(new())
"""


def serving() -> RawServer:
    """Return a server that answers as the path asks."""
    seen = list[str]()
    large = {"profile": {"integrationId": "j" * 2_000_000}}

    async def serve(exchange: Exchange) -> None:
        seen.append(exchange.line)
        if "late" in exchange.line:
            await asyncio.sleep(1)
        elif "refused" in exchange.line:
            await exchange.send(answer({"message": "no", "errors": [{"title": "t"}]}, status=400))
        elif "again" in exchange.line and seen.count(exchange.line) == 1:
            await exchange.send(answer({}, status=503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
        elif "garbage" in exchange.line:
            await exchange.send(answer(b"{{{"))
        elif "gzip" in exchange.line:
            await exchange.send(answer(gzip.compress(json.dumps(large).encode()), headers={"Content-Encoding": "gzip"}))
        else:
            await exchange.send(answer(large if "large" in exchange.line else {"effects": []}))

    return RawServer(serve)


@pytest.mark.parametrize("transport", ["session", "direct"])
def test_nothing_is_imported_when_calls_of_all_kinds_are_made(transport: str, tmp_path: Path) -> None:
    """By either twin: answers, refusals, timeouts, repetitions, names, runs, journals and queues."""
    with serving() as server:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", HEAD + script, server.url, transport, tmp_path / str(number)],
                stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )
            for number, script in enumerate((BLOCKING, AWAITED))
        ]  # fmt: skip
        for number in range(2):
            (tmp_path / str(number)).mkdir()
        assert ["[]\n", "[]\n"] == [process.communicate(timeout=60)[0] for process in running]
