"""From the body of a request to a notification."""

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
"""The class of every type of notification; a class has the name of its type."""


class InvalidNotificationError(TalonOneError, ValueError):
    """The body is no JSON object, so no notification: answer 400. The message says what is wrong with it."""


def parse(body: bytes | str, headers: Headers, *, secret: Secret | Sequence[Secret] | None = None) -> Notification:
    """Read a notification that Talon.One sent; match on the class of what is returned.

    Whatever is a JSON object is delivered: what this release cannot type comes as `UnknownNotification`. The names in
    the envelope are read in any case of letters, because the documents contradict themselves there.

    Args:
        body: the request's body as it came.
        headers: the request's headers, names and values as text, in any case: those of aiohttp, Starlette, Flask or
            Django, or a dict. The environ of WSGI and the bytes of a raw ASGI scope are not understood.
        secret: what the request must carry, or several of which it must carry one, as while a secret is replaced. An
            empty sequence lets nobody in. **Without it nothing is checked**: anybody who knows the address can then
            send anything, because Talon.One does not sign.

    Raises:
        WrongSecretError: the secret is missing or another one. It is looked for before the body is touched.
        InvalidNotificationError: the body is not JSON, or not an object.
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
    """Return the class of a type of notification; two classes share one type."""
    if not isinstance(kind, str):
        return None
    cls = NOTIFICATIONS.get(kind)
    if cls is campaigns.CampaignNotification and isinstance(data, list):
        trees = any(isinstance(item, dict) and "evaluationTree" in item for item in data)
        return campaigns.CampaignEvaluationTreeChanged if trees else cls
    return cls


def _is_whole(notification: Notification) -> bool:
    """Tell whether every list is one and holds what it should: code runs over it without looking."""
    for name, hint in hints(cast("Any", type(notification))).items():
        if get_origin(hint) is Sequence:
            value, (kind,) = getattr(notification, name), get_args(hint)
            if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
                return False
    return True
