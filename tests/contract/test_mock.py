"""The tool that makes every call to a mock server which judges the requests."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.calls import CALLS
from support.twins import KINDS, OPERATIONS

from talon_async.errors import APIError
from tools.contract import mock
from tools.contract.mock import OWN, READ, REFUSED, UNREAD, run, served, sort_error

PRISM = f"""#!{sys.executable}
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = sys.argv[1:]
document = json.load(open(arguments[-1]))

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, body = document["x-answers"].get(self.command, [200, {{}}])
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(arguments[arguments.index("--port") + 1])), Handler)
print("Prism is listening", flush=True)
server.serve_forever()
"""
"""What stands in for Prism: it starts as Prism does, and answers as the document says."""


@pytest.fixture
def command(tmp_path: Path) -> str:
    """Return the command of the stand-in."""
    path = tmp_path / "prism"
    path.write_text(PRISM, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def error(status: int, body: object) -> APIError:
    """Return an error with a body."""
    made = APIError("said")
    made.status, made.body = status, json.dumps(body).encode()
    return made


def test_every_operation_is_called_when_the_tables_are_served() -> None:
    """The newest table serves 42 operations, and the table of 2020 serves those of V1."""
    methods = {name: methods for name, _, methods in served(None)}
    assert {"table 26.20": 42, "table 2020-05": 3} == {name: len(names) for name, names in methods.items()}
    assert {*OPERATIONS} == set[str]().union(*methods.values())


@pytest.mark.filterwarnings("ignore::talon_async.BlockingInAsyncWarning")
def test_each_call_is_counted_when_the_mock_answers(command: str) -> None:
    """Both twins make each call on both transports.

    A request that the mock refuses is told apart from an answer that could not be read.
    """
    calls = [next(call for call in CALLS if call.name == name)
             for name in ("get_customer_session", "track_event_v2", "create_referral", "update_customer_session_v2")]  # fmt: skip
    wrong = {"validation": [{"location": ["request", "body"]}]}
    own = {"validation": [{"location": ["response", "body"]}]}
    answers = {"GET": [200, []], "POST": [422, wrong], "PUT": [500, own]}
    results = run(command, {"x-answers": answers}, calls)
    expected = [(kind, what) for kind in KINDS for what in (UNREAD, REFUSED, REFUSED, OWN)]
    assert expected == [(result.kind, result.what) for result in results]
    assert {READ} == {result.what for result in run(command, {"x-answers": {}}, calls)}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"validation": [{"location": ["request", "query", "skip"]}]}, REFUSED),
        ({"validation": [{"location": ["response", "body"]}]}, OWN),
        ({"validation": [{"location": ["response", "body"]}, {"location": ["request", "body"]}]}, REFUSED),
        ({"type": "https://stoplight.io/prism/errors#UNKNOWN"}, OWN),
        ({"type": "https://stoplight.io/prism/errors#UNAUTHORIZED"}, REFUSED),
    ],
)
def test_error_is_the_mocks_own_only_when_it_does_not_speak_of_the_request(body: object, what: str) -> None:
    """An answer that breaks its own document, or a mock that fails, counts as an error of the mock."""
    assert what == sort_error(error(500, body))[0]


def test_the_output_of_a_mock_is_reported_when_it_does_not_start(command: str, tmp_path: Path) -> None:
    """A mock that ends at once is reported with its output."""
    Path(command).write_text(f"#!{sys.executable}\nraise SystemExit('no such option')\n", encoding="utf-8")
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(next(served(None))[1]), encoding="utf-8")
    with pytest.raises(SystemExit, match="Prism does not start: no such option"):
        mock.main([str(document), "--prism", command])
