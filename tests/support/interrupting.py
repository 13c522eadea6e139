"""Ctrl-C at every moment: an exception at the n-th instruction that this thread runs in some files."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

RETURNS = {dis.opmap.get("RETURN_VALUE"), dis.opmap.get("RETURN_CONST")}


class Interruption:
    """Raises KeyboardInterrupt at the n-th instruction of the block that is in one of these files.

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
        if event == "opcode" and frame.f_code.co_code[frame.f_lasti] not in RETURNS:  # where no signal is looked for
            self._left -= 1
            if self._left <= 0:
                sys.settrace(None)
                self.has_come = True
                raise KeyboardInterrupt
        return self._trace

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(self._before)


def moments(*files: str, first: int = 1, step: int = 1) -> Iterator[Interruption]:
    """Give one interruption after the other, until a block ends before it has come."""
    moment = first
    while True:
        interruption = Interruption(moment, *files)
        yield interruption
        if not interruption.has_come:
            return
        moment += step
