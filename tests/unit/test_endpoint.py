"""What decorators make of a typed stub, and which stubs and arguments are refused."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, Any, Literal
from unittest.mock import create_autospec
from uuid import UUID

import pytest

from talon_async import TalonOne, TalonOneSync
from talon_async._endpoint import CardId, Csv, PageSize, Wire, YesNo, delete, endpoint_of, get, post, put
from talon_async._messages import Idempotency
from talon_async.errors import InvalidArgumentError
from talon_async.models import (
    CouponReservations,
    CustomerProfileIntegrationRequestV2,
    IntegrationRequest,
    NewCustomerProfile,
    NewCustomerSessionV2,
    NewEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NO_ATTRIBUTES = NewCustomerProfile()


class Odd:
    """Operations that use every rule."""

    @get("/v1/things/{program_id}/of/{integration_id}")
    async def list_things(
        self,
        program_id: int,
        integration_id: str,
        *,
        since: datetime | None = None,
        kinds: Sequence[str] | None = None,
        campaign_ids: Csv[int] | None = None,
        session_ids: Annotated[Sequence[str], Wire("customerSessionIDs")] | None = None,
        run_rule_engine: bool | None = None,
        limit: int | None = None,
    ) -> None:
        """List."""
        ...

    @put("/v1/cards/{card_id}", idempotency=Idempotency.SAFE)
    async def renew(
        self,
        card_id: CardId,
        *,
        silent: YesNo | None = None,
        loud: bool | None = None,
        states: Csv[Literal["on", "off"]] | None = None,
        only: Literal[True] | None = None,
        page_size: PageSize | None = None,
        dry: bool | None = None,
    ) -> None:
        """Renew."""
        ...


def target(method: Callable[..., Any], *args: Any, **options: Any) -> str:
    return endpoint_of(method).request(*args, **options).target


def test_every_kind_of_query_value_has_its_form_when_it_is_sent() -> None:
    """Times keep their offset, bools are in lower case, lists are repeated or joined, and some names are irregular."""
    assert target(
        Odd.list_things, 7, "a", since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=7))),
        kinds=["x&y", "z"], campaign_ids=(1, 2), session_ids=["s"], run_rule_engine=False, limit=0,
    ) == (
        "/v1/things/7/of/a?since=2026-01-02T03%3A04%3A05%2B07%3A00&kinds=x%26y&kinds=z&campaignIds=1,2"
        "&customerSessionIDs=s&runRuleEngine=false&limit=0"
    )  # fmt: skip


def test_no_query_is_sent_when_every_value_is_left_out() -> None:
    """A query value that is None or an empty list is not sent."""
    assert target(Odd.list_things, 7, "a", kinds=[], campaign_ids=[]) == "/v1/things/7/of/a"


@pytest.mark.parametrize(
    ("identifier", "segment"),
    [
        ("10$OFF_NOW", "10%24OFF_NOW"), ("a/b", "a%2Fb"), ("a?b", "a%3Fb"), ("a#b", "a%23b"), ("a%2Fb", "a%252Fb"),
        ("a+b", "a%2Bb"), ("a&b=c", "a%26b%3Dc"), ("a b", "a%20b"), ("jürgen@x.de", "j%C3%BCrgen%40x.de"),
        ("日本", "%E6%97%A5%E6%9C%AC"), ("...", "..."), ("a..b", "a..b"), ("%2e%2e", "%252e%252e"), ("\t", "%09"),
        ("a;b,c:d", "a%3Bb%2Cc%3Ad"), ("~-._", "~-._"), (" ", "%20"), (UUID(int=1), str(UUID(int=1))),
    ],
)  # fmt: skip
def test_a_path_value_is_one_segment_when_it_holds_any_characters(identifier: Any, segment: str) -> None:
    """An ID is percent-encoded as a whole, so that no character in it leads to another resource."""
    assert target(TalonOne.delete_customer_data, identifier) == f"/v1/customer_data/{segment}"


@pytest.mark.parametrize("identifier", ["", ".", "..", "\ud800", None, b"x", True, ["x"]])
def test_a_path_value_is_refused_when_it_would_address_something_else(identifier: Any) -> None:
    """The error names the operation and the parameter, and is a ValueError."""
    with pytest.raises(InvalidArgumentError, match="delete_customer_data: integration_id"):
        target(TalonOne.delete_customer_data, identifier)


def test_a_lone_surrogate_is_named_when_a_path_value_holds_one() -> None:
    """Half of a character cannot be encoded, and the error says so in the term of Unicode."""
    with pytest.raises(InvalidArgumentError, match="^delete_customer_data: integration_id holds a lone surrogate$"):
        target(TalonOne.delete_customer_data, "a\ud800")


def test_a_naive_time_is_refused_when_it_is_a_query_value() -> None:
    """The error says how to write a time with a zone."""
    body = IntegrationRequest(customer_session=NewCustomerSessionV2())
    with pytest.raises(InvalidArgumentError, match=r"now cannot be sent: .* has no time zone"):
        target(TalonOne.update_customer_session_v2, "s", body, now=datetime(2026, 1, 1))  # noqa: DTZ001
    assert "now=2026-01-01T00%3A00%3A00%2B00%3A00" in target(
        TalonOne.update_customer_session_v2, "s", body, now=datetime(2026, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("wrong", [{"type": "x"}, None, NewCustomerProfile(), CouponReservations(integration_ids=[])])
def test_a_body_is_refused_when_it_is_another_model(wrong: Any) -> None:
    """The error names the model that is needed."""
    with pytest.raises(InvalidArgumentError, match="track_event: body must be NewEvent, not "):
        target(TalonOne.track_event, wrong)


@pytest.mark.parametrize("body", [NewCustomerProfile(), CustomerProfileIntegrationRequestV2()])
def test_both_eras_of_the_body_are_taken_when_a_profile_is_updated(body: Any) -> None:
    """The V2 update of a profile also takes the body class that it had first."""
    assert endpoint_of(TalonOne.update_customer_profile_v2).request("a", body).body == b"{}"


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, "a\n", 5])
def test_an_idempotency_key_is_refused_when_it_cannot_be_a_header(key: Any) -> None:
    """An idempotency key must have 1 to 255 visible ASCII characters."""
    with pytest.raises(InvalidArgumentError, match="idempotency_key"):
        target(TalonOne.update_customer_profile_v2, "a", NO_ATTRIBUTES, idempotency_key=key)


def test_a_dry_call_is_safe_to_repeat_when_the_operation_is_not() -> None:
    """A dry run stores nothing, so a second one does no harm."""
    event = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
    request = endpoint_of(TalonOne.track_event).request
    assert [Idempotency.NEVER, Idempotency.SAFE, Idempotency.NEVER] == [
        request(event).idempotency, request(event, dry=True).idempotency, request(event, dry=False).idempotency,
    ]  # fmt: skip


def test_a_call_has_two_ordering_keys_when_profile_and_session_have_ids() -> None:
    """The key of the profile comes first, so that two calls never wait for each other."""
    body = IntegrationRequest(customer_session=NewCustomerSessionV2(profile_id="p"))
    assert endpoint_of(TalonOne.update_customer_session_v2).request("s", body).ordering_keys == (
        "profile:p",
        "session:s",
    )


def test_an_ordering_key_is_the_same_when_an_id_is_a_uuid_or_its_text() -> None:
    """Every type that a path value may have makes an ordering key."""
    request = endpoint_of(TalonOne.update_customer_profile_v2).request
    assert (
        request(UUID(int=1), NO_ATTRIBUTES).ordering_keys
        == request(str(UUID(int=1)), NO_ATTRIBUTES).ordering_keys
        != ()
    )


@pytest.mark.parametrize("profile", [None, ""])
def test_a_call_has_no_ordering_key_for_the_profile_when_the_session_is_anonymous(profile: str | None) -> None:
    """An empty profile ID means an anonymous customer, and anonymous sessions do not wait for each other."""
    body = IntegrationRequest(customer_session=NewCustomerSessionV2(profile_id=profile))
    assert endpoint_of(TalonOne.update_customer_session_v2).request("s", body).ordering_keys == ("session:s",)


def test_a_wrong_call_is_a_type_error_when_it_is_made() -> None:
    """A missing argument is told by the call itself, and a word that there is not when it is awaited."""
    talon = TalonOne("https://a.b", "key")
    with pytest.raises(TypeError, match="track_event.*missing 1 required positional argument: 'body'"):
        talon.track_event()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="track_event has no option 'dyr'; did you mean 'dry'?"):
        talon.track_event(NO_ATTRIBUTES, dyr=True).send(None)  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize("cls", [TalonOne, TalonOneSync])
def test_tools_see_the_real_signature_when_they_look(cls: type) -> None:
    """`inspect` and `create_autospec` read a compiled method like a function written by hand."""
    parameters = inspect.signature(cls.track_event).parameters  # type: ignore[attr-defined]
    assert ["self", "body", "dry"] == list(parameters)
    mock = create_autospec(cls, instance=True)
    with pytest.raises(TypeError):
        mock.track_event(1, 2)


def test_a_stub_is_refused_when_a_brace_has_no_parameter() -> None:
    """Each name in braces needs a parameter; the error is raised when the class is made."""
    with pytest.raises(TypeError, match="no parameter for {x}"):

        @get("/v1/{x}")
        async def read(self: Any) -> None: ...


def test_a_stub_is_refused_when_a_query_value_is_positional() -> None:
    """A query value of a stub must be keyword-only."""
    with pytest.raises(TypeError, match="keyword-only"):

        @get("/v1/x")
        async def read(self: Any, page: int) -> None: ...


def test_a_stub_is_refused_when_the_body_is_keyword_only() -> None:
    """The body of a stub must be positional."""
    with pytest.raises(TypeError, match="body must not be keyword-only"):

        @put("/v1/x")
        async def write(self: Any, *, body: NewEvent) -> None: ...


def test_a_stub_is_refused_when_types_are_missing() -> None:
    """Every parameter and the answer of a stub need a type."""
    with pytest.raises(TypeError, match="no return type"):

        @delete("/v1/x")
        async def remove(self: Any): ...  # type: ignore[no-untyped-def]  # noqa: ANN202

    with pytest.raises(TypeError, match="body has no type"):

        @post("/v1/x")
        async def make(self: Any, body) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001


@pytest.mark.parametrize("name", ["target", "query", "decode", "endpoint"])
def test_a_stub_is_refused_when_a_parameter_has_a_name_of_the_compiled_function(name: str) -> None:
    """The compiled function would overwrite the argument, or find it in place of what it needs."""

    def stub(self: Any, *, value: int) -> None: ...

    parameters = inspect.signature(stub).parameters
    signature = inspect.Signature([parameters["self"], parameters["value"].replace(name=name)], return_annotation=None)
    stub.__signature__ = signature  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=f"stub: no parameter can be named {name}"):
        endpoint_of(get("/v1/x")(stub)).request()  # type: ignore[type-var]


def test_only_operations_are_endpoints_when_asked_for_one() -> None:
    """`raw` raises a TypeError for a method that is no operation."""
    talon = TalonOne("https://a.b", "key")
    with pytest.raises(TypeError, match="aclose.*is not an operation"):
        talon.raw(talon.aclose)


@pytest.mark.parametrize(("value", "query"), [(True, "?silent=yes"), (False, "?silent=no"), (None, "")])
def test_a_yes_or_no_travels_as_such_when_the_type_says_so(value: bool | None, query: str) -> None:
    """`YesNo` sends yes or no; every other bool is sent as true or false."""
    assert f"/v1/cards/card{query}" == target(Odd.renew, "card", silent=value)
    assert query.replace("yes", "true").replace("no", "false").replace("silent", "loud") == (
        target(Odd.renew, "card", loud=value).removeprefix("/v1/cards/card")
    )


@pytest.mark.parametrize(
    ("values", "query"),
    [
        (["on"], "?states=on"), (["on", "off"], "?states=on,off"), (("off", "on"), "?states=off,on"), ([], ""),
        (None, ""), ("on", "?states=on"),
    ],
)  # fmt: skip
def test_a_list_is_one_value_when_it_is_joined_by_commas(values: Any, query: str) -> None:
    """An empty list sends nothing; a text is one word and not a list of letters."""
    assert f"/v1/cards/card{query}" == target(Odd.renew, "card", states=values)


def test_a_comma_is_encoded_when_it_is_inside_a_joined_value() -> None:
    """A comma inside a value is percent-encoded, so that it does not separate two values."""
    assert "/v1/customer_profiles/a/achievements?campaignIds=1%2C2,3" == target(
        TalonOne.get_customer_achievements, "a", campaign_ids=["1,2", "3"]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"states": ["on", "up"]}, "renew: states cannot be sent: 'up' is not 'on' or 'off'; None leaves it out"),
        ({"states": "up"}, "renew: states cannot be sent: 'up' is not 'on' or 'off'"),
        ({"states": [True]}, "renew: states cannot be sent: True is not 'on' or 'off'"),
        ({"only": False}, "renew: only cannot be sent: False is not True; None leaves it out"),
        ({"only": 1}, "renew: only cannot be sent: 1 is not True"),
        ({"only": "true"}, "renew: only cannot be sent: 'true' is not True"),
    ],
)
def test_a_word_is_refused_when_it_is_not_documented(options: dict[str, Any], said: str) -> None:
    """The error names the operation, the parameter and the words that are allowed."""
    with pytest.raises(InvalidArgumentError, match=said):
        target(Odd.renew, "card", **options)


@pytest.mark.parametrize(
    "options", [{"limit": True}, {"limit": "5"}, {"limit": 2**63}, {"limit": 1.5}, {"campaign_ids": [1, False]}]
)
def test_a_number_is_refused_when_it_is_no_whole_number_of_the_api(options: dict[str, Any]) -> None:
    """Python takes True for 1; on the wire it would be a word. The API has no numbers of more than 64 bits."""
    said = f"{next(iter(options))} cannot be sent: it must be a whole number of 64 bits, not "
    with pytest.raises(InvalidArgumentError, match=said):
        target(Odd.list_things, 5, "a", **options)


@pytest.mark.parametrize(
    "call",
    [
        (TalonOne.get_loyalty_program_profile_transactions, 5, "a"),
        (TalonOne.get_loyalty_card_transactions, 5, "card"),
    ],
)
def test_false_is_refused_when_the_api_takes_only_true(call: tuple[Any, ...]) -> None:
    """The API answers false with 400, so the error says to leave the value out."""
    method, *args = call
    assert target(method, *args, awaits_activation=True).endswith("?awaitsActivation=true")
    assert "?" not in target(method, *args, awaits_activation=None)
    with pytest.raises(InvalidArgumentError, match=f"{method.__name__}: awaits_activation .* None leaves it out"):
        target(method, *args, awaits_activation=False)


@pytest.mark.parametrize(
    ("method", "args", "options", "said"),
    [
        ("get_loyalty_card_balances", (5, "abc"), {}, "loyalty_card_id must be 4 to 108 characters, not 3"),
        ("get_loyalty_card_balances", (5, "a" * 109), {}, "loyalty_card_id must be 4 to 108 characters, not 109"),
        ("get_loyalty_card_balances", (5, "a b c"), {}, "loyalty_card_id must match"),
        ("get_customer_inventory", ("x" * 1001,), {}, "integration_id must be 1 to 1000 characters, not 1001"),
        ("get_customer_inventory", ("",), {}, "integration_id"),
        ("get_customer_achievements", ("a",), {"page_size": 1001}, "page_size must be 1 to 1000, not 1001"),
        ("get_customer_achievements", ("a",), {"page_size": 0}, "page_size must be 1 to 1000, not 0"),
        ("get_customer_achievements", ("a",), {"page_size": -5}, "page_size must be 1 to 1000, not -5"),
    ],
)
def test_a_value_is_refused_when_it_is_beyond_its_limit(
    method: str, args: tuple[Any, ...], options: dict[str, Any], said: str
) -> None:
    """The error is raised before anything is sent, and names the operation and the parameter."""
    with pytest.raises(InvalidArgumentError, match=f"^{method}: {said}") as caught:
        target(getattr(TalonOne, method), *args, **options)
    assert ("not_sent", method) == (caught.value.outcome, caught.value.operation)


def test_a_value_is_taken_when_it_is_at_its_limit() -> None:
    """Both bounds of a limit are allowed."""
    assert "/v1/cards/abcd?pageSize=1" == target(Odd.renew, "abcd", page_size=1)
    assert "/v1/cards/a%2Bb%40c.d%25?pageSize=1000" == target(Odd.renew, "a+b@c.d%", page_size=1000)
    assert "/v1/customer_data/" + "%C3%BC" * 1000 == target(TalonOne.delete_customer_data, "ü" * 1000)


def test_a_stub_names_its_idempotency_when_its_method_does_not_tell_it() -> None:
    """`repeat=` goes before the method, a key before both; a dry call is safe anyway."""

    @post("/v1/x", idempotency=Idempotency.UNIQUE)
    async def plain(self: Any, body: NewEvent) -> None: ...

    @post("/v1/x", idempotency=Idempotency.UNIQUE)
    async def keyed(self: Any, body: NewEvent, *, idempotency_key: str | None = None) -> None: ...

    assert [Idempotency.UNIQUE, Idempotency.KEYED, Idempotency.SAFE] == [
        endpoint_of(method).operation.idempotency for method in (plain, keyed, Odd.renew)
    ]
    assert Idempotency.SAFE is endpoint_of(Odd.renew).request("card", dry=True).idempotency


def test_a_deletion_carries_a_body_when_it_has_one() -> None:
    """A DELETE sends the body that its stub has, and no body otherwise."""
    request = endpoint_of(TalonOne.delete_coupon_reservation).request("A", CouponReservations(integration_ids=["a"]))
    assert ("DELETE", b'{"integrationIDs":["a"]}') == (request.operation.method, request.body)
    assert None is endpoint_of(TalonOne.delete_customer_data).request("a").body


def test_a_bare_map_is_the_body_when_it_holds_attributes() -> None:
    """None is sent as null, which deletes an attribute; names are sent as they are, and times as in models."""
    request = endpoint_of(TalonOne.update_audience_customers_attributes).request
    attributes = {"first name": "Ann", "since": datetime(2026, 1, 2, tzinfo=UTC), "old": None}
    assert b'{"first name":"Ann","since":"2026-01-02T00:00:00+00:00","old":null}' == request(5, attributes).body
    assert b"{}" == request(5, {}).body


@pytest.mark.parametrize("wrong", [None, [("a", 1)], "text", NO_ATTRIBUTES])
def test_a_bare_map_is_refused_when_it_is_none(wrong: Any) -> None:
    """The error says that a mapping is needed."""
    with pytest.raises(InvalidArgumentError, match="update_audience_customers_attributes: body must be Mapping, not "):
        target(TalonOne.update_audience_customers_attributes, 5, wrong)


@pytest.mark.parametrize("wrong", [{"a": float("nan")}, {"a": datetime(2026, 1, 1)}, {5: 1}])  # noqa: DTZ001
def test_a_bare_map_is_refused_when_json_cannot_hold_it(wrong: Any) -> None:
    """NaN, a time without zone, and a key that is no text are refused as they are inside models."""
    with pytest.raises(InvalidArgumentError, match="update_audience_customers_attributes"):
        target(TalonOne.update_audience_customers_attributes, 5, wrong)
