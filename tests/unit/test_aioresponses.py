"""aioresponses gives plain answers in users' tests."""

from __future__ import annotations

import pytest
from aioresponses import aioresponses
from support.twins import KEY

from talon_async import TalonOne
from talon_async.errors import NotFoundError

URL = "https://shop.talon.one"


async def test_a_mocked_answer_is_read_when_the_users_test_mocks_one() -> None:
    """An answer that a user's test mocks is read into its model."""
    with aioresponses() as mocked:
        mocked.get(f"{URL}/v1/customer_profiles/jane/inventory?profile=true", payload={"profile": {"id": 7}})
        async with TalonOne(URL, KEY) as talon:
            assert (await talon.get_customer_inventory("jane", profile=True)).profile.id == 7  # type: ignore[union-attr]


async def test_a_mocked_refusal_is_an_error_when_the_users_test_mocks_one() -> None:
    """A refusal that a user's test mocks is an error of the class of its status."""
    with aioresponses() as mocked:
        mocked.delete(f"{URL}/v1/customer_data/jane", status=404, payload={"message": "no"})
        async with TalonOne(URL, KEY) as talon:
            with pytest.raises(NotFoundError, match="no"):
                await talon.delete_customer_data("jane")
