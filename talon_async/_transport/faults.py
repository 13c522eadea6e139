"""What a failed attempt means, as an error of this package: whether the server may have acted, and why."""

from __future__ import annotations

import ssl

from talon_async._messages import Failure
from talon_async.errors import ConnectError, ConnectionLostError, NoAnswerError, UnreadableAnswerError

SWITCHING_PROTOCOLS, FIRST_FINAL_STATUS = 101, 200
"""Answers of a status below the second are interim (RFC 9110 15.2)."""


def switched_protocols() -> ConnectionLostError:
    """Return the error of a server that answers with 101: what it did with the request is not known."""
    return ConnectionLostError("the server switches protocols (101), which no request asks for")


def no_status() -> ConnectionLostError:
    """Return the error of an answer whose status is none of HTTP's."""
    return ConnectionLostError("the answer is not HTTP: it has no status")


def head_too_large(most: int | None = None) -> NoAnswerError:
    """Return the error of an answer whose header section is too large; it would not be smaller the next time."""
    size = "" if most is None else f" than {most} bytes"
    error = ConnectionLostError(f"the header section of the answer is larger{size} (Limits.response_head_bytes)")
    error.failure = Failure.FINAL
    return error


def trailer_too_large(most: int) -> UnreadableAnswerError:
    """Return the error of an answer in which too much that is no body follows the head."""
    return UnreadableAnswerError(
        f"the trailer section of the answer is larger than {most} bytes (Limits.response_head_bytes)"
    )


def body_too_large(most: int) -> UnreadableAnswerError:
    """Return the error of an answer whose body is too large."""
    return UnreadableAnswerError(f"the answer is larger than {most} bytes (Limits.response_bytes)")


def connection_failed(problem: BaseException, where: str) -> ConnectError:
    """Return the error of a connection that could not be made; nothing was sent."""
    if isinstance(problem, ssl.SSLCertVerificationError | ssl.CertificateError):
        error = ConnectError(f"the server's certificate is not valid: {problem}")
        error.failure = Failure.FINAL
        return error
    if isinstance(problem, TimeoutError):
        return ConnectError("no connection within the time allowed (Timeout.connect)")
    error = ConnectError(f"no connection to {where}: {problem}")
    error.errno = problem.errno if isinstance(problem, OSError) else None
    return error
