"""The topology of the bus: every exchange, queue, header and delivery option, declared in this one file.

| what | name |
|---|---|
| jobs | direct exchange `bpmnd.jobs`, one durable queue `bpmnd.jobs.<type>` per job type |
| results | direct exchange `bpmnd.results`, queue `bpmnd.results` |
| dead letters | queues with the suffix `.dead` |
| public events | topic exchange `bpmnd.events`, routing key `<EVENT>.<definitionKey>` |

Workers declare the queues of the job types they handle; the engine never does, so that a job whose type no worker has
ever announced comes back as unroutable instead of waiting in a queue that nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from kombu.entity import Exchange, Queue

DEFAULT_PREFIX = "bpmnd"
DEAD_SUFFIX = ".dead"

CONTENT_TYPE = "application/json"
CONTENT_ENCODING = "utf-8"
PERSISTENT = 2
"""AMQP delivery mode: the broker keeps the message on disk."""

TRACEPARENT = "traceparent"
TENANT = "tenant"
IDEMPOTENCY_KEY = "idempotency-key"

MAX_NAME_BYTES = 255
"""AMQP short strings (exchange, queue, routing key) end here."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The names and declarations under one prefix; another prefix keeps tests or installations apart on one broker."""

    prefix: str = DEFAULT_PREFIX
    queue_type: str = "classic"
    """RabbitMQ only: `classic`, or `quorum` for queues replicated over a cluster's nodes."""

    @property
    def jobs_name(self) -> str:
        """Name of the exchange; building an Exchange or a Queue for it takes as long as a job's whole way."""
        return f"{self.prefix}.jobs"

    @property
    def results_name(self) -> str:
        """Name of the exchange, of the queue and its routing key."""
        return f"{self.prefix}.results"

    @property
    def events_name(self) -> str:
        return f"{self.prefix}.events"

    @property
    def jobs_exchange(self) -> Exchange:
        return Exchange(self.jobs_name, type="direct", durable=True, delivery_mode=PERSISTENT)

    @property
    def results_exchange(self) -> Exchange:
        return Exchange(self.results_name, type="direct", durable=True, delivery_mode=PERSISTENT)

    @property
    def events_exchange(self) -> Exchange:
        return Exchange(self.events_name, type="topic", durable=True, delivery_mode=PERSISTENT)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What every publisher declares before its first message."""
        return (self.jobs_exchange, self.results_exchange, self.events_exchange)

    @property
    def results_queue(self) -> Queue:
        """Declared by both sides: a result must not be lost because no engine has started yet."""
        name = self.results_name
        return self._with_dead_letters(name, self.results_exchange, routing_key=name)

    def job_queue(self, job_type: str) -> Queue:
        return self._with_dead_letters(f"{self.prefix}.jobs.{job_type}", self.jobs_exchange, routing_key=job_type)

    def dead_queue(self, queue: str) -> Queue:
        """The queue that keeps what `queue` could not use; bound to nothing but the default exchange."""
        return Queue(
            queue + DEAD_SUFFIX, durable=True, exclusive=False, auto_delete=False, queue_arguments=self._arguments()
        )

    def can_have_queue(self, job_type: str) -> bool:
        """Whether a queue for this type can exist at all; types come from models and may be any text.

        `<type>.dead` is taken by the dead letters of `<type>`, and AMQP names hold at most 255 bytes.
        """
        if not job_type or job_type.endswith(DEAD_SUFFIX):
            return False
        try:
            encoded = f"{self.prefix}.jobs.{job_type}{DEAD_SUFFIX}".encode()
        except UnicodeEncodeError:
            return False
        return len(encoded) <= MAX_NAME_BYTES

    def _with_dead_letters(self, name: str, exchange: Exchange, routing_key: str) -> Queue:
        letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name + DEAD_SUFFIX}
        return Queue(
            name,
            exchange=exchange,
            routing_key=routing_key,
            durable=True,
            exclusive=False,
            auto_delete=False,
            queue_arguments=letters | self._arguments(),
        )

    def _arguments(self) -> dict[str, str]:
        """A queue that is declared again must be declared alike: classic queues are left without the argument."""
        return {} if self.queue_type == "classic" else {"x-queue-type": self.queue_type}
