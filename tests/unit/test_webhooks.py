"""Notifications that Talon.One sends: which sender is accepted, what they become, and which came before."""

from __future__ import annotations

import pickle
import subprocess
import sys
from base64 import b64encode
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict

from talon_async.errors import ConfigurationError, TalonOneError
from talon_async.models import Coupon
from talon_async.webhooks import (
    NOTIFICATIONS,
    BasicCredentials,
    CampaignEvaluationTreeChanged,
    CampaignNotification,
    CouponCreated,
    CouponsUpdated,
    InvalidNotificationError,
    LoyaltyPointsAdded,
    LoyaltyPointsExpiring,
    Notification,
    SecretHeader,
    Seen,
    StrikethroughPrice,
    TierUpgrade,
    UnknownNotification,
    WrongSecretError,
    parse,
)

UPDATED = b'{"NotificationType": "CouponsUpdated", "BatchID": "b", "ApplicationID": 5, "CampaignID": 3}'
SECRET = SecretHeader("X-Shop-Secret", "s3cret")
BASIC = BasicCredentials("talon", "pässword:1")


def basic(text: str, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} {b64encode(text.encode()).decode()}"}


def given(**body: Any) -> Notification:
    return parse(orjson.dumps(body), {})


def numbered(message_id: str | None) -> Notification:
    return UnknownNotification(id=message_id)


# -- what a notification becomes


@pytest.mark.parametrize("body", [UPDATED, UPDATED.decode(), b"\xef\xbb\xbf" + UPDATED])
def test_a_notification_has_its_class_when_its_type_is_known(body: bytes | str) -> None:
    """A notification is read into the class of its type, with its fields, from bytes or text."""
    match parse(body, {"X-UUID": "m-1"}):
        case CouponsUpdated(id=message_id, batch_id=batch, application_id=application, campaign_id=campaign):
            assert ("m-1", "b", 5, 3) == (message_id, batch, application, campaign)
        case other:
            pytest.fail(f"{other!r} is no CouponsUpdated")


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_every_class_is_made_when_the_body_holds_the_type_alone(name: str) -> None:
    """A body that holds only the type is read into its class."""
    notification = given(NotificationType=name)
    assert (NOTIFICATIONS[name], name, None) == (type(notification), notification.notification_type, notification.id)


def test_fields_are_typed_when_they_fit() -> None:
    """Times are read as datetimes, lists hold models, and models of the API are those of `talon_async.models`."""
    made: Any = given(NotificationType="CouponCreated", data=[{"value": "A", "ApplicationId": 7,
                      "created": "2023-01-31T15:19:25.5Z"}], totalResultSize=1)  # fmt: skip
    assert isinstance(made.data[0], Coupon)
    assert ("A", 7, datetime(2023, 1, 31, 15, 19, 25, 500_000, UTC)) == (
        made.data[0].value, made.data[0].application_id, made.data[0].created,
    )  # fmt: skip


def test_a_day_stays_text_when_it_has_no_time() -> None:
    """The day on which points expire is kept as text, because it has no time and no zone."""
    expiring: Any = given(NotificationType="LoyaltyPointsExpiring", Data=[{"ExpiryDate": "2026-08-24"}])
    assert "2026-08-24" == expiring.data[0].expiry_date


def test_the_body_is_kept_when_it_holds_more_than_fields() -> None:
    """Unknown fields are kept in `raw`. An `id` or `raw` in the body does not replace the notification's own."""
    notification = given(NotificationType="TierUpgrade", Brand="new", id="forged", raw={"a": 1})
    assert {"NotificationType": "TierUpgrade", "Brand": "new", "id": "forged", "raw": {"a": 1}} == notification.raw
    assert notification.id is None


def test_the_envelope_is_read_when_its_case_is_another() -> None:
    """The data of a notification are read from `Data` and from `data`, because the documents have both."""
    upgrade: Any = given(notificationType="TierUpgrade", data=[{"CurrentTier": "Gold"}], totalresultsize=1)
    assert (TierUpgrade, "Gold", 1) == (type(upgrade), upgrade.data[0].current_tier, upgrade.total_result_size)


