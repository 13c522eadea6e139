"""Talon.One's own SDK, which is blocking: one client for all threads, with a pool that is large enough for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import talon_one
from talon_one import models

from benchmarks.payloads import EVENT_ATTRIBUTES, ITEMS, KEY
from benchmarks.plan import POOL

if TYPE_CHECKING:
    from benchmarks.contenders import Job

CARTS = {answer: [models.CartItem(**item) for item in items] for answer, items in ITEMS.items()}


class Official:
    """The SDK as its own README shows it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        configuration = talon_one.Configuration(
            host=job.url,
            api_key={"api_key_v1": KEY},
            api_key_prefix={"api_key_v1": "ApiKey-v1"},
            ssl_ca_cert=job.ca or None,
        )
        configuration.connection_pool_maxsize = max(POOL, job.in_flight)
        self.api = talon_one.IntegrationApi(talon_one.ApiClient(configuration))
        self.call = self.event if job.answer in ("event", "silent") else self.session

    def event(self, n: int) -> object:
        """Record an event and read its effects."""
        request = models.IntegrationEventV2Request(profileId=f"profile-{n}", type="viewed", attributes=EVENT_ATTRIBUTES)
        if self.job.answer == "silent":
            return self.api.track_event_v2(request, silent="yes")
        return [effect.props for effect in self.api.track_event_v2(request, silent="no").effects]

    def session(self, n: int) -> object:
        """Update a session and read its effects."""
        answer = self.job.answer
        inner = models.NewCustomerSessionV2(
            profileId=f"profile-{n}", couponCodes=["SUMMER-2026"], state="open", cartItems=CARTS[answer]
        )
        request = models.IntegrationRequest(customerSession=inner)
        return [effect.props for effect in self.api.update_customer_session_v2(f"{answer}-{n}", request).effects]
