"""Lists that are larger than a request may be: bounded, in order where it matters, nothing lost; on both twins."""

from __future__ import annotations

import asyncio
import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from support.chunks import ALL, Recorder, add, assert_whole, profile, profiles, remove
from support.clock import FakeClock, Hurried
from support.raw import EMPTY, Exchange, RawServer, answer, reset
from support.twins import KEY

from talon_async import Snapshot, TalonOne
from talon_async.errors import (
    AuthenticationError,
    BadRequestError,
    BulkInterruptedError,
    ConnectionLostError,
    InvalidArgumentError,
)
from talon_async.models import (
    CustomerProfileAudienceRequestItem,
    MultipleCustomerProfileIntegrationRequestItem,
    NewEvent,
    NewReferralsForMultipleAdvocates,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])],
)
async def test_chunks_are_as_large_as_can_be_when_profiles_are_many(client: Any, count: int, sizes: list[int]) -> None:
    """Chunks hold a thousand profiles each, and an empty source makes no request."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(profiles(count), concurrency=1)
    assert sizes == recorder.sizes
    assert list(range(count)) == [*chain(*recorder.numbers)]
    assert (count, count, [], None, []) == (
        report.taken, report.succeeded, report.failures, report.stopped_by, report.answers,
    )  # fmt: skip


@pytest.mark.parametrize("concurrency", [1, 2, 64])
async def test_requests_run_at_once_when_they_are_about_different_customers(client: Any, concurrency: int) -> None:
    """No more requests run at once than `concurrency` says, and each item is sent once."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(profiles(12_000), concurrency=concurrency)
    assert 12_000 == report.succeeded
    assert recorder.most <= concurrency
    assert list(range(12_000)) == sorted(chain(*recorder.numbers))


async def test_a_request_does_not_wait_for_another_when_they_have_nothing_in_common(client: Any) -> None:
    """Two requests without a common item run at once: the first is answered only when the second has come."""

    async def second_first(exchange: Exchange) -> None:
        while len(server.received) < 2:
            await asyncio.sleep(0.005)
        await exchange.send(EMPTY)

    with RawServer(second_first) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(profiles(1500), concurrency=2)
    assert 1500 == report.succeeded


async def test_updates_of_a_customer_are_in_order_when_there_are_several(client: Any) -> None:
    """Two updates of one customer are never in one request, nor in two requests at once."""
    recorder = Recorder()
    with RawServer(recorder) as server:
        source = [profile(0, "a"), profile(1, "b"), profile(2, "a"), profile(3, "a"), profile(4, "c"), profile(5, "b")]
        report = await client(server.url).update_customer_profiles_in_chunks(source, concurrency=8)
    assert ([[0, 1], [2], [3, 4, 5]], 1, 6) == (recorder.numbers, recorder.most, report.succeeded)


async def test_changes_of_an_audience_are_in_order_when_a_customer_leaves_and_joins(client: Any) -> None:
    """Changes of one customer in two audiences go into one request, and changes in the same audience stay in order."""
    recorder = Recorder()

    def change(verb: Any, customer: str, audience: int) -> CustomerProfileAudienceRequestItem:
        return CustomerProfileAudienceRequestItem(action=verb, profile_integration_id=customer, audience_id=audience)

    changes = [change("add", "a", 1), change("add", "a", 2), change("add", "b", 1), change("delete", "a", 1)]
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profile_audiences_in_chunks(changes, concurrency=8)
    assert ([3, 1], 1, 4) == (recorder.sizes, recorder.most, report.succeeded)


async def test_actions_on_a_catalog_keep_their_order_when_kinds_are_mixed(client: Any) -> None:
    """A request of a catalog holds one kind of action and each SKU once.

    An action on many items is alone in its request.
    """
    recorder = Recorder(reply=answer({"id": 5}))
    source = [add("a"), add("b"), remove("a"), add("c"), add("c"), ALL, ALL, add("d"), add("e")]
    with RawServer(recorder) as server:
        report = await client(server.url).sync_catalog_in_chunks(7, source, concurrency=8)
    order = ["ADD a b", "REMOVE a", "ADD c", "ADD c", "PATCH_MANY *", "PATCH_MANY *", "ADD d e"]
    assert (order, 1, 9, 7) == (recorder.skus, recorder.most, report.succeeded, len(report.answers))
    assert {"PUT /v1/catalogs/7/sync HTTP/1.1"} == {exchange.line for exchange in server.received}


