"""Connections through Kombu: opened within a bounded time, their errors turned into one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import KombuError

from connectors.transport.base import TransportUnavailable, UnsupportedTransport

log = logging.getLogger(__name__)


class KombuLink:
    """How to connect to one broker. `options` are Kombu's transport options of that broker."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float,
        options: Mapping[str, Any],
        transport: type | None = None,
    ) -> None:
        self._url = url
        self._connect_timeout = connect_timeout
        self._options = dict(options)
        self._transport = transport
        try:
            self._uri = str(self._new_connection(0).as_uri())
        except (TypeError, ValueError, KeyError) as error:
            # Kombu turns unknown query parameters of the URL into keyword arguments.
            raise UnsupportedTransport(f"Expected a broker URL, but it cannot be read: {error}") from error

    @property
    def uri(self) -> str:
        """The URL with its password hidden, fit for logs."""
        return self._uri

    def connect(self, heartbeat: float = 0) -> Connection:
        """A new established connection. Raises TransportUnavailable."""
        connection = self._new_connection(heartbeat)
        with self.errors(connection):
            try:
                # One attempt per broker of the URL, without Kombu's pauses in between: the callers know how long
                # they may wait.
                connection.ensure_connection(max_retries=self._url.count(";"), interval_start=0, interval_step=0)
            except BaseException:
                discard(connection)
                raise
        return connection

    @contextmanager
    def errors(self, connection: Connection) -> Iterator[None]:
        """Turns what a broken connection or channel raises into TransportUnavailable."""
        try:
            yield
        except TransportUnavailable:
            raise
        except (KombuError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
            raise self.unavailable(error) from error

    def unavailable(self, reason: BaseException | str) -> TransportUnavailable:
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        return TransportUnavailable(f"Expected a broker at '{self.uri}', but {text}")

    def _new_connection(self, heartbeat: float) -> Connection:
        return Connection(
            self._url,
            connect_timeout=self._connect_timeout,
            heartbeat=heartbeat,
            transport_options=self._options,
            **({"transport": self._transport} if self._transport else {}),
        )


def discard(connection: Connection | None) -> None:
    """Close a connection that may be broken already; whatever that raises is of no interest any more."""
    if connection is None:
        return
    try:
        connection.release()
    except Exception:
        log.debug("Closing a broken connection failed", exc_info=True)
