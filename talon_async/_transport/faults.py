"""What a failed attempt means, as an error of this package: whether the server may have acted, and why."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from talon_async._messages import Failure
from talon_async.errors import ConnectError, ConnectionLostError, NoAnswerError, TalonOneError, UnreadableAnswerError

if TYPE_CHECKING:
    from talon_async._transport.deadlines import Attempt

SWITCHING_PROTOCOLS = 101


def switched_protocols() -> ConnectionLostError:
    """Return the error of a server that answers with 101: what it did with the request is not known."""
    return ConnectionLostError("the server switches protocols (101), which no request asks for")


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


def meaning(problem: Exception, attempt: Attempt) -> Exception:
    """Return the error for a failure inside aiohttp; what is none of aiohttp's comes back as it is.

    The texts of aiohttp's errors are not passed on where they may hold headers, and its errors are never chained.
    """
    if isinstance(problem, TalonOneError):
        return problem
    if isinstance(problem, RuntimeError) and attempt.answer is not None:
        return UnreadableAnswerError("the connection was closed while the answer came")
    if not isinstance(problem, aiohttp.ClientError | HttpProcessingError | OSError | ValueError | AssertionError):
        return problem
    if attempt.answer is not None:
        return UnreadableAnswerError(f"the answer broke off ({type(problem).__name__})")
    if attempt.connecting or not isinstance(problem, aiohttp.ClientError | HttpProcessingError | OSError):
        return _not_connected(problem)  # the others mean that aiohttp refused to make the request
    return _lost(problem)


def _not_connected(problem: Exception) -> ConnectError:
    match problem:
        case aiohttp.ClientConnectorCertificateError():
            return connection_failed(problem.certificate_error, "")
        case aiohttp.ClientHttpProxyError():
            error = ConnectError(f"the proxy refused with {problem.status}")
            error.failure = Failure.FINAL if 400 <= problem.status < 500 else Failure.NOT_SENT  # noqa: PLR2004
        case aiohttp.ClientConnectorError():
            return connection_failed(problem.os_error, f"{problem.host}:{problem.port}")
        case TimeoutError():
            return connection_failed(problem, "")
        case ValueError() | AssertionError():
            # aiohttp refuses to combine the key with credentials that trust_env found in ~/.netrc
            error = ConnectError(f"the request could not be made ({type(problem).__name__}); is trust_env on?")
            error.failure = Failure.FINAL
        case _:
            error = ConnectError(f"no connection: {type(problem).__name__} on the way")
    return error


def _lost(problem: Exception) -> NoAnswerError:
    match problem:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return _not_connected(problem)  # a borrowed connector does not tell when it connects
        case aiohttp.ClientResponseError() | HttpProcessingError():
            if isinstance(problem, LineTooLong) or isinstance(problem.__cause__, LineTooLong):
                return head_too_large()
            return ConnectionLostError("the answer is not HTTP")
        case _:
            return ConnectionLostError(f"the connection ended before an answer came ({type(problem).__name__})")