async def test_each_advocate_has_a_code_when_there_are_thousands(client: Any) -> None:
    """Each of thousands of advocates gets a code, in the order of the list. The other fields go with every request."""
    body = NewReferralsForMultipleAdvocates(
        campaign_id=3, advocate_profile_integration_ids=[f"c{n}" for n in range(2500)], usage_limit=1
    )

    async def make(exchange: Exchange) -> None:
        request_body = json.loads(exchange.body)
        first = int(request_body["advocateProfileIntegrationIds"][0][1:])
        await asyncio.sleep(0.03 - first / 100_000)  # the last answer comes first
        await exchange.send(answer({"data": [{"code": f"{first}"}]}, status=201))

    with RawServer(make) as server:
        report = await client(server.url).create_referrals_for_multiple_advocates_in_chunks(body, silent=False)
    assert 2500 == report.succeeded
    assert ["0", "1000", "2000"] == [answered.data[0].code for answered in report.answers]
    assert all("silent=no" in exchange.line for exchange in server.received)
    assert {(3, 1)} == {(made["campaignId"], made["usageLimit"]) for made in map(json.loads, _bodies(server))}
    assert 2500 == len(body.advocate_profile_integration_ids)


def _bodies(server: RawServer) -> list[bytes]:
    return [exchange.body for exchange in server.received]


async def test_an_advocate_gets_two_codes_when_the_list_has_them_twice(client: Any) -> None:
    """An advocate who stands in the list twice gets two codes."""
    recorder = Recorder()
    body = NewReferralsForMultipleAdvocates(
        campaign_id=3, advocate_profile_integration_ids=["a", "a", "b"], usage_limit=1
    )
    with RawServer(recorder) as server:
        await client(server.url).create_referrals_for_multiple_advocates_in_chunks(body)
    assert [["a", "a", "b"]] == recorder.chunks


# -- what goes wrong


async def test_a_request_that_fails_is_reported_item_by_item_when_the_others_succeed(client: Any) -> None:
    """A request that fails makes a failure of each of its items, with its index and the error."""
    source = list(profiles(2500))
    recorder = Recorder(lambda index: answer({"message": "no"}, status=400) if index == 1 else None)
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(source, concurrency=1)
    assert (2500, 1500, None) == (report.taken, report.succeeded, report.stopped_by)
    assert list(range(1000, 2000)) == [failure.index for failure in report.failures]
    assert {(BadRequestError, "rejected")} == {(type(f.error), f.error.outcome) for f in report.failures}
    assert_whole(report, source)


async def test_codes_are_not_made_twice_when_an_answer_is_lost(client: Any) -> None:
    """A request for codes whose answer is lost is not repeated. Its advocates are failures of unknown outcome."""
    body = NewReferralsForMultipleAdvocates(
        campaign_id=3, advocate_profile_integration_ids=[f"c{n}" for n in range(1500)], usage_limit=1
    )
    recorder = Recorder(lambda index: reset if index == 0 else None)
    with RawServer(recorder) as server:
        report = await client(server.url, clock=FakeClock()).create_referrals_for_multiple_advocates_in_chunks(
            body, concurrency=1
        )
    assert ([1000, 500], 500) == (recorder.sizes, report.succeeded)
    assert {(ConnectionLostError, "unknown")} == {(type(f.error), f.error.outcome) for f in report.failures}
    assert "c0" == report.failures[0].item


async def test_a_request_is_sent_again_when_it_is_safe_and_lost(client: Any) -> None:
    """A lost request to update profiles is sent again with the same key."""
    recorder = Recorder(lambda index: reset if index == 0 else None)
    with RawServer(recorder) as server:
        report = await client(server.url, clock=FakeClock()).update_customer_profiles_in_chunks(profiles(10))
    assert (10, 2) == (report.succeeded, len(recorder.chunks))
    assert 1 == len({exchange.headers["idempotency-key"] for exchange in server.received})


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_nothing_more_is_taken_when_the_key_is_not_valid(client: Any, concurrency: int) -> None:
    """A run whose API key is refused takes no more items.

    Every item that was read is among the failures, and says if it was not sent.
    """
    source = list(profiles(20_000))
    taken: list[Any] = []

    def reading() -> Iterator[Any]:
        for item in source:
            taken.append(item)
            yield item

    recorder = Recorder(lambda index: answer({}, status=401) if index >= 2 else None)
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(reading(), concurrency=concurrency)
    assert isinstance(report.stopped_by, AuthenticationError)
    assert (len(taken), 2000) == (report.taken, report.succeeded)
    assert report.taken < 20_000
    assert_whole(report, source)
    sent = sum(recorder.sizes) - 2000
    assert sent == sum(failure.error.outcome == "rejected" for failure in report.failures)
    assert (0, report.taken - 2000) == (report.rejected, report.unsent)


