"""One cell of the matrix: a call that meets a fault, and the verdict on its outcome."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs

from talon_async import RetryPolicy
from talon_async.errors import TalonOneError
from tools.faults.clients import Client
from tools.faults.scene import Scene

if TYPE_CHECKING:
    from tools.faults.fault import Fault
    from tools.faults.natures import Nature
    from tools.faults.wire import Wire

LATE = 0.1
"""Seconds beyond its deadline that a call may take."""
ENDLESS = 15.0
"""Seconds after which a call is given up that its own deadline has not ended."""
SETTLE = 0.02
"""Seconds after which an end that the server has sent has arrived."""
_numbers = count(1)


@attrs.frozen
class Cell:
    """One cell; `always` tells whether every attempt meets the fault, or only the first one."""

    transport: str
    twin: str
    nature: Nature
    fault: Fault
    always: bool

    def __str__(self) -> str:
        how = "always" if self.always else "once"
        return f"{self.fault.name} / {self.transport} / {self.twin} / {self.nature.name} / {how}"


@attrs.define
class Result:
    """What happened in a cell.

    Attributes:
        acted: how often the server acted.
        seen: how many requests it saw.
        told: the outcome, or `success`.
        error: the error that told it.
        late: seconds beyond the deadline.
        faults: the promises that are broken, by kind, each with how.
    """

    cell: Cell
    acted: int = 0
    seen: int = 0
    told: str = ""
    error: BaseException | None = None
    late: float = 0.0
    faults: dict[str, str] = attrs.field(factory=dict)


async def run_cell(cell: Cell, wire: Wire) -> Result:
    """Run a cell and judge it."""
    scene = (cell.fault.scene or Scene)(wire, cell.fault, cell.nature, always=cell.always)
    scene.token = f"call-{next(_numbers)}-1"
    await scene.start()
    client = None
    try:
        client = Client(cell.twin, scene.url, transport=cell.transport, **scene.options())
        result = await _judged(cell, scene, client)
        if scene.is_usable_after and (why := await _unusable(scene, client)):
            result.faults["unusable"] = why
    finally:
        if client is not None:
            await client.close()
        await scene.close()
    return result


async def _judged(cell: Cell, scene: Scene, client: Client) -> Result:
    await scene.prepare(client)
    scene.stood_still = 0.0
    result, response = Result(cell), None
    begin = scene.clock.monotonic()
    try:
        async with asyncio.timeout(ENDLESS):
            response = await scene.ask(client)
        result.told = "success"
    except TalonOneError as error:
        result.told, result.error = error.outcome, error
    except Exception as error:  # noqa: BLE001  # whatever else comes out is told as a fault
        result.told, result.error = f"no error of ours: {type(error).__name__}", error
    elapsed = scene.clock.monotonic() - begin if scene.elapsed is None else scene.elapsed
    result.late = max(0.0, elapsed - scene.stood_still - scene.total)
    await asyncio.sleep(0)
    _judge(result, scene, response)
    return result


def _judge(result: Result, scene: Scene, response: Any) -> None:
    """Compare the outcome with what the server knows."""
    cell, book, token = result.cell, scene.book, scene.token
    result.acted, result.seen = book.acts[token], book.seen[token]
    tried = response.attempts if response is not None else getattr(result.error, "attempts", 0)
    if book.is_doubled(cell.nature, token):
        result.faults["doubled"] = f"acted {result.acted} times"
    if len(book.keys[token]) > 1:
        result.faults["doubled"] = "the attempts had different keys"
    if why := _untrue(result.told, result.acted, result.seen):
        result.faults["false"] = why
    elif result.seen > tried:
        result.faults["false"] = f"{result.seen} requests came, {tried} attempts are told"
    elif response is not None and response.body and token.encode() not in response.body:
        result.faults["false"] = "the answer of another call"
    elif result.told not in (expected := cell.fault.expected(cell.transport, cell.nature, always=cell.always)):
        result.faults["unexpected"] = f"told {result.told}, expected {' or '.join(sorted(expected))}: {result.error}"
    elif result.error and tried > 1 and not (cell.fault.only_always or _repeats(cell)):
        result.faults["unexpected"] = f"made {tried} attempts where one was enough: {result.error}"
    if result.late > LATE:
        result.faults["late"] = f"{result.late:.2f} s beyond the deadline"


def _repeats(cell: Cell) -> bool:
    """Tell whether the call may be repeated when it meets the fault."""
    return cell.fault.is_worth_meeting_once(cell.transport, cell.nature)


def _untrue(told: str, acted: int, seen: int) -> str:
    """Describe in what way an outcome is not true; empty if it is true."""
    is_true = {
        "success": acted > 0,
        "accepted": acted > 0,
        "rejected": acted == 0,
        "not_sent": seen == 0,
        "unknown": True,
    }
    return (
        "" if is_true.get(told, False) else f"told {told}, but the server saw {seen} requests and acted {acted} times"
    )


async def _unusable(scene: Scene, client: Client) -> str:
    """Describe why the client cannot be used after the fault; empty if it can."""
    await scene.mend()
    await asyncio.sleep(SETTLE)
    if held := client.leftovers():
        return f"holds {', '.join(held)}"
    token = scene.token[:-1] + "2"
    try:
        async with asyncio.timeout(ENDLESS):
            response = await client.call("get_customer_inventory", token, retry=RetryPolicy.off(), timeout=5.0)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told
        return f"{type(error).__name__}: {error}"
    return "" if token.encode() in response.body else "gives the answer of another call"
