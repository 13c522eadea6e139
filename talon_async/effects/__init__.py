"""What to do with the effects of an answer: give each to its handler, and find out what the customer is to pay.

`EffectHandlers` calls a function of yours by the type of the effect. `cart_totals` applies all discounts to a session
and tells, in exact decimals, what to charge.
"""

from talon_async.effects._charge import cart_totals
from talon_async.effects._handlers import EffectHandlers
from talon_async.effects._totals import Amounts, CartTotals, Discount, ItemTotals

__all__ = ["Amounts", "CartTotals", "Discount", "EffectHandlers", "ItemTotals", "cart_totals"]