async def test_waiting_requests_fail_as_not_sent_when_the_key_becomes_invalid_before_their_turn(client: Any) -> None:
    """Items that wait for an earlier request about the same SKU are reported as not sent when that request meets 401.

    So is the action that closed their chunk.
    """
    source = [add("a"), add("a"), add("a"), remove("a")]
    with RawServer(answer({}, status=401)) as server:
        report = await client(server.url).sync_catalog_in_chunks(7, source, concurrency=4)
    assert 1 == len(server.received)
    assert ["rejected", *["not_sent"] * (report.taken - 1)] == [
        failure.error.outcome for failure in sorted(report.failures, key=lambda failure: failure.index)
    ]
    assert_whole(report, source)


async def test_what_came_before_is_sent_when_the_source_fails(client: Any) -> None:
    """A source that raises ends the run after everything that it gave is sent, including the last chunk.

    Its error is the cause.
    """

    def source() -> Iterator[Any]:
        yield from profiles(1005)
        raise KeyError("the database is gone")

    recorder = Recorder()
    with RawServer(recorder) as server, pytest.raises(BulkInterruptedError, match="raised KeyError") as caught:
        await client(server.url).update_customer_profiles_in_chunks(source())
    assert isinstance(caught.value.__cause__, KeyError)
    assert ([5, 1000], 1005, 1005) == (
        sorted(recorder.sizes), caught.value.report.taken, caught.value.report.succeeded,
    )  # fmt: skip


async def test_an_item_fails_alone_when_it_cannot_be_sent(client: Any) -> None:
    """An item that cannot be sent is a failure with its index. The others go as if it had not been in the list."""
    source = list(profiles(2004))
    source[2], source[1500] = profile(2, "x" * 1001), profile(1500, "")
    source[1501] = MultipleCustomerProfileIntegrationRequestItem(integration_id="n", attributes={"n": float("nan")})
    source[1502] = MultipleCustomerProfileIntegrationRequestItem(integration_id=5)  # type: ignore[arg-type]
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(source)
    assert ([1000, 1000], 2000) == (recorder.sizes, report.succeeded)
    assert [2, 1500, 1501, 1502] == [failure.index for failure in report.failures]
    reasons = [
        "integration_id must be 1 to 1000 characters, not 1001",
        "integration_id must be 1 to 1000 characters, not 0",
        "/attributes/n: nan is not a JSON number",
        "integration_id must be text, not 5",
    ]
    assert reasons == [str(failure.error) for failure in report.failures]
    assert {"not_sent"} == {failure.error.outcome for failure in report.failures}
    assert_whole(report, source)


