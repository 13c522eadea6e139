"""The two transports: which one serves, what goes through aiohttp's session, and what the direct one refuses."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.http_exceptions import BadStatusLine, LineTooLong
from aioresponses import aioresponses
from support.raw import RawServer, answer
from support.twins import KEY

from talon_async import RetryPolicy, TalonOne, TalonOneSync
from talon_async.errors import ConfigurationError, ConnectError, ConnectionLostError, ServerError
from talon_async.models import NewCustomerProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
URL = "https://shop.talon.one"


def test_the_session_serves_when_no_transport_is_named() -> None:
    """Both twins use the session transport by default."""
    with TalonOneSync(URL, KEY) as talon:
        assert ("session", "session") == (TalonOne(URL, KEY).transport, talon.transport)


def test_the_direct_transport_serves_when_an_option_or_variable_names_it() -> None:
    """The direct transport serves when the option or the environment names it.

    A copy keeps the transport, and the option outweighs the environment.
    """
    environment = {"TALON_ONE_BASE_URL": URL, "TALON_ONE_API_KEY": KEY, "TALON_ONE_TRANSPORT": "direct"}
    talon = TalonOne.from_env(environment)
    assert ("direct", "direct") == (talon.transport, talon.with_options(timeout=3).transport)
    assert "session" == TalonOne.from_env(environment, transport="session").transport


@pytest.mark.parametrize(
    ("option", "value"), [("proxy", "http://proxy:1"), ("trust_env", True), ("session", object())]
)  # fmt: skip
def test_the_direct_transport_is_refused_when_it_lacks_what_is_asked_for(option: str, value: Any) -> None:
    """The error names the option that the direct transport lacks, and says to use `transport='session'`."""
    options: Any = {option: value, "transport": "direct"}
    with pytest.raises(ConfigurationError, match=f"{option}: .*transport='session'"):
        TalonOne(URL, KEY, **options)


def test_a_transport_is_refused_when_its_name_is_unknown() -> None:
    """A transport of an unknown name is refused with an error that lists the known ones."""
    options: Any = {"transport": "carrier pigeon"}
    with pytest.raises(ConfigurationError, match="transport must be 'session' or 'direct', not 'carrier pigeon'"):
        TalonOne(URL, KEY, **options)


def test_the_direct_transport_is_refused_when_its_parser_is_not_installed() -> None:
    """The direct transport is refused with an error that names the missing package.

    The session transport works without it.
    """
    script = f"""
        import sys
        sys.modules["httptools"] = None
        from talon_async import TalonOne
        TalonOne({URL!r}, "key")
        try:
            TalonOne({URL!r}, "key", transport="direct")
        except ValueError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "needs the package httptools, which is not installed" in done.stdout


# -- what goes through aiohttp's session


async def test_a_proxy_is_asked_when_one_is_given() -> None:
    """A proxy gets the whole address in the request line."""
    with RawServer(answer({})) as proxy:
        options: Any = {"proxy": proxy.url, "allow_http": True}
        async with TalonOne("http://shop.invalid", KEY, **options) as talon:
            await talon.get_customer_inventory("a")
    assert "GET http://shop.invalid/v1/customer_profiles/a/inventory HTTP/1.1" == proxy.received[0].line


async def test_a_proxy_is_asked_when_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `trust_env` the proxy of the environment is used."""
    with RawServer(answer({})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        options: Any = {"trust_env": True, "allow_http": True}
        async with TalonOne("http://shop.invalid", KEY, **options) as talon:
            await talon.get_customer_inventory("a")
    assert "GET http://shop.invalid/v1/customer_profiles/a/inventory HTTP/1.1" == proxy.received[0].line


async def test_nothing_was_sent_when_the_name_of_a_proxy_cannot_be_one() -> None:
    """A proxy's name that no name can be is an error at once, and nothing was sent."""
    proxy = f"http://{'a' * 64}.example"
    async with TalonOne(URL, KEY, proxy=proxy, retry=RetryPolicy.off()) as talon:
        with pytest.raises(ConnectError) as caught:
            await talon.update_customer_profile("a", NewCustomerProfile())
    assert "not_sent" == caught.value.outcome


