"""The implementation of `talon-async send`, which turns rows into prepared calls and sends them.

The files import each other in this order: `problems`, `convert`, `rows`, `parquet`, `files`, `operations`, `mapping`,
`records`, `calls`, `progress`, `sending`, `one`, `run`.
"""
