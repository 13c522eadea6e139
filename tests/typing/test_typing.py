"""The pages of use and misuse, judged by the checkers and by running them."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from talon_async import Report, Response, TalonOne, TalonOneError, TalonOneSync, from_json
from talon_async._core.call import SingleAttempts
from talon_async.models import Effect, IntegrationState, IntegrationStateV2, NewEvent

if TYPE_CHECKING:
    from types import ModuleType

    from talon_async._messages import Request

HERE = Path(__file__).parent
PAGES = ["use.py", "use_effects.py", "use_engines.py", "use_more.py", "misuse.py"]
ROOT = HERE.parents[1]
EFFECTS = [
    {"effectType": "setDiscount", "props": {"name": "10 %", "value": 2}},
    {"effectType": "setDiscountPerItem", "props": {"name": "10 %", "value": 2.5, "position": 1}},
    {"effectType": "rejectCoupon", "props": {"value": "A", "rejectionReason": "CouponExpired"}},
    {"effectType": "newerThanThisRelease", "props": {"any": 1}},
    {"effectType": "acceptCoupon", "props": {"value": "A"}},
]
BODY = json.dumps({"effects": EFFECTS, "customerSession": {"id": 1}, "event": {"type": "t"}}).encode()


def page(name: str) -> ModuleType:
    """Import a page."""
    spec = importlib.util.spec_from_file_location("page_of_use", HERE / name)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def use() -> ModuleType:
    """Import the page of use."""
    return page("use.py")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give both clients, with an answer for every request, which never leaves the process."""

    async def answered(_: TalonOne, request: Request) -> SimpleNamespace:
        data = request.decode(b"[]" if request.operation.name == "best_prior_price" else BODY)
        response = Response(data=data, status=200, headers={}, body=BODY, attempts=1, elapsed=0.0)
        return SimpleNamespace(data=data, response=lambda: response)

    async def attempted(call: SingleAttempts) -> SingleAttempts:
        call.data, call.attempts = (await answered(talon, call.request)).data, 1
        return call

    talon = TalonOne("https://shop.example", "k3y")
    monkeypatch.setattr(TalonOne, "_call", answered)
    monkeypatch.setattr(SingleAttempts, "run", attempted)
    return [talon, TalonOneSync("https://shop.example", "k3y")]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_use_is_accepted_and_misuse_is_found_when_a_checker_reads_the_pages(checker: str) -> None:
    """Both checkers, in strict mode, accept the page of use and find every mistake of the page of misuse."""
    pytest.importorskip(checker, reason=f"{checker} comes with the dev extra")
    options = ["--pythonpath", sys.executable] if checker == "pyright" else []
    command = [sys.executable, "-m", checker, *options, *(str(HERE / page) for page in PAGES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_checkers_are_named_when_a_line_is_a_mistake() -> None:
    """Every mistake of the page of misuse is named for both checkers."""
    lines = (HERE / "misuse.py").read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if re.search(r"# (type|pyright): ignore\[", line)]
    assert len(marked) > 40
    assert marked == [line for line in marked if re.search(r"# type: ignore\[.*# pyright: ignore\[", line)]


@pytest.mark.parametrize(("name", "least"), [("use.py", 15), ("use_more.py", 5)])
def test_every_function_runs_when_the_page_of_use_is_executed(name: str, least: int, clients: list[Any]) -> None:
    """Each function of the page of use runs with the arguments that it asks for."""
    talon, blocking = clients
    state = from_json(BODY, IntegrationStateV2)
    given: dict[str, Any] = {
        "TalonOne": talon,
        "TalonOneSync": blocking,
        "IntegrationStateV2": state,
        "IntegrationState": from_json(BODY, IntegrationState),
        "Effect": state.effects[0],
        "Report[NewEvent]": Report[NewEvent](),
        "Snapshot": Report[NewEvent]().snapshot(under_way=0, limit=1),
        "TalonOneError": TalonOneError("no"),
    }
    functions = [value for value in vars(page(name)).values() if getattr(value, "__module__", "") == "page_of_use"]
    called = 0
    for function in filter(inspect.isfunction, functions):
        result = function(*[given[p.annotation] for p in inspect.signature(function).parameters.values()])
        if inspect.iscoroutine(result):
            asyncio.run(result)
        called += 1
    asyncio.run(talon.aclose())
    blocking.close()
    assert called >= least


def test_every_case_is_reached_when_effects_of_all_kinds_are_matched(use: ModuleType) -> None:
    """The class in each `case` is the class of the effect that arrives."""
    described = [use.described(from_json(json.dumps(effect), Effect)) for effect in EFFECTS]
    assert described == ["10 %: 2", "1/None", "CouponExpired", "newerThanThisRelease: {'any': 1}", "acceptCoupon"]
