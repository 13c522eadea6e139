"""One request at a time for each profile and session.

1. The server runs one update of a profile or session, queues two, and refuses the next: taking turns here avoids that.
2. A call that needs several turns takes them in one fixed order, so two calls never wait for each other.
3. Turns pass on first come, first served; whoever is woken owns the turn already, so nobody slips in between.
4. A lane exists only while somebody is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import attrs


class _Lane:
    __slots__ = ("running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[asyncio.Future[None]] | tuple[()] = ()  # most lanes never see anybody wait


@attrs.define(eq=False)
class Lanes:
    """The lanes of one client on one event loop."""

    width: int
    _lanes: dict[str, _Lane] = attrs.field(factory=dict[str, _Lane], init=False)

    def __len__(self) -> int:
        return len(self._lanes)

    async def enter(self, turns: tuple[str, ...]) -> None:
        """Wait for every turn; when cancelled meanwhile, hold none."""
        held: list[str] = []
        try:
            for turn in turns:
                await self._enter(turn)
                held.append(turn)
        except BaseException:
            self.leave(tuple(held))
            raise

    def try_enter(self, turns: tuple[str, ...]) -> bool:
        """Take every turn at once if nobody is before us, without waiting."""
        lanes = self._lanes
        for turn in turns:
            lane = lanes.get(turn)
            if lane is not None and (lane.waiting or lane.running >= self.width):
                return False
        for turn in turns:
            lane = lanes.get(turn)
            if lane is None:
                lane = lanes[turn] = _Lane()
            lane.running += 1
        return True

    async def _enter(self, turn: str) -> None:
        lane = self._lanes.setdefault(turn, _Lane())
        if lane.running < self.width and not lane.waiting:
            lane.running += 1
            return
        future = asyncio.get_running_loop().create_future()
        waiting = lane.waiting = lane.waiting or deque()
        waiting.append(future)
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled():
                self._pass_on(turn)
            else:
                with contextlib.suppress(ValueError):  # whoever passed the turn on has dropped us already
                    waiting.remove(future)
                self._tidy(turn, lane)
            raise

    def leave(self, turns: tuple[str, ...]) -> None:
        """Give every turn to the next in line."""
        lanes = self._lanes
        for turn in turns:
            lane = lanes[turn]
            if lane.waiting:
                self._pass_on(turn)
            elif lane.running > 1:
                lane.running -= 1
            else:
                del lanes[turn]

    def _pass_on(self, turn: str) -> None:
        lane = self._lanes[turn]
        while waiting := lane.waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
        lane.running -= 1
        self._tidy(turn, lane)

    def _tidy(self, turn: str, lane: _Lane) -> None:
        if not lane.running and not lane.waiting and self._lanes.get(turn) is lane:
            del self._lanes[turn]
