"""What failures of a request mean, in the words of this package."""

from __future__ import annotations

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from talon_async._messages import Failure
from talon_async.errors import (
    ConnectError,
    ConnectionLostError,
    NoAnswerError,
    RequestTimeoutError,
    TalonOneError,
    UnreadableAnswerError,
)


def meaning(problem: BaseException, status: int | None, *, reached: bool) -> TalonOneError | None:
    """Return what a failure means; None for what is not ours to translate.

    The texts of aiohttp's errors are not passed on where they may hold headers; its errors are never chained.
    """
    if isinstance(problem, TalonOneError):
        return problem
    if isinstance(problem, RuntimeError) and status is not None:
        return UnreadableAnswerError("the connection was closed while the answer came")
    if not isinstance(problem, aiohttp.ClientError | HttpProcessingError | OSError | ValueError | AssertionError):
        return None
    if status is not None:
        return UnreadableAnswerError(f"the answer broke off ({type(problem).__name__})")
    if not isinstance(problem, aiohttp.ClientError | HttpProcessingError | OSError):
        return _unreached(problem)  # aiohttp refused to make the request
    return _lost(problem) if reached else _unreached(problem)


def _unreached(problem: Exception) -> ConnectError:
    """Say why no connection was made; nothing was sent."""
    match problem:
        case aiohttp.ClientConnectorCertificateError():
            error = ConnectError(f"the server's certificate is not valid: {problem.certificate_error}")
            error.failure = Failure.FINAL
        case aiohttp.ClientHttpProxyError():
            error = ConnectError(f"the proxy refused with {problem.status}")
            error.failure = Failure.FINAL if 400 <= problem.status < 500 else Failure.NOT_SENT  # noqa: PLR2004
        case aiohttp.ClientConnectorError():
            error = ConnectError(f"no connection to {problem.host}:{problem.port}: {problem.os_error}")
        case TimeoutError():
            error = ConnectError("no connection within the time allowed (Timeout.connect)")
        case ValueError() | AssertionError():
            # aiohttp refuses to combine our key with credentials that trust_env found in ~/.netrc
            error = ConnectError(f"the request could not be made ({type(problem).__name__}); is trust_env on?")
            error.failure = Failure.FINAL
        case _:
            error = ConnectError(f"no connection: {type(problem).__name__} on the way")
    return error


def _lost(problem: Exception) -> NoAnswerError:
    """Say why no answer came; the request may have been sent."""
    match problem:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return _unreached(problem)  # a borrowed connector
        case TimeoutError():
            return RequestTimeoutError("no answer within the time allowed")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return ConnectionLostError("the answer is not HTTP")
        case _:
            return ConnectionLostError(f"the connection broke ({type(problem).__name__})")
