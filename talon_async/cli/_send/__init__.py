"""The implementation of `talon-async send`: it turns rows into prepared calls (`rows`, `mapping`) and sends them
(`run`).

The files import each other in this order: `problems`, `convert`, `rows`, `parquet`, `files`, `operations`, `mapping`,
`records`, `calls`, `progress`, `sending`, `one`, `run`.
"""
