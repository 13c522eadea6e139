"""Rows to calls: which column is which field, of which type, and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from talon_async import TalonOne
from talon_async.cli._send.convert import converters
from talon_async.cli._send.mapping import Mapper, MappingOptions
from talon_async.cli._send.operations import Shape
from talon_async.cli._send.problems import InputError, UsageError
from talon_async.cli._send.rows import Row

TALON = TalonOne("https://example.invalid", "key")


def mapper(operation: str, columns: Sequence[str] | None = None, **options: Any) -> Mapper:
    prepare = TALON.prepare(getattr(TALON, operation))
    return Mapper(Shape(TalonOne, operation), prepare, MappingOptions(**options), columns, {})


def body(of: Mapper, **values: Any) -> Any:
    return orjson.loads(of.call(Row(1, values), "FILE, line 1").body or b"null")


def problem(of: Mapper, **values: Any) -> str:
    with pytest.raises(InputError) as caught:
        of.call(Row(1, values), "FILE, line 1")
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("str", "x", "x"), ("str", 12, "12"), ("int", " 12", 12), ("int", 3.0, 3), ("int", "-5", -5), ("float", "1.5e3", 1500.0),
        ("float", ".5", 0.5), ("float", Decimal("1.10"), Decimal("1.10")), ("bool", "Yes", True), ("bool", "0", False),
        ("bool", 1, True), ("json", '{"a": [1]}', {"a": [1]}), ("json", [1], [1]),
        ("datetime", "2026-11-27T10:00:00Z", "2026-11-27T10:00:00+00:00"),
        ("datetime", "2026-11-27", "2026-11-27T00:00:00+01:00"),
        ("datetime", datetime(2026, 7, 1, 10), "2026-07-01T10:00:00+02:00"),  # noqa: DTZ001
        ("datetime", datetime(2026, 7, 1, 10, tzinfo=UTC), "2026-07-01T10:00:00+00:00"),
    ],
)  # fmt: skip
def test_values_become_what_the_type_says_when_they_fit(kind: str, value: Any, expected: Any) -> None:
    """Text of CSV and values of Parquet and JSON give the same value for a type."""
    assert expected == converters(ZoneInfo("Europe/Berlin"))[kind](value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("str", 1.5), ("str", True), ("int", "1_000"), ("int", "1.5"), ("int", 1.5), ("int", True), ("int", float("inf")),
        ("float", "nan"), ("float", "1e999"), ("float", "1,5"), ("float", ""), ("float", True), ("bool", "maybe"), ("bool", 2),
        ("json", "{"), ("datetime", "yesterday"), ("datetime", 5), ("datetime", "2026-11-27T10:00:00"),
    ],
)  # fmt: skip
def test_values_are_refused_when_they_do_not_fit_the_type(kind: str, value: Any) -> None:
    """The error says what the value should be and does not show it. A time needs a zone."""
    with pytest.raises(ValueError, match="^must be ") as caught:
        converters(None)[kind](value)
    assert str(value) == "" or str(value) not in str(caught.value)


def test_columns_become_fields_and_attributes_when_they_are_named() -> None:
    """Each option names one column, a column may be several fields, and columns that no option names are left out."""
    columns = ["customer", "price", "type", "Order date", "other"]
    made = mapper(
        "track_event_v2", columns, maps=["profileId=customer"], zone=UTC,
        attributes=["price:float", "customer", "Ordered=Order date:datetime"],
    )  # fmt: skip
    assert ["other"] == made.ignored
    row = {"customer": "jane", "price": "9.50", "type": "buy", "Order date": "2026-11-27", "other": "x"}
    attributes = {"price": 9.5, "customer": "jane", "Ordered": "2026-11-27T00:00:00+00:00"}
    assert {"profileId": "jane", "type": "buy", "attributes": attributes} == body(made, **row)


def test_objects_are_sent_as_they_are_when_nothing_is_mapped() -> None:
    """The keys of an object may be the API's names or Python's, and nested models and numbers are checked."""
    made = mapper("track_event_v2")
    assert {"profileId": "x", "type": "t", "attributes": {"a": None}} == body(
        made, profile_id="x", type="t", attributes={"a": None}
    )
    assert "column tpye: track_event_v2 has no such field" in problem(made, profileId="x", tpye="t")
    assert problem(made, profileId=5, type="secret") == "FILE, line 1, column profileId: must be text"
    assert problem(made, type="secret") == "FILE, line 1, column profileId: profile_id is required"
    assert problem(made, profileId="x", type="").startswith("FILE, line 1, column type: must be 1 or more")
    session = mapper("update_customer_session_v2")
    cart = {"profileId": "x", "cartItems": [{"sku": "a", "quantity": 1, "prise": 2}]}
    expected = "FILE, line 1, column customerSession.cartItems.0.prise: is not a field of the API"
    assert expected == problem(session, customerSessionId="s", customerSession=cart)


def test_a_lone_surrogate_is_named_when_bytes_were_no_text() -> None:
    """A cell with bytes that are not of the encoding is refused where it is used, with its column."""
    made = mapper("track_event_v2", ["who", "type"], maps=["profile_id=who"])
    assert problem(made, who="\udcff", type="t").startswith("FILE, line 1, column who: ")


def test_the_path_takes_a_column_when_the_operation_has_an_id_in_it() -> None:
    """Parameters of the path are mapped like fields of the body, and an idempotency key may be a column."""
    made = mapper("update_customer_profile_v2", ["id", "order"], maps=["integration_id=id", "idempotency_key=order"])
    call = made.call(Row(1, {"id": "jane doe", "order": "o-1"}), "")
    assert ("/v2/customer_profiles/jane%20doe", "o-1", True) == (call.target, call.idempotency_key, call.has_own_key)
    assert ("profile:jane doe",) == call.ordering_keys
    assert "integration_id is required" in problem(made, order="o-1")


def test_constants_are_in_every_row_when_they_are_set() -> None:
    """A constant has the type of its field. Attributes may be set as JSON, and columns add to them."""
    made = mapper(
        "track_event_v2", ["profile_id", "price"], attributes=["price:float"],
        constants=["type=buy", 'attributes={"channel": "web"}', 'loyaltyCards=["card-1"]'],
    )  # fmt: skip
    expected = {
        "profileId": "x",
        "type": "buy",
        "attributes": {"channel": "web", "price": 1.0},
        "loyaltyCards": ["card-1"],
    }
    assert expected == body(made, profile_id="x", price="1")


def test_events_of_v1_have_attributes_when_no_column_is_one() -> None:
    """A V1 event without mapped attributes is sent with an empty map of them."""
    made = mapper("track_event", ["s"], maps=["session_id=s"], constants=["type=t"])
    assert {"type": "t", "sessionId": "cart", "attributes": {}} == body(made, s="cart")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"maps": ["profile=x"]}, "track_event_v2 has no 'profile'; it has attributes, "),
        ({"maps": ["profile_id=id"]}, "there is no column 'id'; there are customer, price"),
        ({"attributes": ["price:number"]}, "'number' is not a type; the types are str, int"),
        ({"attributes": ["price:float"]}, "there is no column for profile_id: use --map profile_id=COLUMN"),
        ({"attributes": ["=price"]}, "must be NAME, NAME:TYPE or NAME=COLUMN:TYPE"),
        ({"constants": ["type"]}, "must be FIELD=VALUE"),
        ({"constants": ["evaluable_campaign_ids=x"]}, "must be JSON text"),
        ({"constants": ["profile_id=x", "type=t"]}, "has no field for the column 'customer'"),
    ],
)
def test_the_mapping_is_refused_when_it_does_not_fit(options: dict[str, Any], said: str) -> None:
    """A mapping that does not fit the operation is refused before anything is read."""
    with pytest.raises(UsageError, match=said):
        mapper("track_event_v2", ["customer", "price"], **options)


def test_a_limit_is_reported_with_the_column_when_a_value_is_outside() -> None:
    """A value outside a limit of the API is refused with its column and without the value."""
    made = mapper("update_customer_profile_v2", ["id", "cards"], maps=["integration_id=id"])
    assert problem(made, id="x" * 1001) == "FILE, line 1, column id: must be 1 to 1000 characters"
    made = mapper("track_event_v2", ["who", "type", "cards"], maps=["profile_id=who", "loyalty_cards=cards"])
    expected = "FILE, line 1, column cards: must be 0 to 1 items"
    assert expected == problem(made, who="x", type="t", cards='["a", "b"]')
    assert problem(made, who="x", type="t", cards='["secret", 5]').startswith("FILE, line 1, column ")
    made = mapper(
        "update_customer_session_v2", ["id", "cart"], maps=["customer_session_id=id", "customer_session=cart"]
    )
    cart = {"cartItems": [{"sku": "a", "quantity": 1}, {"sku": "secret", "quantity": 0}]}
    expected = "FILE, line 1, column cart: customer_session.cart_items[1].quantity must be 1 or more"
    assert expected == problem(made, id="s", cart=cart)


def test_times_of_parquet_get_a_zone_when_they_have_no_type() -> None:
    """A time without a zone gets that of `--time-zone`, or is refused without showing it."""
    columns, when = ["profile_id", "type", "when"], datetime(2026, 7, 1, 10)  # noqa: DTZ001
    made = mapper("track_event_v2", columns, attributes=["when"], zone=UTC)
    assert {"when": "2026-07-01T10:00:00+00:00"} == body(made, profile_id="x", type="t", when=when)["attributes"]
    made = mapper("track_event_v2", columns, attributes=["when"])
    expected = "FILE, line 1, column when: must be a time with its zone: see --time-zone"
    assert expected == problem(made, profile_id="x", type="t", when=when)


@pytest.mark.parametrize(
    "options",
    [
        {"maps": ["profile_id=a", "profileId=b"]},
        {"attributes": ["x=a", "x=b"]},
        {"constants": ["type=a", "type=b"]},
    ],
)
def test_options_are_refused_when_they_name_one_thing_twice(options: dict[str, Any]) -> None:
    """An option that names the same thing twice is refused, because only the last one would be sent."""
    with pytest.raises(UsageError, match=r"names (profileId|x|type) twice"):
        mapper("track_event_v2", **options)
