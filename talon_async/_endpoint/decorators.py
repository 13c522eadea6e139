"""The decorators that turn a stub into a method of the client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from talon_async._endpoint.compiled import compile_function
from talon_async._endpoint.endpoint import Endpoint

if TYPE_CHECKING:
    from talon_async._messages import Idempotency

Stub = TypeVar("Stub", bound=Callable[..., Coroutine[Any, Any, Any]])


def get(path: str) -> Callable[[Stub], Stub]:
    """Make a stub a GET of a path."""
    return _operation("GET", path, {})


def post(
    path: str, *, profile: str | None = None, session: str | None = None, idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    """Make a stub a POST to a path."""
    return _operation("POST", path, {"profile": profile, "session": session}, idempotency)


def put(
    path: str, *, profile: str | None = None, session: str | None = None, idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    """Make a stub a PUT to a path."""
    return _operation("PUT", path, {"profile": profile, "session": session}, idempotency)


def delete(path: str) -> Callable[[Stub], Stub]:
    """Make a stub a DELETE of a path."""
    return _operation("DELETE", path, {})


def _operation(
    method: str, path: str, ordering: Mapping[str, str | None], idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    def make(stub: Stub) -> Stub:
        endpoint = Endpoint(stub, method, path, ordering, idempotency)
        parameters = list(endpoint.signature.parameters.values())[1:]
        arguments = [
            f"{parameter.name}={parameter.name}" if parameter.kind is parameter.KEYWORD_ONLY else parameter.name
            for parameter in parameters
        ]
        lines = [f"return (await self._call(endpoint.request({', '.join([*arguments, '**unknown_'])}))).data"]
        call = compile_function(f"async def {endpoint.name}", endpoint.signature, lines, {"endpoint": endpoint})
        wraps(stub)(call)
        call.endpoint = endpoint
        return cast("Stub", call)

    return make