@pytest.mark.parametrize("kind", ["CampaignNotification", "CampaignEvaluationTreeChanged"])
def test_a_changed_tree_has_its_class_when_its_type_is_either_of_two(kind: str) -> None:
    """A changed evaluation tree is read into its class under both of its types, one of which is that of campaigns."""
    changed: Any = given(NotificationType=kind, Data=[{"applicationId": 1, "evaluationTree": {"version": 3}}])
    assert (CampaignEvaluationTreeChanged, 3) == (type(changed), changed.data[0].evaluation_tree.version)


def test_a_campaign_has_its_change_when_it_is_edited() -> None:
    """One class holds every change of a campaign, and the parts of other changes are empty."""
    edited: Any = given(NotificationType="CampaignNotification", Data=[{"Event": "campaign_edited",
                        "campaign": {"name": "new"}, "oldCampaign": {"name": "old"}}])  # fmt: skip
    (change,) = edited.data
    assert (CampaignNotification, "campaign_edited", "new", "old", None) == (
        type(edited), change.event, change.campaign.name, change.old_campaign.name, change.collection,
    )  # fmt: skip


def test_the_audience_is_kept_when_an_effect_is_for_one() -> None:
    """A price for everybody and one for an audience are read into the same class."""
    targets = [{"type": "NONE"}, {"type": "AUDIENCE", "audience": {"id": 1}}]
    priced: Any = given(NotificationType="StrikethroughPrice", changedItems=[{"effects": [{"targets": targets}]}])
    everybody, audience = priced.changed_items[0].effects[0].targets
    assert (StrikethroughPrice, None, 1) == (type(priced), everybody.audience, audience.audience.id)


# -- tolerance


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"NotificationType": "Tomorrow", "Data": [1]}, "Tomorrow"),
        ({"my": "own"}, None),
        ({}, None),
        ({"NotificationType": 7}, None),
        ({"NotificationType": None}, None),
        ({"NotificationType": ["CouponCreated"]}, None),
        ({"NotificationType": "Notification"}, "Notification"),
    ],
)
def test_a_notification_keeps_its_data_when_its_type_is_unknown(body: dict[str, Any], kind: str | None) -> None:
    """A notification of an unknown type is read with everything that came."""
    expected = UnknownNotification(notification_type=kind, id="m", raw=body)
    assert expected == parse(orjson.dumps(body), {"x-uuid": "m"})


@pytest.mark.parametrize("odd", ["text", 1, True, {"a": 1}, [1], [None], [{}, "text"], [[]]])
def test_a_notification_is_unknown_when_its_list_is_odd(odd: Any) -> None:
    """A notification whose list holds something odd is read as unknown.

    Code can iterate over the list of a known class.
    """
    notification = given(NotificationType="CouponCreated", data=odd)
    assert (UnknownNotification, "CouponCreated", odd) == (
        type(notification), notification.notification_type, notification.raw["data"],
    )  # fmt: skip


def test_a_list_is_empty_when_it_is_null_or_left_out() -> None:
    """A list that is null or left out is empty. A batch of more than a thousand coupons has none."""
    made = CouponCreated(notification_type="CouponCreated", raw={"NotificationType": "CouponCreated", "data": None})
    assert made == given(NotificationType="CouponCreated", data=None)
    assert [] == made.data


@pytest.mark.parametrize("odd", [1, "soon", ["x"], {"a": 1}])
def test_a_value_stays_as_it_came_when_its_type_is_another(odd: Any) -> None:
    """A value of another type is kept as it came, and the other fields are read."""
    added: Any = given(NotificationType="LoyaltyPointsAdded", StartDate=odd, Reason=odd, Operation="donation")
    assert (LoyaltyPointsAdded, odd, odd, "donation") == (
        type(added), added.start_date, added.reason, added.operation,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"), ("", "the body is empty"), (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"), ("\ud800", "the body is not JSON"), (b"a=1", "the body is not JSON"),
        (b'{"a": NaN}', "the body is not JSON"), (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "must be a JSON object, not a list"), (b'"x"', "not text"), (b"1", "not a number"),
        (b"1.5", "not a number"), (b"true", "not true or false"), (b"null", "not null"),
    ],
)  # fmt: skip
def test_a_body_is_refused_when_it_is_no_object(body: bytes | str, said: str) -> None:
    """A body that is no object raises an error that says why, is a ValueError, and belongs to the package's tree."""
    with pytest.raises(InvalidNotificationError, match=said) as caught:
        parse(body, {})
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TalonOneError)


