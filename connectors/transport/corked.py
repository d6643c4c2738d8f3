"""Many AMQP frames in one write to the socket.

py-amqp writes each message by a call of its own: a system call here and a wake-up of the broker there. Within `corked`
the frames are gathered and sent together; nothing waits longer than the block takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LARGEST_WRITE = 256 * 1024
"""Bytes after which what is gathered is sent even so."""


@contextmanager
def corked(transport: Any) -> Iterator[None]:
    """Gather what is written to this transport of py-amqp and send it at the end (also where the block fails, so that
    no frame is cut in two)."""
    write = transport._write
    gathered = bytearray()

    def gather(frame: Any) -> None:
        gathered.extend(frame)
        if len(gathered) > LARGEST_WRITE:
            send()

    def send() -> None:
        frames = bytes(gathered)
        gathered.clear()
        if frames:
            write(frames)

    transport._write = gather
    try:
        yield
    finally:
        transport._write = write
        if gathered:
            # By the transport's own method, which notes that the connection is lost where it is.
            transport.write(bytes(gathered))
