"""Fields of bodies that hold a value of another type: nothing is sent, and the error names the field."""

from __future__ import annotations

import enum
import json
from collections import UserDict, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import pytest
from properties.strategies import branches, filled
from properties.test_requests import FIELDS, request_of

from talon_async import NULL, TalonOne, evolve, from_json, to_json
from talon_async._codec import encode
from talon_async._endpoint import endpoints_of
from talon_async.errors import InvalidArgumentError
from talon_async.models import (
    AdditionalCost,
    CartItem,
    CatalogAction,
    CatalogSyncRequest,
    IntegrationRequest,
    NewAudience,
    NewCustomerSessionV2,
    NewReferral,
    Product,
    ProfileAudiencesChanges,
)
from talon_async.models._base import wire_name

WRONG: dict[Any, list[Any]] = {
    str: [5, 1.5, True, b"x", ["x"], {"a": 1}, datetime(2026, 1, 1, tzinfo=UTC), object()],
    int: ["5", 1.5, True, [5], {"a": 1}, 2**63, -(2**63) - 1, 2**64, Decimal("1.5"), float("nan"), float("inf")],
    float: ["1.5", True, [1.5], {"a": 1}, b"1"],
    bool: ["true", 1, 0, "", [True]],
    datetime: ["2026-01-01T00:00:00Z", 5, date(2026, 1, 1), [1]],
    Sequence: ["text", 5, {"a": 1}],
    Mapping: ["text", 5, ["a"], True],
}
"""Values that a field does not take, by its type."""


def wrong_of(kind: Any) -> list[Any]:
    """Return values that a field of a type does not take; none if it takes any value, or certain words."""
    origin = get_origin(kind) or kind
    if attrs.has(origin):
        return ["text", 5, ["a"], True]
    return WRONG.get(origin, [])


def kinds_of(cls: type[Any], field: Any) -> tuple[Any, Any]:
    """Return the type of a field, and that of the items of a list or mapping."""
    (kind, *_) = branches(get_type_hints(cls)[field.name])
    return kind, get_args(kind)[-1] if get_origin(kind) in (Sequence, Mapping) else Any


TYPED = [given for given in FIELDS if wrong_of(kinds_of(*given.values)[0])]
HELD = [given for given in FIELDS if wrong_of(kinds_of(*given.values)[1])]


@pytest.mark.parametrize(("cls", "field"), TYPED)
def test_a_value_is_refused_when_its_field_is_of_another_type(cls: type[Any], field: Any) -> None:
    """The error begins with the Python name of the field, and says what it takes."""
    body = filled(cls)
    for odd in wrong_of(kinds_of(cls, field)[0]):
        with pytest.raises(InvalidArgumentError, match=f"^{field.name} must be "):
            encode(attrs.evolve(body, **{field.name: odd}))


@pytest.mark.parametrize(("cls", "field"), HELD)
def test_an_item_is_refused_when_its_field_holds_another_type(cls: type[Any], field: Any) -> None:
    """The error says which item of the list or mapping is wrong."""
    kind, item = kinds_of(cls, field)
    good = getattr(filled(cls), field.name)
    for odd in [*wrong_of(item), None]:
        held = [*good[:1], odd] if get_origin(kind) is Sequence else {"first": next(iter(good.values())), "x": odd}
        place = "1" if get_origin(kind) is Sequence else "'x'"
        with pytest.raises(InvalidArgumentError, match=f"^{field.name} (item {place} )?must be "):
            encode(attrs.evolve(filled(cls), **{field.name: held}))


@pytest.mark.parametrize(("cls", "field"), TYPED)
def test_a_value_of_another_type_is_kept_when_it_was_read(cls: type[Any], field: Any) -> None:
    """`to_json` writes what was read as it came, and the client would not send it."""
    wrong = {
        wire_name(field): 5 if kinds_of(cls, field)[0] is not int and kinds_of(cls, field)[0] is not float else "5"
    }
    read = from_json(json.dumps(wrong), cls)
    assert wrong.items() <= json.loads(to_json(read)).items()
    with pytest.raises(InvalidArgumentError, match=f"^{field.name} must be "):
        encode(read)


class Name(str):
    """A text of another class."""

    __slots__ = ()


class Colour(enum.Enum):
    RED = "red"