# -- headers


@pytest.mark.parametrize(
    "headers",
    [{"X-UUID": "m"}, {"x-uuid": "m"}, {"X-Uuid": "m"}, CIMultiDict({"X-UUID": "m"}), {"Host": "h", "x-UUID": "m"}],
)
def test_the_id_is_found_when_its_header_has_any_case(headers: Any) -> None:
    """The ID is found in its header in any case, because frameworks change the case of names."""
    assert "m" == parse(UPDATED, headers).id


@pytest.mark.parametrize("headers", [{}, {"HTTP_X_UUID": "m"}, {"X_UUID": "m"}, {b"x-uuid": b"m"}, {"X-UUID": None}])
def test_there_is_no_id_when_the_header_is_missing(headers: Any) -> None:
    """A notification without the header has no ID.

    A variable of a WSGI environment is not a header, as it may be the machine's own.
    """
    assert parse(UPDATED, headers).id is None


# -- who may send


@pytest.mark.parametrize(
    ("secret", "headers"),
    [
        (SECRET, {"X-Shop-Secret": "s3cret"}),
        (SECRET, {"x-shop-secret": "s3cret"}),
        (SecretHeader("Authorization", "Bearer abc"), {"authorization": "Bearer abc"}),
        (BASIC, basic("talon:pässword:1")),
        (BASIC, basic("talon:pässword:1", "basic")),
        ([SecretHeader("X-Shop-Secret", "old"), SECRET], {"X-Shop-Secret": "s3cret"}),
        ([SecretHeader("X-Shop-Secret", "old"), SECRET], {"X-Shop-Secret": "old"}),
        ((BASIC, SECRET), {"X-Shop-Secret": "s3cret"}),
        (None, {}),
    ],
)
def test_a_notification_is_read_when_it_carries_the_secret(secret: Any, headers: dict[str, str]) -> None:
    """A notification with one of several secrets is accepted, so that a secret can be replaced.

    Without secrets nothing is checked.
    """
    assert isinstance(parse(UPDATED, headers, secret=secret), CouponsUpdated)


@pytest.mark.parametrize("secret", [SECRET, BASIC, [SECRET, BASIC], []])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Shop-Secret": ""},
        {"X-Shop-Secret": "s3cre"},
        {"X-Shop-Secret": "S3CRET"},
        {"X-Shop-Secret": "s3crét\udcff\ud800"},
        {"X_SHOP_SECRET": "s3cret"},
        {"X-Other": "s3cret"},
        {b"X-Shop-Secret": b"s3cret"},
        {"Authorization": "Basic"},
        {"Authorization": "s3cret"},
        basic("talon:wrong"),
        basic("talon:pässword:1", "Bearer"),
    ],
)
def test_a_notification_is_refused_when_the_secret_is_missing_or_wrong(secret: Any, headers: Any) -> None:
    """A notification with a missing or wrong secret is refused before its body is read, always with the same error."""
    with pytest.raises(WrongSecretError) as caught:
        parse(b"not even JSON", headers, secret=secret)
    assert "the request does not carry the secret of this webhook" == str(caught.value)


@pytest.mark.parametrize("secret", [SECRET, BASIC])
def test_a_secret_is_hidden_when_it_is_shown(secret: Any) -> None:
    """The repr of a secret does not show it."""
    assert not any(word in repr(secret) + str(secret) for word in ("s3cret", "ssword"))


@pytest.mark.parametrize("value", ["", " ", " s", "s ", "s\n", "sécret", "a\r\nb"])
def test_a_header_is_refused_when_its_value_cannot_be_one(value: str) -> None:
    """A header value that cannot be sent is refused.

    An empty secret, as of a variable that is not set, would accept any sender.
    """
    with pytest.raises(ConfigurationError, match="value is empty, not ASCII"):
        SecretHeader("X-Shop-Secret", value)


