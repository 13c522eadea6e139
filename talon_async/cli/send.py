"""`talon-async send`: sends files of events, or of other calls."""

from __future__ import annotations

import argparse
from textwrap import dedent
from typing import Any

from talon_async.cli import _values

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
Sends one call for each row of the files. Many calls are sent at once; calls of one profile or session are sent in the
order of the rows. TALON_ONE_BASE_URL and TALON_ONE_API_KEY name the deployment and the API key; the documentation of
TalonOne.from_env() lists further variables. FILE.journal records which calls were sent: after Ctrl-C, a kill or an
outage the same command continues with the next row. Failed calls are written to FILE.failed.ndjson, which can be sent
like any other file.
"""
EXAMPLES = """\
columns:
  A column, or a JSON key, with the name of a field is sent as that field. The name may be the one in Python
  (profile_id) or in JSON (profileId). --map and --attribute name other columns. If one of them is used, all other
  columns are left out; otherwise an unknown column is an error. Empty cells are not sent. TYPE is str, int, float,
  bool, datetime or json. Without a TYPE, an attribute of CSV is text, and one of NDJSON or Parquet is sent unchanged.

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
  0 all calls succeeded; 1 some calls failed; 2 the command or a row is wrong; 3 the run stopped before the end
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to a parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = dedent(DESCRIPTION), dedent(EXAMPLES)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        type=_values.some_text,
        help="a file or a pipe, also compressed with gzip; - means standard input",
    )
    _add_columns(parser.add_argument_group("rows and columns"))
    _add_pace(parser.add_argument_group("sending"))
    _add_safety(parser.add_argument_group("journal and failures"))


def _add_columns(group: Any) -> None:
    add = group.add_argument
    add("--operation", choices=OPERATIONS, default="track_event_v2", metavar="NAME",
        help=f"the operation to call for each row: {', '.join(OPERATIONS)} (default: %(default)s)")  # fmt: skip
    add("--map", action="append", default=[], metavar="FIELD=COLUMN", help="send a column as a field of the operation")
    add("--attribute", action="append", default=[], metavar="NAME[=COLUMN][:TYPE]",
        help="send a column as an attribute")  # fmt: skip
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field to the same value in every row")
    add(
        "--format",
        choices=("ndjson", "csv", "parquet"),
        help="the format of the files (default: by name; NDJSON for - and pipes)",
    )
    add(
        "--delimiter",
        type=_values.delimiter,
        help="the character between the cells of CSV (default: comma; tab for .tsv)",
    )
    add("--encoding", type=_values.encoding, default="utf-8", help="the encoding of CSV (default: %(default)s)")
    add(
        "--time-zone",
        type=_values.zone,
        metavar="NAME",
        help="the time zone of times without one, such as Europe/Berlin",
    )


def _add_pace(group: Any) -> None:
    add = group.add_argument
    add("--rate", type=_values.rate, metavar="N", help="the highest number of calls a second, evenly spaced")
    add("--concurrency", type=_values.concurrency, default=64, metavar="auto|N",
        help="calls under way at once; auto finds a suitable number (default: %(default)s)")  # fmt: skip
    add("--check", action="store_true", help="check all rows, list the problems, and send nothing")
    add("--dry", action="store_true", help="have the server evaluate the calls and store nothing; no journal is kept")


def _add_safety(group: Any) -> None:
    add = group.add_argument
    add(
        "--journal",
        type=_values.some_text,
        metavar="PATH",
        help="the record of the calls that were sent (default: FILE.journal; none for - and pipes)",
    )
    add("--no-journal", action="store_true", help="keep no journal: a second run starts with the first row")
    add(
        "--failed",
        metavar="PATH",
        type=_values.some_text,
        help="the file for failed calls (default: FILE.failed.ndjson; none for - and pipes)",
    )
    add("--max-failures", type=_values.whole(1), default=10_000, metavar="N",
        help="stop after so many failed calls (default: %(default)s)")  # fmt: skip
    add("--in-doubt", choices=("refuse", "skip", "send"), default="refuse",
        help="what to do with failed calls of an earlier run that the server may have recorded and that have no key "
        "to prevent recording them twice (default: %(default)s)")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Send the files, and return the exit code."""
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
    """Return a message if two options cannot be combined."""
    files: list[str] = arguments.files
    for option in ("journal", "failed"):
        path = getattr(arguments, option)
        if len(files) > 1 and path is not None:
            return f"--{option} is for one file: send each file with a command of its own"
    if arguments.journal is not None and (arguments.no_journal or arguments.dry):
        return "--journal cannot be combined with --no-journal or --dry"
    return None
