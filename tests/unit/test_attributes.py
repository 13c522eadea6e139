"""Typed attributes: a class of the shop's own, read exactly and written as the API has it."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs
import cattrs
import pytest

from talon_async import NULL, attribute, converter, from_json, read_attributes, to_json, write_attributes
from talon_async._codec.hooks import reader as reader_of
from talon_async._codec.hooks import registry
from talon_async.errors import InvalidArgumentError
from talon_async.models import Coupon, CustomerProfileIntegrationRequestV2


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    ONE = 1


@attrs.define
class Home:
    city: str
    floor: int | None = None


@attrs.define
class Person:
    """One field for each kind of type."""

    text: str | None = None
    whole: int | None = None
    number: float | None = None
    flag: bool | None = None
    money: Decimal | None = None
    time: datetime | None = attribute("Birthday", default=None)
    day: date | None = None
    uuid: UUID | None = None
    colour: Colour | None = None
    level: Level | None = None
    size: Literal["s", "m", 1] | None = None
    either: int | str | None = None
    time_or_text: datetime | str | None = None
    whole_or_number: int | float | None = None
    texts: list[str] | None = None
    numbers: Sequence[float] | None = None
    pair: tuple[int, str] | None = None
    kinds: frozenset[str] | None = None
    counts: Mapping[str, int] | None = None
    home: Home | None = None
    homes: list[Home] | None = None
    free: Any = None


@attrs.frozen(kw_only=True)
class Customer(Home):
    """A subclass that is frozen, with a field that must be given, a factory, and names of its own."""

    tier: str
    tags: list[str] = attribute("Tags of Shop", factory=list[str])
    _hidden: int = 0
    parent: Customer | None = None


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FULL = Person(
    text="a", whole=1, number=1.5, flag=False, money=Decimal("9.90"), time=NOON, day=date(2026, 1, 2), uuid=UUID(int=1),
    colour=Colour.RED, level=Level.ONE, size="m", either="5", time_or_text=NOON, whole_or_number=2, texts=["a"],
    numbers=[1, 2.5], pair=(1, "a"), kinds=frozenset({"a"}), counts={"a": 1}, home=Home(city="B", floor=2),
    homes=[Home(city="C")], free={"any": [None, 1]},
)  # fmt: skip
SENT = {
    "text": "a", "whole": 1, "number": 1.5, "flag": False, "money": 9.9, "Birthday": "2026-01-02T12:00:00+00:00",
    "day": "2026-01-02", "uuid": str(UUID(int=1)), "colour": "red", "level": 1, "size": "m", "either": "5",
    "time_or_text": "2026-01-02T12:00:00+00:00", "whole_or_number": 2, "texts": ["a"], "numbers": [1, 2.5],
    "pair": [1, "a"], "kinds": ["a"], "counts": {"a": 1}, "home": {"city": "B", "floor": 2}, "homes": [{"city": "C"}],
    "free": {"any": [None, 1]},
}  # fmt: skip


def sent(value: Any) -> Any:
    """Return what the client would send."""
    body = CustomerProfileIntegrationRequestV2(attributes=write_attributes(value))
    return json.loads(to_json(body))["attributes"]


def test_every_value_is_sent_as_the_api_has_it_when_attributes_are_written() -> None:
    """Times in RFC 3339, money as a number, sets and tuples as lists, nested classes as objects."""
    assert SENT == sent(FULL)


def test_the_same_is_read_when_attributes_were_written() -> None:
    """What the API returns becomes the class again, and so does what `write_attributes` returns."""
    assert FULL == read_attributes(SENT, Person)
    assert FULL == read_attributes(write_attributes(FULL), Person)


def test_money_keeps_its_digits_when_it_is_written() -> None:
    """A `Decimal` never becomes a float on its way."""
    body = CustomerProfileIntegrationRequestV2(attributes=write_attributes(Person(money=Decimal("0.10"))))
    assert b'{"attributes":{"money":0.10}}' == to_json(body)


def test_only_what_is_set_is_sent_when_attributes_are_written() -> None:
    """None is left out, and NULL is null, which deletes the attribute."""
    assert {} == write_attributes(Person())
    assert {"text": None, "Birthday": None} == write_attributes(Person(text=NULL, time=NULL))


def test_names_stay_as_written_when_attributes_are_written() -> None:
    """Names of fields are the shop's; `attribute` has those that Python could not spell."""
    customer = Customer(city="B", tier="gold", tags=["a"], hidden=3, parent=Customer(city="C", tier="x"))
    expected = {
        "city": "B", "tier": "gold", "Tags of Shop": ["a"], "_hidden": 3,
        "parent": {"city": "C", "tier": "x", "Tags of Shop": [], "_hidden": 0},
    }  # fmt: skip
    assert expected == write_attributes(customer)
    assert customer == read_attributes(expected, Customer)


