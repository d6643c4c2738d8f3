"""Many AMQP frames by one read from the socket.

py-amqp asks the socket for each part of a frame, header, payload and end: nine system calls for a delivery, and the
socket's time limit is set and reset for each frame. Its own buffer keeps what a read brings too much, so that it need
only be asked for more at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from amqp.transport import TCPTransport

READ_BYTES = 16 * 1024
"""Small enough that taking frames off the front of the buffer costs little."""

_HEADER = Struct(">BHI")
_END_BYTES = 1


def read_ahead(transport: Any) -> None:
    """Have this transport read what is there, not only what it needs. TLS has a buffer of its own."""
    if not isinstance(transport, TCPTransport):
        return
    receive = transport.sock.recv
    transport._quick_recv = lambda wanted: receive(max(wanted, READ_BYTES))


def dispatch_what_is_read(connection: Any, enough: Callable[[], bool]) -> None:
    """Handle the frames that are in the buffer as a whole, until `enough()`; never waits."""
    transport = connection.transport
    while not enough() and _has_frame(getattr(transport, "_read_buffer", b"")):
        connection.on_inbound_frame(transport.read_frame())


def _has_frame(buffer: bytes) -> bool:
    if len(buffer) < _HEADER.size:
        return False
    _, _, size = _HEADER.unpack_from(buffer)
    return len(buffer) >= _HEADER.size + int(size) + _END_BYTES
