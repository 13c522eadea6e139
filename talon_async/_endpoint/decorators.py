"""The decorators that make a stub an operation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from talon_async._endpoint.compiled import compiled
from talon_async._endpoint.endpoint import Endpoint

if TYPE_CHECKING:
    from talon_async._messages import Idempotency

Stub = TypeVar("Stub", bound=Callable[..., Coroutine[Any, Any, Any]])


def _operation(
    method: str, path: str, ordering: Mapping[str, str | None], idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    def make(stub: Stub) -> Stub:
        endpoint = Endpoint(stub, method, path, ordering, idempotency)
        given = [
            f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else p.name
            for p in list(endpoint.signature.parameters.values())[1:]
        ]
        lines = [f"return (await self._call(endpoint.request({', '.join(given)}))).data"]
        call = compiled(f"async def {endpoint.name}", endpoint.signature, lines, {"endpoint": endpoint})
        wraps(stub)(call)
        call.endpoint = endpoint
        return cast("Stub", call)

    return make


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
