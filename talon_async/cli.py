"""The `talon-async` command."""

from __future__ import annotations

import argparse
import signal
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
    sandbox.add_argument("--api-key", default="sandbox-key", help="the key to accept (default: %(default)s)")
    sandbox.add_argument(
        "--coupon", action="append", default=[], metavar="CODE=DISCOUNT", help="add a coupon, such as SAVE10=10"
    )
    sandbox.set_defaults(run=_sandbox)

    demo = commands.add_parser("demo", help="a shop's day against that stand-in")
    demo.add_argument("--events", type=int, default=10_000, help="how many events to send (default: %(default)s)")
    demo.set_defaults(run=_demo)
    return parser


def _sandbox(options: argparse.Namespace) -> int:
    from talon_async.testing import Sandbox  # noqa: PLC0415  # --help must not wait for it

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Sandbox(port=options.port, api_key=options.api_key) as sandbox:
            for coupon in options.coupon:
                code, _, discount = coupon.partition("=")
                sandbox.add_coupon(code, discount=float(discount or 0))
            print("A stand-in of Talon.One is running. To use it:\n")
            print(f"  export TALON_ONE_BASE_URL={sandbox.url}")
            print(f"  export TALON_ONE_API_KEY={sandbox.api_key}\n")
            print("Ctrl-C ends it, and it forgets everything.", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                print(f"\n{sandbox.received} requests were answered.")
    except (OSError, ValueError) as problem:
        print(f"talon-async sandbox: {problem}")
        return 1
    return 0


def _demo(options: argparse.Namespace) -> int:
    from talon_async.demo import run  # noqa: PLC0415  # --help must not wait for it

    return run(options.events)
