"""The keyed locks under every order of acquiring, releasing and cancelling."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from talon_async._core.limits import KeyedLock
from talon_async._endpoint import endpoints_of
from talon_async.client import TalonOne
from talon_async.models import NewCustomerSession, NewEvent

TURNS = ["profile:a", "profile:b", "session:a", "session:b"]
"""In the order in which requests name them."""
MANY = 200
"""Rounds of the loop after which whoever still waits will wait for ever."""


class Watched(KeyedLock):
    """A KeyedLock that notes which calls had to wait, and which were let in after waiting."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.came: dict[str, list[Any]] = {turn: [] for turn in TURNS}
        self.let_in: dict[str, list[Any]] = {turn: [] for turn in TURNS}

    async def _enter(self, turn: str) -> None:
        lane = self._lanes.get(turn)
        if lane is None or (lane.running < self.width and not lane.waiting):
            await super()._enter(turn)
            return
        who = asyncio.current_task()
        self.came[turn].append(who)
        try:
            await super()._enter(turn)
        except BaseException:
            self.came[turn].remove(who)
            raise
        self.let_in[turn].append(who)


@attrs.define(eq=False)
class Call:
    """One call: the keys that it locks, and when it ends."""

    turns: tuple[str, ...]
    task: asyncio.Task[None]
    end: asyncio.Event


class KeyedLockMachine(RuleBasedStateMachine):
    """Calls come, go on, end and are cancelled at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.calls: list[Call] = []
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    @initialize(width=st.integers(1, 3))
    def open(self, width: int) -> None:
        """Make the locks."""
        self.locks = Watched(width)

    async def _call(self, turns: tuple[str, ...], end: asyncio.Event, *, held: bool) -> None:
        if not held:
            await self.locks.acquire(turns)
        try:
            self.inside.update(turns)
            self.most |= self.inside
            await end.wait()
        finally:
            self.inside.subtract(turns)
            self.locks.release(turns)

    def _rounds(self, number: int) -> None:
        for _ in range(number):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()  # what is ready now, and nothing that follows from it

    @rule(turns=st.lists(st.sampled_from(TURNS), min_size=1, max_size=3, unique=True), trying=st.booleans())
    def come(self, turns: list[str], trying: bool) -> None:
        """Let one more call come, which may first try whether it has to wait."""
        ordered, end = tuple(sorted(turns)), asyncio.Event()
        held = trying and self.locks.try_acquire(ordered)
        self.calls.append(Call(ordered, self.loop.create_task(self._call(ordered, end, held=held)), end))
        self._rounds(held)  # what is held already is given back by the call: it has to begin

    @rule(rounds=st.integers(1, 5))
    def go_on(self, rounds: int) -> None:
        """Let the loop run for a while."""
        self._rounds(rounds)

    @precondition(lambda self: self.calls)
    @rule(number=st.integers(0, 50))
    def end(self, number: int) -> None:
        """End a call as soon as it is let in."""
        self.calls[number % len(self.calls)].end.set()

    @precondition(lambda self: self.calls)
    @rule(number=st.integers(0, 50), rounds=st.integers(0, 1))
    def cancel(self, number: int, rounds: int) -> None:
        """Cancel a call, perhaps just when it is let in."""
        self._rounds(rounds)
        self.calls[number % len(self.calls)].task.cancel()

    @invariant()
    def never_more_than_the_width_inside(self) -> None:
        """A key never has more holders than its width."""
        assert all(number <= self.locks.width for number in self.most.values())

    @invariant()
    def first_come_first_served(self) -> None:
        """Calls that had to wait were let in in the order in which they came."""
        for turn in TURNS:
            let_in = self.locks.let_in[turn]
            assert self.locks.came[turn][: len(let_in)] == let_in

    def teardown(self) -> None:
        """Check that no call waits for ever, and that nothing is left once every call may end."""
        for call in self.calls:
            call.end.set()
        self._rounds(MANY)
        stuck, left = [call.ordering_keys for call in self.calls if not call.task.done()], len(self.locks)
        for call in self.calls:
            call.task.cancel()
        self._rounds(MANY)
        self.loop.close()
        assert (stuck, left) == ([], 0)
        assert {call.task.exception() for call in self.calls if not call.task.cancelled()} <= {None}


TestLanes = KeyedLockMachine.TestCase
TestLanes.settings = settings(max_examples=150, stateful_step_count=40, suppress_health_check=list(HealthCheck))


def test_keys_come_in_one_order_when_a_request_names_several() -> None:
    """Every request names its keys in the same order, so two calls never wait for each other."""
    stubs = endpoints_of(TalonOne)
    event = NewEvent(type="t", attributes={}, session_id="s", profile_id="p")
    session = NewCustomerSession(profile_id="p")
    assert stubs["track_event"].request(event).ordering_keys == ("profile:p", "session:s")
    assert stubs["update_customer_session"].request("s", session).ordering_keys == ("profile:p", "session:s")
