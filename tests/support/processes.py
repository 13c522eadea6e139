"""Scripts in processes of their own, with a blocking client at hand."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, atexit, os, sys, threading, time, warnings
from talon_async import TalonOne, TalonOneSync, RetryPolicy
from talon_async.errors import *
URL = sys.argv[1]
talon = TalonOneSync(URL, "key", retry=RetryPolicy.off())
def call():
    return talon.get_customer_inventory("a").profile.integration_id
"""


def start(script: str, url: str, *options: str, has_head: bool = True) -> subprocess.Popen[str]:
    """Start a script with every warning an error; options that are a URL come after the first one."""
    code = (HEAD if has_head else "") + textwrap.dedent(script)
    others = [option for option in options if "://" in option]
    options = tuple(option for option in options if option not in others)
    return subprocess.Popen(
        [sys.executable, "-W", "error", *options, "-c", code, url, *others],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(script: str, url: str, *options: str, has_head: bool = True) -> str:
    """Run a script to its end; it must end by itself, without a word on the error stream."""
    process = start(script, url, *options, has_head=has_head)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (0, "") == (process.returncode, err), err
    return out.strip()
