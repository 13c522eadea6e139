"""The signature of a typed stub is the operation.

1. A name in braces is a path value: text or a number, percent-encoded whole; empty, `.` and `..` are refused.
2. The parameter called `body` is the JSON body; its type says which models it may be.
3. A keyword-only parameter is a query value: camelCase, left out when None, true/false, lists repeat the key.
4. The odd ones say so in their type: `Csv[T]` joins a list by commas, `YesNo` is a bool that travels as yes or no,
   `Annotated[T, Wire("name")]` names a value on the wire, a `Limit` in `Annotated` and the words of a `Literal` are all
   that is sent. `idempotency_key` is the Idempotency-Key header; having it makes a write safe to repeat.

`session=` and `profile=` in the decorator say where the IDs are by which calls are ordered: a parameter, or a field of
the body such as `body.profile_id`. GET and DELETE are safe to repeat, PUT writes under the client's own ID, POST
creates a new thing each time; `idempotency=` is for operations of another nature.

What a stub means is compiled into plain functions once, on the first call (models are not imported before): the call
binds its arguments at the speed of Python itself, and a wrong call is a TypeError in the caller's own line.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import cached_property, wraps
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin
from urllib.parse import quote
from uuid import UUID

import attrs

from talon_async._codec import decoder, encode_plain, plain_of, rfc3339
from talon_async._codec.hooks import writer
from talon_async._codec.shape import branches
from talon_async._codec.warm import warm_up as prepare_bodies
from talon_async._messages import Idempotency, Operation, Request
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import CARD_ID, INTEGRATION_ID, Limit, camel

T = TypeVar("T")
Stub = TypeVar("Stub", bound=Callable[..., Coroutine[Any, Any, Any]])

_BY_METHOD = {"GET": Idempotency.SAFE, "DELETE": Idempotency.SAFE, "PUT": Idempotency.NAMED, "POST": Idempotency.NEVER}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BRACES = re.compile(r"{(\w+)}")
_TRUE_FALSE = {True: "true", False: "false"}
_PLAIN: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), datetime: (datetime,)}
_YES_NO = {True: "yes", False: "no"}


@attrs.frozen
class Wire:
    """The name of a query value where it is not the camelCase form of the parameter's."""

    name: str


@attrs.frozen
class _Comma:
    """Marks a list that is sent as one value, joined by commas."""


@attrs.frozen
class _YesNo:
    """Marks a bool that travels as yes or no."""


Csv = Annotated[Sequence[T], _Comma()]
YesNo = Annotated[bool, _YesNo()]
IntegrationId = Annotated[str, INTEGRATION_ID]
CardId = Annotated[str, CARD_ID]
PageSize = Annotated[int, Limit(1, 1000)]


@attrs.frozen
class Query:
    """One query value of an operation."""

    parameter: str
    wire: str
    kind: Any
    comma: bool
    words: Mapping[bool, str]

    def text(self, value: Any) -> str:
        """Encode one value; TypeError or ValueError for one that cannot be sent."""
        kind = get_args(self.kind)[0] if get_origin(self.kind) is Sequence else self.kind
        if get_origin(kind) is Literal and (type(value), value) not in [(type(w), w) for w in get_args(kind)]:
            raise ValueError(f"{value!r} is not {' or '.join(map(repr, get_args(kind)))}; None leaves it out")
        if (wanted := _PLAIN.get(kind)) and (isinstance(value, bool) or not isinstance(value, wanted)):
            raise TypeError(f"{value!r} is no {kind.__name__}")
        if isinstance(value, bool):
            return self.words[value]
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is no number")
        if isinstance(value, datetime):
            return quote(rfc3339(value), safe="")
        if isinstance(value, str | int | float | UUID):
            return quote(str(value), safe="")
        raise TypeError(f"{type(value).__name__} is no query value")


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
            words = _YES_NO if _YesNo() in marks else _TRUE_FALSE
            found.append(Query(name, wire, kind, _Comma() in marks, words))
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
            lines.append(f"{kind}_id = {_reached(source)}")
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
            "operation": self.operation, "segment": self._refusing(_segment), "pairs": self._pairs,
            "encoded": self._encoder(), "ordering_key": _ordering_key,
            "key": self._refusing(valid_key), "decode": decoder(self.returns), "within": self._refusing(self._within),
        }  # fmt: skip
        without_self = self.signature.replace(parameters=list(names.values())[1:])
        request: Callable[..., Request] = _compile(f"def {self.name}", without_self, lines, scope)
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


def _segment(name: str, value: Any) -> str:
    """Encode one path value; one that would name another resource is refused."""
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise InvalidArgumentError(f"{name} must be text, not {type(value).__name__}")
    text = str(value)
    if text in ("", ".", ".."):
        raise InvalidArgumentError(f"{name} is {text!r}: that would address another resource")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} holds half a character (a lone surrogate)") from None


def valid_key(key: str | None) -> str | None:
    """Return an Idempotency-Key, if it is one."""
    if key is not None and (not isinstance(key, str) or not _KEY.fullmatch(key)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError("idempotency_key must be 1 to 255 visible ASCII characters")
    return key


def _reached(source: str) -> str:
    """Return the expression for a parameter or a field of the body, None where a step is missing."""
    parameter, *fields = source.split(".")
    for field in fields:
        parameter = f"getattr({parameter}, {field!r}, None)"
    return parameter


def _ordering_key(kind: str, identifier: Any) -> tuple[str, ...]:
    """Return the ordering key of a profile or session; an anonymous customer has none."""
    return (f"{kind}:{identifier}",) if identifier and isinstance(identifier, str | int | UUID) else ()


def _compile(head: str, signature: inspect.Signature, lines: Sequence[str], scope: dict[str, Any]) -> Any:
    """Compile a function with the parameters of a signature."""
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    source = f"{head}{inspect.Signature(bare)}:\n    " + "\n    ".join(lines)
    exec(compile(source, f"<{head}>", "exec"), scope)  # noqa: S102  # made from this package's own stubs
    return scope[head.rpartition(" ")[2]]


def _endpoint(
    method: str, path: str, ordering: Mapping[str, str | None], idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    def make(stub: Stub) -> Stub:
        endpoint = Endpoint(stub, method, path, ordering, idempotency)
        given = [
            f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else p.name
            for p in list(endpoint.signature.parameters.values())[1:]
        ]
        lines = [f"return (await self._call(endpoint.request({', '.join(given)}))).data"]
        call = _compile(f"async def {endpoint.name}", endpoint.signature, lines, {"endpoint": endpoint})
        wraps(stub)(call)
        call.endpoint = endpoint
        return cast("Stub", call)

    return make


def get(path: str) -> Callable[[Stub], Stub]:
    """Make a stub a GET of a path."""
    return _endpoint("GET", path, {})


def post(
    path: str, *, profile: str | None = None, session: str | None = None, idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    """Make a stub a POST to a path."""
    return _endpoint("POST", path, {"profile": profile, "session": session}, idempotency)


def put(
    path: str, *, profile: str | None = None, session: str | None = None, idempotency: Idempotency | None = None
) -> Callable[[Stub], Stub]:
    """Make a stub a PUT to a path."""
    return _endpoint("PUT", path, {"profile": profile, "session": session}, idempotency)


def delete(path: str) -> Callable[[Stub], Stub]:
    """Make a stub a DELETE of a path."""
    return _endpoint("DELETE", path, {})


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
