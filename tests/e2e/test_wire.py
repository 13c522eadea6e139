"""Every operation to the byte: what a socket sees, from both twins."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from support.raw import EMPTY, RawServer, answer
from support.twins import KEY, KINDS, OPERATIONS

from talon_async import NULL, ContentSignature, __version__
from talon_async.errors import InvalidArgumentError
from talon_async.models import (
    CartItem,
    CatalogAction,
    CatalogSyncRequest,
    CouponReservations,
    CustomerProfileIntegrationRequestV2,
    IntegrationEventV2Request,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSession,
    NewCustomerSessionV2,
    NewEvent,
    NewReferral,
    RemoveItemCatalogAction,
)

AGENT = f"talon-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor}"
ID = "a/b?c#d%e+f$g&h i=ü"
SEGMENT = "a%2Fb%3Fc%23d%25e%2Bf%24g%26h%20i%3D%C3%BC"
RESERVATION = CouponReservations(integration_ids=("a", "b"))
SESSION = IntegrationRequest(
    customer_session=NewCustomerSessionV2(
        profile_id="p",
        coupon_codes=[],
        cart_items=[CartItem(sku="s", quantity=2, price=9.5, attributes={"my_colour": None})],
        referral_code=NULL,
    ),
    response_content=["customerSession", "coupons"],
)

ORIGINAL = {
    "create_coupon_reservation", "create_referral", "delete_coupon_reservation", "delete_customer_data",
    "get_customer_inventory", "get_reserved_customers", "track_event", "update_customer_profile",
    "update_customer_profile_v2", "update_customer_session", "update_customer_session_v2",
}  # fmt: skip
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str, bytes]] = [
    ("create_coupon_reservation", ("10$OFF_NOW", RESERVATION), {},
     "POST /v1/coupon_reservations/10%24OFF_NOW", b'{"integrationIDs":["a","b"]}'),
    ("create_referral", (NewReferral(campaign_id=7, advocate_profile_integration_id="ü"),), {},
     "POST /v1/referrals", '{"campaignId":7,"advocateProfileIntegrationId":"ü"}'.encode()),
    ("delete_coupon_reservation", (ID, RESERVATION), {},
     f"DELETE /v1/coupon_reservations/{SEGMENT}", b'{"integrationIDs":["a","b"]}'),
    ("delete_customer_data", (ID,), {}, f"DELETE /v1/customer_data/{SEGMENT}", b""),
    ("get_customer_inventory", (ID,), {}, f"GET /v1/customer_profiles/{SEGMENT}/inventory", b""),
    ("get_customer_inventory", ("a",),
     {"profile": True, "referrals": False, "coupons": True, "loyalty": True, "giveaways": True, "achievements": False},
     ("GET /v1/customer_profiles/a/inventory?profile=true&referrals=false&coupons=true&loyalty=true&giveaways=true"
     "&achievements=false"), b""),
    ("get_reserved_customers", (ID,), {}, f"GET /v1/coupon_reservations/customerprofiles/{SEGMENT}", b""),
    ("track_event", (NewEvent(type="t", session_id="s", profile_id="", attributes={"aB_c": [1, None]}),), {"dry": True},
     "POST /v1/events?dry=true", b'{"type":"t","attributes":{"aB_c":[1,null]},"sessionId":"s","profileId":""}'),
    ("update_customer_profile", (ID, NewCustomerProfile(attributes={"x": None})), {"dry": False},
     f"PUT /v1/customer_profiles/{SEGMENT}?dry=false", b'{"attributes":{"x":null}}'),
    ("update_customer_profile_v2", (ID, CustomerProfileIntegrationRequestV2()),
     {"run_rule_engine": True, "dry": True, "idempotency_key": "k1"},
     f"PUT /v2/customer_profiles/{SEGMENT}?runRuleEngine=true&dry=true", b"{}"),
    ("update_customer_session", (ID, NewCustomerSession(profile_id="p", coupon="")), {},
     f"PUT /v1/customer_sessions/{SEGMENT}", b'{"profileId":"p","coupon":""}'),
    ("update_customer_session_v2", (ID, SESSION),
     {"dry": True, "now": datetime(2026, 1, 2, 3, 4, 5, 600000, UTC), "idempotency_key": "k1"},
     f"PUT /v2/customer_sessions/{SEGMENT}?dry=true&now=2026-01-02T03%3A04%3A05.600000%2B00%3A00",
     (b'{"customerSession":{"profileId":"p","couponCodes":[],"referralCode":null,"cartItems":[{"sku":"s","quantity":2,'
     b'"price":9.5,"attributes":{"my_colour":null}}]},"responseContent":["customerSession","coupons"]}')),
    ("get_customer_achievements", (ID,), {"campaign_ids": ["1", "a,b"], "current_progress_status": ("not_started",)},
     f"GET /v1/customer_profiles/{SEGMENT}/achievements?campaignIds=1,a%2Cb&currentProgressStatus=not_started", b""),
    ("get_loyalty_card_points", (7, "a+b@c"), {"subledger_id": ["", "s&t"], "transaction_uuids": ["u"], "sort": "-expiryDate"},
     ("GET /v1/loyalty_programs/7/cards/a%2Bb%40c/points?subledgerId=&subledgerId=s%26t&transactionUUIDs=u"
     "&sort=-expiryDate"), b""),
    ("track_event_v2", (IntegrationEventV2Request(type="t", profile_id="p"),),
     {"silent": False, "dry": True, "idempotency_key": "k1"},
     "POST /v2/events?silent=no&dry=true", b'{"profileId":"p","type":"t"}'),
    ("join_loyalty_program", (7, ID), {}, f"POST /v1/loyalty_programs/7/profile/{SEGMENT}/join", b""),
    ("update_audience_customers_attributes", (7, {"my_colour": None, "x": Decimal("1.10")}), {},
     "PUT /v2/audience_customers/7/attributes", b'{"my_colour":null,"x":1.10}'),
    ("sync_catalog", (7, CatalogSyncRequest(actions=[CatalogAction(payload=RemoveItemCatalogAction(sku="ü"))])), {},
     "PUT /v1/catalogs/7/sync", '{"actions":[{"payload":{"sku":"ü"},"type":"REMOVE"}]}'.encode()),
]  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Name both twins on both transports."""
    return str(request.param)