WRONG: list[Any] = [
    "text",
    None,
    5,
    object(),
    {"integrationId": "a"},
    NewEvent(type="t", session_id="s", attributes={}),
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_the_run_stops_when_an_item_is_of_a_wrong_type(client: Any, wrong: Any) -> None:
    """An item of another type stops the run, because all items may have the same mistake. Nothing is sent after it."""
    source = [*profiles(3), wrong, profile(3)]
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(source, concurrency=2)
    assert ([], 0, 1) == (recorder.numbers, report.succeeded, report.rejected)
    assert "every item of profiles must be a MultipleCustomerProfileIntegrationRequestItem, not " in str(
        report.stopped_by
    )
    assert_whole(report, source)


async def test_an_advocate_fails_alone_when_the_id_cannot_be_sent(client: Any) -> None:
    """An advocate whose ID is too short or too long is a failure, and the others get codes."""
    ids: Any = ["a", "", "b", "x" * 1001, "c"]
    body = NewReferralsForMultipleAdvocates(campaign_id=3, advocate_profile_integration_ids=ids, usage_limit=1)
    recorder = Recorder()
    with RawServer(recorder) as server:
        report = await client(server.url).create_referrals_for_multiple_advocates_in_chunks(body)
    assert ([["a", "b", "c"]], [1, 3]) == (recorder.chunks, [failure.index for failure in report.failures])


async def test_the_loop_goes_on_when_a_source_gives_only_what_cannot_be_sent() -> None:
    """A run over an endless source of items that cannot be sent tells its progress and can be cancelled."""
    last: list[Snapshot] = []

    def endless() -> Iterator[Any]:
        while True:
            yield profile(0, "")

    async with TalonOne("http://127.0.0.1:9", KEY, clock=Hurried()) as talon:
        run = asyncio.ensure_future(talon.update_customer_profiles_in_chunks(endless(), progress=last.append))
        while not last:
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    assert (last[-1].taken, 0) == (last[-1].rejected + last[-1].unsent, last[-1].pending)


async def test_a_run_ends_when_progress_raises_at_an_item_that_cannot_be_sent(client: Any) -> None:
    """A run whose `progress` raises ends, also if no item can be sent."""

    def progress(_: Snapshot) -> None:
        raise KeyError("the bar is gone")

    with pytest.raises(BulkInterruptedError) as caught:
        await client("http://127.0.0.1:9").update_customer_profiles_in_chunks(
            [profile(1), profile(2, "")], progress=progress
        )
    assert {"not_sent"} == {failure.error.outcome for failure in caught.value.report.failures}
    assert_whole(caught.value.report)


@pytest.mark.parametrize("odd", [["a"], {"a": 1}, object()])
async def test_a_run_goes_on_when_an_id_is_no_text(client: Any, odd: Any) -> None:
    """An ID that is no text, and that cannot be hashed, fails with its own request. The run goes on."""
    with RawServer(Recorder()) as server:
        report = await client(server.url).update_customer_profiles_in_chunks(
            [profile(1), MultipleCustomerProfileIntegrationRequestItem(integration_id=odd), profile(2)]
        )
    assert 3 == report.taken
    assert_whole(report)
    with RawServer(answer({})) as server:
        report = await client(server.url).track_events(
            [NewEvent(type="t", session_id="s", profile_id=customer, attributes={}) for customer in ("a", odd, "b")]
        )
        assert (3, True) == (report.taken, report.succeeded >= 2)
        assert_whole(report)


CALLS: list[tuple[str, tuple[Any, ...], str]] = [
    ("update_customer_profiles_in_chunks", (), "profiles"),
    ("update_customer_profile_audiences_in_chunks", (), "changes"),
    ("sync_catalog_in_chunks", (7,), "actions"),
    ("track_events", (), "events"),
]


@pytest.mark.parametrize("wrong", ["text", b"x", 5, {"a": 1}, None])
@pytest.mark.parametrize(("name", "before", "parameter"), CALLS)
async def test_a_run_is_refused_when_its_source_is_not_iterable(
    client: Any, name: str, before: tuple[Any, ...], parameter: str, wrong: Any
) -> None:
    """A source that is no iterable is refused with an error that names the parameter."""
    with pytest.raises(InvalidArgumentError, match=f"^{parameter} must be an iterable, not {type(wrong).__name__}"):
        await getattr(client("http://127.0.0.1:9"), name)(*before, wrong)


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "4", None])
@pytest.mark.parametrize(("name", "before", "parameter"), CALLS)
async def test_nothing_is_taken_when_the_concurrency_makes_no_sense(
    client: Any, name: str, before: tuple[Any, ...], parameter: str, wrong: Any
) -> None:
    """A concurrency that makes no sense is refused before the source is touched, because the source may block."""
    given: list[str] = []

    def source() -> Iterator[Any]:
        given.append(parameter)
        yield None

    with pytest.raises(InvalidArgumentError, match="concurrency must be 1 or more"):
        await getattr(client("http://127.0.0.1:9"), name)(*before, source(), concurrency=wrong)
    assert [] == given


@pytest.mark.parametrize("wrong", [None, ["a"], {"campaignId": 1}, NewEvent(type="t", session_id="s", attributes={})])
async def test_codes_are_refused_when_the_body_is_another_model(client: Any, wrong: Any) -> None:
    """A body of another model is refused, as in a single request."""
    with pytest.raises(InvalidArgumentError, match="body must be NewReferralsForMultipleAdvocates, not "):
        await client("http://127.0.0.1:9").create_referrals_for_multiple_advocates_in_chunks(wrong)


@pytest.mark.parametrize("wrong", [None, "abc", 5])
async def test_codes_are_refused_when_the_advocates_are_no_list(client: Any, wrong: Any) -> None:
    """A text in place of the list of advocates is refused, and is not read as a list of its letters."""
    body = NewReferralsForMultipleAdvocates(campaign_id=1, advocate_profile_integration_ids=wrong, usage_limit=1)
    with pytest.raises(InvalidArgumentError, match="advocate_profile_integration_ids must be an iterable"):
        await client("http://127.0.0.1:9").create_referrals_for_multiple_advocates_in_chunks(body)
