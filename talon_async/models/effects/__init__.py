"""The effects of rules. Importing any part of this package registers all effect types that it knows."""

from talon_async.models.effects._registry import EFFECT_PROPS
from talon_async.models.effects.envelope import Effect, EffectProps, UnknownEffectProps

__all__ = ["EFFECT_PROPS", "Effect", "EffectProps", "UnknownEffectProps"]
