"""Requests to the sandbox's handler, without any network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from talon_async._messages import Answer
    from talon_async.testing._handler import Handler

SECRET = "00ff10"
KEY = {"Authorization": "ApiKey-v1 k"}
EVENT = {"type": "clicked", "sessionId": "s", "profileId": "p", "attributes": {}}


async def ask(handler: Handler, method: str, target: str, body: Any = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await handler.handle(method, target, {**KEY, **named}, content)
    assert answer is not None
    return answer


def content(answer: Answer) -> Any:
    return orjson.loads(answer.body)
