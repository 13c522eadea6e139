"""The signature of a typed stub is the operation.

1. A name in braces is a path value: text or a number, percent-encoded as a whole. Empty values, `.` and `..` are
   refused.
2. The parameter called `body` is the JSON body. Its type says which models it may be.
3. A keyword-only parameter is a query value. It travels under its camelCase name; None leaves it out, a bool travels as
   true or false, a list repeats the name.
4. The type of a parameter states exceptions to these rules. `Csv[T]` joins a list with commas, `YesNo` is a bool that
   travels as yes or no, and `Annotated[T, Wire("name")]` has another name on the wire. Values outside a `Limit` in
   `Annotated`, or outside the words of a `Literal`, are refused.

The keyword-only parameter `idempotency_key` is the Idempotency-Key header, which makes a write safe to repeat. Without
it, GET and DELETE are safe to repeat, PUT writes under the client's own ID, and POST creates a new thing each time;
`idempotency=` in the decorator overrides this. The server runs the updates of one profile or session one after the
other: `profile=` and `session=` in the decorator say where their IDs are, in a parameter or in a field of the body such
as `body.profile_id`.

A stub is compiled into plain functions. Python itself binds the arguments of a call, so a wrong call is a TypeError in
the caller's own line. An unknown keyword raises when the call is awaited, and the message names the nearest parameter.
The function that makes requests is compiled when it is first needed, because it needs the models, which are imported
late.

The files import each other in this order: `marks`, `encoding`, `compiled`, `endpoint`, `decorators`.
"""

from __future__ import annotations

from talon_async._endpoint.decorators import delete, get, post, put
from talon_async._endpoint.encoding import Query, valid_key
from talon_async._endpoint.endpoint import Endpoint, endpoint_of, endpoints_of, warm_up
from talon_async._endpoint.marks import CardId, Csv, IntegrationId, PageSize, Points, Wire, YesNo

__all__ = [
    "CardId",
    "Csv",
    "Endpoint",
    "IntegrationId",
    "PageSize",
    "Points",
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
