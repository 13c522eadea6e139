"""A page of use: what it says of every type is checked by mypy and pyright, and every function runs in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, assert_type

from talon_async import (
    NULL,
    ApiKey,
    ContentSignature,
    Failure,
    Limits,
    PreparedCall,
    Report,
    Response,
    RetryPolicy,
    Snapshot,
    Success,
    TalonOne,
    TalonOneError,
    TalonOneSync,
    Timeout,
    from_json,
    to_json,
)
from talon_async.errors import (
    APIError,
    BadRequestError,
    BulkInterruptedError,
    ErrorDetail,
    ParallelUpdateError,
    RateLimitError,
    RequestTimeoutError,
)
from talon_async.models import (
    AdditionalCost,
    CartItem,
    CouponReservations,
    CouponWithReservations,
    CustomerInventory,
    CustomerProfile,
    CustomerProfileIntegrationRequestV2,
    CustomerProfileIntegrationResponseV2,
    CustomerSessionV2,
    Effect,
    EventEffect,
    GetReservedCustomersResponse,
    IntegrationEventV2Request,
    IntegrationEventV2Response,
    IntegrationEventV3Response,
    IntegrationRequest,
    IntegrationState,
    IntegrationStateV2,
    NewCustomerProfile,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    Referral,
    RejectCouponEffectProps,
    SetDiscountEffectProps,
    SetDiscountPerItemEffectProps,
    UnknownEffectProps,
)

EVENT = NewEvent(type="view", attributes={"page": "/shoes"}, session_id="s")
TRACKED = IntegrationEventV2Request(type="view", profile_id="ann")
RESERVATIONS = CouponReservations(integration_ids=["ann", "bob"])
REFERRAL = NewReferral(campaign_id=1, advocate_profile_integration_id="ann", usage_limit=1)
ENVIRONMENT = {"TALON_ONE_BASE_URL": "https://shop.example", "TALON_ONE_API_KEY": "k3y"}


def requests() -> list[IntegrationRequest]:
    """Lists and tuples are taken alike, and so are known words, numbers of either kind, and NULL for a JSON null."""
    item = CartItem(sku="a", quantity=1, price=10, weight=1.5, attributes={"own": [1, None]})
    listed = NewCustomerSessionV2(
        profile_id="ann",
        coupon_codes=["A", "B"],
        cart_items=[item],
        additional_costs={"shipping": AdditionalCost(price=9)},
        state="open",
    )
    tupled = NewCustomerSessionV2(coupon_codes=("A",), cart_items=(item, item), evaluable_campaign_ids=(1, 2))
    emptied = NewCustomerSessionV2(profile_id=NULL, cart_items=NULL, state=NULL, additional_costs=NULL, attributes=NULL)
    return [
        IntegrationRequest(customer_session=listed, response_content=["customerSession", "loyalty"]),
        IntegrationRequest(customer_session=tupled, response_content=("coupons",)),
        IntegrationRequest(customer_session=emptied),
    ]


async def every_operation(talon: TalonOne) -> None:
    """Every operation can be awaited."""
    (request, *_), when = requests(), datetime.now(UTC)
    profile = CustomerProfileIntegrationRequestV2(attributes={"own": 1})
    attributes, session = NewCustomerProfile(attributes={"own": None}), NewCustomerSession(coupon="A", total=1)

    state = await talon.update_customer_session_v2("s", request, dry=True, now=when, idempotency_key="k")
    assert_type(state, IntegrationStateV2)
    updated = await talon.update_customer_profile_v2(
        "ann", profile, run_rule_engine=True, dry=False, idempotency_key="k"
    )
    assert_type(updated, CustomerProfileIntegrationResponseV2)
    assert_type(await talon.update_customer_profile_v2("ann", attributes), CustomerProfileIntegrationResponseV2)
    assert_type(await talon.update_customer_session("s", session, dry=True), IntegrationState)
    assert_type(await talon.update_customer_profile("ann", attributes, dry=True), IntegrationState)
    assert_type(await talon.track_event(EVENT, dry=True), IntegrationState)
    assert_type(await talon.get_customer_inventory("ann", profile=True, referrals=False), CustomerInventory)
    assert_type(await talon.create_coupon_reservation("CODE", RESERVATIONS), CouponWithReservations)
    assert_type(await talon.get_reserved_customers("CODE"), GetReservedCustomersResponse)
    assert_type(await talon.create_referral(REFERRAL), Referral)
    await talon.delete_coupon_reservation("CODE", RESERVATIONS)
    await talon.delete_customer_data("ann")


def every_operation_blocking(talon: TalonOneSync) -> None:
    """Every operation can be called by ordinary code."""
    (request, *_), when = requests(), datetime.now(UTC)
    profile = CustomerProfileIntegrationRequestV2(attributes={"own": 1})
    attributes, session = NewCustomerProfile(attributes={"own": None}), NewCustomerSession(coupon="A", total=1)

    state = talon.update_customer_session_v2("s", request, dry=True, now=when, idempotency_key="k")
    assert_type(state, IntegrationStateV2)
    updated = talon.update_customer_profile_v2("ann", profile, run_rule_engine=True, dry=False, idempotency_key="k")
    assert_type(updated, CustomerProfileIntegrationResponseV2)
    assert_type(talon.update_customer_profile_v2("ann", attributes), CustomerProfileIntegrationResponseV2)
    assert_type(talon.update_customer_session("s", session, dry=True), IntegrationState)
    assert_type(talon.update_customer_profile("ann", attributes, dry=True), IntegrationState)
    assert_type(talon.track_event(EVENT, dry=True), IntegrationState)
    assert_type(talon.get_customer_inventory("ann", profile=True, referrals=False), CustomerInventory)
    assert_type(talon.create_coupon_reservation("CODE", RESERVATIONS), CouponWithReservations)
    assert_type(talon.get_reserved_customers("CODE"), GetReservedCustomersResponse)
    assert_type(talon.create_referral(REFERRAL), Referral)
    talon.delete_coupon_reservation("CODE", RESERVATIONS)
    talon.delete_customer_data("ann")


async def everything_around_an_answer(talon: TalonOne) -> None:
    """`raw` keeps the arguments of a method and wraps its answer."""
    response = await talon.raw(talon.get_customer_inventory)("ann", profile=True)
    assert_type(response, Response[CustomerInventory])
    assert_type(response.data, CustomerInventory)
    assert_type(response.data.profile, CustomerProfile | None)
    assert_type(response.status, int)
    assert_type(response.headers, Mapping[str, str])
    assert_type(response.body, bytes)
    assert_type(response.attempts, int)
    assert_type(response.elapsed, float)
    assert_type(response.idempotency_key, str | None)
    assert_type(await talon.raw(talon.delete_customer_data)("ann"), Response[None])
    assert_type(
        await talon.raw(talon.with_options(strict=False).track_event)(EVENT, dry=True), Response[IntegrationState]
    )


def everything_around_an_answer_blocking(talon: TalonOneSync) -> None:
    """`raw` does the same on the blocking client."""
    response = talon.raw(talon.get_customer_inventory)("ann", profile=True)
    assert_type(response, Response[CustomerInventory])
    assert_type(response.data.profile, CustomerProfile | None)
    assert_type(talon.raw(talon.delete_customer_data)("ann"), Response[None])
    assert_type(talon.raw(talon.with_options(strict=False).track_event)(EVENT, dry=True), Response[IntegrationState])


class Shop(TalonOne):
    """A subclass of a client keeps its class when it is copied or opened."""


async def clients() -> None:
    """A client can be made in several ways."""
    assert_type(TalonOne.from_env(ENVIRONMENT, timeout=5), TalonOne)
    assert_type(Shop.from_env(ENVIRONMENT).with_options(strict=True), Shop)
    limits, retry = Limits(connections=10, parallel_updates=2), RetryPolicy(attempts=2, trust_keys=False)
    async with TalonOne(
        "https://shop.example", "k3y", timeout=Timeout(total=None), limits=limits, retry=retry
    ) as talon:
        assert_type(talon, TalonOne)
        patient = talon.with_options(timeout=60.0, retry=RetryPolicy.off(), idempotency_keys=lambda: "k")
        assert_type(patient, TalonOne)
    async with Shop("https://shop.example", ApiKey("k3y"), headers={"X-Shop": "1"}, proxy=None) as shop:
        assert_type(shop, Shop)


def clients_blocking() -> None:
    """A blocking client can be made in several ways."""
    with TalonOneSync.from_env(ENVIRONMENT, strict=True) as talon:
        assert_type(talon, TalonOneSync)
        assert_type(talon.with_options(timeout=Timeout(attempt=1)), TalonOneSync)
    with TalonOneSync("https://shop.example", ContentSignature("1", "00ff")) as signing:
        assert_type(signing, TalonOneSync)


def generated() -> Iterator[NewEvent]:
    """Give events from a generator."""
    yield EVENT


async def streamed() -> AsyncIterator[NewEvent]:
    """Give events from an asynchronous generator."""
    yield EVENT


def shown(snapshot: Snapshot) -> None:
    """A run gives snapshots while it goes on."""
    assert_type(snapshot.taken, int)
    assert_type(snapshot.pending, int)
    assert_type(snapshot.rate, float)
    assert_type(snapshot.is_paused, bool)


def told_of(report: Report[NewEvent]) -> None:
    """A run returns a report when it has ended."""
    assert_type(report.succeeded, int)
    assert_type(report.failures, list[Failure[NewEvent]])
    assert_type([(f.index, f.item, f.error) for f in report.failures], list[tuple[int, NewEvent, TalonOneError]])
    for failure in report.failures:
        assert_type(failure.outcome, Literal["rejected", "unknown", "unsent"])
    assert_type(report.held_keys, set[str])
    assert_type(report.stopped_by, TalonOneError | None)


async def many_events(talon: TalonOne) -> None:
    """Many events come from any iterable, also an asynchronous one, and may be of several kinds."""
    assert_type(await talon.track_events([EVENT], concurrency=8, dry=True, progress=shown), Report[NewEvent])
    assert_type(await talon.track_events((EVENT, EVENT), concurrency="auto", rate=300), Report[NewEvent])
    assert_type(await talon.track_events(generated()), Report[NewEvent])
    assert_type(await talon.track_events(streamed(), after_failure="hold"), Report[NewEvent])
    mixed: list[NewEvent | IntegrationEventV2Request] = [EVENT, TRACKED]
    assert_type(await talon.track_events(mixed), Report[NewEvent | IntegrationEventV2Request])
    async for result in talon.stream_events([TRACKED], ordered=True):
        assert_type(result.item, IntegrationEventV2Request)
        match result:
            case Success(data=data):
                assert_type(data, IntegrationState | IntegrationEventV2Response | IntegrationEventV3Response | None)
            case Failure(error=error):
                assert_type(error, TalonOneError)


def many_events_blocking(talon: TalonOneSync) -> None:
    """The blocking client takes events from any iterable, and gives results as an ordinary iterator."""
    assert_type(talon.track_events([EVENT], concurrency=8, dry=True, progress=shown), Report[NewEvent])
    report = talon.track_events(generated())
    told_of(report)
    report.raise_for_failures()
    assert_type([result.item for result in talon.stream_events([TRACKED])], list[IntegrationEventV2Request])


async def prepared(talon: TalonOne) -> None:
    """A prepared call takes the arguments of its method, and knows the type of its answer."""
    prepare = talon.prepare(talon.update_customer_profile_v2)
    profile = CustomerProfileIntegrationRequestV2(attributes={"own": 1})
    call = prepare("ann", profile, run_rule_engine=True, idempotency_key="k")
    assert_type(call, PreparedCall[CustomerProfileIntegrationResponseV2])
    assert_type(await talon.send(call), CustomerProfileIntegrationResponseV2)
    assert_type(bytes(call), bytes)
    assert_type(await talon.bulk([call, call]), Report[PreparedCall[CustomerProfileIntegrationResponseV2]])
    async for result in talon.stream([call]):
        if isinstance(result, Success):
            assert_type(result.data, CustomerProfileIntegrationResponseV2)


def prepared_blocking(talon: TalonOneSync) -> None:
    """The same, blocking."""
    call = talon.prepare(talon.track_event_v2)(TRACKED, silent=False)
    assert_type(call, PreparedCall[IntegrationEventV2Response | None])
    assert_type(talon.send(call), IntegrationEventV2Response | None)
    assert_type(talon.bulk(iter([call])), Report[PreparedCall[IntegrationEventV2Response | None]])
    data = [result.data for result in talon.stream([call]) if isinstance(result, Success)]
    assert_type(data, list[IntegrationEventV2Response | None])


def described(effect: Effect) -> str:
    """The class of the props tells what an effect does."""
    match effect.props:
        case SetDiscountEffectProps(name=name, value=value):
            assert_type(name, str)
            assert_type(value, float)
            return f"{name}: {value}"
        case SetDiscountPerItemEffectProps(position=position, sub_position=sub_position):
            assert_type(position, float)
            assert_type(sub_position, float | None)
            return f"{position}/{sub_position}"
        case RejectCouponEffectProps() as props:
            assert_type(props, RejectCouponEffectProps)
            assert_type(props.campaign_exclusion_reason, EXCLUSION | str | None)
            return props.rejection_reason
        case UnknownEffectProps(raw=raw):
            assert_type(raw, Mapping[str, Any] | Any)
            return f"{effect.effect_type}: {raw}"
        case _:
            return effect.effect_type


EXCLUSION = Literal["CampaignGaveLowerDiscount", "CampaignIsNotFirst", "CampaignNotInEvaluationSet"]


def read(state: IntegrationStateV2) -> None:
    """A list of an answer is never None, and other fields may be."""
    assert_type(state.effects, Sequence[Effect])
    assert_type(state.customer_session, CustomerSessionV2 | None)
    assert_type([described(effect) for effect in state.effects], list[str])
    if state.customer_session is not None:
        assert_type(state.customer_session.created, datetime | None)
        assert_type(state.customer_session.cart_items, Sequence[CartItem])
        assert_type(state.customer_session.attributes, Mapping[str, Any])


def read_v1(state: IntegrationState) -> None:
    """The effects of version 1 are in the event of the answer."""
    if state.event is not None:
        assert_type(state.event.type, str | None)
        assert_type(state.event.effects, Sequence[EventEffect])
        assert_type([effect.args for effect in state.event.effects], list[Sequence[Any]])


def stored(state: IntegrationStateV2) -> IntegrationStateV2:
    """An answer can be kept as JSON."""
    assert_type(to_json(state), bytes)
    assert_type(from_json(to_json(state), IntegrationStateV2), IntegrationStateV2)
    return from_json(to_json(state).decode(), IntegrationStateV2, strict=False)


def told(error: TalonOneError) -> str:
    """Every error has an outcome and the facts about its call."""
    assert_type(error.message, str)
    assert_type(error.operation, str | None)
    assert_type(error.status, int | None)
    assert_type(error.errors, Sequence[ErrorDetail])
    assert_type([detail.pointer for detail in error.errors], list[str | None])
    assert_type(error.attempts, int)
    assert_type(error.idempotency_key, str | None)
    assert_type(error.outcome, Literal["not_sent", "unknown", "rejected", "accepted"])
    assert_type(error.retry_after, float | None)
    assert_type(error.body, bytes)
    return error.outcome


async def failures(talon: TalonOne) -> str:
    """Errors are caught by their meaning."""
    try:
        await talon.track_event(EVENT)
    except ParallelUpdateError as error:
        assert_type(error, ParallelUpdateError)
        return told(error)
    except RateLimitError as error:
        return f"{error.retry_after}"
    except TimeoutError as error:
        return told(error) if isinstance(error, RequestTimeoutError) else ""
    except BadRequestError as error:
        parent: APIError = error
        return told(parent)
    return "recorded"


async def interrupted(talon: TalonOne) -> Report[NewEvent] | None:
    """A source that raises ends the run with a report of what was done until then."""
    try:
        return await talon.track_events(streamed())
    except BulkInterruptedError as error:
        report: Report[NewEvent] = error.report
        return report
