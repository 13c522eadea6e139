"""talon_async, on its default transport and on the direct one: awaited, effects unread, and blocking."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from benchmarks.payloads import EVENT_ATTRIBUTES, ITEMS, KEY
from talon_async import Limits, TalonOne, TalonOneSync
from talon_async.client import ClientOptions
from talon_async.models import CartItem, IntegrationEventV2Request, IntegrationRequest, NewCustomerSessionV2

if TYPE_CHECKING:
    from benchmarks.contenders import Job

CARTS = {answer: [CartItem(**item) for item in items] for answer, items in ITEMS.items()}


def options(job: Job, transport: str | None) -> Any:
    """Return the options of the client; only what the scenario needs differs from the defaults."""
    context = ssl.create_default_context(cafile=job.ca) if job.ca else None
    chosen = {} if transport is None else {"transport": transport}
    return {"limits": Limits(connections=max(100, job.in_flight)), "ssl": context, **chosen}


def has(option: str) -> bool:
    """Tell whether this release of talon_async has an option."""
    return option in ClientOptions.__annotations__


def session(answer: str, n: int) -> IntegrationRequest:
    """Return the n-th session."""
    return IntegrationRequest(
        customer_session=NewCustomerSessionV2(
            profile_id=f"profile-{n}", coupon_codes=["SUMMER-2026"], state="open", cart_items=CARTS[answer]
        )
    )


def event(n: int) -> IntegrationEventV2Request:
    """Return the n-th event."""
    return IntegrationEventV2Request(profile_id=f"profile-{n}", type="viewed", attributes=EVENT_ATTRIBUTES)


class Awaited:
    """The client as its README shows it."""

    available = True
    transport: str | None = None
    extra: Any = {}  # noqa: RUF012

    def __init__(self, job: Job) -> None:
        self.job = job
        self.call = {"event": self.event, "silent": self.silent}.get(job.answer, self.session)

    async def open(self) -> None:
        """Open the client, inside the loop."""
        self.talon = await TalonOne(self.job.url, KEY, **options(self.job, self.transport), **self.extra).__aenter__()

    def read(self, state: Any) -> object:
        """Read what a shop reads: all effects."""
        return [effect.props for effect in state.effects]

    async def event(self, n: int) -> object:
        """Record an event and read its effects."""
        return self.read(await self.talon.track_event_v2(event(n), silent=False))

    async def silent(self, n: int) -> object:
        """Record an event and ask for no answer."""
        return await self.talon.track_event_v2(event(n), silent=True)

    async def session(self, n: int) -> object:
        """Update a session and read its effects."""
        answer = self.job.answer
        return self.read(await self.talon.update_customer_session_v2(f"{answer}-{n}", session(answer, n)))

    async def close(self) -> None:
        """Close the connections."""
        await self.talon.aclose()


class Lazy(Awaited):
    """A caller who reads the session and not its effects, and whose client is made for that."""

    available = has("lazy_effects")
    extra = {"lazy_effects": True}  # noqa: RUF012

    def read(self, state: Any) -> object:
        """Read only the total."""
        return state.customer_session.total


class Blocking:
    """The blocking twin, shared by all threads."""

    available = True
    transport: str | None = None

    def __init__(self, job: Job) -> None:
        self.job = job
        self.talon = TalonOneSync(job.url, KEY, **options(job, self.transport))

    def call(self, n: int) -> object:
        """Send one request and read all effects of its answer."""
        answer = self.job.answer
        if answer == "event":
            state: Any = self.talon.track_event_v2(event(n), silent=False)
        else:
            state = self.talon.update_customer_session_v2(f"{answer}-{n}", session(answer, n))
        return [effect.props for effect in state.effects]

    def close(self) -> None:
        """Close the connections."""
        self.talon.close()


class Direct(Awaited):
    """The client on the direct transport."""

    available = has("transport")
    transport = "direct"


class DirectLazy(Lazy):
    """The client on the direct transport, for a caller who does not read the effects."""

    available = Direct.available and Lazy.available
    transport = "direct"


class DirectBlocking(Blocking):
    """The blocking twin on the direct transport."""

    available = Direct.available
    transport = "direct"
