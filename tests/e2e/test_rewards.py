"""Rewards, from the catalog to their use: on the wire, and against the sandbox, by either twin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.clock import FakeClock
from support.pages import walk
from support.raw import RawServer, answer
from support.twins import KEY, KINDS

from talon_async import from_json
from talon_async.errors import ConflictError, InvalidArgumentError, PermissionDeniedError, UnprocessableError
from talon_async.models import (
    CustomerProfileReward,
    IntegrationEventV2Request,
    IntegrationRequest,
    IntegrationUnlockRewardRequest,
    LoyaltyCardRegistration,
    NewCustomerSessionV2,
    RewardUnlockRejection,
    RewardWithUnlocks,
    RollbackUseRewardEffectProps,
    RuleFailureReason,
    UseRewardEffectProps,
)
from talon_async.testing import Sandbox

UNLOCK = IntegrationUnlockRewardRequest(
    integration_id="u1",
    profile_integration_id="jane",
    loyalty_program_id=5,
    subledger_id="",
    response_content=["loyalty", "customerProfile", "effects", "ruleFailureReasons"],
)


def query(server: RawServer) -> dict[str, list[str]]:
    return parse_qs(urlsplit(server.received[0].line.split(" ")[1]).query, keep_blank_values=True)


# -- on the wire


async def test_every_status_is_sent_when_there_are_several(client: Any) -> None:
    """Several statuses are sent by repeating the name of the query value."""
    with RawServer(answer({"data": []})) as server:
        await client(server.url).get_customer_rewards("a", status=["unlocked", "used"], with_total_result_size=True)
    assert {"status": ["unlocked", "used"], "withTotalResultSize": ["true"]} == query(server)


@pytest.mark.parametrize(("name", "points"), [("points_from", 0), ("points_to", -0.5)])
async def test_points_are_refused_when_they_are_not_above_zero(client: Any, name: str, points: float) -> None:
    """Nothing is sent, and the message names the parameter."""
    with RawServer() as server:
        talon = client(server.url)
        with pytest.raises(InvalidArgumentError, match=f"{name} must be above 0, not {points}"):
            await talon.integration_rewards_catalog(**{name: points})
    assert [] == server.received


async def test_the_main_ledger_is_sent_when_its_id_is_empty(client: Any) -> None:
    """An empty subledger ID, which means the main ledger, is sent as a name with an equals sign and no value."""
    with RawServer(answer({"catalog": {"hasMore": False, "data": []}})) as server:
        await client(server.url).integration_rewards_catalog(subledger_id="", loyalty_program_id=5, points_from=0.5)
    assert {"subledgerId": [""], "loyaltyProgramId": ["5"], "pointsFrom": ["0.5"]} == query(server)


async def test_every_ledger_is_sent_when_transactions_of_several_are_listed(client: Any) -> None:
    """Several subledger IDs are sent by repeating the name. A single one is sent as before."""
    with RawServer(answer({"data": []})) as server:
        await client(server.url).get_loyalty_program_profile_transactions(5, "a", subledger_id=["", "stars"])
    assert {"subledgerId": ["", "stars"]} == query(server)


@pytest.mark.parametrize("name", ["loyaltyCardId", "loyaltyCardIdentifier"])
async def test_the_card_is_read_when_it_has_either_name(client: Any, name: str) -> None:
    """The loyalty card is read under its older name and under that of API release 26.20."""
    reward = {
        "id": 1, "integrationId": "u1", "rewardId": 3, "rewardIntegrationId": "mug", "rewardName": "A mug",
        "status": "used", "unlockedAt": "2026-01-01T00:00:00Z", "loyaltyProgramId": 5, name: "card-1",
    }  # fmt: skip
    with RawServer(answer({"hasMore": False, "data": [reward]})) as server:
        [found] = (await client(server.url, strict=True).get_customer_rewards("a")).data
    assert found == CustomerProfileReward(
        id=1, integration_id="u1", reward_id=3, reward_integration_id="mug", reward_name="A mug", status="used",
        unlocked_at=datetime(2026, 1, 1, tzinfo=UTC), loyalty_program_id=5, loyalty_card_id="card-1",
    )  # fmt: skip


async def test_unlocking_is_not_repeated_when_its_id_is_taken(client: Any, clock: FakeClock) -> None:
    """A conflict about the ID of an unlocking is final, unlike one about parallel updates."""
    conflict = answer({"message": "An unlock with this integration ID exists", "StatusCode": 409}, status=409)
    with RawServer(conflict) as server, pytest.raises(ConflictError) as caught:
        await client(server.url, clock=clock).unlock_reward(3, UNLOCK)
    assert ("rejected", 1, 1) == (caught.value.outcome, caught.value.attempts, len(server.received))


async def test_the_rejection_is_readable_when_the_rules_refuse_to_unlock(client: Any) -> None:
    """The body of the error has the rules that refused to unlock the reward."""
    reason = {"campaignID": 1, "rulesetID": 2, "ruleIndex": 0, "rewardId": 3, "rewardIntegrationId": "mug"}
    body = {"message": "Reward already unlocked", "ruleFailureReasons": [reason]}
    with RawServer(answer(body, status=422)) as server, pytest.raises(UnprocessableError) as caught:
        await client(server.url).unlock_reward(3, UNLOCK)
    expected = RuleFailureReason(campaign_id=1, ruleset_id=2, rule_index=0, reward_id=3, reward_integration_id="mug")
    assert RewardUnlockRejection(message="Reward already unlocked", rule_failure_reasons=[expected]) == from_json(
        caught.value.body, RewardUnlockRejection
    )
    assert "Reward already unlocked" == caught.value.message


async def test_a_refusal_is_typed_when_unlocking_is_forbidden(client: Any) -> None:
    """A 403 raises an error class of its own."""
    with RawServer(answer({"message": "no"}, status=403)) as server, pytest.raises(PermissionDeniedError):
        await client(server.url).unlock_reward(3, UNLOCK)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_replay_is_reported_when_the_server_says_so(client: Any) -> None:
    """`Response` tells a replay by the headers of the key in any case, on both transports.

    Without the headers it is no replay.
    """
    headers = {
        "Idempotency-Key": "k1",
        "Idempotent-Replayed": "true",
        "X-Idempotency-Created-At": "2026-08-30T10:00:00Z",
        "X-Idempotency-Expires-At": "2026-08-31T10:00:00Z",
        "X-Idempotency-Fingerprint": "0" * 64,
    }
    with RawServer(answer({"effects": []}), answer({"effects": []}, headers=headers)) as server:
        talon = client(server.url)
        update = talon.raw(talon.update_customer_session_v2)
        session = IntegrationRequest(customer_session=NewCustomerSessionV2())
        first, second = [await update("s", session, idempotency_key="k1") for _ in range(2)]
    assert (False, True) == (first.replayed, second.replayed)
    assert headers == {name: second.headers[name.lower()] for name in headers}


# -- against the sandbox


@pytest.fixture
def sandbox() -> Any:
    with Sandbox(api_key=KEY) as sandbox:
        sandbox.add_loyalty_program(5)
        sandbox.add_points(5, "jane", 150)
        sandbox.add_reward(3, "mug", points=100, program_id=5, description="Blue")
        yield sandbox


def session(**fields: Any) -> IntegrationRequest:
    new = NewCustomerSessionV2(profile_id="jane", reward_integration_ids=["u1"], **fields)
    return IntegrationRequest(customer_session=new, response_content=["unlockedRewards", "customerSession"])


async def points(talon: Any) -> float:
    return (await talon.get_loyalty_balances(5, "jane")).balance.active_points


async def statuses(talon: Any) -> list[tuple[str, str]]:
    return [(reward.integration_id, reward.status) for reward in (await talon.get_customer_rewards("jane")).data]


async def unlocked(talon: Any) -> list[RewardWithUnlocks]:
    return list((await talon.get_customer_inventory("jane", unlocked_rewards=True)).rewards)


async def test_points_are_deducted_when_a_reward_is_unlocked(client: Any, sandbox: Sandbox) -> None:
    """Unlocking a reward deducts its points.

    The answer has the effects and the parts asked for, and the inventory has the reward.
    """
    talon = client(sandbox.url, strict=True)
    state = await talon.unlock_reward(3, UNLOCK)
    assert ["unlockReward", "deductLoyaltyPoints"] == [effect.effect_type for effect in state.effects]
    assert (50, 50, "jane") == (
        await points(talon),
        state.loyalty.programs["5"].ledger.current_balance,
        state.customer_profile.integration_id,
    )
    [reward] = await unlocked(talon)
    assert (3, "mug", "Blue", ["u1"]) == (
        reward.id, reward.name, reward.description, [one.integration_id for one in reward.unlocked],
    )  # fmt: skip


async def test_a_reward_is_used_when_its_session_closes(client: Any, sandbox: Sandbox) -> None:
    """An open session shows the effect of a reward, and closing it uses the reward once."""
    talon = client(sandbox.url, strict=True)
    await talon.unlock_reward(3, UNLOCK)
    open_state = await talon.update_customer_session_v2("s", session())
    assert ([("u1", "unlocked")], ["u1"]) == (
        await statuses(talon),
        list(open_state.customer_session.reward_integration_ids),
    )
    state = await talon.update_customer_session_v2("s", session(state="closed"))
    for effects in (open_state.effects, state.effects):
        [effect] = effects
        assert UseRewardEffectProps(integration_id="u1", reward_id=3, application_id=1) == effect.props
        assert (3, "u1") == (effect.reward_id, effect.reward_integration_id)
    assert ([("u1", "used")], [], []) == (await statuses(talon), await unlocked(talon), list(state.rewards))
    assert [] == list((await talon.update_customer_session_v2("t", session())).effects)


async def test_a_reward_can_be_used_again_when_its_session_is_cancelled(client: Any, sandbox: Sandbox) -> None:
    """Cancelling the session makes its reward usable again, with an effect that names the unlocking."""
    talon = client(sandbox.url, strict=True)
    await talon.unlock_reward(3, UNLOCK)
    await talon.update_customer_session_v2("s", session(state="closed"))
    state = await talon.update_customer_session_v2("s", session(state="cancelled"))
    [effect] = state.effects
    assert RollbackUseRewardEffectProps(integration_id="u1", reward_id=3, application_id=1) == effect.props
    assert ([("u1", "unlocked")], 1) == (await statuses(talon), len(await unlocked(talon)))


async def test_a_reward_is_used_when_an_event_names_it(client: Any, sandbox: Sandbox) -> None:
    """An event that names a reward uses it at once."""
    talon = client(sandbox.url, strict=True)
    await talon.unlock_reward(3, UNLOCK)
    event = IntegrationEventV2Request(
        profile_id="jane", type="picked_up", reward_integration_ids=["u1"], response_content=["unlockedRewards"]
    )
    state = await talon.track_event_v2(event, silent=False)
    assert (["useReward"], []) == ([effect.effect_type for effect in state.effects], list(state.rewards))
    assert [("u1", "used")] == await statuses(talon)


async def test_the_catalog_tells_what_a_customer_lacks_when_it_is_for_one(client: Any, sandbox: Sandbox) -> None:
    """The catalog for a customer tells the missing points or card. Without a customer it does not."""
    sandbox.add_loyalty_program(6, cards=True)
    sandbox.add_points(6, "card-1", 10)
    sandbox.add_reward(4, "yacht", points=1000, program_id=5)
    sandbox.add_reward(7, "jug", points=10, program_id=6)
    talon = client(sandbox.url, strict=True)
    await talon.link_loyalty_card_to_profile(6, "card-1", LoyaltyCardRegistration(integration_id="jane"))

    async def lacks(**who: Any) -> dict[str, Any]:
        return {
            reward.name: [detail.failure_code for detail in reward.eligibility.details] if reward.eligibility else None
            async for reward in walk(talon, "iter_integration_rewards_catalog", page_size=2, **who)
        }

    assert {"mug": None, "yacht": None, "jug": None} == await lacks()
    assert {"mug": [], "yacht": ["INSUFFICIENT_BALANCE"], "jug": ["CARD_REQUIRED"]} == await lacks(
        profile_integration_id="jane"
    )
    assert {"mug": ["PROFILE_REQUIRED"], "yacht": ["PROFILE_REQUIRED"], "jug": ["PROFILE_REQUIRED"]} == await lacks(
        loyalty_card_id="card-1"
    )
    assert {"mug": [], "yacht": ["INSUFFICIENT_BALANCE"], "jug": []} == await lacks(
        profile_integration_id="jane", loyalty_card_id="card-1"
    )
    answered = await talon.integration_rewards_catalog(profile_integration_id="jane", loyalty_program_id=5)
    assert {"5": 150} == {name: one.balance.active_points for name, one in answered.loyalty.items()}


async def test_a_second_unlocking_is_refused_when_the_first_is_unused_or_the_points_are_gone(
    client: Any, sandbox: Sandbox
) -> None:
    """A second unlocking is a 422 with the rule that failed, before the use and after it if the points are gone.

    One with the same ID is a 409. Nothing is deducted.
    """
    talon = client(sandbox.url, strict=True)
    await talon.unlock_reward(3, UNLOCK)
    with pytest.raises(ConflictError):
        await talon.unlock_reward(3, UNLOCK)
    again = IntegrationUnlockRewardRequest(
        integration_id="u2", profile_integration_id="jane", loyalty_program_id=5, subledger_id=""
    )
    for message in ("unlocked already", "100 points are needed"):
        with pytest.raises(UnprocessableError, match=message) as caught:
            await talon.unlock_reward(3, again)
        [reason] = from_json(caught.value.body, RewardUnlockRejection, strict=True).rule_failure_reasons
        assert (3, 50) == (reason.reward_id, await points(talon))
        await talon.track_event_v2(
            IntegrationEventV2Request(profile_id="jane", type="came", reward_integration_ids=["u1"])
        )


async def test_a_replay_is_reported_when_the_sandbox_remembers_the_key(client: Any, sandbox: Sandbox) -> None:
    """A repeated request with the same key gets the first answer, with the time when it was made."""
    talon = client(sandbox.url, strict=True)
    update = talon.raw(talon.update_customer_session_v2)
    first, second = [await update("s", session(), idempotency_key="k1") for _ in range(2)]
    created, expires = (
        datetime.fromisoformat(second.headers[f"X-Idempotency-{what}-At"]) for what in ("Created", "Expires")
    )
    assert (False, True, "k1", first.body) == (
        first.replayed, second.replayed, second.headers["Idempotency-Key"], second.body,
    )  # fmt: skip
    assert (24 * 3600, 64) == (
        (expires - created).total_seconds(),
        len(second.headers["X-Idempotency-Fingerprint"]),
    )
