"""How the sandbox says no: a status, a message, and what is wrong where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson

from talon_async._codec import plain_of
from talon_async._messages import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_async.models import RuleFailureReason


PLAIN = frozenset(
    {
        "create_referral",
        "get_customer_session",
        "reopen_customer_session",
        "return_cart_items",
        "sync_catalog",
        "update_customer_session_v2",
    }
)
"""The operations whose 400 does not repeat the status in its body, unlike all other errors."""
BAD_REQUEST, UNPROCESSABLE = 400, 422


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
        """The body of the answer."""
        errors = [attrs.asdict(flaw) for flaw in self.flaws] or None
        return {"message": self.message, "errors": errors, "StatusCode": self.status}

    def answer(self, operation: str | None) -> Answer:
        """Return the answer of an operation; None is a path without one."""
        content = self.content
        if self.status == BAD_REQUEST and operation in PLAIN:
            content.pop("StatusCode", None)
        return Answer(self.status, {"Content-Type": "application/json"}, orjson.dumps(content))


class Mismatch(Refusal):
    """Refuses a signature, with only a message."""

    def __init__(self) -> None:
        super().__init__(BAD_REQUEST, "HMAC signature mismatch.")

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"message": self.message}


class Rejection(Refusal):
    """Ends the unlocking of a reward with 422, and tells which rules failed."""

    def __init__(self, message: str, reasons: Sequence[RuleFailureReason]) -> None:
        super().__init__(UNPROCESSABLE, message)
        self.reasons = reasons

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"message": self.message, "ruleFailureReasons": [plain_of(one) for one in self.reasons]}


def invalid(pointer: str, details: str, title: str = "Invalid value") -> Refusal:
    """Refuse a field of the body."""
    return Refusal(BAD_REQUEST, "The request is not valid", [Flaw(title, details, {"pointer": pointer})])


def unreadable(message: str) -> Refusal:
    """Refuse the whole body."""
    return Refusal(BAD_REQUEST, message, [Flaw("Invalid body", message, {"pointer": ""})])


def misused(parameter: str, details: str) -> Refusal:
    """Refuse a value of the path or the query."""
    return Refusal(
        BAD_REQUEST, "The request is not valid", [Flaw("Invalid parameter", details, {"parameter": parameter})]
    )


def unknown(what: str) -> Refusal:
    """Say that a thing is not there."""
    return Refusal(404, f"There is no such {what}")
