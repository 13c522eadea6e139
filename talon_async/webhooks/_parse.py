"""Reads a notification from the body of a request."""

# What stands in JSON is Any.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast, get_args, get_origin

import attrs

from talon_async import _codec
from talon_async._codec.shape import hints
from talon_async.errors import TalonOneError
from talon_async.models._base import evolve, wire_name
from talon_async.webhooks import campaigns, coupons, giveaways, points, prices, tiers
from talon_async.webhooks._base import Notification, UnknownNotification
from talon_async.webhooks._secrets import check, header

if TYPE_CHECKING:
    from talon_async.webhooks._secrets import Headers, Secret

NOTIFICATIONS: Final[Mapping[str, type[Notification]]] = MappingProxyType(
    {
        name: value
        for module in (campaigns, coupons, giveaways, points, prices, tiers)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Notification) and value.__module__ == module.__name__
        if not name.startswith("_")
    }
)
"""The class of every type of notification, by type. A class has the name of its type."""


class InvalidNotificationError(TalonOneError, ValueError):
    """The body is not a JSON object, so it is not a notification. Answer with 400. The message gives the reason."""


def parse(body: bytes | str, headers: Headers, *, secret: Secret | Sequence[Secret] | None = None) -> Notification:
    """Read a notification that Talon.One sent. Match on the class of the result.

    Any JSON object is accepted. A notification that this release does not know becomes an `UnknownNotification`. The
    names in the envelope are read in upper and lower case, because the documentation of the API uses both.

    Args:
        body: the body of the request.
        headers: the headers of the request, a mapping of text such as those of aiohttp, Starlette, Flask or Django, or
            a dict. The case of names does not matter. The environ of WSGI and the bytes of a raw ASGI scope are not
            supported.
        secret: the secret that the request must carry. With a sequence of secrets it must carry one of them, as while
            a secret is being replaced; an empty sequence refuses every request. **Without `secret` nothing is
            checked**: anyone who knows the address can then send notifications, because Talon.One does not sign them.

    Raises:
        WrongSecretError: the secret is missing or wrong. It is checked before the body is read.
        InvalidNotificationError: the body is not JSON, or not a JSON object.
    """
    if secret is not None:
        check(headers, secret)
    raw = _object(body)
    folded = {key.lower(): value for key, value in raw.items()}
    kind = folded.get("notificationtype")
    message_id = header(headers, "X-UUID")
    if cls := _class_of(kind, folded.get("data")):
        names = [wire_name(field) for field in attrs.fields(cast("Any", cls))]
        notification: Notification = _codec.read({name: folded.get(name.lower()) for name in names}, cls)
        if _is_whole(notification):
            return evolve(notification, id=message_id, raw=raw)
    return UnknownNotification(notification_type=kind if isinstance(kind, str) else None, id=message_id, raw=raw)


def _object(body: bytes | str) -> dict[str, Any]:
    try:
        value = _codec.parse(body.encode() if isinstance(body, str) else body)
    except (ValueError, RecursionError) as problem:
        raise InvalidNotificationError(f"the body is not JSON: {problem}" if body else "the body is empty") from None
    if not isinstance(value, dict):
        raise InvalidNotificationError(f"the body must be a JSON object, not {_KINDS[type(value)]}")
    return value


_KINDS = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def _class_of(kind: Any, data: Any) -> type[Notification] | None:
    """Return the class for a type of notification. Two classes share one type, so `data` decides between them."""
    if not isinstance(kind, str):
        return None
    cls = NOTIFICATIONS.get(kind)
    if cls is campaigns.CampaignNotification and isinstance(data, list):
        trees = any(isinstance(item, dict) and "evaluationTree" in item for item in data)
        return campaigns.CampaignEvaluationTreeChanged if trees else cls
    return cls


def _is_whole(notification: Notification) -> bool:
    """Tell whether every list has the documented types, so that users can iterate over it without checks."""
    for name, hint in hints(cast("Any", type(notification))).items():
        if get_origin(hint) is Sequence:
            value, (kind,) = getattr(notification, name), get_args(hint)
            if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
                return False
    return True
