"""`python -m talon_async`."""

from talon_async.cli import main

raise SystemExit(main())