class Time(datetime):
    """A time of another class, such as that of pandas."""


class Cart(NewCustomerSessionV2):
    """A class of a user."""


@pytest.mark.parametrize(
    "model",
    [
        NewCustomerSessionV2(profile_id=Name("p")),
        NewCustomerSessionV2(profile_id=UUID(int=1)),  # type: ignore[arg-type]
        NewCustomerSessionV2(profile_id=Colour.RED),  # type: ignore[arg-type]
        NewCustomerSessionV2(identifiers=(Name("a"), "b"), evaluable_campaign_ids=deque([1, 2])),
        NewCustomerSessionV2(additional_costs=UserDict(a=AdditionalCost(price=1)), attributes=UserDict(a=1)),
        NewCustomerSessionV2(additional_costs={"a": {"price": 1}}),  # type: ignore[dict-item]
        NewCustomerSessionV2(cart_items=[{"sku": "a"}], identifiers=NULL),  # type: ignore[list-item]
        IntegrationRequest(customer_session={"state": "newer"}),  # type: ignore[arg-type]
        IntegrationRequest(customer_session=Cart(profile_id="p")),
        CartItem(sku="a", quantity=Decimal(2), price=Decimal("1.5")),  # type: ignore[arg-type]
        CartItem(sku="a", quantity=2**63 - 1, price=3, position=1),
        ProfileAudiencesChanges(adds=[-(2**63)], deletes=[]),
        NewReferral(campaign_id=1, advocate_profile_integration_id="a", start_date=Time(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_is_sent_when_it_is_written_as_one_of_the_type(model: Any) -> None:
    """Subclasses, numbers of other libraries, IDs, members of enums, other containers, mappings and null are taken."""
    assert encode(model) == to_json(model)


def wrong_message(body: Any) -> str:
    """Return what is wrong with the body of an update of a session."""
    with pytest.raises(InvalidArgumentError) as caught:
        request_of(endpoints_of(TalonOne)["update_customer_session_v2"], body=body)
    return caught.value.message


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ({"state": "foo"}, "customer_session.state must be 'open', 'closed', 'partially_returned' or 'cancelled', not 'foo'"),
        ({"profile_id": 5}, "customer_session.profile_id must be text, not 5"),
        ({"identifiers": ["a", 5]}, "customer_session.identifiers item 1 must be text, not 5"),
        ({"coupon_codes": ["a", ""]}, "customer_session.coupon_codes item 1 must be 1 to 100 characters, not 0"),
        ({"cart_items": [5]}, "customer_session.cart_items item 0 must be CartItem, not 5"),
        ({"cart_items": [CartItem(sku="a", quantity=1), CartItem(sku="a", quantity=0)]},
         "customer_session.cart_items[1].quantity must be 1 or more, not 0"),
        ({"cart_items": (CartItem(sku="a", quantity=1, product=Product(name=5)),)},  # type: ignore[arg-type]
         "customer_session.cart_items[0].product.name must be text, not 5"),
        ({"additional_costs": {"fee": AdditionalCost(price="1")}},  # type: ignore[arg-type]
         "customer_session.additional_costs['fee'].price must be a number, not '1'"),
    ],
)  # fmt: skip
def test_the_path_of_a_field_is_told_when_it_is_inside_another(session: dict[str, Any], said: str) -> None:
    """The error has the Python names from the body to the field, in calls and in `to_json`."""
    for cls in (NewCustomerSessionV2, Cart):
        body = IntegrationRequest(customer_session=cls(**session))
        assert said == wrong_message(body)
        with pytest.raises(InvalidArgumentError) as caught:
            to_json(body)
        assert said == caught.value.message


def test_all_payloads_are_named_when_a_catalog_action_has_none_of_them() -> None:
    """A field that takes models of several classes names them all."""
    action = CatalogAction(type="ADD", payload=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=r"^actions\[0\]\.payload must be AddItem.* or .*, not 5$"):
        encode(CatalogSyncRequest(actions=[action]))


def test_a_field_is_checked_when_a_model_is_a_changed_copy() -> None:
    """`evolve` makes a model, so that its fields are checked in `to_json`, too."""
    with pytest.raises(InvalidArgumentError, match="^name must be text, not 5"):
        to_json(evolve(from_json(b'{"name": "a"}', NewAudience), name=5))
