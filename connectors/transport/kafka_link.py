"""Kafka: reading the URL, the names of topics, clients, and whether a broker answers.

confluent-kafka is used directly, not through Kombu: Kombu's transport reports a message as published whether or not a
broker has it, acknowledges by the position of the consumer rather than by message, and has no keys, so that what
concerns one instance is spread over partitions in any order.
"""

from __future__ import annotations

import hashlib
import logging
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connectors.transport.base import TransportUnavailable, UnsupportedTransport

log = logging.getLogger(__name__)

DEFAULT_PORT = 9092
DEFAULT_PARTITIONS = 8
"""Of topics that are made here: the most consumers that can share a queue. Topics made beforehand keep their own."""
BROKER_DEFAULT = -1
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Kafka's own limit is 1 MB; a result may be larger."""
MAX_TOPIC_LENGTH = 249
_NOT_IN_TOPICS = re.compile(r"[^A-Za-z0-9._-]")


class KafkaLink:
    """How to reach one cluster.

    Args:
        url: `confluentkafka://[user:password@]host:port[,host:port...][/][?name=value&...]`. `partitions` and
            `replication` are those of topics that are made here; a name with a dot is a property of librdkafka, such
            as `security.protocol` or `ssl.ca.location`.
        connect_timeout: seconds until brokers that do not answer count as unavailable.

    Raises:
        UnsupportedTransport: the URL cannot be read.
    """

    def __init__(self, url: str, *, connect_timeout: float) -> None:
        self.connect_timeout = connect_timeout
        _, _, rest = url.partition("://")
        place, _, query = rest.partition("?")
        credentials, at, hosts = place.rstrip("/").rpartition("@")
        options = dict(parse_qsl(query, keep_blank_values=True))
        self.servers = [_server(host) for host in hosts.split(",") if host]
        self.partitions = _number(options.pop("partitions", str(DEFAULT_PARTITIONS)), "partitions")
        self.replication = _number(options.pop("replication", str(BROKER_DEFAULT)), "replication")
        unknown = sorted(name for name in options if "." not in name)
        if unknown or not self.servers:
            what = f"'{unknown[0]}' is no option of it" if unknown else "it names no host"
            raise UnsupportedTransport(f"Expected a broker URL, but {what}")
        self._config: dict[str, Any] = {
            "bootstrap.servers": ",".join(f"{host}:{port}" for host, port in self.servers),
            "socket.connection.setup.timeout.ms": int(max(1.0, connect_timeout) * 1000),
            # A topic belongs to whoever reads it; a typing error must not make one.
            "allow.auto.create.topics": False,
            "log_level": 0,  # what goes wrong is told by errors; librdkafka would write to standard error
        }
        if at:
            user, _, password = credentials.partition(":")
            self._config |= {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanisms": "PLAIN",
                "sasl.username": unquote(user),
                "sasl.password": unquote(password),
            }
        self._config |= options
        self.uri = f"confluentkafka://{f'{user}:**@' if at else ''}{hosts}"
        """The URL with its password hidden, fit for logs."""

    def config(self, on_error: Callable[[KafkaError], None] | None = None, **properties: Any) -> dict[str, Any]:
        """Properties of a client: those of the URL win; `a_b` is `a.b`."""
        config = {name.replace("_", "."): value for name, value in properties.items()} | self._config
        return config if on_error is None else config | {"error_cb": on_error}

    def admin(self) -> AdminClient:
        return AdminClient(self.config())

    def reach(self) -> None:
        """Raises TransportUnavailable where no broker accepts a connection.

        librdkafka tries for ever and tells nobody: asked first, a broker that is down is known at once.
        """
        reason: OSError | None = None
        deadline = time.monotonic() + self.connect_timeout
        for server in self.servers:
            try:
                socket.create_connection(server, timeout=max(0.1, deadline - time.monotonic())).close()
                return
            except OSError as error:
                reason = error
        raise self.unavailable(f"{type(reason).__name__}: {reason}")

    def topics(self, client: Any) -> set[str]:
        """The topics of the cluster. Asked for all of them: asking for one makes it, on some brokers."""
        try:
            return set(client.list_topics(timeout=self.connect_timeout).topics)
        except KafkaException as error:
            raise self.unavailable(error) from error

    def create(self, wanted: Mapping[str, int]) -> None:
        """Make those topics that do not exist, each with so many partitions. Raises TransportUnavailable."""
        admin = self.admin()
        existing = self.topics(admin)
        missing = [
            NewTopic(name, partitions, self.replication, config={"max.message.bytes": str(MAX_MESSAGE_BYTES)})
            for name, partitions in wanted.items()
            if name not in existing
        ]
        if not missing:
            return
        for name, made in admin.create_topics(missing, operation_timeout=self.connect_timeout).items():
            try:
                made.result(self.connect_timeout * 2)
            except KafkaException as error:
                if code(error) != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was first
                    raise self.unavailable(f"topic '{name}' could not be made: {error}") from error
            except TimeoutError as error:
                raise self.unavailable(f"topic '{name}' was not made in time") from error
        self._await_leaders(admin, [topic.topic for topic in missing])

    def unavailable(self, reason: BaseException | str) -> TransportUnavailable:
        if isinstance(reason, KafkaException):
            reason = str(reason.args[0]) if reason.args else "KafkaException"
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        return TransportUnavailable(f"Expected a broker at '{self.uri}', but {text}")

    def _await_leaders(self, admin: AdminClient, names: Iterable[str]) -> None:
        """A new topic can be used when each of its partitions has a leader."""
        left = set(names)
        deadline = time.monotonic() + self.connect_timeout
        while True:
            try:
                topics = admin.list_topics(timeout=self.connect_timeout).topics
            except KafkaException as error:
                raise self.unavailable(error) from error
            left = {
                name
                for name in left
                if name not in topics or any(part.leader < 0 for part in topics[name].partitions.values())
            }
            if not left:
                return
            if time.monotonic() > deadline:
                raise self.unavailable(f"topic '{min(left)}' has no leader yet")
            time.sleep(0.05)


def topic_name(queue: str) -> str:
    """The topic of a queue. Job types may be any text, topics may not: what does not fit is told apart by a hash."""
    if len(queue) <= MAX_TOPIC_LENGTH and not _NOT_IN_TOPICS.search(queue):
        return queue
    digest = hashlib.sha256(queue.encode()).hexdigest()[:16]
    suffix = ".dead" if queue.endswith(".dead") else ""
    readable = _NOT_IN_TOPICS.sub("-", queue.removesuffix(suffix))
    return f"{readable[: MAX_TOPIC_LENGTH - len(digest) - len(suffix) - 1]}-{digest}{suffix}"


def code(error: KafkaException | KafkaError) -> int | None:
    """The number of an error, as `KafkaError` names them."""
    inner = error if isinstance(error, KafkaError) else (error.args[0] if error.args else None)
    return inner.code() if isinstance(inner, KafkaError) else None


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or an IPv6 address alone
        host, port = text, str(DEFAULT_PORT)
    return host.strip("[]"), _number(port, "port")


def _number(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UnsupportedTransport(f"Expected a broker URL with a number as {what}, but got '{text}'") from None
