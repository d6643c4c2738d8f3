"""Node numbers of the id generators, leased so that no two living processes have the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from server.ids import NODES
from server.ports.store import StoreUnavailable
from server.store.leases import LEASE
from server.store.sql.arrays import Dialect
from server.store.sql.base import UnitBase
from server.store.sql.statements import insert_for, per_dialect
from server.store.tables import node_lease

_LOCK = 0x6E6F6465
"""Advisory lock of whoever chooses a number ("node")."""

_HELD = node_lease.c.leased_until > bindparam("now", type_=node_lease.c.leased_until.type)
_TAKEN = select(node_lease.c.node).where(_HELD)
_MINE = (
    node_lease.c.node == bindparam("of_node"),
    node_lease.c.owner == bindparam("of_owner"),
)
_RENEW = update(node_lease).where(*_MINE, _HELD)
_RELEASE = update(node_lease).where(*_MINE)


@per_dialect
def _lease(dialect: Dialect) -> Any:
    statement = insert_for(dialect, node_lease)
    return statement.on_conflict_do_update(
        index_elements=["node"],
        set_={"owner": statement.excluded["owner"], "leased_until": statement.excluded["leased_until"]},
    )


class Nodes(UnitBase):
    def lease_node(self, owner: str) -> int:
        """The lowest number that nobody holds. Raises StoreUnavailable where all 1024 are held."""
        if self._dialect == "postgresql":
            self._execute(select(func.pg_advisory_xact_lock(_LOCK)))
        taken = set(self._execute(_TAKEN, {"now": self.now()}).scalars())
        node = next((number for number in range(NODES) if number not in taken), None)
        if node is None:
            raise StoreUnavailable(f"Expected a free node number, but all {NODES} are leased by running processes")
        self._execute(_lease(self._dialect), {"node": node, "owner": owner, "leased_until": self._lease_end()})
        return node

    def renew_node(self, owner: str, node: int) -> bool:
        """Whether the lease still was the owner's; a lease that ran out is not renewed."""
        params = {"of_node": node, "of_owner": owner, "now": self.now(), "leased_until": self._lease_end()}
        return self._execute(_RENEW, params).rowcount > 0

    def release_node(self, owner: str, node: int) -> None:
        """The number is free at once."""
        self._execute(_RELEASE, {"of_node": node, "of_owner": owner, "leased_until": self.now()})

    def _lease_end(self) -> datetime:
        return self.now() + LEASE
