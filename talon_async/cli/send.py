"""`talon-async send`: sends files of events, or of other calls."""

from __future__ import annotations

import argparse
import io
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import tzinfo

STOPPED = 3
HELP: str = "send files of events: NDJSON, CSV or Parquet"

OPERATIONS = (
    "track_event",
    "track_event_v2",
    "track_event_v3",
    "update_customer_profile",
    "update_customer_profile_v2",
    "update_customer_session",
    "update_customer_session_v2",
    "create_referral",
)
DESCRIPTION = """\
Sends one call for each row of the files: many at once, and those of one profile or session in the order of the rows.
The deployment and the key are TALON_ONE_BASE_URL and TALON_ONE_API_KEY; TalonOne.from_env() tells the other variables.
What was sent is kept in FILE.journal: after Ctrl-C, a kill or an outage the same command goes on where it was, and
sends nothing twice. What failed is written to FILE.failed.ndjson, which can be sent like any other file.
"""
EXAMPLES = """\
columns:
  A column, or a key of JSON, that is named like a field is that field, as in Python (profile_id) or in JSON
  (profileId). --map and --attribute name other columns; where one of them is used, columns that are not named are left
  out, else they are an error. Cells without text are not sent. TYPE is str, int, float, bool, datetime or json; without
  it an attribute of CSV is text, and one of NDJSON or Parquet is sent as it is.

examples:
  talon-async send events.ndjson.gz
      each line is a JSON object such as {"profileId": "jane", "type": "purchase", "attributes": {"price": 9.5}}
  talon-async send orders.csv --check --set type=purchase --map profile_id=customer --attribute price:float
      reads the file, lists every row that could not be sent, and sends nothing
  talon-async send orders.csv --set type=purchase --map profile_id=customer --attribute price:float \\
      --attribute "Order date=ordered:datetime" --time-zone Europe/Berlin --rate 200
      the column `ordered` becomes the attribute "Order date"; 200 calls a second
  talon-async send customers.parquet --operation update_customer_profile_v2 \\
      --map integration_id=id --attribute tier --attribute birthday:datetime
  zcat *.ndjson.gz | talon-async send - --journal all.journal

exit codes:
  0 all was sent; 1 some calls failed; 2 the command or a row is wrong; 3 it was stopped before the end
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what is sent, and how."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = dedent(DESCRIPTION), dedent(EXAMPLES)
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a file or a pipe, also compressed by gzip; - for standard input"
    )
    _add_columns(parser.add_argument_group("what is sent"))
    _add_pace(parser.add_argument_group("how it is sent"))
    _add_safety(parser.add_argument_group("what is kept"))


def _add_columns(group: Any) -> None:
    add = group.add_argument
    add("--operation", choices=OPERATIONS, default="track_event_v2", metavar="NAME",
        help=f"the call for each row: {', '.join(OPERATIONS)} (default: %(default)s)")  # fmt: skip
    add("--map", action="append", default=[], metavar="FIELD=COLUMN", help="which column is a field of the operation")
    add("--attribute", action="append", default=[], metavar="NAME[=COLUMN][:TYPE]",
        help="a column that is an attribute")  # fmt: skip
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="a field that is the same in every row")
    add(
        "--format",
        choices=("ndjson", "csv", "parquet"),
        help="what the files hold (default: by name; - and pipes are NDJSON)",
    )
    add("--delimiter", type=_character, help="what separates the cells of CSV (default: comma; tab for .tsv)")
    add("--encoding", type=_encoding, default="utf-8", help="of CSV (default: %(default)s)")
    add("--time-zone", type=_zone, metavar="NAME", help="the zone of times that name none, such as Europe/Berlin")


def _add_pace(group: Any) -> None:
    add = group.add_argument
    add("--rate", type=_rate, metavar="N", help="calls a second at most, evenly spaced")
    add("--concurrency", type=_concurrency, default=64, metavar="auto|N",
        help="calls under way at once; auto finds out how many the server stands (default: %(default)s)")  # fmt: skip
    add("--check", action="store_true", help="read everything, list what is wrong, and send nothing")
    add("--dry", action="store_true", help="have the server evaluate and store nothing; there is no journal then")


def _add_safety(group: Any) -> None:
    add = group.add_argument
    add("--journal", metavar="PATH", help="where what was sent is kept (default: FILE.journal; none for - and pipes)")
    add("--no-journal", action="store_true", help="keep no journal: a second run begins with the first row")
    add("--failed", metavar="PATH", help="where calls that failed are written (default: FILE.failed.ndjson)")
    add("--max-failures", type=_positive, default=10_000, metavar="N",
        help="stop when so many calls have failed (default: %(default)s)")  # fmt: skip
    add("--in-doubt", choices=("refuse", "skip", "send"), default="refuse",
        help="what to do with calls of a file of failures that the server may have recorded and that no key "
        "protects from being recorded twice (default: %(default)s)")  # fmt: skip


def _character(text: str) -> str:
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not one character")
    return text


def _encoding(text: str) -> str:
    sample = "a,b\n"
    try:
        file = io.TextIOWrapper(io.BytesIO(sample.encode(text)), text, errors="surrogateescape", newline="")
        is_usable = file.read() == sample
    except (LookupError, ValueError):
        is_usable = False
    if not is_usable:
        raise argparse.ArgumentTypeError(f"{text!r} is no encoding of text that Python knows")
    return text


def _zone(text: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone, such as Europe/Berlin or UTC") from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls a second")
    return rate


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 or more")
    return int(text)


def _concurrency(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else _positive(text)


def run(arguments: argparse.Namespace) -> int:
    """Send, and return the exit code."""
    from talon_async.cli._output import forgiving

    try:
        with forgiving("stdout"):
            return _run(arguments)
    except KeyboardInterrupt:  # before anything was sent
        return STOPPED


def _run(arguments: argparse.Namespace) -> int:
    from talon_async.cli._send.calls import CallOptions
    from talon_async.cli._send.mapping import MappingOptions
    from talon_async.cli._send.one import BAD_USE, SendOptions, complain
    from talon_async.cli._send.run import main

    if (problem := _contradiction(arguments)) is not None:
        complain(problem)
        return BAD_USE
    mapping = MappingOptions(arguments.map, arguments.attribute, arguments.set, arguments.time_zone)
    return main(
        SendOptions(
            paths=arguments.files,
            calls=CallOptions(
                operation=arguments.operation, mapping=mapping, dry=arguments.dry, in_doubt=arguments.in_doubt
            ),
            bulk={
                "rate": arguments.rate,
                "concurrency": arguments.concurrency,
                "max_failures": arguments.max_failures,
            },
            check=arguments.check,
            journal=arguments.journal,
            has_journal=not arguments.no_journal,
            failed=arguments.failed,
            format=arguments.format,
            encoding=arguments.encoding,
            delimiter=arguments.delimiter,
        )
    )


def _contradiction(arguments: argparse.Namespace) -> str | None:
    """Return what does not go together."""
    files: list[str] = arguments.files
    for option in ("journal", "failed"):
        path = getattr(arguments, option)
        if len(files) > 1 and path is not None:
            return f"--{option} is for one file: send the others by commands of their own"
    if arguments.journal is not None and (arguments.no_journal or arguments.dry):
        return "--journal: there is none with --no-journal, nor with --dry"
    return None
