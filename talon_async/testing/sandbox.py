"""The sandbox: a local stand-in for Talon.One, for tests and experiments."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from talon_async._clock import Clock
from talon_async._sync_client import TalonOneSync
from talon_async.client import TalonOne
from talon_async.errors import function_refusal
from talon_async.testing._faults import failure
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing._server import HOST, ServerThread, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self, Unpack

    from talon_async.client import ClientOptions
    from talon_async.models import (
        AchievementStatusEntry,
        Audience,
        Catalog,
        Coupon,
        CustomerProfile,
        CustomerSessionV2,
        Effect,
        Event,
        IntegrationCampaign,
    )
    from talon_async.testing._faults import ReceivedRequest
    from talon_async.testing.world import (
        AchievementOptions,
        CampaignOptions,
        CouponOptions,
        Entity,
        LoyaltyProgramOptions,
        PointsOptions,
        RewardOptions,
    )

    SessionRule = Callable[[CustomerSessionV2], Iterable[Effect]]
    ProfileRule = Callable[[CustomerProfile], Iterable[Effect]]
    EventRule = Callable[[Event], Iterable[Effect]]

T = TypeVar("T")


def _plain(rule: T) -> T:
    if (refusal := function_refusal(rule)) is not None:
        raise TypeError(f"rule {refusal}")
    return rule


class Sandbox:
    """A local server that behaves like Talon.One for all operations of the client.

    It is a real HTTP server on a free port of 127.0.0.1. It checks every request against the documented models, and
    keeps profiles, sessions, codes, events, points, catalogs and other entities in memory until it stops. Use it with
    `async with`, or with `with` in blocking code, where it runs on a thread of its own:

        async with Sandbox() as sandbox, sandbox.client() as talon:
            sandbox.add_coupon("SAVE10", discount=10.0)
            ...

    All methods can be called before and while it runs, from the same thread (or, after `with`, from any thread). Its
    behaviour is a model made from the documentation: it runs only the rules that `add_...` and `on_...` define, and has
    no giveaways.

    Args:
        port: the port to listen on; 0 means any free port.
        api_key: the API key that is accepted.
        application_id: the ID of the Application, for signatures of V1 operations.
        application_key: the key for signatures of V1 operations, in hexadecimal digits.
        clock: the clock for the validity of codes, the lifetime of keys, and `latency`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        api_key: str = "sandbox",
        application_id: str = "1",
        application_key: str = "53616e64626f78206f662054616c6f6e",
        clock: Clock | None = None,
    ) -> None:
        self.api_key = api_key
        self.application_id = application_id
        self.application_key = application_key
        self._wanted = port
        self._handler = Handler(Guard(api_key, application_id, application_key), clock or Clock())
        self._stack = contextlib.AsyncExitStack()
        self._thread: ServerThread | None = None
        self._port: int | None = None

    # -- running

    async def __aenter__(self) -> Self:
        self._must_not_run()
        self._port = await self._stack.enter_async_context(serving(self._handler, self._wanted))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._port = None
        await self._stack.aclose()

    def __enter__(self) -> Self:
        self._must_not_run()
        self._thread = ServerThread(self._handler, self._wanted)
        self._port = self._thread.port
        return self

    def __exit__(self, *_: object) -> None:
        thread, self._thread, self._port = self._thread, None, None
        if thread is not None:
            thread.stop()

    def _must_not_run(self) -> None:
        if self._port is not None:
            raise RuntimeError("the sandbox is already running")

    @property
    def url(self) -> str:
        """The base URL for clients."""
        if self._port is None:
            raise RuntimeError("the sandbox is not running: use it with `async with` or `with`")
        return f"http://{HOST}:{self._port}"

    def client(self, **options: Unpack[ClientOptions]) -> TalonOne:
        """Make a client of this sandbox."""
        return TalonOne(self.url, self.api_key, **options)

    def sync_client(self, **options: Unpack[ClientOptions]) -> TalonOneSync:
        """Make a blocking client of this sandbox. Do not use it on the thread whose event loop runs the sandbox."""
        return TalonOneSync(self.url, self.api_key, **options)

    def _do(self, function: Callable[[], T]) -> T:
        """Call a function that reads or changes the state, while no request is handled."""
        return function() if self._thread is None else self._thread.call(function)

    # -- entities

    def add_coupon(self, value: str, **options: Unpack[CouponOptions]) -> Coupon:
        """Create a coupon: `add_coupon("SAVE10", discount=10.0)`.

        Args:
            value: the code.
            **options: see `CouponOptions`.
        """
        return self._do(lambda: self._handler.world.add_coupon(value, **options))

    def add_referral_campaign(self, campaign_id: int, *, discount: float | None = None) -> None:
        """Make a campaign accept referrals. Friends get `discount`, if it is not None."""
        self._do(lambda: self._handler.world.referral_campaigns.update({campaign_id: discount}))

    def add_audience(self, audience_id: int, name: str) -> Audience:
        """Create an audience. Before the first call, profiles can be added to an audience with any ID."""
        return self._do(lambda: self._handler.world.add_audience(audience_id, name))

    def add_achievement(
        self, achievement_id: int, name: str, target: float, **options: Unpack[AchievementOptions]
    ) -> AchievementStatusEntry:
        """Create an achievement: `add_achievement(4, "regular", 10.0)`.

        `increaseAchievementProgress` effects of your rules add their `delta` to the progress of customers: at once for
        events and profiles, and for a session when it closes.

        Args:
            achievement_id: the ID, which the effects use.
            name: the name.
            target: the progress at which the achievement is completed.
            **options: see `AchievementOptions`.
        """
        return self._do(lambda: self._handler.world.add_achievement(achievement_id, name, target, **options))

    def add_campaign(self, campaign_id: int, name: str, **options: Unpack[CampaignOptions]) -> IntegrationCampaign:
        """Create or replace a campaign that can be listed: `add_campaign(7, "Summer", tags=["sale"])`.

        Args:
            campaign_id: the ID, which coupons and the effects of your rules use.
            name: the name.
            **options: see `CampaignOptions`.
        """
        return self._do(lambda: self._handler.world.add_campaign(campaign_id, name, **options))

    def add_catalog(self, catalog_id: int, name: str = "") -> Catalog:
        """Create a catalog of version 1 without items. `sync_catalog` adds items."""
        return self._do(lambda: self._handler.world.add_catalog(catalog_id, name))

    def add_loyalty_program(self, program_id: int, **options: Unpack[LoyaltyProgramOptions]) -> None:
        """Create a loyalty program: `add_loyalty_program(5, tiers=[("silver", 100), ("gold", 500)])`.

        `addLoyaltyPoints` and `deductLoyaltyPoints` effects of your rules change its balances: at once for events and
        profiles, and for a session when it closes. Cancelling the session takes the change back. Other effects on
        points, and effects for programs that do not exist, are returned but change nothing.

        Points that expire first are spent first. A customer who spends more points than the balance has a negative
        balance, which the next points reduce first. A `validity_duration` is returned, but points do not expire by it.

        Args:
            program_id: the ID, which the effects use.
            **options: see `LoyaltyProgramOptions`.
        """
        self._do(lambda: self._handler.world.add_loyalty_program(program_id, **options))

    def add_points(self, program_id: int, who: str, points: float, **options: Unpack[PointsOptions]) -> str:
        """Add points to a customer or a card, which is created if it does not exist. The customer joins the program.

        Args:
            program_id: the ID of the program.
            who: the ID of a customer, or of a card if the program is card-based.
            points: the number of points.
            **options: see `PointsOptions`.

        Returns:
            The UUID of the transaction.
        """
        return self._do(lambda: self._handler.world.add_points(program_id, who, points, **options))

    def add_reward(self, reward_id: int, name: str, **options: Unpack[RewardOptions]) -> None:
        """Create a reward that customers can unlock: `add_reward(3, "mug", points=100, program_id=5)`.

        `unlock_reward` deducts the points. A session, an event, or an update of a profile that runs the rules uses the
        rewards in its `reward_integration_ids`: a session when it closes, the others at once. Cancelling or reopening
        the session undoes the use. Rewards of other customers, and rewards that are already used, have no effect.

        A customer cannot unlock a reward again before it is used, and a card cannot either: that is a 422. After the
        use it can be unlocked again, with another ID. The API's documentation does not say whether it allows that.

        Args:
            reward_id: the ID.
            name: the name.
            **options: see `RewardOptions`.
        """
        self._do(lambda: self._handler.world.add_reward(reward_id, name, **options))

    def define_attributes(self, entity: Entity, *names: str) -> None:
        """Accept only these attributes on an entity from now on; before the first call, any attribute is accepted."""
        self._do(lambda: self._handler.world.define_attributes(entity, *names))

    @property
    def events(self) -> list[Event]:
        """The events recorded by `track_event` and `track_event_v2`, in order."""
        return self._do(lambda: list(self._handler.world.store.events.values()))

    # -- rules

    def on_session(self, rule: SessionRule) -> SessionRule:
        """Add the effects of a function to every update of a session that is not cancelled; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_session.append(_plain(rule)))
        return rule

    def on_profile(self, rule: ProfileRule) -> ProfileRule:
        """Add the effects of a function to every update of a profile that runs the rules; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_profile.append(_plain(rule)))
        return rule

    def on_event(self, rule: EventRule) -> EventRule:
        """Add the effects of a function to every event, including advanced events; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_event.append(_plain(rule)))
        return rule

    @property
    def latency(self) -> float:
        """The seconds that each request takes, during which it counts as an update under way; 0 by default."""
        return self._handler.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._handler.latency = seconds

    @property
    def trust_keys(self) -> bool:
        """Whether a repeated Idempotency-Key gets the first answer again; False simulates a deployment before 26.15."""
        return self._handler.trust_keys

    @trust_keys.setter
    def trust_keys(self, trust: bool) -> None:
        self._handler.trust_keys = trust

    # -- faults

    @property
    def received(self) -> int:
        """The number of requests received so far."""
        return self._handler.count

    def fail(
        self,
        operation: str,
        *,
        status: int = 503,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Answer the next `times` requests for an operation with an error status, and do nothing else for them."""
        answer = failure(operation, status, headers, body)
        self._do(lambda: self._handler.faults.fail(self._known(operation), answer, times))

    def drop(self, operation: str, *, times: int = 1) -> None:
        """Process the next `times` requests for an operation, but cut the connection instead of answering."""
        self._do(lambda: self._handler.faults.drop(self._known(operation), times))

    def _known(self, operation: str) -> str:
        if operation not in self._handler.endpoints:
            raise ValueError(f"{operation!r} is none of {', '.join(self._handler.endpoints)}")
        return operation

    # -- the record

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last 10,000 requests received, in order, including refused and failed ones."""
        return self._do(lambda: list(self._handler.log))

    def clear(self) -> None:
        """Clear the list of requests. Everything else is kept."""
        self._do(self._handler.log.clear)

    def reset(self) -> None:
        """Remove all entities, rules, faults, keys and requests."""
        self._do(self._handler.reset)
        self.clear()
