"""Every block of code in the README, run as it stands by Sybil."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.readme import NAMES, README, Page, prose

from talon_async.models import CustomerProfileIntegrationRequestV2
from talon_async.testing import Sandbox

ELSEWHERE = {"Events of a web application", "Events of threads", "Kafka", "Dask"}
"""Sections whose blocks need an application, a broker or a cluster: tests/bulk/ runs them."""
SECTIONS = [name for name in Page().sections if name not in ELSEWHERE]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """Start the sandbox as the quickstart leaves it, and name it in the environment.

    The working folder is a new one.
    """
    monkeypatch.chdir(tmp_path)
    with Sandbox() as running:
        running.add_coupon("SAVE10", discount=10.0)
        with running.sync_client() as talon:  # the quickstart has made her
            talon.update_customer_profile_v2("jane", CustomerProfileIntegrationRequestV2(attributes={"Name": "Jane"}))
        running.clear()
        monkeypatch.setenv("TALON_ONE_BASE_URL", running.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", "sandbox")
        yield running


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_readme_does_what_it_says_when_it_is_run(section: str, sandbox: Sandbox) -> None:
    """The blocks of a section run with the names of the guide alone, and print what their last comment says."""
    with Page() as page:
        if section != NAMES and README.read_text("utf-8").index(f"\n## {NAMES}") < page.sections[section][0].start:
            page.read(NAMES)
        page.read(section)


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("s3cret", b'{"NotificationType": "TierUpgrade", "Data": []}', 200),
        ("s3cret", b"no JSON", 400),
        ("no", b"{}", 401),
    ],
)
async def test_the_receiver_of_notifications_answers_when_it_is_asked(secret: str, body: bytes, status: int) -> None:
    """The receiver of the README takes what Talon.One sends.

    It refuses what is no notification or has another secret.
    """

    async def read() -> bytes:
        return body

    receive = Page().read("Notifications")["receive"]
    answer = await receive(SimpleNamespace(read=read, headers={"X-Shop-Secret": secret}))
    assert status == answer.status


def test_a_section_is_there_when_another_test_runs_it() -> None:
    """Every section that another test runs is in the README, so that none is renamed and run by no test."""
    assert set(Page().sections) > ELSEWHERE


@pytest.mark.parametrize(
    "fence", re.findall(r"^```(\w*)$\n((?:(?!```).*\n)*)```$", README.read_text("utf-8"), re.MULTILINE)
)
def test_a_block_is_python_or_commands_when_the_readme_is_read(fence: tuple[str, str]) -> None:
    """Blocks without a language are commands for a terminal, the chart is text, and all others are run."""
    language, text = fence
    assert language in {"python", "console", "text", ""}
    assert language or re.fullmatch(r"((pip|talon-async|export) .*\n)+", text)


def test_the_page_is_whole_when_it_is_read_elsewhere() -> None:
    """The README has no relative link or image, and its inner links lead to headings.

    A package index shows this page alone.
    """
    text = prose(README.read_text("utf-8"))
    headings = {
        re.sub(r"[^\w -]", "", name).strip().lower().replace(" ", "-")
        for name in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets
    assert [] == [target for target in targets if not target.startswith(("https://", "#"))]
    assert [] == [target for target in targets if target.startswith("#") and target[1:] not in headings]
