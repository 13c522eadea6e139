"""Effects that inform, and effects of your own making."""

from collections.abc import Mapping
from typing import Any, Literal

from talon_async.models._base import model
from talon_async.models.effects._registry import effect_props

NotificationType = Literal["Info", "Offer", "Error", "Misc"]


@effect_props("showNotification")
@model
class ShowNotificationEffectProps:
    """A message to show to the customer."""

    notification_type: NotificationType | str
    title: str
    body: str


@effect_props("error")
@model
class ErrorEffectProps:
    """A rule failed while it was evaluated; this arrives in an ordinary answer, not as an error."""

    message: str


@effect_props("customEffect")
@model
class CustomEffectProps:
    """An effect that your account defines; its arguments are in `payload`."""

    effect_id: int
    name: str  # which custom effect
    payload: Mapping[str, Any]
    cart_item_position: float | None = None  # an index, although its type is a number; the next field too
    cart_item_sub_position: float | None = None
    bundle_index: int | None = None
    bundle_name: str | None = None


@effect_props("triggerWebhook", "callApi")
@model
class TriggerWebhookEffectProps:
    """A webhook was called; nothing is left to do.

    The documents call the effect type `triggerWebhook` until 26.18 and `callApi` since 26.19. Both are read.
    """

    webhook_id: float  # an ID, though a number
    webhook_name: str


@effect_props("updateAttribute", "set")
@model
class UpdateAttributeEffectProps:
    """An attribute has a new value; `path` is the entity and the attribute's name.

    The documents call the effect type `updateAttribute` until 26.18 and `set` since 26.19. Both are read.
    """

    path: str
    value: Any


@effect_props("addToAudience")
@model
class AddToAudienceEffectProps:
    """The customer is in an audience now."""

    audience_id: int | None = None
    audience_name: str | None = None
    profile_integration_id: str | None = None
    profile_id: int | None = None  # internal number


@effect_props("removeFromAudience")
@model
class RemoveFromAudienceEffectProps:
    """The customer has left an audience."""

    audience_id: int | None = None
    audience_name: str | None = None
    profile_integration_id: str | None = None
    profile_id: int | None = None  # internal number
