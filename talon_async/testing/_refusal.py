"""How the sandbox says no: a status, a message, and what is wrong where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from talon_async._codec import plain_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async.models import RuleFailureReason


@attrs.frozen
class Flaw:
    """One thing that is wrong with a request; `source` holds a `pointer` into the body or the name of a `parameter`."""

    title: str
    details: str
    source: dict[str, str]


class Refusal(Exception):  # noqa: N818  # not a failure: it is what the sandbox answers
    """Ends the handling of a request with an answer that says no."""

    def __init__(self, status: int, message: str, flaws: Sequence[Flaw] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.flaws = status, message, flaws

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer; all but 400 repeat the status in it."""
        errors = [attrs.asdict(flaw) for flaw in self.flaws] or None
        if self.status == 400:  # noqa: PLR2004
            return {"message": self.message, **({"errors": errors} if errors else {})}
        return {"message": self.message, "errors": errors, "StatusCode": self.status}


class Rejection(Refusal):
    """Ends the unlocking of a reward with 422, and tells which rules failed."""

    def __init__(self, message: str, reasons: Sequence[RuleFailureReason]) -> None:
        super().__init__(422, message)
        self.reasons = reasons

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"message": self.message, "ruleFailureReasons": [plain_of(one) for one in self.reasons]}


def invalid(pointer: str, details: str, title: str = "Invalid value") -> Refusal:
    """Refuse a field of the body."""
    return Refusal(400, "The request is not valid", [Flaw(title, details, {"pointer": pointer})])


def misused(parameter: str, details: str) -> Refusal:
    """Refuse a value of the path or the query."""
    return Refusal(400, "The request is not valid", [Flaw("Invalid parameter", details, {"parameter": parameter})])


def unknown(what: str) -> Refusal:
    """Say that a thing is not there."""
    return Refusal(404, f"There is no such {what}")
