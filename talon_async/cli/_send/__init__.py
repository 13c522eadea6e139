"""What `talon-async send` does: rows of files become prepared calls (`rows`, `mapping`), and are sent (`run`).

The files import each other in this order: `problems`, `convert`, `rows`, `parquet`, `files`, `operations`, `mapping`,
`records`, `calls`, `progress`, `sending`,
`one`, `run`.
"""
