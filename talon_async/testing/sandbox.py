"""The sandbox: a stand-in for Talon.One on this machine, for tests and for trying things out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from talon_async._clock import Clock
from talon_async._sync_client import TalonOneSync
from talon_async.client import TalonOne
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


class Sandbox:
    """A local server that behaves like Talon.One, as far as the client's operations go, and forgets all at the end.

    It is a real HTTP server on a free port of 127.0.0.1, holds every request against the documented models, and
    remembers profiles, sessions, codes, events, points, catalogs and the like in memory. Use it with `async with`,
    or with `with` in ordinary code, where it runs on a thread of its own:

        async with Sandbox() as sandbox, sandbox.client() as talon:
            sandbox.add_coupon("SAVE10", discount=10.0)
            ...

    Everything can be scripted before and while it runs, from the same thread (or, after `with`, from any). What it does
    is a model made from the documentation: it runs no rules but those that `add_...` and `on_...` stand for, and knows
    no giveaways.

    Args:
        port: where to listen; 0 is any free port.
        api_key: the key that is accepted.
        application_id: the signer that V1 operations accept in place of the key.
        application_key: the key of its signatures, hexadecimal digits.
        clock: tells the time, for the validity of codes and the lifetime of keys, and waits out `latency`.
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
            raise RuntimeError("the sandbox runs already")

    @property
    def url(self) -> str:
        """The base URL for clients."""
        if self._port is None:
            raise RuntimeError("the sandbox does not run: use it with `async with` or `with`")
        return f"http://{HOST}:{self._port}"

    def client(self, **options: Unpack[ClientOptions]) -> TalonOne:
        """Make a client of this sandbox."""
        return TalonOne(self.url, self.api_key, **options)

    def sync_client(self, **options: Unpack[ClientOptions]) -> TalonOneSync:
        """Make a blocking client of this sandbox; not for the thread whose loop the sandbox runs in."""
        return TalonOneSync(self.url, self.api_key, **options)

    def _do(self, function: Callable[[], T]) -> T:
        """Run what reads or changes the world where nothing else happens meanwhile."""
        return function() if self._thread is None else self._thread.call(function)

    # -- what there is

    def add_coupon(self, value: str, **options: Unpack[CouponOptions]) -> Coupon:
        """Make a coupon, which sessions can use from now on: `add_coupon("SAVE10", discount=10.0)`.

        Args:
            value: its code.
            **options: see `CouponOptions`.
        """
        return self._do(lambda: self._handler.world.add_coupon(value, **options))

    def add_referral_campaign(self, campaign_id: int, *, discount: float | None = None) -> None:
        """Let a campaign take referrals; the friend gets the discount, if there is one."""
        self._do(lambda: self._handler.world.referral_campaigns.update({campaign_id: discount}))

    def add_audience(self, audience_id: int, name: str) -> Audience:
        """Make an audience; before the first one there is, profiles can be put into any."""
        return self._do(lambda: self._handler.world.add_audience(audience_id, name))

    def add_achievement(
        self, achievement_id: int, name: str, target: float, **options: Unpack[AchievementOptions]
    ) -> AchievementStatusEntry:
        """Make an achievement: `add_achievement(4, "regular", 10.0)`.

        The `delta` of `increaseAchievementProgress` effects from your rules brings customers on: at once those on
        events and profiles, when it closes those on a session.

        Args:
            achievement_id: its number, which the effects name.
            name: its name.
            target: how far it is.
            **options: see `AchievementOptions`.
        """
        return self._do(lambda: self._handler.world.add_achievement(achievement_id, name, target, **options))

    def add_campaign(self, campaign_id: int, name: str, **options: Unpack[CampaignOptions]) -> IntegrationCampaign:
        """Make a campaign that can be listed, or make it anew: `add_campaign(7, "Summer", tags=["sale"])`.

        Args:
            campaign_id: its number, which coupons and the effects of your rules name.
            name: its name.
            **options: see `CampaignOptions`.
        """
        return self._do(lambda: self._handler.world.add_campaign(campaign_id, name, **options))

    def add_catalog(self, catalog_id: int, name: str = "") -> Catalog:
        """Make a catalog without items, of version 1; `sync_catalog` fills it."""
        return self._do(lambda: self._handler.world.add_catalog(catalog_id, name))

    def add_loyalty_program(self, program_id: int, **options: Unpack[LoyaltyProgramOptions]) -> None:
        """Make a loyalty program: `add_loyalty_program(5, tiers=[("silver", 100), ("gold", 500)])`.

        The `addLoyaltyPoints` and `deductLoyaltyPoints` effects from your rules move its points: at once those on
        events and profiles, when it closes those on a session; a cancellation takes them back. Other
        effects on points, and those for programs that were not made, are told but do nothing.

        Points that expire first are spent first. Whoever spends more than there is has a negative balance, which the
        next points pay for. A `validity_duration` is told, but ends nothing.

        Args:
            program_id: its number, which the effects name.
            **options: see `LoyaltyProgramOptions`.
        """
        self._do(lambda: self._handler.world.add_loyalty_program(program_id, **options))

    def add_points(self, program_id: int, who: str, points: float, **options: Unpack[PointsOptions]) -> str:
        """Give points; the customer or the card is made if there is none, and the customer joins the program.

        Args:
            program_id: the number of the program.
            who: the ID of a customer, or of a card if the program is one of cards.
            points: how many.
            **options: see `PointsOptions`.

        Returns:
            The UUID of the transaction.
        """
        return self._do(lambda: self._handler.world.add_points(program_id, who, points, **options))

    def add_reward(self, reward_id: int, name: str, **options: Unpack[RewardOptions]) -> None:
        """Make a reward that customers can unlock: `add_reward(3, "mug", points=100, program_id=5)`.

        `unlock_reward` takes the points. A session, an event, or an update of a profile that runs the rules uses what
        its `reward_integration_ids` name: a session when it closes, the others at once. Cancelling or reopening the
        session takes the use back. IDs of others, and of what is used already, have no effect.

        Args:
            reward_id: its number.
            name: its name.
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

    # -- what happens

    def on_session(self, rule: SessionRule) -> SessionRule:
        """Add the effects a function returns to every update of a session that is not cancelled; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_session.append(rule))
        return rule

    def on_profile(self, rule: ProfileRule) -> ProfileRule:
        """Add the effects a function returns to every update of a profile that runs the rules; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_profile.append(rule))
        return rule

    def on_event(self, rule: EventRule) -> EventRule:
        """Add the effects a function returns to every event, advanced ones too; also a decorator."""
        self._do(lambda: self._handler.world.rules.on_event.append(rule))
        return rule

    @property
    def latency(self) -> float:
        """Seconds that each request takes, for which it holds its turn; 0 at first."""
        return self._handler.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._handler.latency = seconds

    @property
    def trust_keys(self) -> bool:
        """Whether a repeated Idempotency-Key gets the answer of the first time; False is a deployment before 26.15."""
        return self._handler.trust_keys

    @trust_keys.setter
    def trust_keys(self, trust: bool) -> None:
        self._handler.trust_keys = trust

    # -- what goes wrong

    @property
    def received(self) -> int:
        """How many requests there were in all."""
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
        """Answer the next requests for an operation with an error, before anything is done about them."""
        answer = failure(status, headers, body)
        self._do(lambda: self._handler.faults.fail(self._known(operation), answer, times))

    def drop(self, operation: str, *, times: int = 1) -> None:
        """Do what the next requests for an operation ask for, but cut the connection in place of an answer."""
        self._do(lambda: self._handler.faults.drop(self._known(operation), times))

    def _known(self, operation: str) -> str:
        if operation not in self._handler.endpoints:
            raise ValueError(f"{operation!r} is none of {', '.join(self._handler.endpoints)}")
        return operation

    # -- what was

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last 10,000 requests received, in order, refused ones and failed ones too."""
        return self._do(lambda: list(self._handler.log))

    def clear(self) -> None:
        """Forget the requests received; the world stays as it is."""
        self._do(self._handler.log.clear)

    def reset(self) -> None:
        """Begin anew: an empty world without rules, no faults, no keys, no requests."""
        self._do(self._handler.reset)
        self.clear()
