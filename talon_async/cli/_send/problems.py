"""The errors of the command and its input. No message holds a value of the input, as values are customers' data."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return a text with control characters escaped, since names of columns come from the input."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


class UsageError(Exception):
    """The command cannot be run with these arguments. The message says what to change."""


class InputError(Exception):
    """A row that cannot be sent.

    Attributes:
        place: the file and the line, such as `events.csv, line 12`.
        column: the column or field that is wrong; empty if it is the whole row.
        reason: what is wrong with it.
        is_last: whether the rows behind it cannot be read.
    """

    def __init__(self, place: str, column: str, reason: str, *, is_last: bool = False) -> None:
        super().__init__(place, column, reason)
        self.place, self.column, self.reason, self.is_last = place, column, reason, is_last

    def __str__(self) -> str:
        where = f"{self.place}, column {self.column}" if self.column else self.place
        return f"{where}: {self.reason}"
