"""The read side on SQLite and PostgreSQL: snapshots, keyset paging, no locks."""

from __future__ import annotations

from server.store.sql.queries.decisions import DecisionQueries
from server.store.sql.queries.definitions import DefinitionQueries
from server.store.sql.queries.elements import ElementQueries
from server.store.sql.queries.history import HistoryQueries
from server.store.sql.queries.incidents import IncidentQueries
from server.store.sql.queries.instances import InstanceQueries
from server.store.sql.queries.overview import OverviewQueries
from server.store.sql.queries.tasks import TaskQueries


class SqlQueries(
    DefinitionQueries,
    DecisionQueries,
    InstanceQueries,
    ElementQueries,
    TaskQueries,
    IncidentQueries,
    HistoryQueries,
    OverviewQueries,
):
    """Implements `server.ports.queries.Queries`."""


__all__ = ["SqlQueries"]
