"""The `talon-async` command."""

from __future__ import annotations

import argparse
import shlex
import signal
import time
from typing import TYPE_CHECKING

from talon_async._version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    run: int = options.run(options)
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("talon-async", description="The Talon.One Integration API, on your own machine.")
    parser.add_argument("--version", action="version", version=f"talon-async {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    sandbox = commands.add_parser("sandbox", help="run a local stand-in of Talon.One until Ctrl-C")
    sandbox.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1; any free port by default")
    sandbox.add_argument("--api-key", default="sandbox", help="the key to accept (default: %(default)s)")
    sandbox.add_argument(
        "--coupon",
        action="append",
        default=[],
        type=_coupon,
        metavar="CODE=DISCOUNT",
        help="add one, such as SAVE10=10",
    )
    sandbox.add_argument(
        "--referrals",
        action="append",
        default=[],
        type=int,
        metavar="CAMPAIGN_ID",
        help="let a campaign have referrals",
    )
    sandbox.set_defaults(run=_sandbox)

    demo = commands.add_parser("demo", help="a shop's day against that stand-in")
    demo.add_argument("--events", type=int, default=10_000, help="how many events to send (default: %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _coupon(text: str) -> tuple[str, float]:
    code, _, discount = text.rpartition("=")
    try:
        return code, float(discount)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not CODE=DISCOUNT, such as SAVE10=10") from None


def _sandbox(options: argparse.Namespace) -> int:
    from talon_async.testing import Sandbox  # noqa: PLC0415  # --help must not wait for it

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Sandbox(port=options.port, api_key=options.api_key) as sandbox:
            for code, discount in options.coupon:
                sandbox.add_coupon(code, discount=discount)
            for campaign_id in options.referrals:
                sandbox.add_referral_campaign(campaign_id)
            print("A stand-in of Talon.One is running. To use it:\n")
            print(f"  export TALON_ONE_BASE_URL={sandbox.url}")
            print(f"  export TALON_ONE_API_KEY={shlex.quote(sandbox.api_key)}\n")
            print("Ctrl-C ends it, and it forgets everything.", flush=True)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                print(f"\n{sandbox.received} requests were answered.")
    except (OSError, ValueError) as problem:
        print(f"talon-async sandbox: {problem}")
        return 1
    return 0


def _demo(options: argparse.Namespace) -> int:
    from talon_async.demo import run  # noqa: PLC0415  # --help must not wait for it

    return run(options.events)
