"""What a comparison finds: one line each, and what to do about it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Group(StrEnum):
    """The kinds of findings, in the order in which one would act on them."""

    OPERATION = "operations"
    ROUTE = "methods and paths"
    PARAMETER = "parameters"
    DEFAULT = "defaults"
    BODY = "request bodies"
    ANSWER = "answers"
    STATUS = "statuses"
    STABILITY = "stability"
    CLASS = "classes"
    PROPERTY = "properties"
    TYPE = "types"
    REQUIRED = "required properties"
    WORD = "words of enumerations"
    LIMIT = "limits"
    EFFECT = "effects"
    EXAMPLE = "names in examples"
    TABLE = "tables"
    STALE = "known gaps that are none"


Key = tuple[Group, str]


class Finding(NamedTuple):
    """One thing that a document has and the package lacks.

    Attributes:
        group: what kind of thing it is.
        key: what it is called: an operation, schema or effect, and what is in it after a dot.
        about: what the document says of it.
        todo: what to do.
        place: the file to change, by which lines of a group are sorted.
    """

    group: Group
    key: str
    about: str
    todo: str
    place: str = ""

    def __str__(self) -> str:
        """Return the line to print."""
        about = f" ({self.about})" if self.about else ""
        return f"{self.key}{about}: {self.todo}"


def sift(found: Iterable[Finding], gaps: Mapping[Key, str], named: set[str]) -> Iterator[Finding]:
    """Leave out the known gaps; find those that are no gaps, of which the document speaks all the same.

    Args:
        found: what a comparison found.
        gaps: the known gaps and their reasons.
        named: the operations, schemas and effects of the document.
    """
    listed = list(found)
    yield from (finding for finding in listed if (finding.group, finding.key) not in gaps)
    for group, key in gaps.keys() - {(finding.group, finding.key) for finding in listed}:
        if key.partition(".")[0] in named:
            yield Finding(Group.STALE, key, group, "take it out of KNOWN_GAPS in tools/contract/known_gaps.py")


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Sort findings by group, file and name."""
    groups = list(Group)
    return sorted(found, key=lambda finding: (groups.index(finding.group), finding.place, finding.key))


def report(found: Iterable[Finding]) -> Iterator[str]:
    """Return the lines of a report on sorted findings, a heading above each group and a count below all."""
    counts: Counter[Group] = Counter()
    for finding in found:
        if finding.group not in counts:
            yield f"{finding.group.capitalize()}:"
        counts[finding.group] += 1
        yield f"  {finding}"
    yield f"{counts.total()} to do: " + ", ".join(f"{group} {count}" for group, count in counts.items())
