"""Functions called by the type of an effect."""

from __future__ import annotations

from typing import Any

import pytest

from talon_async import from_json
from talon_async.effects import EffectHandlers
from talon_async.models import (
    AcceptCouponEffectProps,
    CartItem,
    Effect,
    EffectProps,
    IntegrationStateV2,
    RejectCouponEffectProps,
    SetDiscountEffectProps,
    UnknownEffectProps,
)

ACCEPTED = Effect(effect_type="acceptCoupon", props=AcceptCouponEffectProps(value="A"))
REJECTED = Effect(
    effect_type="rejectCoupon", props=RejectCouponEffectProps(value="B", rejection_reason="CouponExpired")
)
DISCOUNT = Effect(effect_type="setDiscount", props=SetDiscountEffectProps(name="ten", value=10), campaign_id=7)
UNKNOWN = Effect(effect_type="newerThanThisRelease", props=UnknownEffectProps(raw={"any": 1}))


def told(effect: Effect, props: EffectProps) -> str:
    return f"{effect.effect_type} {type(props).__name__}"


def test_each_handler_gets_its_effects_when_they_are_applied() -> None:
    """A handler gets the effect and its props, and the results are in the order of the effects."""
    handlers = EffectHandlers[Any]()

    @handlers.on(SetDiscountEffectProps)
    def discount(effect: Effect, props: SetDiscountEffectProps) -> tuple[int | None, float]:
        return effect.campaign_id, props.value

    @handlers.on(AcceptCouponEffectProps, RejectCouponEffectProps)
    def code(effect: Effect, props: AcceptCouponEffectProps | RejectCouponEffectProps) -> str:
        return props.value

    assert ["B", (7, 10), "A"] == handlers.apply([REJECTED, DISCOUNT, ACCEPTED])


def test_effects_are_skipped_when_no_handler_takes_them() -> None:
    """Effects without a handler are skipped if there is no default, also those of unknown types."""
    handlers = EffectHandlers[str]()
    handlers.on(AcceptCouponEffectProps)(told)
    assert ["acceptCoupon AcceptCouponEffectProps"] == handlers.apply([UNKNOWN, ACCEPTED, DISCOUNT])


def test_the_default_gets_an_effect_when_no_other_handler_does() -> None:
    """The default handler gets effects of known and unknown types that no other handler takes."""
    handlers = EffectHandlers[str]()
    handlers.on(AcceptCouponEffectProps)(lambda _, props: props.value)
    handlers.default(told)
    expected = ["A", "setDiscount SetDiscountEffectProps", "newerThanThisRelease UnknownEffectProps"]
    assert expected == handlers.apply([ACCEPTED, DISCOUNT, UNKNOWN])


def test_unknown_effects_have_a_handler_of_their_own_when_one_is_registered() -> None:
    """A handler of `UnknownEffectProps` takes unknown effects before the default does."""
    handlers = EffectHandlers[str]()
    handlers.on(UnknownEffectProps)(lambda *_: "unknown")
    handlers.default(lambda *_: "default")
    assert ["unknown", "default"] == handlers.apply([UNKNOWN, ACCEPTED])


def test_the_function_stays_what_it_is_when_it_is_decorated() -> None:
    """A function that is registered as a handler can still be called directly."""
    handlers = EffectHandlers[str]()
    assert told is handlers.on(AcceptCouponEffectProps)(told)
    assert told is handlers.default(told)


def test_both_functions_are_named_when_a_class_is_registered_twice() -> None:
    """A second handler of a class is refused, together with the other classes that it was to be registered for."""

    def first(effect: Effect, props: AcceptCouponEffectProps) -> None: ...
    def second(effect: Effect, props: EffectProps) -> None: ...

    handlers = EffectHandlers()
    handlers.on(AcceptCouponEffectProps)(first)
    with pytest.raises(ValueError, match=r"first handles AcceptCouponEffectProps already: \S+second cannot"):
        handlers.on(SetDiscountEffectProps, AcceptCouponEffectProps)(second)
    assert [None] == handlers.apply([DISCOUNT, ACCEPTED])