@pytest.mark.parametrize("transport", ["session", "direct"])
async def test_the_environment_names_no_proxy_when_it_is_not_trusted(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `trust_env`, the proxy of the environment does not see the requests."""
    with RawServer(answer({})) as server, RawServer(answer({})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        async with TalonOne(server.url, KEY, transport=transport) as talon:
            await talon.get_customer_inventory("a")
    assert (1, 0) == (len(server.received), len(proxy.received))


async def test_mocks_answer_when_they_are_active() -> None:
    """A mock of aioresponses answers a client that was there before it. The server answers once the mock is gone."""
    with RawServer(answer({"profile": {"id": 1}})) as server:
        async with TalonOne(server.url, KEY) as talon:
            for expected in (1, 2, 1):
                with aioresponses() if expected == 2 else contextlib.nullcontext() as mocked:
                    if mocked is not None:
                        mocked.get(f"{server.url}/v1/customer_profiles/a/inventory", payload={"profile": {"id": 2}})
                    inventory = await talon.get_customer_inventory("a")
                assert inventory.profile is not None
                assert expected == inventory.profile.id
    assert 2 == len(server.received)


async def test_a_mocked_failure_is_an_error_when_the_mock_raises_or_refuses() -> None:
    """A mocked disconnection is a lost connection with unknown outcome, and a mocked 503 is a ServerError."""
    with aioresponses() as mocked:
        mocked.put(f"{URL}/v1/customer_profiles/a", exception=aiohttp.ServerDisconnectedError())
        mocked.put(f"{URL}/v1/customer_profiles/b", status=503)
        async with TalonOne(URL, KEY) as talon:
            with pytest.raises(Exception, match="ended before an answer came") as caught:
                await talon.update_customer_profile("a", NewCustomerProfile())
            with pytest.raises(ServerError):
                await talon.update_customer_profile("b", NewCustomerProfile())
    assert "unknown" == getattr(caught.value, "outcome", None)


REFUSED: Any = aiohttp.ClientConnectorError(Mock(ssl=True), OSError(111, "refused"))


@pytest.mark.parametrize(
    ("exception", "kind", "said", "outcome"),
    [
        (REFUSED, ConnectError, "no connection to .*refused", "not_sent"),
        (aiohttp.ConnectionTimeoutError(), ConnectError, "no connection within the time allowed", "not_sent"),
        (BadStatusLine("what"), ConnectionLostError, "the answer is not HTTP", "unknown"),
        (LineTooLong(b"X: aaa", 5), ConnectionLostError, "the header section of the answer is larger", "unknown"),
        (BrokenPipeError(), ConnectionLostError, r"before an answer came \(BrokenPipeError\)", "unknown"),
    ],
)
async def test_a_mocked_failure_has_the_outcome_of_a_real_one_when_aiohttp_can_raise_it(
    exception: Exception, kind: type[Exception], said: str, outcome: str
) -> None:
    """What a mock raises in the place of aiohttp is told as if a server had caused it."""
    with aioresponses() as mocked:
        mocked.put(f"{URL}/v1/customer_profiles/a", exception=exception)
        async with TalonOne(URL, KEY, retry=RetryPolicy.off()) as talon:
            with pytest.raises(kind, match=said) as caught:
                await talon.update_customer_profile("a", NewCustomerProfile())
    assert outcome == getattr(caught.value, "outcome", None)


async def test_traces_of_every_session_are_called_when_a_library_adds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that a wrapper adds to every session, as instrumentation does, is called for the client's requests."""
    ended: list[str] = []
    trace = aiohttp.TraceConfig()

    async def note(_: Any, __: Any, params: aiohttp.TraceRequestEndParams) -> None:
        ended.append(params.url.path)

    trace.on_request_end.append(note)
    original = aiohttp.ClientSession.__init__

    def init(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, trace_configs=[trace], **options)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", init)
    with RawServer(answer({})) as server:
        async with TalonOne(server.url, KEY) as talon:
            await talon.get_customer_inventory("a")
    assert ["/v1/customer_profiles/a/inventory"] == ended


@pytest.fixture
def spans() -> Iterator[Any]:
    """Give an exporter of traces, and the library that makes traces of aiohttp's requests."""
    pytest.importorskip("opentelemetry.instrumentation.aiohttp_client", reason="from the test extra")
    from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    class Spans:
        def start(self) -> None:
            AioHttpClientInstrumentor().instrument(tracer_provider=provider)

        @property
        def names(self) -> list[Any]:
            return [
                (span.name, (span.attributes or {}).get("http.status_code")) for span in exporter.get_finished_spans()
            ]

    yield Spans()
    AioHttpClientInstrumentor().uninstrument()


@pytest.mark.parametrize("started", ["before the client", "after the client", "between two calls"])
async def test_opentelemetry_sees_the_requests_when_it_is_started(spans: Any, started: str) -> None:
    """OpenTelemetry sees requests if it is started before a client, after it, or between two of its calls.

    OpenTelemetry wraps the constructor of sessions; a client makes its own on each event loop with its first call.
    """
    with RawServer(answer({})) as server:
        if started == "before the client":
            spans.start()
        talon = TalonOne(server.url, KEY)
        if started == "after the client":
            spans.start()
        await talon.get_customer_inventory("a")
        if started == "between two calls":
            assert [] == spans.names
            await talon.aclose()
            spans.start()
            talon = TalonOne(server.url, KEY)
            await talon.get_customer_inventory("a")
        await talon.aclose()
    assert [("GET", 200)] == spans.names


async def test_vcr_plays_back_when_it_has_recorded_an_answer(tmp_path: Path) -> None:
    """A recording of vcrpy is played back the second time, without asking the server."""
    vcr = pytest.importorskip("vcr", reason="from the test extra")
    with RawServer(answer({"profile": {"id": 3}})) as server:
        for _ in range(2):
            with vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="once"):
                async with TalonOne(server.url, KEY) as talon:
                    inventory = await talon.get_customer_inventory("a")
            assert inventory.profile is not None
            assert 3 == inventory.profile.id
    assert 1 == len(server.received)
