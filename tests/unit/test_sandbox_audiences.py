"""The sandbox's operations on many customers: audiences, profiles together, referrals for many advocates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.asking import SECRET, ask, content

from talon_async.errors import ConflictError, NotFoundError
from talon_async.models import (
    CustomerProfileAudienceRequest,
    CustomerProfileAudienceRequestItem,
    CustomerProfileIntegrationRequestV2,
    MultipleCustomerProfileIntegrationRequest,
    MultipleCustomerProfileIntegrationRequestItem,
    NewAudience,
    NewReferralsForMultipleAdvocates,
    ProfileAudiencesChanges,
    UpdateAudience,
)
from talon_async.testing import Sandbox
from talon_async.testing._guards import Guard
from talon_async.testing._handler import Handler
from talon_async.testing._refusal import Refusal
from talon_async.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clock import FakeClock


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_audience(5, "gold")
    world.add_audience(6, "silver")
    return world


def move(world: World, *changes: tuple[Any, str, int]) -> None:
    items = [
        CustomerProfileAudienceRequestItem(action=action, profile_integration_id=who, audience_id=audience)
        for action, who, audience in changes
    ]
    world.update_customer_profile_audiences(CustomerProfileAudienceRequest(data=items))


def audiences_of(world: World, who: str) -> list[Any]:
    return [(membership.id, membership.name) for membership in world.store.profiles[who].audience_memberships]


def status_and_source(refused: pytest.ExceptionInfo[Refusal]) -> Any:
    return refused.value.status, refused.value.flaws[0].source if refused.value.flaws else None


# -- audiences


def test_customers_join_and_leave_when_an_audience_says_so(world: World) -> None:
    """Customers join and leave audiences in the order of the changes. Unknown customers who join are created."""
    move(world, ("add", "p", 6), ("add", "p", 5), ("add", "q", 5), ("delete", "q", 5))
    assert audiences_of(world, "p") == [(5, "gold"), (6, "silver")]
    assert audiences_of(world, "q") == []


def test_audiences_are_the_same_when_a_profile_changes_its_own(world: World, clock: FakeClock) -> None:
    """Audiences and profiles change the same memberships. The audience has the time of the last change."""
    move(world, ("add", "p", 5))
    clock.time += 60
    changes = ProfileAudiencesChanges(adds=[6], deletes=[5])
    world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(audiences_changes=changes))
    assert audiences_of(world, "p") == [(6, "silver")]
    audience = world.store.audiences[5]
    assert audience is not None
    assert audience.last_update == clock.now()


def test_a_profile_is_refused_when_its_audience_does_not_exist(world: World) -> None:
    """A profile that joins an unknown audience is refused with a pointer to its number.

    That holds once there are audiences.
    """
    changes = ProfileAudiencesChanges(adds=[5, 7], deletes=[])
    with pytest.raises(Refusal) as refused:
        world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(audiences_changes=changes))
    assert status_and_source(refused) == (400, {"pointer": "/audiencesChanges/adds/1"})
    assert not world.store.profiles


def test_an_audience_is_made_when_it_is_new(world: World) -> None:
    """A new audience gets an ID that no other one has."""
    for number in range(1, 5):
        world.add_audience(number, "taken")
    made = world.create_audience_v2(NewAudience(name="bronze", subscribed_applications_ids=[1]))
    assert (made.name, made.sandbox, made.subscribed_applications_ids) == ("bronze", False, [1])
    assert made.id not in (1, 2, 3, 4, 5, 6)
    assert made == world.store.audiences[made.id or 0]


def test_an_audience_is_refused_when_its_counterpart_is_taken(world: World) -> None:
    """A second audience with the same integration and integration ID is a 409.

    Another integration may have the ID, and so may any after a deletion.
    """
    one = NewAudience(name="a", integration="braze", integration_id="x")
    made = world.create_audience_v2(one)
    world.create_audience_v2(NewAudience(name="b", integration_id="x"))
    with pytest.raises(Refusal) as refused:
        world.create_audience_v2(one)
    assert refused.value.status == 409
    world.delete_audience_v2(made.id or 0)
    assert made.id != world.create_audience_v2(one).id


def test_members_see_the_new_name_when_an_audience_is_renamed(world: World) -> None:
    """The members of a renamed audience see its new name. Subscribed Applications stay unless they are given."""
    move(world, ("add", "p", 5))
    renamed = world.update_audience_v2(5, UpdateAudience(name="platinum"))
    assert renamed.name == "platinum"
    assert audiences_of(world, "p") == [(5, "platinum")]
    world.update_audience_v2(5, UpdateAudience(name="x", subscribed_applications_ids=[1]))
    assert world.update_audience_v2(5, UpdateAudience(name="y")).subscribed_applications_ids == [1]


def test_members_leave_when_an_audience_is_emptied_or_deleted(world: World) -> None:
    """Emptying an audience removes its members and keeps the audience. Deleting it removes both."""
    move(world, ("add", "p", 5), ("add", "p", 6), ("add", "q", 5))
    world.delete_audience_memberships_v2(5)
    assert (audiences_of(world, "p"), audiences_of(world, "q")) == ([(6, "silver")], [])
    world.delete_audience_v2(6)
    assert audiences_of(world, "p") == []
    move(world, ("add", "p", 5))
    with pytest.raises(Refusal) as refused:
        move(world, ("add", "p", 6))
    assert status_and_source(refused) == (404, None)


def test_attributes_are_set_when_an_audience_gets_them(world: World) -> None:
    """The attributes of an audience are set on its members alone, and null deletes one."""
    world.update_customer_profile_v2("p", CustomerProfileIntegrationRequestV2(attributes={"a": 1, "b": 2}))
    move(world, ("add", "p", 5), ("add", "q", 6))
    world.update_audience_customers_attributes(5, {"a": None, "c": 3})
    assert [world.store.profiles[who].attributes for who in "pq"] == [{"b": 2, "c": 3}, {}]


@pytest.mark.parametrize(
    "act",
    [
        lambda w: w.update_audience_v2(9, UpdateAudience(name="x")),
        lambda w: w.delete_audience_v2(9),
        lambda w: w.delete_audience_memberships_v2(9),
        lambda w: w.update_audience_customers_attributes(9, {}),
        lambda w: move(w, ("add", "p", 5), ("add", "q", 9)),
        lambda w: move(w, ("add", "p", 5), ("delete", "q", 5)),
    ],
)
def test_nothing_changes_when_an_audience_or_a_customer_is_not_known(
    world: World, act: Callable[[World], None]
) -> None:
    """An unknown audience or customer is a 404, and none of several changes is made."""
    with pytest.raises(Refusal) as refused:
        act(world)
    assert refused.value.status == 404
    assert not world.store.profiles


@pytest.mark.parametrize(
    ("act", "pointer"),
    [
        (lambda w: w.create_audience_v2(NewAudience(name="")), "/name"),
        (lambda w: w.update_audience_v2(5, UpdateAudience(name="")), "/name"),
        (lambda w: move(w, ("add", "", 5)), "/data/0/profileIntegrationId"),
        (lambda w: move(w, ("add", "x" * 1001, 5)), "/data/0/profileIntegrationId"),
        (lambda w: move(w, *[("add", "p", 5)] * 1001), "/data"),
        (lambda w: w.update_audience_customers_attributes(5, {"x": 1}), "/x"),
    ],
)
def test_a_request_is_refused_when_it_breaks_a_limit(world: World, act: Callable[[World], None], pointer: str) -> None:
    """An empty name or ID, too many changes, or an undefined attribute is a 400 with a pointer to it."""
    world.define_attributes("CustomerProfile", "known")
    with pytest.raises(Refusal) as refused:
        act(world)
    assert status_and_source(refused) == (400, {"pointer": pointer})


def test_an_audience_cannot_be_scripted_when_its_number_is_taken(world: World) -> None:
    """Scripting an audience whose number is taken raises a ValueError."""
    with pytest.raises(ValueError, match="audience 5"):
        world.add_audience(5, "again")


# -- profiles together


def profiles(*items: tuple[str, Any]) -> MultipleCustomerProfileIntegrationRequest:
    return MultipleCustomerProfileIntegrationRequest(
        customer_profiles=[
            MultipleCustomerProfileIntegrationRequestItem(integration_id=i, attributes=a) for i, a in items
        ]
    )


def test_many_profiles_are_updated_when_they_come_together(world: World) -> None:
    """An update of many profiles merges their attributes and runs no rule.

    The answer has the profiles unless it is silent.
    """
    world.rules.on_profile.append(lambda _: pytest.fail("no rule runs"))
    assert world.update_customer_profiles_v2(profiles(("p", {"a": 1}), ("q", None))) is None
    answer = world.update_customer_profiles_v2(profiles(("q", {"b": 2}), ("p", {"c": 3})), silent=False)
    assert answer is not None
    shown = [state.customer_profile for state in answer.integration_states]
    assert [(profile.integration_id, profile.attributes) for profile in shown if profile] == [
        ("q", {"b": 2}),
        ("p", {"a": 1, "c": 3}),
    ]


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([("p", {}), ("", {})], "/customerProfiles/1/integrationId"),
        ([("p", {}), ("x" * 1001, {})], "/customerProfiles/1/integrationId"),
        ([("p", {}), ("q", {"x": 1})], "/customerProfiles/1/attributes/x"),
        ([("p", {})] * 1001, "/customerProfiles"),
    ],
)
def test_no_profile_is_updated_when_one_of_many_is_refused(world: World, items: Any, pointer: str) -> None:
    """No profile is updated when one of them is refused, and the pointer leads to that one."""
    world.define_attributes("CustomerProfile", "known")
    with pytest.raises(Refusal) as refused:
        world.update_customer_profiles_v2(profiles(*items))
    assert status_and_source(refused) == (400, {"pointer": pointer})
    assert not world.store.profiles


# -- referrals for many


def refer(world: World, *advocates: str, **fields: Any) -> list[str]:
    world.referral_campaigns[1] = None
    defaults: dict[str, Any] = {"campaign_id": 1, "advocate_profile_integration_ids": advocates, "usage_limit": 0}
    body = NewReferralsForMultipleAdvocates(**{**defaults, **fields})
    answer = world.create_referrals_for_multiple_advocates(body, silent=False)
    assert answer is not None
    assert answer.total_result_size == len(answer.data)
    return [item.code or "" for item in answer.data]


def test_each_advocate_has_a_code_when_many_are_made(world: World) -> None:
    """Each of many advocates gets a code and a profile. The code has the limit and attributes of the request."""
    codes = refer(world, "p", "q", usage_limit=3, attributes={"a": 1})
    made = [world.store.referrals[code] for code in codes]
    shown = [(referral.advocate_profile_integration_id, referral.usage_limit, referral.attributes) for referral in made]
    assert shown == [("p", 3, {"a": 1}), ("q", 3, {"a": 1})]
    assert list(world.store.profiles) == ["p", "q"]


def test_codes_follow_the_pattern_when_there_is_one(world: World) -> None:
    """The places of a pattern are filled with valid characters, and no two codes are equal."""
    codes = refer(world, *"pqrs", referral_pattern="REF-##", valid_characters=["#", "B"])
    assert {"REF-##", "REF-#B", "REF-B#", "REF-BB"} == set(codes)
    (code,) = refer(world, "p", referral_pattern="####")
    assert len(code) == 4
    assert code.isalnum()


def test_nothing_is_made_when_a_pattern_has_too_few_codes(world: World) -> None:
    """A pattern with fewer codes than advocates is refused, and no code or profile is made."""
    with pytest.raises(Refusal) as refused:
        refer(world, *"pqr", referral_pattern="AB#", valid_characters=["1", "2"])
    assert status_and_source(refused) == (400, {"pointer": "/referralPattern"})
    assert not world.store.referrals
    assert not world.store.profiles


@pytest.mark.parametrize(
    ("advocates", "fields", "pointer"),
    [
        ([], {}, "/advocateProfileIntegrationIds"),
        (["p"] * 1001, {}, "/advocateProfileIntegrationIds"),
        (["p", ""], {}, "/advocateProfileIntegrationIds/1"),
        (["p"], {"referral_pattern": "A#"}, "/referralPattern"),
        (["p"], {"valid_characters": []}, "/validCharacters"),
        (["p"], {"valid_characters": ["A", ""]}, "/validCharacters"),
        (["p"], {"attributes": {"x": 1}}, "/attributes/x"),
    ],
)
def test_referrals_are_refused_when_they_break_a_limit(
    world: World, advocates: list[str], fields: dict[str, Any], pointer: str
) -> None:
    """Referrals that break a limit are refused with a pointer to it, and none is made."""
    world.define_attributes("Referral", "known")
    with pytest.raises(Refusal) as refused:
        refer(world, *advocates, **fields)
    assert status_and_source(refused) == (400, {"pointer": pointer})
    assert not world.store.referrals


# -- over HTTP


async def test_the_status_is_the_documented_one_when_many_are_changed(clock: FakeClock) -> None:
    """An operation that makes or shows something answers 201 or 200, and a silent one answers 204."""
    handler = Handler(Guard("k", "7", SECRET), clock)
    handler.world.referral_campaigns[1] = None
    made = await ask(handler, "POST", "/v2/audiences", {"name": "gold"})
    number = content(made)["id"]
    referrals = {"campaignId": 1, "advocateProfileIntegrationIds": ["p"], "usageLimit": 1}
    change = {"action": "add", "profileIntegrationId": "p", "audienceId": number}
    answers = [
        made,
        await ask(handler, "PUT", f"/v2/audiences/{number}", {"name": "silver"}),
        await ask(handler, "POST", "/v2/customer_audiences", {"data": [change]}),
        await ask(handler, "PUT", f"/v2/audience_customers/{number}/attributes", {"a": 1}),
        await ask(handler, "DELETE", f"/v2/audiences/{number}/memberships"),
        await ask(handler, "DELETE", f"/v2/audiences/{number}"),
        await ask(handler, "PUT", "/v2/customer_profiles", {"customerProfiles": []}),
        await ask(handler, "PUT", "/v2/customer_profiles?silent=no", {"customerProfiles": []}),
        await ask(handler, "POST", "/v1/referrals_for_multiple_advocates", referrals),
        await ask(handler, "POST", "/v1/referrals_for_multiple_advocates?silent=no", referrals),
    ]
    assert [answer.status for answer in answers] == [201, 200, 204, 204, 204, 204, 204, 200, 204, 201]
    assert [answer.status == 204 for answer in answers] == [answer.body == b"" for answer in answers]


async def test_audiences_and_profiles_are_changed_when_a_client_asks_for_it(client: Callable[..., Any]) -> None:
    """Both twins get documented answers to operations on audiences, many profiles and many referrals."""
    with Sandbox() as sandbox:
        talon = client(sandbox.url, sandbox.api_key, strict=True)
        sandbox.add_referral_campaign(1)
        sandbox.add_audience(5, "gold")
        change = CustomerProfileAudienceRequestItem(action="add", profile_integration_id="p", audience_id=5)
        assert await talon.update_customer_profile_audiences(CustomerProfileAudienceRequest(data=[change])) is None
        assert await talon.update_audience_customers_attributes(5, {"a": 1}) is None
        answer = await talon.update_customer_profiles_v2(profiles(("p", {"b": 2})), silent=False)
        profile = answer.integration_states[0].customer_profile
        assert (profile.attributes, [membership.name for membership in profile.audience_memberships]) == (
            {"a": 1, "b": 2},
            ["gold"],
        )
        body = NewReferralsForMultipleAdvocates(campaign_id=1, advocate_profile_integration_ids=["p"], usage_limit=0)
        assert await talon.create_referrals_for_multiple_advocates(body) is None
        assert len((await talon.create_referrals_for_multiple_advocates(body, silent=False)).data) == 1
        audience = await talon.create_audience_v2(NewAudience(name="a", integration_id="x"))
        with pytest.raises(ConflictError):
            await talon.create_audience_v2(NewAudience(name="b", integration_id="x"))
        await talon.delete_audience_v2(audience.id)
        with pytest.raises(NotFoundError):
            await talon.delete_audience_memberships_v2(audience.id)
