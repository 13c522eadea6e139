"""The examples of queues in the README, run as they stand there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from support.readme import Page
from support.twins import KEY

from talon_async.testing import Sandbox


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """Start the sandbox and name it in the environment; the working folder is a new one."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(api_key=KEY) as running:
        monkeypatch.setenv("TALON_ONE_BASE_URL", running.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", KEY)
        yield running


class App:
    """Run an ASGI application without a server: its lifespan and its requests."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def _lifespan(self, event: str) -> None:
        await self._to_app.put({"type": f"lifespan.{event}"})
        assert {"type": f"lifespan.{event}.complete"} == await self._from_app.get()

    async def __aenter__(self) -> Self:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._running = asyncio.ensure_future(self._app(scope, self._to_app.get, self._from_app.put))
        await self._lifespan("startup")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lifespan("shutdown")
        await self._running

    async def post(self, path: str) -> tuple[int, bytes]:
        """Return status and body of a request."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_a_fastapi_application_records_events_when_it_has_a_queue(sandbox: Sandbox, tmp_path: Path) -> None:
    """Requests are answered once the event is on the disk, and the end of the lifespan delivers all events."""
    pytest.importorskip("fastapi")
    async with App(Page().read("Events of a web application")["app"]) as app:
        answers = [await app.post(f"/customers/jane/views/{sku}") for sku in range(20)]
        assert [202] * 20 == [status for status, _ in answers]
        assert all(body.startswith(b'{"waiting":') for _, body in answers)
        assert 1 == len(list(tmp_path.glob("events/*.journal")))
    assert [f"{sku}" for sku in range(20)] == [event.attributes["sku"] for event in sandbox.events if event.attributes]
    assert [] == list((tmp_path / "events").iterdir())


def test_threads_record_events_when_they_share_a_queue(sandbox: Sandbox) -> None:
    """The example prints the figures in its comment."""
    with Page() as page:
        page.read("Events of threads")
    assert 500 == len(sandbox.events)
