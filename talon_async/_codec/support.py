"""What compiled readers and writers call."""

# What stands in JSON is Any.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import attrs

from talon_async.models._base import LIMIT, NULL, twin, wire_name

__all__ = [
    "NULL", "Misfit", "are_within", "check", "listed", "mapped", "other", "payload_of", "props_readers",
    "read_EventEffect", "tagged", "twin", "unknown_props", "when", "write_EventEffect", "write_UnknownEffectProps",
]  # fmt: skip

Hook = Callable[[Any], Any]


class Misfit(ValueError):  # noqa: N818  # not an error inside an effect: its props are then kept raw
    """Raised by the reader of effect props when a value is not of its type."""


# -- reading


def when(text: str) -> Any:
    """Read an RFC 3339 time of any precision; what is none stays as it came."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return time if time.tzinfo else text


def tagged(value: Any, readers: Mapping[str, Hook]) -> Any:
    """Read one of several classes that are told apart by the word in `type`; anything else stays as it came."""
    word: Any = value.get("type") if value.__class__ is dict else None
    return readers[word](value) if word.__class__ is str and word in readers else value


def payload_of(action: dict[str, Any], readers: Mapping[str, Hook]) -> Any:
    """Read what a catalog action does by the class that goes with the action's type."""
    word: Any = action.get("type")
    payload: Any = action.get("payload")
    return readers[word](payload) if word.__class__ is str and word in readers else payload


class _PropsReaders(dict[str, Hook]):
    """The readers of effect props by effect type, found when an effect of the type first comes."""

    def __missing__(self, kind: str) -> Hook:
        from talon_async._codec.hooks import reader  # noqa: PLC0415  # it stands above
        from talon_async.models.effects import EFFECT_PROPS  # noqa: PLC0415  # models load on first use

        found = self[kind] = reader(EFFECT_PROPS[kind])
        return found


props_readers = _PropsReaders()


def unknown_props(props: Any) -> Any:
    """Keep props whole that no class fits: of a new type of effect, or of a known one with something unexpected."""
    from talon_async.models.effects import UnknownEffectProps  # noqa: PLC0415  # models load on first use

    return UnknownEffectProps(raw=props)


def read_EventEffect(value: Any, _: Any = None) -> Any:  # noqa: N802  # named like those that are compiled
    """Read a V1 effect, `[campaign, ruleset, rule, [name, *args]]`; any other shape stays as it came."""
    from talon_async.models.event import EventEffect  # noqa: PLC0415  # models load on first use

    if value.__class__ is list and len(value) == 4:  # noqa: PLR2004
        campaign, ruleset, rule, named = value
        whole = campaign.__class__ is int and ruleset.__class__ is int and rule.__class__ is int
        if whole and named.__class__ is list and named and named[0].__class__ is str:
            return EventEffect(campaign_id=campaign, ruleset_id=ruleset, rule_index=rule, name=named[0], args=named[1:])
    return value


# -- writing


def check(cls: Any, name: str, value: Any) -> None:
    """Refuse a value that is outside the limit of its field."""
    field = getattr(attrs.fields(cls), name)
    if said := field.metadata[LIMIT].refusal(value):
        from talon_async.errors import InvalidArgumentError  # noqa: PLC0415  # only on the way to an error

        raise InvalidArgumentError(f"{wire_name(field)} {said}")


def are_within(value: Any, least: int, most: int | None, shortest: int, longest: int) -> bool:
    """Tell of most lists, without calls, that they and the texts in them have sizes between bounds."""
    if value.__class__ is not list or len(value) < least or (most is not None and len(value) > most):
        return False
    for text in value:  # noqa: SIM110  # half the time of `all`, for the few codes of a session
        if text.__class__ is not str or not shortest <= len(text) <= longest:
            return False
    return True


def listed(name: str, value: Any) -> Any:
    """Let any sequence be sent as a list, but not a text, which is one by accident."""
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes | bytearray):
        return list(cast("Sequence[Any]", value))
    raise _refused(name, "a list", value)


def mapped(name: str, value: Any) -> Any:
    """Let any mapping be sent as an object."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise _refused(name, "a mapping", value)


def _refused(name: str, expected: str, value: Any) -> Exception:
    from talon_async.errors import InvalidArgumentError  # noqa: PLC0415  # only on the way to an error

    return InvalidArgumentError(f"{name} must be {expected}, not {type(value).__name__}")


def other(value: Any) -> Any:
    """Write what stands where a model is expected: another model, NULL, a plain dict, an answer's odd value."""
    from talon_async._codec.hooks import writer  # noqa: PLC0415  # it stands above

    return writer(value.__class__)(value) if attrs.has(value.__class__) else value


def write_EventEffect(effect: Any) -> Any:  # noqa: N802  # named like those that are compiled
    """Write a V1 effect as the list that it came as."""
    return [effect.campaign_id, effect.ruleset_id, effect.rule_index, [effect.name, *effect.args]]


def write_UnknownEffectProps(props: Any) -> Any:  # noqa: N802  # named like those that are compiled
    """Write props that nobody knows as they came."""
    return props.raw
