"""The figures that `talon_async.bulk` has to reach, each by a command; counted by a server in a process of its own.

`serving` is that process and `counting` its handle; `sending` is a process that sends, so that it can be killed and its
memory seen; `figures` prints and judges. The commands are `kill`, `outage`, `rate`, `auto`, `memory` and `overhead`.
"""
