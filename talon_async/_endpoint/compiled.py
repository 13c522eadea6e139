"""Writes the source of a stub's functions and compiles it.

The function that makes the requests of an operation like `track_event`:

    def track_event(body, *, dry=None, **unknown_):
        if unknown_: check_words(operation.name, unknown_, names)
        try:
            target = '/v1/events'
            query = ''
            if dry is True: query += '&dry=true'
            elif dry is False: query += '&dry=false'
            elif dry is not None: query += queries['dry'].pairs(dry)
            if query: target += '?' + query[1:]
            profile_id = getattr(body, 'profile_id', None)
            is_text = profile_id.__class__ is str and profile_id
            profile_keys = (f'profile:{profile_id}',) if is_text else ordering_keys('profile', profile_id)
            write = writers.get(body.__class__) or other_writer(body)
            try: plain = write(body)
            except InvalidArgumentError as error: raise located(body, error) from None
            return Request(
                operation, target, encode_plain(plain), SAFE if dry else idempotency, None, profile_keys, decode
            )
        except InvalidArgumentError as error:
            raise error.about(operation).with_traceback(None) from None
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, get_origin

import attrs

from talon_async._codec import decoder, encode_plain, plain_of
from talon_async._codec.hooks import writer
from talon_async._codec.taken import located
from talon_async._endpoint.encoding import ordering_keys, segment, valid_key, whole
from talon_async._messages import Idempotency, Request
from talon_async.errors import InvalidArgumentError, check_words
from talon_async.models._base import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from talon_async._endpoint.encoding import Query
    from talon_async._messages import Operation
    from talon_async.models._base import Limit

BRACES = re.compile(r"{(\w+)}")
VARIABLES = frozenset(("endpoint", "error", "is_text", "plain", "query", "refusal", "target", "unknown_", "write"))
"""The local variables of the compiled functions, which parameters must not be named like."""


@attrs.frozen(kw_only=True)
class RequestSource:
    """The source of the function that turns the arguments of a call into a request.

    Attributes:
        operation: the operation of every request.
        signature: the parameters of the function.
        numbers: the path values that are whole numbers.
        queries: the query values.
        limits: the limits of path and query values, by parameter.
        ordering: where to find the profile ID and the session ID, by kind.
        body_classes: the classes that the body may have; none if there is no body.
        returns: the type of the answer.
    """

    operation: Operation
    signature: inspect.Signature
    numbers: Collection[str]
    queries: Sequence[Query]
    limits: Mapping[str, Limit]
    ordering: Mapping[str, str]
    body_classes: tuple[Any, ...]
    returns: Any

    def compile(self) -> Callable[..., Request]:
        """Return the function."""
        body = [*self._target(), *self._checks(), *self._query(), *self._keys(), *self._request()]
        lines = ["if unknown_: check_words(operation.name, unknown_, names)", "try:", *_indented(body)]
        lines += ["except InvalidArgumentError as error:"]
        lines += _indented(["raise error.about(operation).with_traceback(None) from None"])
        scope = self._scope()
        if taken := self.signature.parameters.keys() & (scope.keys() | VARIABLES):
            raise TypeError(f"{self.operation.name}: no parameter can be named {min(taken)}")
        request: Callable[..., Request] = compile_function(f"def {self.operation.name}", self.signature, lines, scope)
        return request

    def _scope(self) -> dict[str, Any]:
        """Return the global names of the source, with their values."""
        return {
            "InvalidArgumentError": InvalidArgumentError, "Request": Request, "SAFE": Idempotency.SAFE,
            "check_words": check_words, "names": tuple(self.signature.parameters), "decode": decoder(self.returns),
            "encode_plain": encode_plain, "idempotency": self.operation.idempotency,
            "limits": self.limits, "located": located, "operation": self.operation, "ordering_keys": ordering_keys,
            "other_writer": self._other_writer, "queries": {query.parameter: query for query in self.queries},
            "segment": segment, "valid_key": valid_key, "whole": whole,
            "writers": {cls: writer(cls) for cls in self.body_classes if attrs.has(cls)},
        }  # fmt: skip

    def _other_writer(self, body: Any) -> Callable[[Any], Any]:
        """Return the writer of a body that is a mapping, or an instance of a subclass of a model."""
        if not isinstance(body, tuple(get_origin(cls) or cls for cls in self.body_classes)):
            expected = " or ".join(cls.__name__ for cls in self.body_classes)
            raise InvalidArgumentError(f"body must be {expected}, not {type(body).__name__}")
        return plain_of

    def _target(self) -> Iterator[str]:
        def encoded(match: re.Match[str]) -> str:
            return f"{{{'whole' if match[1] in self.numbers else 'segment'}({match[1]!r}, {match[1]})}}"

        target = BRACES.sub(encoded, self.operation.path)
        yield f"target = {'f' if target != self.operation.path else ''}{target!r}"

    def _checks(self) -> Iterator[str]:
        for name in self.limits:
            check = f"refusal := limits[{name!r}].refusal({name})"
            is_optional = self.signature.parameters[name].default is None
            yield f"if {name} is not None and ({check}):" if is_optional else f"if {check}:"
            yield f"    raise InvalidArgumentError(f'{name} {{refusal}}')"

    def _query(self) -> Iterator[str]:
        if not self.queries:
            return
        yield "query = ''"
        for query in self.queries:
            name, condition = query.parameter, "if"
            if query.kind is bool:  # the most frequent type, encoded without a call
                for flag, word in query.words.items():
                    yield f"{condition} {name} is {flag}: query += '&{query.wire}={word}'"
                    condition = "elif"
            yield f"{condition} {name} is not None: query += queries[{name!r}].pairs({name})"
        yield "if query: target += '?' + query[1:]"

    def _keys(self) -> Iterator[str]:
        for kind, source in self.ordering.items():
            name = f"{kind}_id"
            yield f"{name} = {_reached(source)}"
            # nearly every ID is a text, and its key is made without a call
            yield f"is_text = {name}.__class__ is str and {name}"
            yield f"{kind}_keys = (f'{kind}:{{{name}}}',) if is_text else ordering_keys({kind!r}, {name})"

    def _request(self) -> Iterator[str]:
        body, idempotency, key = "None", "idempotency", "None"
        if self.body_classes:
            yield "write = writers.get(body.__class__) or other_writer(body)"
            yield "try: plain = write(body)"
            yield "except InvalidArgumentError as error: raise located(body, error) from None"
            body = "encode_plain(plain)"
        if "dry" in self.signature.parameters:
            idempotency = "SAFE if dry else idempotency"
        if "idempotency_key" in self.signature.parameters:
            key = "None if idempotency_key is None else valid_key(idempotency_key)"
        keys = [f"{kind}_keys" for kind in self.ordering]
        all_keys = keys[0] if len(keys) == 1 else f"({', '.join('*' + name for name in keys)})"
        yield "return Request("
        yield f"    operation, target, {body}, {idempotency}, {key}, {all_keys}, decode"
        yield ")"


def _reached(source: str) -> str:
    """Return the expression for a parameter or a field of the body; its value is None where an attribute is missing."""
    expression, *fields = source.split(".")
    for field in fields:
        expression = f"getattr({expression}, {field!r}, None)"
    return expression


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def compile_function(head: str, signature: inspect.Signature, lines: Iterable[str], scope: dict[str, Any]) -> Any:
    """Compile a function with the parameters of a signature, and `**unknown_` for words that are none of them.

    Its file is called `<head>` in tracebacks.
    """
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    parameters.append(inspect.Parameter("unknown_", inspect.Parameter.VAR_KEYWORD))
    source = "\n".join([f"{head}{inspect.Signature(parameters)}:", *_indented(lines)])
    execute(f"<{head}>", source, scope)
    return scope[head.rpartition(" ")[2]]
