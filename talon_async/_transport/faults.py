"""Makes the errors of failed attempts, which say why an attempt failed and whether the server may have acted."""

from __future__ import annotations

import ssl

from talon_async._messages import Failure
from talon_async.errors import ConnectError, ConnectionLostError, NoAnswerError, UnreadableAnswerError

SWITCHING_PROTOCOLS, FIRST_FINAL_STATUS = 101, 200
"""101 is an interim status, like every status below 200 (RFC 9110 15.2)."""


def switched_protocols() -> ConnectionLostError:
    """Return the error for status 101, after which the outcome of the request is unknown."""
    return ConnectionLostError("the server switches protocols (101), which no request asks for")


def no_status() -> ConnectionLostError:
    """Return the error for an answer whose status is not one of HTTP."""
    return ConnectionLostError("the answer is not HTTP: it has no status")


def head_too_large(most: int | None = None) -> NoAnswerError:
    """Return the error for an answer whose header section is too large. The call is not repeated."""
    size = "" if most is None else f" than {most} bytes"
    error = ConnectionLostError(f"the header section of the answer is larger{size} (Limits.response_head_bytes)")
    error.failure = Failure.FINAL
    return error


def trailer_too_large(most: int) -> UnreadableAnswerError:
    """Return the error for an answer with too many bytes of trailers or chunk extensions."""
    return UnreadableAnswerError(
        f"the trailer section of the answer is larger than {most} bytes (Limits.response_head_bytes)"
    )


def body_too_large(most: int) -> UnreadableAnswerError:
    """Return the error for an answer whose body is too large."""
    return UnreadableAnswerError(f"the answer is larger than {most} bytes (Limits.response_bytes)")


def connection_failed(problem: BaseException, where: str) -> ConnectError:
    """Return the error for a connection that could not be made. Nothing was sent."""
    if isinstance(problem, ssl.SSLCertVerificationError | ssl.CertificateError):
        error = ConnectError(f"the server's certificate is not valid: {problem}")
        error.failure = Failure.FINAL
        return error
    if isinstance(problem, TimeoutError):
        return ConnectError("no connection within the time allowed (Timeout.connect)")
    error = ConnectError(f"no connection to {where}: {problem}")
    error.errno = problem.errno if isinstance(problem, OSError) else None
    return error
