"""Turns failures inside aiohttp into errors of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from talon_async._messages import Failure
from talon_async._transport.faults import connection_failed, head_too_large
from talon_async.errors import ConnectError, ConnectionLostError, NoAnswerError, TalonOneError, UnreadableAnswerError

if TYPE_CHECKING:
    from talon_async._transport.deadlines import Attempt


AIOHTTP_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError, AssertionError, RuntimeError)
"""What aiohttp raises when a request fails, or when it refuses to make one."""


def error_from_aiohttp(problem: Exception, attempt: Attempt) -> Exception:
    """Return the error for a failure inside aiohttp; other exceptions are returned unchanged.

    The text of an aiohttp error is left out where it may hold headers. aiohttp errors are never chained.
    """
    if isinstance(problem, TalonOneError):
        return problem
    if isinstance(problem, RuntimeError) and attempt.answer is not None:
        return UnreadableAnswerError("the connection was closed while the answer was being read")
    if isinstance(problem, RuntimeError):
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
            problem.os_error.__traceback__ = None  # its frames hold the error itself: a reference cycle
            return connection_failed(problem.os_error, f"{problem.host}:{problem.port}")
        case TimeoutError():
            return connection_failed(problem, "")
        case ValueError() | AssertionError():
            # aiohttp refuses to combine the key with credentials that trust_env found in ~/.netrc
            error = ConnectError(f"the request could not be made ({type(problem).__name__}); is trust_env on?")
            error.failure = Failure.FINAL
        case _:
            error = ConnectError(f"no connection: {type(problem).__name__} while connecting")
    return error


def _lost(problem: Exception) -> NoAnswerError:
    match problem:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return _not_connected(problem)  # a mock raises it, and connects to nothing
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return head_too_large() if is_about_size(problem) else ConnectionLostError("the answer is not HTTP")
        case _:
            return ConnectionLostError(f"the connection ended before an answer came ({type(problem).__name__})")


def is_about_size(problem: BaseException | None) -> bool:
    """Tell whether a header section was too large, by the error or one of its causes."""
    while problem is not None:
        if isinstance(problem, LineTooLong) or "Too many headers" in str(problem):
            return True
        problem = problem.__cause__
    return False
