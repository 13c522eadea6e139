"""The Talon.One Integration API for asyncio, with a blocking twin of every call."""

from importlib import import_module
from typing import TYPE_CHECKING

from talon_async._version import __version__

if TYPE_CHECKING:
    from talon_async._codec import from_json as from_json
    from talon_async._codec import to_json as to_json
    from talon_async._codec.attributes import attribute as attribute
    from talon_async._codec.attributes import read_attributes as read_attributes
    from talon_async._codec.attributes import write_attributes as write_attributes
    from talon_async._codec.hooks import converter as converter
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
    from talon_async.client import TalonOne as TalonOne
    from talon_async.config import Limits as Limits
    from talon_async.config import RetryPolicy as RetryPolicy
    from talon_async.config import Timeout as Timeout
    from talon_async.errors import TalonOneError as TalonOneError
    from talon_async.models import NULL as NULL

_HOMES = {
    "ApiKey": "auth",
    "BlockingInAsyncWarning": "blocking",
    "ContentSignature": "auth",
    "Failure": "bulk",
    "Limits": "config",
    "NULL": "models",
    "PreparedCall": "bulk",
    "Report": "bulk",
    "Response": "_messages",
    "RetryPolicy": "config",
    "Snapshot": "bulk",
    "Success": "bulk",
    "TalonOne": "client",
    "TalonOneError": "errors",
    "TalonOneSync": "_sync_client",
    "Timeout": "config",
    "attribute": "_codec.attributes",
    "converter": "_codec.hooks",
    "from_json": "_codec",
    "read_attributes": "_codec.attributes",
    "to_json": "_codec",
    "write_attributes": "_codec.attributes",
}

__all__ = [
    "NULL",
    "ApiKey",
    "BlockingInAsyncWarning",
    "ContentSignature",
    "Failure",
    "Limits",
    "PreparedCall",
    "Report",
    "Response",
    "RetryPolicy",
    "Snapshot",
    "Success",
    "TalonOne",
    "TalonOneError",
    "TalonOneSync",
    "Timeout",
    "__version__",
    "attribute",
    "converter",
    "from_json",
    "read_attributes",
    "to_json",
    "write_attributes",
]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    """List also the names that are not loaded yet."""
    return sorted({*globals(), *__all__})
