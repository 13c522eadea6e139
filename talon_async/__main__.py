"""`python -m talon_async`."""

try:
    from talon_async.cli import main
except KeyboardInterrupt:  # Ctrl-C before there is a command that could deal with it
    raise SystemExit(130) from None

raise SystemExit(main())
