"""The answers of operations: a list, an object, or nothing at all."""

from __future__ import annotations

import pytest

from talon_async import TalonOne
from talon_async._codec import decode
from talon_async._endpoint import endpoint_of
from talon_async.errors import UnreadableAnswerError
from talon_async.models import BestPriorPrice


def test_prices_come_as_a_list_when_the_answer_is_one() -> None:
    """The best prior prices come as a list, the only answer that is no object."""
    returns = endpoint_of(TalonOne.best_prior_price).returns
    assert [] == decode(b"[]", returns)
    (first, second) = decode(b'[{"sku": "a"}, {"sku": "b", "new": 1}]', returns)
    assert (BestPriorPrice(sku="a"), "b") == (first, second.sku)


@pytest.mark.parametrize("body", [b"null", b"{}", b'{"data": []}', b'"text"', b"5", b"[", b"true"])
def test_an_answer_is_unreadable_when_it_is_no_list(body: bytes) -> None:
    """An answer that should be a list and is something else, or null, is unreadable.

    The server has accepted the request.
    """
    with pytest.raises(UnreadableAnswerError, match="not what it should be") as caught:
        decode(body, endpoint_of(TalonOne.best_prior_price).returns)
    assert "accepted" == caught.value.outcome


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"5"])
def test_an_answer_is_unreadable_when_it_is_no_object(body: bytes) -> None:
    """An answer that should be an object and is something else, or null, is unreadable.

    That holds where an answer may be missing, too.
    """
    for method in (TalonOne.get_event_v3, TalonOne.track_event_v2):
        with pytest.raises(UnreadableAnswerError, match="expected an object, got "):
            decode(body, endpoint_of(method).returns)


@pytest.mark.parametrize(
    "method",
    ["track_event_v2", "track_event_v3", "update_customer_profiles_v2", "create_referrals_for_multiple_advocates"],
)
def test_an_answer_is_none_when_it_is_empty_as_documented(method: str) -> None:
    """An empty answer is None where the API documents that it may be empty."""
    assert None is decode(b"", endpoint_of(getattr(TalonOne, method)).returns)
    assert None is not decode(b"{}", endpoint_of(getattr(TalonOne, method)).returns)


@pytest.mark.parametrize("method", ["get_event_v3", "best_prior_price", "create_referral", "sync_catalog"])
def test_an_answer_is_unreadable_when_it_is_empty_against_the_documents(method: str) -> None:
    """An empty answer is unreadable where the API documents none."""
    with pytest.raises(UnreadableAnswerError, match="the answer is empty"):
        decode(b"", endpoint_of(getattr(TalonOne, method)).returns)
