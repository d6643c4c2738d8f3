"""The unit of work: one transaction with everything that use cases ask of a store."""

from __future__ import annotations

from server.store.sql.claims import Claims
from server.store.sql.decisions import Decisions
from server.store.sql.definitions import Definitions
from server.store.sql.jobs import Jobs
from server.store.sql.loading import Loading
from server.store.sql.messages import Messages
from server.store.sql.nodes import Nodes
from server.store.sql.outbox import Outbox
from server.store.sql.requests import Requests
from server.store.sql.signals import Signals
from server.store.sql.write import Writing


class SqlUnitOfWork(Claims, Loading, Writing, Jobs, Outbox, Messages, Signals, Definitions, Decisions, Requests, Nodes):
    """Implements `server.ports.store.UnitOfWork`; made by `SqlStore.begin`."""

    def commit(self) -> None:
        """Make everything durable. The unit is over: nothing may be read or written after it."""
        self._connection.commit()
