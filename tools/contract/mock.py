"""Calls every operation, from both twins on both transports, at Prism: a mock server that judges every request.

Prism is Stoplight's: `npm install @stoplight/prism-cli`, in a folder of its own. It serves the tables: 26.20, and
2020-05 for the V1 operations. Or it serves a document, and answers with its examples.

Ends with 1 if a request was not what the API takes, or if an answer could not be read.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_async import BlockingInAsyncWarning, RetryPolicy
from talon_async.errors import APIError, TalonOneError
from tools.contract.document import Document
from tools.contract.package import python_name
from tools.contract.tables import ERAS, content, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.calls import Call

sys.path[:0] = [str(Path(__file__).parents[2] / "tests")]

WITHIN = 60.0
"""The seconds that Prism may take to listen: it reads the whole document first."""

READ, EMPTY, OWN = "answered and read", "answered without content", "the mock's own answer is not valid"
REFUSED, UNREAD = "request refused", "answer not read"
BAD = (REFUSED, UNREAD)


class Result(NamedTuple):
    """The result of one call."""

    kind: str
    name: str
    what: str
    details: str = ""


@contextlib.contextmanager
def prism(command: str, document: dict[str, Any], *options: str) -> Iterator[str]:
    """Serve a document by Prism; give its address."""
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder) / "openapi.json", Path(folder) / "log"
        path.write_text(json.dumps(document), encoding="utf-8")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        with log.open("wb") as out:
            server = subprocess.Popen(
                [command, "mock", "--errors", *options, "--port", str(port), str(path)], stdout=out, stderr=out
            )
        try:
            end = time.monotonic() + WITHIN
            while "is listening" not in log.read_text(encoding="utf-8", errors="replace"):
                if server.poll() is not None or time.monotonic() > end:
                    raise SystemExit("Prism does not start: " + log.read_text(encoding="utf-8", errors="replace"))
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def sort_error(error: APIError) -> tuple[str, str]:
    """Tell whether an error of the mock is about the request, or about the answer that it made itself."""
    try:
        body = json.loads(error.body or b"{}")
    except ValueError:
        body = {}
    places = [entry.get("location", ["request"])[0] for entry in body.get("validation", ())]
    broken = "#UNKNOWN" in body.get("type", "")  # Prism itself
    if broken or set(places) == {"response"}:
        return OWN, ""
    return REFUSED, f"{error.status} {json.dumps(body) if body else error}"


async def try_calls(kind: str, client: Any, calls: Sequence[Call]) -> list[Result]:
    """Make some calls with a client of one kind."""
    results: list[Result] = []
    async with client:
        for call in calls:
            try:
                answer = await getattr(client, call.name)(*call.args, **call.options)
            except APIError as error:
                results.append(Result(kind, call.name, *sort_error(error)))
            except TalonOneError as error:
                results.append(Result(kind, call.name, UNREAD, repr(error)))
            else:
                results.append(Result(kind, call.name, READ if answer is not None else EMPTY))
    return results


def run(command: str, document: dict[str, Any], calls: Sequence[Call], *options: str) -> list[Result]:
    """Make some calls of every kind to a mock of a document."""
    from support.twins import KINDS, twin  # noqa: PLC0415  # once the path is set

    results: list[Result] = []
    with prism(command, document, *options) as url:
        for kind in KINDS:
            client = twin(kind, url, "key", retry=RetryPolicy(attempts=1), allow_http=True)
            results += asyncio.run(try_calls(kind, client, calls))
    return results


def served(path: Path | None) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """List the documents to serve, each with the methods to call there."""
    if path:
        read = Document.read(path)
        yield path.name, json.loads(read.text), {python_name(name) for name in read.published}
        return
    seen = set[str]()
    for era in reversed(ERAS):
        methods = {python_name(name) for name in table(era).published} - seen
        seen |= methods
        if methods:
            yield f"table {era}", content(era), methods


def main(given: Sequence[str] | None = None) -> int:
    """Run the command."""
    from support.calls import CALLS  # noqa: PLC0415  # once the path is set

    parser = argparse.ArgumentParser(prog="python -m tools.contract.mock", description=__doc__)
    parser.add_argument("document", type=Path, nargs="?", help="an OpenAPI document, as JSON, instead of the tables")
    parser.add_argument("--prism", default="prism", help="the command")
    parser.add_argument("--dynamic", action="store_true", help="let the mock make values up, not take the examples")
    arguments = parser.parse_args(given)
    warnings.simplefilter("ignore", BlockingInAsyncWarning)  # one call at a time is what is wanted
    bad = 0
    for name, document, methods in served(arguments.document):
        calls = [call for call in CALLS if call.name in methods]
        results = run(arguments.prism, document, calls, *(["--dynamic"] if arguments.dynamic else ()))
        counts = Counter(result.what for result in results)
        print(f"{name}: {len({call.name for call in calls})} operations, {len(results)} calls: "
              + ", ".join(f"{count} {what}" for what, count in counts.most_common()))  # fmt: skip
        for result in results:
            if result.what in BAD:
                print(f"  {result.kind} {result.name}: {result.what}: {result.details[:500]}")
        bad += sum(counts[what] for what in BAD)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