def test_a_second_default_is_refused_when_there_is_one() -> None:
    """A second default is refused with an error that names both functions."""
    handlers = EffectHandlers[str]()
    handlers.default(told)
    with pytest.raises(ValueError, match="told handles the default already: repr cannot"):
        handlers.default(repr)


@pytest.mark.parametrize("classes", [(), (int,), (CartItem,), (SetDiscountEffectProps, Effect), ("setDiscount",)])
def test_a_class_is_refused_when_no_effect_has_such_props(classes: tuple[Any, ...]) -> None:
    """A class that no effect has as props is refused."""
    with pytest.raises(TypeError, match=r"on\(\) takes classes of effect props"):
        EffectHandlers().on(*classes)


def test_nothing_is_called_when_apply_meets_a_coroutine_function() -> None:
    """`apply` refuses coroutine functions, which need `apply_async`, before any handler is called."""
    called: list[str] = []
    handlers = EffectHandlers()
    handlers.on(AcceptCouponEffectProps)(lambda _, props: called.append(props.value))

    @handlers.on(SetDiscountEffectProps)
    async def book(effect: Effect, props: SetDiscountEffectProps) -> None: ...

    with pytest.raises(TypeError, match=r"book is a coroutine function: await apply_async\(effects\) instead"):
        handlers.apply([ACCEPTED, DISCOUNT])
    assert [] == called
    handlers.apply([ACCEPTED])
    assert ["A"] == called


def test_nothing_is_called_when_apply_meets_an_object_that_must_be_awaited() -> None:
    """`apply` also refuses an object whose call is a coroutine function."""

    class Booking:
        async def __call__(self, effect: Effect, props: SetDiscountEffectProps) -> None: ...

    handlers = EffectHandlers()
    handlers.on(SetDiscountEffectProps)(Booking())
    with pytest.raises(TypeError, match=r"Booking .* is a coroutine function: await apply_async"):
        handlers.apply([DISCOUNT])


async def test_handlers_run_one_after_the_other_when_some_are_coroutine_functions() -> None:
    """`apply_async` runs the handlers one after the other."""
    steps: list[str] = []
    handlers = EffectHandlers[int]()

    @handlers.on(SetDiscountEffectProps)
    async def book(effect: Effect, props: SetDiscountEffectProps) -> int:
        steps.append("book")
        await noticed()
        steps.append("booked")
        return 1

    @handlers.on(AcceptCouponEffectProps)
    def accept(effect: Effect, props: AcceptCouponEffectProps) -> int:
        steps.append("accept")
        return 2

    async def noticed() -> None:
        steps.append("noticed")

    assert [1, 2, 1] == await handlers.apply_async([DISCOUNT, ACCEPTED, UNKNOWN, DISCOUNT])
    assert ["book", "noticed", "booked", "accept", "book", "noticed", "booked"] == steps


async def test_an_error_comes_out_as_it_is_when_a_handler_fails() -> None:
    """An error that a handler raises is raised unchanged, and later effects are not handled."""
    error = LookupError("no such cart")
    called: list[str] = []
    handlers = EffectHandlers()
    handlers.default(lambda effect, _: called.append(effect.effect_type))

    @handlers.on(SetDiscountEffectProps)
    def fail(effect: Effect, props: SetDiscountEffectProps) -> None:
        raise error

    with pytest.raises(LookupError) as plain:
        handlers.apply([ACCEPTED, DISCOUNT, UNKNOWN])
    with pytest.raises(LookupError) as awaited:
        await handlers.apply_async([ACCEPTED, DISCOUNT, UNKNOWN])
    assert (error, error) == (plain.value, awaited.value)
    assert ["acceptCoupon", "acceptCoupon"] == called


def test_effects_of_an_answer_are_dispatched_when_they_were_read() -> None:
    """Effects that are read from JSON are given to the handlers of their classes."""
    body = b'{"effects": [{"effectType": "acceptCoupon", "props": {"value": "A"}}, {"effectType": "x", "props": {}}]}'
    handlers = EffectHandlers[str]()
    handlers.default(told)
    expected = ["acceptCoupon AcceptCouponEffectProps", "x UnknownEffectProps"]
    assert expected == handlers.apply(from_json(body, IntegrationStateV2).effects)