def test_null_and_unknown_attributes_do_no_harm_when_attributes_are_read() -> None:
    """Null is unset, so the field has its default; what the class does not have is ignored."""
    assert Person() == read_attributes({**dict.fromkeys(SENT), "new": 1}, Person)
    assert Person() == read_attributes({}, Person) == read_attributes(None, Person)
    assert [] == read_attributes({"city": "B", "tier": "a", "Tags of Shop": None}, Customer).tags


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text", 5, "must be text, not 5"), ("text", True, "must be text, not True"), ("text", ["a"], "must be text, not a list"),
        ("whole", 1.9, "must be a whole number, not 1.9"), ("whole", "1", "must be a whole number, not '1'"),
        ("whole", True, "must be a whole number, not True"), ("number", "1.5", "must be a number, not '1.5'"),
        ("number", False, "must be a number, not False"), ("flag", "false", "must be true or false, not 'false'"),
        ("flag", 0, "must be true or false, not 0"), ("money", "9.90", "must be a number, not '9.90'"),
        ("money", True, "must be a number, not True"), ("Birthday", "soon", "must be an RFC 3339 time, not 'soon'"),
        ("Birthday", "2026-01-02T12:00:00", "must be an RFC 3339 time"), ("Birthday", 0, "must be an RFC 3339 time, not 0"),
        ("day", "2026-01-02T12:00:00Z", "must be a date such as"), ("day", "2026-13-02", "must be a date such as"),
        ("day", 20260102, "must be a date such as"), ("uuid", "x", "must be a UUID, not 'x'"),
        ("colour", "green", "must be 'red' or 'blue', not 'green'"), ("level", True, "must be 1, not True"),
        ("level", 1.0, "must be 1, not 1.0"), ("size", "l", "must be 's' or 'm' or 1, not 'l'"),
        ("size", True, "must be 's' or 'm' or 1, not True"), ("either", 1.5, "must be a whole number, not 1.5 or must be text"),
        ("either", True, "must be a whole number, not True or must be text"), ("texts", "abc", "must be a list, not 'abc'"),
        ("texts", ["a", None], "item 1: must be text, not null"), ("texts", {"a": 1}, "must be a list, not an object"),
        ("numbers", [1, "2"], "item 1: must be a number, not '2'"), ("pair", [1], "must be a list of 2, not of 1"),
        ("pair", ["a", 1], "item 0: must be a whole number, not 'a'"), ("kinds", "ab", "must be a list, not 'ab'"),
        ("counts", [1], "must be an object, not a list"), ("counts", {"a": "1"}, "a: must be a whole number, not '1'"),
        ("home", {"floor": 1}, "city: must be given"), ("home", {"city": None}, "city: must be given"), ("home", "B", "must be an object, not 'B'"),
        ("homes", [{"city": "B"}, {"city": 5}], "item 1: city: must be text, not 5"),
    ],
)  # fmt: skip
def test_the_attribute_is_named_when_its_value_is_of_another_type(name: str, value: Any, said: str) -> None:
    """Nothing is converted: the class is the shop's own contract."""
    with pytest.raises(ValueError, match="^Person: ") as caught:
        read_attributes({name: value}, Person)
    assert str(caught.value).startswith(f"Person: {name}: {said}")


