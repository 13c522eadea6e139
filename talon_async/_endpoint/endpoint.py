"""What a stub means."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, get_args, get_origin
from uuid import UUID

import attrs

from talon_async._codec import decoder, encode_plain, plain_of
from talon_async._codec.hooks import writer
from talon_async._codec.shape import branches
from talon_async._codec.warm import warm_up as prepare_bodies
from talon_async._endpoint.compiled import compiled, reached
from talon_async._endpoint.encoding import TRUE_FALSE, YES_NO, Query, ordering_key, segment, valid_key
from talon_async._endpoint.marks import AsYesNo, CardId, Comma, Csv, IntegrationId, PageSize, Wire, YesNo
from talon_async._messages import Idempotency, Operation, Request
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import Limit, camel

_BY_METHOD = {"GET": Idempotency.SAFE, "DELETE": Idempotency.SAFE, "PUT": Idempotency.NAMED, "POST": Idempotency.NEVER}
_BRACES = re.compile(r"{(\w+)}")


class _Names(dict[str, Any]):
    """What annotations of stubs may name: the models, loaded when asked for, and a few types."""

    def __missing__(self, name: str) -> Any:
        from talon_async import models  # noqa: PLC0415  # models load on first use

        try:
            return getattr(models, name)
        except AttributeError:
            raise KeyError(name) from None


_NAMES = _Names(
    Annotated=Annotated, Any=Any, CardId=CardId, Csv=Csv, IntegrationId=IntegrationId, Literal=Literal, Mapping=Mapping,
    PageSize=PageSize, Sequence=Sequence, UUID=UUID, Wire=Wire, YesNo=YesNo, datetime=datetime,
)  # fmt: skip


class Endpoint:
    """What one stub means: how to build its request, and what its answer is."""

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
        self.path_parameters: list[str] = _BRACES.findall(path)
        self.ordering = {kind: source for kind, source in sorted(ordering.items()) if source}
        self._check(path)
        keyed = "idempotency_key" in self.signature.parameters
        self.operation = Operation(
            self.name, method, path, Idempotency.KEYED if keyed else idempotency or _BY_METHOD[method]
        )

    def _check(self, path: str) -> None:
        """Refuse a stub that does not follow the rules, when its class is made."""
        for parameter in list(self.signature.parameters.values())[1:]:
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

    @cached_property
    def types(self) -> dict[str, Any]:
        """The types of the parameters and, under `return`, of the answer."""
        annotations = {name: p.annotation for name, p in list(self.signature.parameters.items())[1:]}
        annotations["return"] = self.signature.return_annotation
        # the annotations are this package's own; typing.get_type_hints would need every model imported
        return {name: eval(a, {}, _NAMES) if isinstance(a, str) else a for name, a in annotations.items()}  # noqa: S307

    @property
    def returns(self) -> Any:
        """The type of the answer; None for an answer without body."""
        return self.types["return"]

    @property
    def body_classes(self) -> tuple[Any, ...]:
        """The models, or the mapping, that the body may be; none when the operation has no body."""
        return branches(self.types["body"]) if "body" in self.types else ()

    @cached_property
    def queries(self) -> list[Query]:
        """The query values."""
        found: list[Query] = []
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is not parameter.KEYWORD_ONLY or name == "idempotency_key":
                continue
            kind, *marks = _unwrapped(branches(self.types[name])[0])
            wire = next((mark.name for mark in marks if isinstance(mark, Wire)), camel(name))
            words = YES_NO if AsYesNo() in marks else TRUE_FALSE
            found.append(Query(name, wire, kind, Comma() in marks, words))
        return found

    @cached_property
    def limits(self) -> dict[str, Limit]:
        """What the values of path and query are held to, by parameter."""
        marks = {name: _unwrapped(branches(kind)[0])[1:] for name, kind in self.types.items() if kind is not None}
        return {name: mark for name, found in marks.items() for mark in found if isinstance(mark, Limit)}

    @cached_property
    def request(self) -> Callable[..., Request]:
        """The function that turns the stub's arguments into a request, compiled."""
        target = re.sub(_BRACES, r"{segment('\1', \1)}", self.operation.path)
        lines = [f"target = f{target!r}" if self.path_parameters else f"target = {target!r}"]
        lines += [f"if {name} is not None: within({name!r}, {name})" for name in self.limits]
        if self.queries:
            lines.append("query = ''")
            for index, query in enumerate(self.queries):
                name, other = query.parameter, f"query += pairs({index}, {query.parameter})"
                if query.kind is bool:  # the usual ones: no call for them
                    yes, no = (f"query += '&{query.wire}={query.words[flag]}'" for flag in (True, False))
                    lines += [f"if {name} is True: {yes}", f"elif {name} is False: {no}"]
                    lines.append(f"elif {name} is not None: {other}")
                else:
                    lines.append(f"if {name} is not None: {other}")
            lines.append("if query: target += '?' + query[1:]")
        keys: list[str] = []
        for kind, source in self.ordering.items():
            lines.append(f"{kind}_id = {reached(source)}")
            # nearly always a text: no call for that
            name = f"(f'{kind}:{{{kind}_id}}',)"
            keys.append(f"*({name} if {kind}_id.__class__ is str and {kind}_id else ordering_key({kind!r}, {kind}_id))")
        names = self.signature.parameters
        lines.append(
            "return Request(operation, target, "
            + ("encoded(body), " if "body" in names else "None, ")
            + ("SAFE if dry else idempotency, " if "dry" in names else "idempotency, ")
            + (
                "None if idempotency_key is None else key(idempotency_key), "
                if "idempotency_key" in names
                else "None, "
            )
            + f"({''.join(key + ', ' for key in keys)}), decode)"
        )
        scope = {
            "Request": Request, "SAFE": Idempotency.SAFE, "idempotency": self.operation.idempotency,
            "operation": self.operation, "segment": self._refusing(segment), "pairs": self._pairs,
            "encoded": self._encoder(), "ordering_key": ordering_key,
            "key": self._refusing(valid_key), "decode": decoder(self.returns), "within": self._refusing(self._within),
        }  # fmt: skip
        without_self = self.signature.replace(parameters=list(names.values())[1:])
        request: Callable[..., Request] = compiled(f"def {self.name}", without_self, lines, scope)
        return request

    def _refusing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Let an error say which operation it is about."""

        def refusing(*args: Any) -> Any:
            try:
                return function(*args)
            except InvalidArgumentError as error:
                error.about(self.operation)
                raise

        return refusing

    def _within(self, name: str, value: Any) -> None:
        if said := self.limits[name].refusal(value):
            raise InvalidArgumentError(f"{name} {said}")

    def _encoder(self) -> Callable[[Any], bytes]:
        writers = {cls: writer(cls) for cls in self.body_classes if attrs.has(cls)}

        def encoded(body: Any) -> bytes:
            try:
                write = writers.get(body.__class__) or self._other_writer(body)
                return encode_plain(write(body))
            except InvalidArgumentError as error:
                error.about(self.operation)
                raise

        return encoded

    def _other_writer(self, body: Any) -> Callable[[Any], Any]:
        """Return what writes a body that is a subclass of a model, or a mapping."""
        if not isinstance(body, tuple(get_origin(cls) or cls for cls in self.body_classes)):
            expected = " or ".join(cls.__name__ for cls in self.body_classes)
            raise InvalidArgumentError(f"body must be {expected}, not {type(body).__name__}")
        return plain_of

    def _pairs(self, index: int, value: Any) -> str:
        query = self.queries[index]
        try:
            many = get_origin(query.kind) is Sequence and isinstance(value, Sequence)
            if many and not isinstance(value, str | bytes | bytearray):
                values = [query.text(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
                values = [",".join(values)] if query.comma and values else values
            else:
                values = [query.text(value)]
        except (TypeError, ValueError) as problem:
            error = InvalidArgumentError(f"{query.parameter} cannot be sent: {problem}")
            raise error.about(self.operation) from None
        return "".join(f"&{query.wire}={text}" for text in values)


def _unwrapped(kind: Any) -> tuple[Any, ...]:
    """Split `Annotated[T, *marks]`."""
    return get_args(kind) if get_origin(kind) is Annotated else (kind,)


def endpoint_of(method: Callable[..., Any]) -> Endpoint:
    """Return what a client's method means; TypeError for one that is no operation."""
    endpoint = getattr(method, "endpoint", None)
    if not isinstance(endpoint, Endpoint):
        raise TypeError(f"{getattr(method, '__qualname__', method)!r} is no operation of the API")
    return endpoint


def warm_up(cls: type) -> None:
    """Load and compile now what the first call of each operation would have to wait for."""
    endpoints = endpoints_of(cls).values()
    for endpoint in endpoints:
        _ = endpoint.request
    prepare_bodies(body for endpoint in endpoints for body in endpoint.body_classes if attrs.has(body))


def endpoints_of(cls: type) -> dict[str, Endpoint]:
    """Return the operations of a client class by name."""
    found = {name: getattr(getattr(cls, name), "endpoint", None) for name in dir(cls) if not name.startswith("_")}
    return {name: endpoint for name, endpoint in found.items() if isinstance(endpoint, Endpoint)}