def test_every_form_of_value_has_a_case_when_the_wire_is_tested() -> None:
    """The cases cover all original operations, and each newer one that sends a value in a form of its own."""
    forms = {"get_customer_achievements", "get_loyalty_card_points", "track_event_v2", "join_loyalty_program",
             "update_audience_customers_attributes", "sync_catalog"}  # fmt: skip
    assert {name for name, *_ in CALLS} == {*ORIGINAL, *forms}
    assert set(OPERATIONS) >= forms


@pytest.mark.parametrize(("name", "arguments", "options", "line", "body"), CALLS)
async def test_the_bytes_are_exact_when_an_operation_is_called(
    client: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any], line: str, body: bytes
) -> None:
    """A request has exactly the expected method, path, query, headers and body."""
    reply = EMPTY if OPERATIONS[name].returns is None else answer({})
    with RawServer(reply) as server:
        talon = client(server.url)
        result = await getattr(talon, name)(*arguments, **options)
    (request,) = server.received
    assert f"{line} HTTP/1.1" == request.line
    assert body == request.body
    expected = {
        "host": f"127.0.0.1:{server.port}", "accept": "application/json", "accept-encoding": "gzip, deflate",
        "user-agent": AGENT, "authorization": f"ApiKey-v1 {KEY}",
    }  # fmt: skip
    if body or not line.startswith("GET"):
        expected["content-length"] = str(len(body))
    if body:
        expected["content-type"] = "application/json"
    if "idempotency_key" in options:
        expected["idempotency-key"] = "k1"
    assert expected == request.headers
    assert (result is None) is (OPERATIONS[name].returns is None)


async def test_the_path_of_the_base_url_is_kept_when_it_has_one(client: Any) -> None:
    """A base URL with a path, such as that of a proxy, keeps it before the path of the operation."""
    with RawServer(EMPTY) as server:
        await client(f"{server.url}/talon/one/").delete_customer_data("a")
    assert server.received[0].line == "DELETE /talon/one/v1/customer_data/a HTTP/1.1"


async def test_own_headers_are_sent_when_they_are_given(client: Any) -> None:
    """Headers of the client's own options are sent with the request."""
    with RawServer(EMPTY) as server:
        await client(server.url, headers={"X-Shop": "7"}).delete_customer_data("a")
    assert server.received[0].headers["x-shop"] == "7"


