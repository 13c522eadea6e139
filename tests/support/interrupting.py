"""Ctrl-C at every moment: an exception where this thread looks for signals the n-th time, in some files."""

from __future__ import annotations

import dis
import gc
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

LOOKING = {code for name, code in dis.opmap.items() if name.startswith(("CALL", "JUMP_BACKWARD", "RESUME", "SEND"))}
"""The instructions at which the interpreter looks for signals."""


class Interruption:
    """Raises KeyboardInterrupt where the block looks for signals the n-th time, in one of these files.

    The garbage collector stands still meanwhile: a finaliser of an object of another test is no moment of the block.

    Attributes:
        has_come: whether the block had so many.
    """

    def __init__(self, moment: int, *files: str) -> None:
        self._left, self._files = moment, files
        self.has_come = False

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.endswith(self._files):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_code.co_code[frame.f_lasti] in LOOKING:
            self._left -= 1
            if self._left <= 0:
                sys.settrace(None)
                self.has_come = True
                raise KeyboardInterrupt
        return self._trace

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        gc.disable()
        sys.settrace(self._trace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(self._before)
        gc.enable()


def moments(*files: str, first: int = 1, step: int = 1) -> Iterator[Interruption]:
    """Give one interruption after the other, until a block ends before it has come."""
    moment = first
    while True:
        interruption = Interruption(moment, *files)
        yield interruption
        if not interruption.has_come:
            return
        moment += step
