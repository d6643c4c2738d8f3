"""The HTTP server: waitress with a bounded number of threads, stopped without cutting off requests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

from server.config import ConfigError, Settings

BACKLOG = 1024
CONNECTIONS = 1000
LOOP_SECONDS = 0.5


class Listener:
    """Binds at once, so that a port in use is known before anything else starts; serves in `run`."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Raises ConfigError where the address cannot be bound."""
        self._socket = _bind(settings.host, settings.port)
        self.host = settings.host
        self.port: int = self._socket.getsockname()[1]
        self._map: dict[int, Any] = {}
        self._closing = threading.Lock()
        self._closed = False
        self._server = create_server(
            app,
            map=self._map,
            sockets=[self._socket],
            threads=settings.http_threads,
            backlog=BACKLOG,
            connection_limit=CONNECTIONS,
            # Above the limits of the application, so that it can say what is wrong.
            max_request_body_size=4 * max(settings.max_body_bytes, settings.max_deployment_bytes),
            asyncore_use_poll=True,
            # Nobody is believed for what these headers say, but that they are there tells a proxy (`/metrics`).
            clear_untrusted_proxy_headers=False,
            ident="",
        )

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def run(
        self, stop: threading.Event, *, grace_seconds: float = 5.0, on_stop: Callable[[], None] | None = None
    ) -> None:
        """Serve until `stop`, then answer what has come in (for `grace_seconds` at most) and close everything.

        `on_stop` is called in between: it ends what makes requests wait.
        """
        while not stop.is_set():
            self._turn(LOOP_SECONDS)
        self._server.accepting = False
        if on_stop is not None:
            on_stop()
        deadline = monotonic() + grace_seconds
        while self._busy() and monotonic() < deadline:
            self._turn(0.02)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        with self._closing:
            self._closed = True
            wasyncore.close_all(self._map)
            self._socket.close()

    def wake(self) -> None:
        """Have `run` look at `stop` at once."""
        with self._closing:  # a descriptor that is closed may be somebody else's by now
            if not self._closed:
                self._server.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        dispatcher = self._server.task_dispatcher
        channels = self._server.active_channels.values()
        return bool(
            dispatcher.active_count
            or dispatcher.queue
            or any(channel.requests or channel.total_outbufs_len for channel in channels)
        )


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(
            f"Expected BPMND_HOST to be an address of this machine, but '{host}': {error.strerror}"
        ) from error
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"Expected to listen on {host} port {port}, but {error.strerror or error}; stop what uses it, or "
            "choose another with --port or BPMND_PORT"
        ) from error
    return bound
