"""The Talon.One Integration API for asyncio, with a blocking twin of every call."""

from importlib import import_module
from typing import TYPE_CHECKING

from talon_async._version import __version__

if TYPE_CHECKING:
    from talon_async._clock import Clock as Clock
    from talon_async._codec import from_json as from_json
    from talon_async._codec import to_json as to_json
    from talon_async._codec.attributes import attribute as attribute
    from talon_async._codec.attributes import read_attributes as read_attributes
    from talon_async._codec.attributes import write_attributes as write_attributes
    from talon_async._codec.hooks import converter as converter
    from talon_async._messages import Idempotency as Idempotency
    from talon_async._messages import Outcome as Outcome
    from talon_async._messages import Response as Response
    from talon_async._sync_client import TalonOneSync as TalonOneSync
    from talon_async.auth import ApiKey as ApiKey
    from talon_async.auth import ContentSignature as ContentSignature
    from talon_async.blocking import BlockingInAsyncWarning as BlockingInAsyncWarning
    from talon_async.bulk import Failure as Failure
    from talon_async.bulk import PreparedCall as PreparedCall
    from talon_async.bulk import Report as Report
    from talon_async.bulk import Snapshot as Snapshot
    from talon_async.bulk import Success as Success
    from talon_async.bulk import WrongItemError as WrongItemError
    from talon_async.client import CallOptions as CallOptions
    from talon_async.client import ClientOptions as ClientOptions
    from talon_async.client import TalonOne as TalonOne
    from talon_async.config import Limits as Limits
    from talon_async.config import RetryPolicy as RetryPolicy
    from talon_async.config import Timeout as Timeout
    from talon_async.errors import APIError as APIError
    from talon_async.errors import AuthenticationError as AuthenticationError
    from talon_async.errors import BadRequestError as BadRequestError
    from talon_async.errors import BulkInterruptedError as BulkInterruptedError
    from talon_async.errors import ClientClosedError as ClientClosedError
    from talon_async.errors import ConfigurationError as ConfigurationError
    from talon_async.errors import ConflictError as ConflictError
    from talon_async.errors import ConnectError as ConnectError
    from talon_async.errors import ConnectionLostError as ConnectionLostError
    from talon_async.errors import ErrorDetail as ErrorDetail
    from talon_async.errors import InvalidArgumentError as InvalidArgumentError
    from talon_async.errors import JournalError as JournalError
    from talon_async.errors import NoAnswerError as NoAnswerError
    from talon_async.errors import NotFoundError as NotFoundError
    from talon_async.errors import ParallelUpdateError as ParallelUpdateError
    from talon_async.errors import PermissionDeniedError as PermissionDeniedError
    from talon_async.errors import QueueClosedError as QueueClosedError
    from talon_async.errors import QueueFullError as QueueFullError
    from talon_async.errors import RateLimitError as RateLimitError
    from talon_async.errors import RequestTimeoutError as RequestTimeoutError
    from talon_async.errors import ServerError as ServerError
    from talon_async.errors import TalonOneError as TalonOneError
    from talon_async.errors import UnprocessableError as UnprocessableError
    from talon_async.errors import UnreadableAnswerError as UnreadableAnswerError
    from talon_async.models import NULL as NULL
    from talon_async.models import evolve as evolve

_HOMES = {
    "APIError": "errors",
    "ApiKey": "auth",
    "AuthenticationError": "errors",
    "BadRequestError": "errors",
    "BlockingInAsyncWarning": "blocking",
    "BulkInterruptedError": "errors",
    "CallOptions": "client",
    "ClientClosedError": "errors",
    "ClientOptions": "client",
    "Clock": "_clock",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "ConnectError": "errors",
    "ConnectionLostError": "errors",
    "ContentSignature": "auth",
    "ErrorDetail": "errors",
    "Failure": "bulk",
    "Idempotency": "_messages",
    "InvalidArgumentError": "errors",
    "JournalError": "errors",
    "Limits": "config",
    "NULL": "models",
    "NoAnswerError": "errors",
    "NotFoundError": "errors",
    "Outcome": "_messages",
    "ParallelUpdateError": "errors",
    "PermissionDeniedError": "errors",
    "PreparedCall": "bulk",
    "QueueClosedError": "errors",
    "QueueFullError": "errors",
    "RateLimitError": "errors",
    "Report": "bulk",
    "RequestTimeoutError": "errors",
    "Response": "_messages",
    "RetryPolicy": "config",
    "ServerError": "errors",
    "Snapshot": "bulk",
    "Success": "bulk",
    "TalonOne": "client",
    "TalonOneError": "errors",
    "TalonOneSync": "_sync_client",
    "Timeout": "config",
    "UnprocessableError": "errors",
    "UnreadableAnswerError": "errors",
    "WrongItemError": "bulk",
    "attribute": "_codec.attributes",
    "converter": "_codec.hooks",
    "evolve": "models",
    "from_json": "_codec",
    "read_attributes": "_codec.attributes",
    "to_json": "_codec",
    "write_attributes": "_codec.attributes",
}

__all__ = [
    "NULL",
    "APIError",
    "ApiKey",
    "AuthenticationError",
    "BadRequestError",
    "BlockingInAsyncWarning",
    "BulkInterruptedError",
    "CallOptions",
    "ClientClosedError",
    "ClientOptions",
    "Clock",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "ContentSignature",
    "ErrorDetail",
    "Failure",
    "Idempotency",
    "InvalidArgumentError",
    "JournalError",
    "Limits",
    "NoAnswerError",
    "NotFoundError",
    "Outcome",
    "ParallelUpdateError",
    "PermissionDeniedError",
    "PreparedCall",
    "QueueClosedError",
    "QueueFullError",
    "RateLimitError",
    "Report",
    "RequestTimeoutError",
    "Response",
    "RetryPolicy",
    "ServerError",
    "Snapshot",
    "Success",
    "TalonOne",
    "TalonOneError",
    "TalonOneSync",
    "Timeout",
    "UnprocessableError",
    "UnreadableAnswerError",
    "WrongItemError",
    "__version__",
    "attribute",
    "converter",
    "evolve",
    "from_json",
    "read_attributes",
    "to_json",
    "write_attributes",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    """List the public names too, whether or not they are loaded yet."""
    return sorted({*globals(), *__all__})
