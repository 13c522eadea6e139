"""Host names below `.faults.invalid`, which are looked up in a table: they can be missing, hang, or move."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOMAIN = ".faults.invalid"
TABLE: dict[str, Callable[[], str]] = {}
"""Returns the address of a name. It may block."""

_of_the_system = socket.getaddrinfo


def _look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not name.endswith(DOMAIN):
        return _of_the_system(host, port, *arguments, **options)
    if name not in TABLE:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (TABLE[name](), int(port or 0)))]


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Look names up in the table before the system is asked."""
    socket.getaddrinfo = _look_up
    try:
        yield
    finally:
        socket.getaddrinfo = _of_the_system
