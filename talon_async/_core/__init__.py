"""One call to its end: `core` is what a client holds, `call` runs one call, `limits` and `retry` are its rules."""