def test_all_attributes_are_named_when_several_are_wrong() -> None:
    """One error has all of them."""
    with pytest.raises(
        ValueError, match=r"^Person: text: must be text, not 5; whole: must be a whole number, not 'a'$"
    ):
        read_attributes({"text": 5, "whole": "a", "number": 1}, Person)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("whole", 2.0, 2), ("number", 2, 2.0), ("money", 2, Decimal(2)), ("money", 0.1, Decimal("0.1")),
        ("either", 5, 5), ("either", "5", "5"), ("whole_or_number", 2, 2), ("whole_or_number", 2.5, 2.5),
        ("time_or_text", "soon", "soon"), ("size", 1, 1), ("free", True, True),
    ],
)  # fmt: skip
def test_a_value_is_read_when_it_loses_nothing(name: str, value: Any, read: Any) -> None:
    """JSON has one kind of number; in a union the first type that fits is taken."""
    found = getattr(read_attributes({name: value}, Person), name)
    assert (type(read), read) == (type(found), found)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Person(time=datetime(2026, 1, 2)), "Birthday: 2026-01-02T00:00:00 has no time zone: use"),  # noqa: DTZ001
        (Person(number=float("nan")), "number: nan is not a JSON number"),
        (Person(money=Decimal("Infinity")), "money: Infinity is not a JSON number"),
        (Person(free={"a": [float("inf")]}), "free: a: item 0: inf is not a JSON number"),
    ],
)  # fmt: skip
def test_the_attribute_is_named_when_its_value_cannot_be_sent(value: Any, said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=f"^{said}"):
        write_attributes(value)


class Money:
    """A class that neither attrs nor JSON knows."""

    def __init__(self, cents: int) -> None:
        self.cents = cents


@attrs.define
class Wallet:
    money: Money
    colour: Colour | None = None


def test_hooks_of_the_user_come_first_when_a_converter_has_them() -> None:
    """For classes that are not known here, and instead of what is."""
    own = converter()
    own.register_structure_hook(Money, lambda value, _: Money(round(value * 100)))
    own.register_unstructure_hook(Money, lambda money: money.cents / 100)
    own.register_structure_hook(Colour, lambda value, _: Colour(value.lower()))
    wallet = read_attributes({"money": 1.25, "colour": "RED"}, Wallet, own)
    assert (125, Colour.RED) == (wallet.money.cents, wallet.colour)
    assert {"money": 1.25, "colour": "red"} == write_attributes(wallet, converter=own.copy())
    with pytest.raises(
        TypeError, match=r"money: no hook reads .*Money.*; register one with a converter\(\) of your own"
    ):
        read_attributes({"money": 1.25}, Wallet)


def test_another_converter_is_refused_when_it_would_not_read_exactly() -> None:
    """One that cattrs makes turns 1.9 into 1; the error says where to get one."""
    with pytest.raises(TypeError, match=r"converter must come from talon_async.converter\(\)"):
        read_attributes({}, Person, cattrs.Converter())


@pytest.mark.parametrize("cls", [dict, int])
def test_a_class_is_refused_when_attrs_does_not_know_it(cls: Any) -> None:
    """The error says what to write."""
    with pytest.raises(TypeError, match="use @attrs.define"):
        read_attributes({}, cls)
    with pytest.raises(TypeError, match="use @attrs.define"):
        write_attributes(cls())


@attrs.define
class Order:
    coupon: Coupon
    note: str = ""


def test_models_are_read_as_ever_when_a_class_of_the_user_holds_them() -> None:
    """The models stay tolerant; the user's own fields are exact."""
    order = converter().structure({"coupon": {"value": 5, "usageLimit": 1}, "note": "a"}, Order)
    assert (5, 1, "a") == (order.coupon.value, order.coupon.usage_limit, order.note)
    assert order == converter().structure(converter().unstructure(order), Order)
    with pytest.raises(ValueError, match="note: must be text, not 5"):
        converter().structure({"coupon": {}, "note": 5}, Order)


def test_the_converter_has_the_functions_when_the_client_reads_and_writes() -> None:
    """One cattrs converter is the registry: its hooks are what an endpoint uses."""
    from talon_async._codec.generated import codes

    assert isinstance(registry.converter, cattrs.Converter)
    assert codes.read_Coupon is registry.converter.get_structure_hook(Coupon) is reader_of(Coupon)
    assert codes.write_Coupon is registry.converter.get_unstructure_hook(Coupon)
    assert from_json(b'{"value":"A"}', Coupon) == registry.converter.structure({"value": "A"}, Coupon)
