"""Sends one input, writes its failed calls, prints the summary, and returns the exit code."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.bulk import Journal
from talon_async.cli._paths import problem_of_failed
from talon_async.cli._send.calls import Calls
from talon_async.cli._send.files import is_stream
from talon_async.cli._send.problems import InputError, plain
from talon_async.cli._send.progress import display_for
from talon_async.cli._send.records import line_of_failure, lines_of_journaled, write_lines
from talon_async.cli._send.sending import Sending
from talon_async.errors import BulkInterruptedError, JournalError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_async.bulk import BulkOptions, PreparedCall, Report
    from talon_async.cli._send.calls import CallOptions
    from talon_async.cli._send.files import Format, Input
    from talon_async.cli._send.sending import Interrupt, SendingClient

ALL, SOME_FAILED, BAD_USE, STOPPED = range(4)
"""The exit codes."""


@attrs.frozen(kw_only=True)
class SendOptions:
    """The command line, checked.

    Attributes:
        paths: the files, in the order in which they are sent.
        calls: how rows become calls.
        bulk: the options of the run.
        check: whether the files are only checked.
        journal: the path of the journal; None means beside the input.
        has_journal: whether a journal is kept.
        failed: the path of the file for failed calls; None means beside the input.
        format: the format of the files; None means by their names.
        encoding: the encoding of CSV.
        delimiter: the character between the cells of CSV; None means by the name of the file.
    """

    paths: Sequence[str]
    calls: CallOptions
    bulk: BulkOptions
    check: bool
    journal: str | None
    has_journal: bool
    failed: str | None
    format: Format | None
    encoding: str
    delimiter: str | None

    def places(self, path: str) -> tuple[Path | None, Path | None]:
        """Return the paths of the journal and of the file for failed calls; None for a file that is not kept."""
        beside = None if is_stream(path) else path
        wants_journal = self.has_journal and not self.calls.dry
        journal = self.journal or (beside and f"{beside}.journal")
        failed = self.failed or (beside and not self.calls.dry and f"{beside}.failed.ndjson")
        return Path(journal) if wants_journal and journal else None, Path(failed) if failed else None


def complain(text: str) -> None:
    """Print an error message."""
    print(plain(f"talon-async send: {text}"), file=sys.stderr, flush=True)


class OneInput:
    """One input, from its calls to its exit code."""

    def __init__(self, talon: SendingClient, file: Input, path: str, options: SendOptions) -> None:
        self._talon, self._file, self._options = talon, file, options
        self._journal, self._failed = options.places(path)
        self._calls = Calls(talon, file, options.calls)

    async def send(self, interrupt: Interrupt) -> int:
        """Send the input, and return the exit code."""
        if ignored := self._calls.ignored:
            print(plain(f"{self._file.name}: these columns are not sent: {', '.join(ignored)}"), file=sys.stderr)
        bulk = self._options.bulk.copy()
        bulk["journal"] = self._journal
        display = display_for(sys.stderr, self._file.name)
        sending = Sending(self._talon, self._file, self._calls.or_raise(), bulk)
        report, code = sending.runner.account.report, ALL
        try:
            await sending.run(display, interrupt)
        except BulkInterruptedError as problem:
            code = self._interrupted(problem)
        except TalonOneError as problem:  # the journal cannot be used
            complain(str(problem))
            code = STOPPED if report.done else BAD_USE
        except asyncio.CancelledError:
            code = STOPPED
        if interrupt.happened or report.stopped_by is not None:
            code = STOPPED
        if code == BAD_USE and not report.taken + report.resumed:
            return code  # nothing was done, so there is nothing to sum up
        return self._sum_up(report, code)

    def _interrupted(self, problem: BulkInterruptedError) -> int:
        cause = problem.__cause__
        if not isinstance(cause, InputError):
            complain(f"{problem}: {cause}")
            return STOPPED
        complain(str(cause))
        return BAD_USE

    # -- afterwards

    def _sum_up(self, report: Report[PreparedCall[Any]], code: int) -> int:
        """Write the failed calls, and print a summary."""
        written = self._write_failed(report)
        failed = written or 0
        parts = [f"{report.succeeded:,} {'evaluated' if self._options.calls.dry else 'sent'}"]
        failed_before = max(0, failed - report.failed) if self._journal else 0
        counts = {
            "failed": report.rejected,
            "in doubt": report.unknown,
            "wait in the journal" if self._journal else "not sent": report.unsent,
            "failed before": failed_before,
            "sent before": report.skipped - report.resumed - failed_before,
            "left out, in doubt": self._calls.skipped,
        }
        rate = (report.succeeded + report.failed) / report.elapsed if report.elapsed else 0.0
        parts += [f"{count:,} {what}" for what, count in counts.items() if count > 0]
        print(f"{self._file.name}: {', '.join(parts)}, {report.elapsed:.1f} s, {rate:,.0f}/s", flush=True)
        if report.stopped_by is not None:
            complain(str(report.stopped_by))
        if failed and self._failed is not None:
            print(f"The failed calls are in {self._failed}. To send them again: talon-async send {self._failed}")
        elif report.failed and self._journal is None:
            print("To keep failed calls, name a file with --failed.")
        if code >= BAD_USE:
            self._tell_how_to_resume(report)
        return code or (SOME_FAILED if failed or report.failed or written is None else ALL)

    def _write_failed(self, report: Report[PreparedCall[Any]]) -> int | None:
        """Write the failed calls of this and earlier runs; return their number, None if that failed."""
        if self._failed is None or not (self._journal is None or self._journal.exists()):
            return 0
        if self._journal is None:
            lines: Iterator[bytes] = map(line_of_failure, report.failures)
        else:
            lines = lines_of_journaled(Journal(self._journal).list("failed"))
        problem = problem_of_failed(self._failed)  # checked again, as it may have changed since the command began
        try:
            if problem is None:
                return write_lines(self._failed, lines)
        except OSError as error:
            problem = f"cannot be written: {error.strerror}"
        except JournalError as error:
            problem = f"is not written: {error}"
        complain(f"{self._failed} {problem}")
        return None

    def _tell_how_to_resume(self, report: Report[PreparedCall[Any]]) -> None:
        if self._journal is not None and self._journal.exists():
            print(f"To continue, run the same command again; {self._journal} records which calls were sent:")
            print(f"  talon-async {shlex.join(sys.argv[1:])}", flush=True)
        elif report.done:
            print("There is no journal: the same command would start with the first row again.", flush=True)
