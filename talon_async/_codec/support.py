"""What generated readers and writers call."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_origin

import attrs

from talon_async import models
from talon_async._codec.registry import registry
from talon_async._codec.shape import LEAST, MOST, branches, hints, is_list, is_mapping, plain, shown
from talon_async._codec.taken import is_word, mistake
from talon_async.errors import InvalidArgumentError
from talon_async.models._base import LIMIT, NULL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_async._codec.registry import Hook
    from talon_async.models._base import Limit

__all__ = [
    "NULL", "Decimal", "Misfit", "are", "are_whole", "are_within", "check", "check_words", "datetime", "listed",
    "mapped", "new", "other", "payload_of", "put", "read_EventEffect", "tagged", "unknown_props", "when",
    "write_EventEffect", "write_UnknownEffectProps",
]  # fmt: skip


class Misfit(ValueError):  # noqa: N818  # caught by the reader of the effect, which then keeps the props raw
    """Raised by the reader of effect props when a value is not of its type."""

    def __str__(self) -> str:
        return "a value is not of the documented type"


# -- reading

new = object.__new__
"""Makes an instance without fields, which the reader then sets."""

put = object.__setattr__
"""Sets a field of a class that is frozen at run time, too: a subclass of a model may be."""


def when(text: str) -> Any:
    """Read an RFC 3339 time of any precision; any other text is returned unchanged."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return time if time.tzinfo else text


def rfc3339(value: datetime) -> str:
    """Return a time as the API reads it; ValueError for a time without zone, which the server would misread."""
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no time zone: use datetime(..., tzinfo=UTC) or .astimezone()")
    return value.isoformat()


def tagged(value: Any, readers: Mapping[str, Hook]) -> Any:
    """Read one of several classes that are told apart by the word in `type`; return anything else unchanged."""
    word: Any = value.get("type") if value.__class__ is dict else None
    return readers[word](value) if word.__class__ is str and word in readers else value


def payload_of(action: dict[str, Any], readers: Mapping[str, Hook]) -> Any:
    """Read what a catalog action does by the class that goes with the action's type."""
    word: Any = action.get("type")
    payload: Any = action.get("payload")
    return readers[word](payload) if word.__class__ is str and word in readers else payload


def unknown_props(props: Any, _: Any = None) -> Any:
    """Return props without a class of their own: none is documented, or a value is not of its type."""
    return models.UnknownEffectProps(raw=props)


def read_EventEffect(value: Any, _: Any = None) -> Any:  # noqa: N802  # named like generated functions
    """Read a V1 effect, `[campaign, ruleset, rule, [name, *args]]`; return any other shape unchanged."""
    if value.__class__ is list and len(value) == 4:  # noqa: PLR2004
        campaign, ruleset, rule, named = value
        whole = campaign.__class__ is int and ruleset.__class__ is int and rule.__class__ is int
        if whole and named.__class__ is list and named and named[0].__class__ is str:
            name, *args = named
            return models.EventEffect(campaign_id=campaign, ruleset_id=ruleset, rule_index=rule, name=name, args=args)
    return value


# -- writing

keeps_what_was_read: ContextVar[bool] = ContextVar("keeps_what_was_read", default=False)
"""Whether values that were read are written without checks. `to_json` sets it; sending does not."""


def is_kept(model: Any) -> bool:
    """Tell whether a model is written as it is."""
    return keeps_what_was_read.get() and not hasattr(model, "is_made")


def check(model: Any, name: str, value: Any) -> None:
    """Refuse a value that is not of the type of its field, or outside its limit, unless it is kept."""
    if is_kept(model):
        return
    limit: Limit | None = getattr(attrs.fields(model.__class__), name).metadata.get(LIMIT)
    if said := mistake(hints(model.__class__)[name], value) or (limit and limit.refusal(plain(value))):
        raise InvalidArgumentError(f"{name} {said}")


def are_within(value: Any, least: int, most: int | None, shortest: int, longest: int) -> bool:
    """Tell whether a list and the texts in it have sizes between bounds; False where only `check` can tell."""
    if value.__class__ is not list or len(value) < least or (most is not None and len(value) > most):
        return False
    for text in value:  # noqa: SIM110  # half the time of `all`, for the few codes of a session
        if text.__class__ is not str or not shortest <= len(text) <= longest:
            return False
    return True


def check_words(model: Any, name: str, value: Any, words: tuple[str, ...]) -> None:
    """Refuse a value that is none of the words of its field, or a list with such a value, unless it is kept."""
    if is_kept(model):
        return
    items = [value]
    if is_sequence := get_origin(branches(hints(model.__class__)[name])[0]) is Sequence:
        items = value
    wrong = [(index, item) for index, item in enumerate(items) if not is_word(plain(item), words)]
    if value is NULL or not wrong:
        return
    what = f"{name} item {wrong[0][0]}" if is_sequence else name
    *some, last = map(repr, words)
    listed_words = f"{', '.join(some)} or {last}" if some else last
    raise InvalidArgumentError(f"{what} must be {listed_words}, not {shown(wrong[0][1])}")


def are(value: Any, kind: type) -> bool:
    """Tell whether all items of a list are of one class."""
    return value.__class__ is list and {*map(type, value)} <= {kind}


def are_whole(value: Any) -> bool:
    """Tell whether all items of a list are whole numbers of 64 bits; False where only `check` can tell."""
    return are(value, int) and (not value or (min(value) >= LEAST and max(value) <= MOST))


def listed(model: Any, name: str, value: Any) -> Any:
    """Return a sequence or a set as a list; any other value is kept or refused."""
    return list(value) if is_list(value) else _kept(model, name, "a list", value)


def mapped(model: Any, name: str, value: Any) -> Any:
    """Return a mapping as a dict; any other value is kept or refused."""
    return dict(value) if is_mapping(value) else _kept(model, name, "a mapping", value)


def _kept(model: Any, name: str, expected: str, value: Any) -> Any:
    if is_kept(model):
        return value
    raise InvalidArgumentError(f"{name} must be {expected}, not {type(value).__name__}")


def other(value: Any) -> Any:
    """Write a value that is not of the documented model: a subclass, NULL, a plain dict, or another type of value."""
    return registry.writer(value.__class__)(value) if attrs.has(value.__class__) else value


def write_EventEffect(effect: Any) -> Any:  # noqa: N802  # named like generated functions
    """Write a V1 effect as a list."""
    return [effect.campaign_id, effect.ruleset_id, effect.rule_index, [effect.name, *effect.args]]


def write_UnknownEffectProps(props: Any) -> Any:  # noqa: N802  # named like generated functions
    """Write unknown props as they were read."""
    return props.raw
