"""`talon-async sandbox`: runs the sandbox for other processes."""

from __future__ import annotations

import argparse
import shlex
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talon_async.testing import Sandbox

HIGHEST_PORT = 65_535
HELP: str = "run a local stand-in for Talon.One until Ctrl-C"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to a parser."""
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: any free port)")
    parser.add_argument("--api-key", default="sandbox", help="the API key to accept (default: %(default)s)")
    parser.add_argument(
        "--coupon",
        action="append",
        default=[],
        type=_coupon,
        metavar="CODE=DISCOUNT",
        help="add a coupon, such as SAVE10=10",
    )
    parser.add_argument(
        "--referrals",
        action="append",
        default=[],
        type=int,
        metavar="CAMPAIGN_ID",
        help="add a campaign that has referrals",
    )


def _coupon(text: str) -> tuple[str, float]:
    code, _, discount = text.rpartition("=")
    try:
        return code, float(discount)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not CODE=DISCOUNT, such as SAVE10=10") from None


def run(arguments: argparse.Namespace) -> int:
    """Run the sandbox until Ctrl-C or SIGTERM."""
    from talon_async.cli._output import forgiving
    from talon_async.testing import Sandbox

    if not 0 <= arguments.port <= HIGHEST_PORT:
        print(f"talon-async sandbox: --port must be 0 to {HIGHEST_PORT}, not {arguments.port}")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with forgiving("stdout"), Sandbox(port=arguments.port, api_key=arguments.api_key) as sandbox:
            for code, discount in arguments.coupon:
                sandbox.add_coupon(code, discount=discount)
            for campaign_id in arguments.referrals:
                sandbox.add_referral_campaign(campaign_id)
            _serve(sandbox)
    except (OSError, ValueError) as problem:
        print(f"talon-async sandbox: {problem}")
        return 1
    return 0


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