@pytest.mark.parametrize("name", ["", "X Shop", "X-Shop:", "Schlüssel"])
def test_a_header_is_refused_when_its_name_cannot_be_one(name: str) -> None:
    """A header name that cannot be sent is refused."""
    with pytest.raises(ConfigurationError, match="name is empty or not the name of a header"):
        SecretHeader(name, "s3cret")


@pytest.mark.parametrize(("user", "password"), [("talon", ""), ("a:b", "p")])
def test_credentials_are_refused_when_they_cannot_be_sent(user: str, password: str) -> None:
    """Credentials that cannot be sent are refused: a colon would end the user's name."""
    with pytest.raises(ConfigurationError, match="password is empty, or there is a colon"):
        BasicCredentials(user, password)


@pytest.mark.parametrize("error", [WrongSecretError("no"), InvalidNotificationError("no")])
def test_an_error_stays_itself_when_it_is_pickled(error: TalonOneError) -> None:
    """A pickled error of the module is equal to the original."""
    copied = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error)) == (type(copied), str(copied))


# -- what was there before


def test_a_notification_is_new_when_it_comes_first() -> None:
    """A notification is new when its ID comes first, and not when it comes again."""
    seen = Seen()
    assert [True, False, True, False] == [seen.first(numbered(each)) for each in ("a", "a", "b", "a")]


def test_a_notification_is_new_when_it_has_no_id() -> None:
    """A notification without an ID counts as new, so that it is handled."""
    seen = Seen()
    seen.forget(numbered(None))
    assert [True, True] == [seen.first(numbered(None)), seen.first(numbered(None))]


def test_the_oldest_id_is_forgotten_when_there_are_too_many() -> None:
    """A full memory forgets the oldest ID. An ID that came again lately is not the oldest."""
    seen = Seen(2)
    firsts = [seen.first(numbered(each)) for each in ("a", "b", "a", "c", "a", "b")]
    assert [True, True, False, True, False, True] == firsts


def test_a_notification_is_new_again_when_it_is_forgotten() -> None:
    """An ID that was forgotten, because its handling failed, is new at the next delivery."""
    seen, notification = Seen(), numbered("a")
    seen.first(notification)
    seen.forget(notification)
    seen.forget(numbered("never came"))
    assert seen.first(notification)


def test_one_thread_is_first_when_many_ask_for_one_id() -> None:
    """Of many threads that ask for one ID, exactly one is told that it is new."""
    seen = Seen()
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda number: seen.first(numbered(str(number % 50))), range(2000)))
    assert 50 == sum(firsts)


def test_the_memory_is_locked_when_it_is_written() -> None:
    """Looking an ID up and remembering it is one step for all threads."""
    seen, locked = Seen(), list[bool]()

    class Watched(OrderedDict[str, None]):
        def __contains__(self, key: object) -> bool:
            locked.append(seen._lock.locked())
            return super().__contains__(key)

        def __setitem__(self, key: str, value: None) -> None:
            locked.append(seen._lock.locked())
            super().__setitem__(key, value)

    seen._ids = Watched()
    seen.first(numbered("a"))
    assert [True, True] == locked


def test_a_memory_is_refused_when_its_size_is_zero() -> None:
    """A memory of size zero is refused, because it would call every notification new."""
    with pytest.raises(ConfigurationError, match="1 or more"):
        Seen(0)


# -- the package


def test_webhooks_are_not_imported_when_the_package_is_imported() -> None:
    """`import talon_async` does not load `webhooks`, which needs no HTTP client."""
    code = (
        "import sys, talon_async; before = 'talon_async.webhooks' in sys.modules\n"
        "import talon_async.webhooks; print(before, 'aiohttp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False False" == done.stdout.strip()


def test_every_name_is_there_when_it_is_listed() -> None:
    """`__all__` lists every name of the module, with every notification."""
    import talon_async.webhooks as module

    assert all(hasattr(module, name) for name in module.__all__)
    assert set() == NOTIFICATIONS.keys() - set(module.__all__)
    assert LoyaltyPointsExpiring is NOTIFICATIONS["LoyaltyPointsExpiring"]
