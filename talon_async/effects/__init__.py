"""Tools for the effects of an answer.

`EffectHandlers` calls your functions by the type of the effect. `cart_totals` applies all discounts to a session and
returns, in exact decimals, the amount to charge.
"""

from talon_async.effects._charge import cart_totals
from talon_async.effects._handlers import EffectHandlers
from talon_async.effects._totals import Amounts, CartTotals, Discount, ItemTotals

__all__ = ["Amounts", "CartTotals", "Discount", "EffectHandlers", "ItemTotals", "cart_totals"]
