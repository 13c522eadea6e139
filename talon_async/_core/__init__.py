"""Runs one call: `core` is what a client holds, `call` makes the attempts, `limits` and `retry` are the rules."""
