"""Applications that are frozen: tools such as PyInstaller find every module by the imports that they read."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from modulefinder import ModuleFinder
from typing import TYPE_CHECKING, Any

import pytest
from support.processes import ROOT
from support.raw import Exchange, RawServer, answer

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import asyncio, multiprocessing, sys, tempfile
from talon_async import RetryPolicy, TalonOne, TalonOneSync
from talon_async.errors import TalonOneError
from talon_async.models import IntegrationEventV2Request, IntegrationRequest, NewCustomerSessionV2

event = IntegrationEventV2Request(type="t", profile_id="p", attributes={})
session = IntegrationRequest(customer_session=NewCustomerSessionV2(profile_id="p"))

async def awaited(url, transport):
    async with TalonOne(url, "key", transport=transport) as talon:
        return (await talon.get_customer_inventory("a")).profile.integration_id

def main(url, folder):
    for transport in ("session", "direct"):
        with TalonOneSync(url, "key", transport=transport, retry=RetryPolicy.off()) as talon:
            print(talon.get_customer_inventory("a").profile.integration_id, asyncio.run(awaited(url, transport)))
            print([effect.props for effect in talon.update_customer_session_v2("s", session).effects])
            try:
                talon.get_customer_inventory("refused")
            except TalonOneError as error:
                print(type(error).__name__)
            print(talon.track_events([event] * 3, journal=f"{folder}/{transport}.journal").succeeded)
            with talon.queue(journal=f"{folder}/{transport}") as queue:
                queue.put(event)
            print(queue.statistics.delivered)
    print(sorted(name for name in sys.modules if name.startswith("talon_async")) if "--modules" in sys.argv else "end")

if __name__ == "__main__":
    multiprocessing.freeze_support()
    main(*sys.argv[1:3])
"""
EACH = ["jane jane", "[AcceptCouponEffectProps(value='A')]", "BadRequestError", "3", "1"]


async def serve(exchange: Exchange) -> None:
    """Answer what the application asks."""
    effect = {"campaignId": 1, "rulesetId": 1, "ruleIndex": 0, "ruleName": "r", "effectType": "acceptCoupon",
              "props": {"value": "A"}}  # fmt: skip
    body: Any = {"profile": {"integrationId": "jane"}, "effects": [effect]}
    await exchange.send(answer(body, status=400 if "refused" in exchange.line else 200))


@pytest.fixture
def application(tmp_path: Path) -> Path:
    script = tmp_path / "application.py"
    script.write_text(APPLICATION)
    return script


def output(command: list[Any], url: str, folder: Path, *more: str) -> list[str]:
    """Run the application; return the lines that it prints."""
    done = subprocess.run(
        [*command, url, folder, *more], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_module_is_named_when_an_application_imports_the_client(application: Path) -> None:
    """What a process has loaded after calls of many kinds is what a reader of its imports finds."""
    with RawServer(serve) as server:
        *lines, loaded = output([sys.executable, application], server.url, application.parent, "--modules")
    assert 2 * EACH == lines
    finder = ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(application))
    assert [] == [name for name in eval(loaded) if name not in finder.modules]  # noqa: S307  # our own list


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed")
def test_calls_work_when_an_application_is_frozen(application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both twins and transports, an answer with effects, an error, a run with a journal and a queue."""
    folder = application.parent
    command = [sys.executable, "-m", "PyInstaller", "--onedir", "--log-level", "ERROR", "--paths", str(ROOT)]
    command += ["--exclude-module", "pydantic"]  # only the tests need it; yarl names it, and it doubles the time
    subprocess.run([*command, str(application)], check=True, cwd=folder, timeout=500)
    with RawServer(serve) as server:
        frozen = folder / "dist" / "application" / "application"
        done = subprocess.run([frozen, server.url, folder], capture_output=True, text=True, check=False, timeout=60)
    assert (2 * EACH + ["end"], 0) == (done.stdout.splitlines(), done.returncode), done.stderr
