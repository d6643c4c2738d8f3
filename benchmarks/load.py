"""A load generator that costs little: one process, many keep-alive connections, prepared requests, no HTTP library.

It is a child process of the benchmarks, so that its CPU is told apart from that of the server.
"""

from __future__ import annotations

import multiprocessing
import resource
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

READY = 5.0


@dataclass
class Answered:
    """What a generator saw: answers with a 2xx status, others, the latencies of the former, and what it cost itself."""

    done: int = 0
    refused: int = 0
    first_refusal: str = ""
    latencies_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def percentile(self, percent: float) -> float:
        """Milliseconds; 0 where nothing was answered."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


class Generator:
    """Sends the same POST on `connections` connections until stopped, at most `rate` a second (0: as fast as answers
    come). While `hold` is set it sends nothing, so that a backlog behind the API can drain."""

    def __init__(self, port: int, path: str, token: str, body: bytes, *, connections: int, rate: float = 0.0) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.hold = context.Value("b", 0)
        self.counting = context.Value("b", 0)
        request = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        self._process = context.Process(
            target=_run, args=(theirs, port, request, connections, rate, self.hold, self.counting), daemon=True
        )
        self._process.start()

    def stop(self) -> Answered:
        """End it; what it answered while `counting` was set."""
        self._pipe.send("stop")
        answered: Answered = self._pipe.recv()
        self._process.join(READY)
        return answered


def _run(pipe: Pipe, port: int, request: bytes, connections: int, rate: float, hold: object, counting: object) -> None:
    answered = Answered()
    selector = selectors.DefaultSelector()
    idle: list[_Client] = []
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        client = _Client(connection)
        selector.register(connection, selectors.EVENT_READ, client)
        idle.append(client)
    next_send = time.perf_counter()
    cpu_then = started = 0.0
    counts = False
    while not pipe.poll(0):
        now = time.perf_counter()
        if not counts and counting.value:  # type: ignore[attr-defined]
            counts, started, cpu_then = True, now, _cpu()
        if hold.value:  # type: ignore[attr-defined]
            next_send = now
        else:
            next_send = max(next_send, now - 0.25)  # what could not be sent for long is not caught up with
            while idle and (not rate or next_send <= now):
                next_send += 1 / rate if rate else 0.0
                client = idle.pop()
                client.sent = now
                client.socket.sendall(request)
        for key, _ in selector.select(0.002 if rate or hold.value else 0.05):  # type: ignore[attr-defined]
            client = key.data
            status = client.read()
            if status is None:
                continue
            idle.append(client)
            if not counts:
                continue
            if status.startswith(b"2"):
                answered.done += 1
                answered.latencies_ms.append((time.perf_counter() - client.sent) * 1000)
            else:
                answered.refused += 1
                answered.first_refusal = answered.first_refusal or client.last.decode(errors="replace")[:500]
    answered.cpu_seconds, answered.seconds = _cpu() - cpu_then, time.perf_counter() - started
    pipe.recv()
    pipe.send(answered)


class _Client:
    __slots__ = ("_buffer", "last", "sent", "socket")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.sent = 0.0
        self.last = b""
        self._buffer = b""

    def read(self) -> bytes | None:
        """The status of a whole answer; None where more is to come."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionError(f"Expected an answer, but the server closed the connection after {self._buffer!r}")
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = _length(self._buffer[:head])
        if len(self._buffer) < head + 4 + length:
            return None
        self.last, self._buffer = self._buffer[: head + 4 + length], self._buffer[head + 4 + length :]
        return self.last[9:12]


def _length(head: bytes) -> int:
    position = head.lower().find(b"content-length:")
    end = head.find(b"\r\n", position)
    return int(head[position + 15 : end if end > 0 else None]) if position >= 0 else 0


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def paced(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Whether the condition came true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
    return condition()