async def test_a_header_is_sent_once_when_it_is_written_in_another_case(client: Any) -> None:
    """A header of the client's options replaces the default one, whatever the case of its name."""
    with RawServer(EMPTY) as server:
        await client(server.url, headers={"user-agent": "shop", "ACCEPT": "x/y"}).delete_customer_data("a")
    (request,) = server.received
    assert ("shop", "x/y") == (request.headers["user-agent"], request.headers["accept"])
    assert (1, 1) == (request.head.lower().count(b"user-agent:"), request.head.lower().count(b"accept:"))


@pytest.mark.parametrize("kind", ["awaited"])
async def test_connections_of_a_borrowed_connector_close_when_it_forces_them_to(client: Any) -> None:
    """A borrowed connector that closes its connections sends `Connection: close`."""
    with RawServer(EMPTY) as server:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            for _ in range(2):
                await client(server.url, session=session).delete_customer_data("a")
    assert ("close", 2) == (server.received[0].headers["connection"], server.connections)


async def test_the_exact_bytes_are_signed_when_an_application_signs(client: Any) -> None:
    """The signature is the HMAC-MD5 of the bytes on the wire, and no API key is sent.

    V2 operations are refused before anything is sent.
    """
    import hashlib
    import hmac

    with RawServer(answer({})) as server:
        talon = client(server.url, ContentSignature(7, "00ff"))
        await talon.track_event(NewEvent(type="ü", session_id="s", profile_id="p", attributes={}))
        with pytest.raises(InvalidArgumentError, match="update_customer_profile_v2: Content-Signature"):
            await talon.update_customer_profile_v2("a", NewCustomerProfile())
    (request,) = server.received
    digest = hmac.new(b"\x00\xff", request.body, hashlib.md5).hexdigest()
    assert f"signer=7; signature={digest}" == request.headers["content-signature"]
    assert "authorization" not in request.headers


async def test_everything_around_the_data_is_there_when_it_is_asked_for(client: Any) -> None:
    """`raw` gives the status, the headers by any case, the bytes with unknown fields, the attempts and the time."""
    with RawServer(answer(b'{"profile": null, "brandNew": 1}', status=203, headers={"X-Trace": "t7"})) as server:
        talon = client(server.url)
        response = await talon.raw(talon.get_customer_inventory)("a", profile=True)
    assert (203, "t7", b'{"profile": null, "brandNew": 1}', 1, None) == (
        response.status, response.headers["x-trace"], response.body, response.attempts, response.idempotency_key,
    )  # fmt: skip
    assert response.data.profile is None
    assert 0 < response.elapsed < 30
    assert "t7" not in repr(response)


async def test_every_header_is_there_when_names_are_repeated_or_bytes_are_odd(client: Any) -> None:
    """Headers keep their order, their repeated names and bytes that are no UTF-8, and are found in any case."""
    fields = [
        ("X-A", "1"),
        ("X-B", "caf\u00e9"),
        ("x-a", "2"),
        ("X-C", "\udcff"),
        ("X-A", "1"),
        ("Content-Length", "2"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    with RawServer(f"HTTP/1.1 200 OK\r\n{head}\r\n{{}}".encode("utf-8", "surrogateescape")) as server:
        talon = client(server.url)
        headers = (await talon.raw(talon.get_customer_inventory)("a")).headers
    assert (fields, len(fields)) == (list(headers.items()), len(headers))
    assert (["1", "2", "1"], "1", "caf\u00e9", None) == (
        headers.getall("X-a"), headers["x-A"], headers["x-b"], headers.get("x-d"),
    )  # fmt: skip


async def test_connections_are_kept_when_calls_follow_each_other(client: Any) -> None:
    """Five calls that follow each other use one connection."""
    with RawServer(answer({})) as server:
        talon = client(server.url)
        for _ in range(5):
            await talon.get_customer_inventory("a")
    assert (5, 1) == (len(server.received), server.connections)


async def test_strict_reading_raises_when_the_answer_is_not_as_documented(client: Any) -> None:
    """With `strict=True` an answer that is not as documented raises an error.

    Without it, the same client reads the answer.
    """
    with RawServer(answer({"profile": {"id": "x"}})) as server:
        talon = client(server.url)
        assert (await talon.get_customer_inventory("a")).profile.id == "x"
        with pytest.raises(Exception, match="/profile/id: must be a whole number, not 'x'"):
            await talon.with_options(strict=True).get_customer_inventory("a")
