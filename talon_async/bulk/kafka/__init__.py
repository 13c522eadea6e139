"""Delivers the messages of Kafka topics: at least once, in order for each key, each acting once. Needs aiokafka.

`delivery` reads, commits and follows the group; `session` sends between two changes of the group; `messages` makes
calls of messages; `ledger` knows which offset may be committed.
"""

try:
    from talon_async.bulk.kafka.delivery import DeliveryOptions, deliver
    from talon_async.bulk.kafka.messages import DeliveryReport, Message, dead_letter_headers
except ModuleNotFoundError as _problem:
    _problem.msg = f"{_problem.msg}: pip install talon-async[kafka]"
    raise

__all__ = ["DeliveryOptions", "DeliveryReport", "Message", "dead_letter_headers", "deliver"]
