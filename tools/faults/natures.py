"""The five natures of operations: an operation of each, its arguments, and a good answer to it."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from talon_async.models import (
    IntegrationEventV3Request,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSessionV2,
    NewEvent,
)

PADDING = "x" * 200
"""Makes an answer long enough to be cut."""
UPLOAD = "x" * 8_000_000
"""Makes a request larger than what the system's buffers take."""


class Nature(Enum):
    """What happens when an operation is sent a second time; the values are the operations that stand for it."""

    SAFE = "get_customer_inventory"
    KEYED = "update_customer_session_v2"
    NAMED = "update_customer_profile"
    UNIQUE = "track_event_v3"
    NEVER = "track_event"

    def arguments(self, token: str, *, large: bool = False) -> tuple[Any, ...]:
        """Return the arguments of a call that is known by a token."""
        attributes = {"upload": UPLOAD} if large else {}
        match self:
            case Nature.SAFE:
                return (token,)
            case Nature.KEYED:
                session = NewCustomerSessionV2(profile_id="p", attributes=attributes)
                return token, IntegrationRequest(customer_session=session)
            case Nature.NAMED:
                return token, NewCustomerProfile(attributes=attributes)
            case Nature.UNIQUE:
                event = IntegrationEventV3Request(profile_id="p", type="t", integration_id=token, attributes=attributes)
                return (event,)
            case Nature.NEVER:
                return (NewEvent(type="t", session_id=token, profile_id="p", attributes=attributes),)

    def answer(self, token: str) -> bytes:
        """Return the body of a good answer; it holds the token, so that no other call's answer is taken for it."""
        match self:
            case Nature.SAFE | Nature.NAMED:
                body: Any = {"profile": {"id": 1, "integrationId": token}}
            case Nature.KEYED:
                body = {"customerSession": {"integrationId": token}}
            case Nature.UNIQUE | Nature.NEVER:
                body = {"event": {"type": "t", "sessionId": token}}
        return json.dumps(body | {"padding": PADDING}).encode()
