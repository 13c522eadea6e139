"""`talon-async sandbox`: runs the sandbox for other processes."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING

from talon_async.cli import _values

if TYPE_CHECKING:
    import argparse

    from talon_async.testing import Sandbox

FAILED, BAD_USE = 1, 2
HELP: str = "run a local stand-in for Talon.One until Ctrl-C"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to a parser."""
    parser.add_argument("--port", type=_values.port, default=0, help="the port on 127.0.0.1 (default: any free port)")
    parser.add_argument(
        "--api-key", type=_values.api_key, default="sandbox", help="the API key to accept (default: %(default)s)"
    )
    parser.add_argument(
        "--coupon",
        action="append",
        default=[],
        type=_values.coupon,
        metavar="CODE=DISCOUNT",
        help="add a coupon, such as SAVE10=10",
    )
    parser.add_argument(
        "--referrals",
        action="append",
        default=[],
        type=_values.whole(1),
        metavar="CAMPAIGN_ID",
        help="add a campaign that has referrals",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the sandbox until Ctrl-C or SIGTERM."""
    from talon_async.cli._output import forgiving
    from talon_async.testing import Sandbox

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sandbox = Sandbox(port=arguments.port, api_key=arguments.api_key)
    try:
        for code, discount in arguments.coupon:
            sandbox.add_coupon(code, discount=discount)
    except ValueError as problem:
        return _complain(f"--coupon: {problem}", BAD_USE)
    for campaign_id in arguments.referrals:
        sandbox.add_referral_campaign(campaign_id)
    try:
        with forgiving("stdout"), sandbox:
            _serve(sandbox)
    except OSError as problem:
        return _complain(str(problem), FAILED)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"talon-async sandbox: {text}", file=sys.stderr)
    return code


def _serve(sandbox: Sandbox) -> None:
    """Print how to use the sandbox, and wait for Ctrl-C."""
    print("A local stand-in for Talon.One is running. To use it:\n")
    print(f"  export TALON_ONE_BASE_URL={sandbox.url}")
    print(f"  export TALON_ONE_API_KEY={shlex.quote(sandbox.api_key)}\n")
    print("Ctrl-C stops it and discards all of its data.", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print(f"\n{sandbox.received} requests were answered.")
