"""Delivers the messages of Kafka topics: at least once, in order for each key, and so that each acts once.

It needs the package aiokafka.

`delivery` reads messages, commits offsets and follows the changes of the group; `session` sends between two changes of
the group; `messages` makes calls from messages; `ledger` tells which offset may be committed.
"""

try:
    from talon_async.bulk.kafka.delivery import DeliveryOptions, deliver
    from talon_async.bulk.kafka.messages import DeliveryReport, Message, dead_letter_headers
except ModuleNotFoundError as _problem:
    _problem.msg = f"{_problem.msg}: pip install talon-async[kafka]"
    raise

__all__ = ["DeliveryOptions", "DeliveryReport", "Message", "dead_letter_headers", "deliver"]
