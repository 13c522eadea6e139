"""The fault matrix: every fault against every kind of call, judged by what the server knows.

`python -m tools.faults` runs it, `make faults` too. A cell is one transport, one twin, one nature of operation and one
fault. The server of a cell counts the requests it has seen and how often it has acted, so what the client tells can be
compared with the truth. Each cell runs twice: the fault meets every attempt, or only the first one.

`soak` mixes faults into minutes of load, `cancelling` cancels calls at random points; both look for what is left over.
"""
