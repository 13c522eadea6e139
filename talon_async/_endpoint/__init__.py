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

from talon_async._endpoint.decorators import delete, get, post, put
from talon_async._endpoint.encoding import Query, valid_key
from talon_async._endpoint.endpoint import Endpoint, endpoint_of, endpoints_of, warm_up
from talon_async._endpoint.marks import CardId, Csv, IntegrationId, PageSize, Wire, YesNo

__all__ = [
    "CardId",
    "Csv",
    "Endpoint",
    "IntegrationId",
    "PageSize",
    "Query",
    "Wire",
    "YesNo",
    "delete",
    "endpoint_of",
    "endpoints_of",
    "get",
    "post",
    "put",
    "valid_key",
    "warm_up",
]
