"""Reads the signature of a stub into an `Endpoint`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

import attrs

from talon_async import models
from talon_async._codec import warm
from talon_async._codec.shape import branches
from talon_async._endpoint.compiled import BRACES, RequestSource
from talon_async._endpoint.encoding import TRUE_FALSE, YES_NO, Query
from talon_async._endpoint.marks import (
    AsYesNo,
    CardId,
    Comma,
    Csv,
    IntegrationId,
    PageSize,
    Points,
    Wire,
    YesNo,
    kind_and_marks,
)
from talon_async._messages import Idempotency, Operation, Request
from talon_async.models._base import Limit, camel

_BY_METHOD = {"GET": Idempotency.SAFE, "DELETE": Idempotency.SAFE, "PUT": Idempotency.NAMED, "POST": Idempotency.NEVER}


class _Names(dict[str, Any]):
    """The names that annotations of stubs can use: a few types, and the models, each imported on first use."""

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(models, name)
        except AttributeError:
            raise KeyError(name) from None


_NAMES = _Names(
    Annotated=Annotated, Any=Any, CardId=CardId, Csv=Csv, IntegrationId=IntegrationId, Literal=Literal, Mapping=Mapping,
    PageSize=PageSize, Points=Points, Sequence=Sequence, UUID=UUID, Wire=Wire, YesNo=YesNo, datetime=datetime,
)  # fmt: skip


class Endpoint:
    """An operation as its stub declares it: its name and path, the values that it sends, and the type of its answer.

    Attributes:
        stub: the function as it was written.
        name: the name of the stub and of the operation.
        signature: the parameters, including `self`, and the type of the answer.
        path_parameters: the names in the braces of the path, in order.
        ordering: where to find the profile ID and the session ID, by kind, such as `{"profile": "body.profile_id"}`.
        operation: the operation, as requests and errors name it.
    """

    signature: inspect.Signature
    ordering: dict[str, str]
    operation: Operation

    def __init__(
        self,
        stub: Callable[..., Any],
        method: str,
        path: str,
        ordering: Mapping[str, str | None],
        idempotency: Idempotency | None = None,
    ) -> None:
        self.stub = stub
        self.name: str = stub.__name__
        self.signature = inspect.signature(stub)
        self.path_parameters: list[str] = BRACES.findall(path)
        self.ordering = {kind: source for kind, source in sorted(ordering.items()) if source}
        self._check(path)
        has_key = "idempotency_key" in self.signature.parameters
        self.operation = Operation(
            self.name, method, path, Idempotency.KEYED if has_key else idempotency or _BY_METHOD[method]
        )

    def _check(self, path: str) -> None:
        """Raise TypeError for a stub that does not follow the rules, when its class is made."""
        for parameter in self._parameters():
            place, name = parameter.kind, parameter.name
            if place is parameter.POSITIONAL_OR_KEYWORD and name != "body" and name not in self.path_parameters:
                raise TypeError(f"{self.name}: {name} is neither in {path} nor the body; query values are keyword-only")
            if place is parameter.KEYWORD_ONLY and (name in (*self.path_parameters, "body")):
                raise TypeError(f"{self.name}: {name} must not be keyword-only")
            if parameter.annotation is parameter.empty:
                raise TypeError(f"{self.name}: {name} has no type")
        missing = set(self.path_parameters) - set(self.signature.parameters)
        if missing:
            raise TypeError(f"{self.name}: no parameter for {{{missing.pop()}}} of {path}")
        if self.signature.return_annotation is inspect.Signature.empty:
            raise TypeError(f"{self.name}: no return type")

    def _parameters(self) -> list[inspect.Parameter]:
        """Return the parameters without `self`."""
        return list(self.signature.parameters.values())[1:]

    @cached_property
    def types(self) -> dict[str, Any]:
        """The types of the parameters and, under `return`, of the answer."""
        annotations = {parameter.name: parameter.annotation for parameter in self._parameters()}
        annotations["return"] = self.signature.return_annotation
        # the annotations are this package's own; typing.get_type_hints would need every model imported
        return {name: eval(a, {}, _NAMES) if isinstance(a, str) else a for name, a in annotations.items()}  # noqa: S307

    @property
    def returns(self) -> Any:
        """The type of the answer; None for an answer without body."""
        return self.types["return"]

    @property
    def body_classes(self) -> tuple[Any, ...]:
        """The types that the body may have, models or a mapping; empty if the operation has no body."""
        return branches(self.types["body"]) if "body" in self.types else ()

    @cached_property
    def queries(self) -> list[Query]:
        """The query values, in the order of the parameters."""
        queries: list[Query] = []
        for parameter in self._parameters():
            if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name == "idempotency_key":
                continue
            kind, *marks = kind_and_marks(self.types[parameter.name])
            wire = next((mark.name for mark in marks if isinstance(mark, Wire)), camel(parameter.name))
            words = YES_NO if AsYesNo() in marks else TRUE_FALSE
            queries.append(Query(parameter.name, wire, kind, Comma() in marks, words))
        return queries

    @cached_property
    def limits(self) -> dict[str, Limit]:
        """The limits of path and query values, by parameter."""
        limits: dict[str, Limit] = {}
        for parameter in self._parameters():
            for mark in kind_and_marks(self.types[parameter.name])[1:]:
                if isinstance(mark, Limit):
                    limits[parameter.name] = mark
        return limits

    @cached_property
    def request(self) -> Callable[..., Request]:
        """The compiled function that turns the arguments of a call into a request."""
        return RequestSource(
            operation=self.operation,
            signature=self.signature.replace(parameters=self._parameters()),
            numbers=[name for name in self.path_parameters if self.types[name] is int],
            queries=self.queries,
            limits=self.limits,
            ordering=self.ordering,
            body_classes=self.body_classes,
            returns=self.returns,
        ).compile()


def endpoint_of(method: Callable[..., Any]) -> Endpoint:
    """Return the endpoint of a client method; raise TypeError for a method that is no operation."""
    endpoint = getattr(method, "endpoint", None)
    if not isinstance(endpoint, Endpoint):
        raise TypeError(f"{getattr(method, '__qualname__', method)!r} is not an operation of the API")
    return endpoint


def endpoints_of(cls: type) -> dict[str, Endpoint]:
    """Return the operations of a client class by name."""
    members = {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_")}
    endpoints = {name: getattr(member, "endpoint", None) for name, member in members.items()}
    return {name: endpoint for name, endpoint in endpoints.items() if isinstance(endpoint, Endpoint)}


_WARM: set[type] = set()


def warm_up(cls: type) -> None:
    """Load and compile, once, everything that the first call of each operation would otherwise wait for."""
    if cls in _WARM:
        return
    endpoints = endpoints_of(cls).values()
    for endpoint in endpoints:
        _ = endpoint.request
    warm.warm_up(body for endpoint in endpoints for body in endpoint.body_classes if attrs.has(body))
    _WARM.add(cls)
