"""Requests of clients: instances by id, idempotency keys, tokens, the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, tuple_, update

from server.ports.records import IdempotencyRow, InstanceRow, TokenRow
from server.store.sql import rows
from server.store.sql.arrays import Dialect
from server.store.sql.base import UnitBase
from server.store.sql.statements import insert_for, per_dialect
from server.store.tables import api_token, audit, idempotency, instance

_INSTANCE = select(*rows.instance.columns).where(instance.c.id == bindparam("id"))
_SAME_REQUEST = (
    idempotency.c.tenant_id == bindparam("of_tenant"),
    idempotency.c.principal == bindparam("of_principal"),
    idempotency.c.route == bindparam("of_route"),
    idempotency.c.key == bindparam("of_key"),
)
_IDEMPOTENCY = select(*rows.idempotency.columns).where(*_SAME_REQUEST)
_FINISH = update(idempotency).where(*_SAME_REQUEST)
_RELEASE = delete(idempotency).where(*_SAME_REQUEST)
_KEY = (idempotency.c.tenant_id, idempotency.c.principal, idempotency.c.route, idempotency.c.key)
_TOKEN = select(*rows.token.columns).where(api_token.c.token_hash == bindparam("token_hash"))
_TOKENS = select(*rows.token.columns).where(api_token.c.tenant_id == bindparam("tenant_id")).order_by(api_token.c.id)


@per_dialect
def _claim_key(dialect: Dialect) -> Any:
    return insert_for(dialect, idempotency).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def _request(row: IdempotencyRow) -> dict[str, Any]:
    return {"of_tenant": row.tenant_id, "of_principal": row.principal, "of_route": row.route, "of_key": row.key}


class Requests(UnitBase):
    def find_instance(self, tenant_id: str | None, instance_id: int) -> InstanceRow | None:
        """The instance, not locked; tenant None: any."""
        found = self._execute(_INSTANCE, {"id": instance_id}).first()
        if found is None:
            return None
        row = rows.instance.row(found)
        return row if tenant_id is None or row.tenant_id == tenant_id else None

    def insert_idempotency(self, row: IdempotencyRow) -> IdempotencyRow | None:
        """None: this request is the first and now holds the key; else the row that is there.

        Waits for another transaction that is just inserting the same key, and takes the key where that one fails.
        """
        while True:
            if self._execute(_claim_key(self._dialect), rows.idempotency.params(row)).rowcount:
                return None
            found = self._execute(_IDEMPOTENCY, _request(row)).first()
            if found is not None:
                return rows.idempotency.row(found)

    def finish_idempotency(self, row: IdempotencyRow) -> None:
        """Columns written: status, response."""
        self._execute(_FINISH, _request(row) | {"status": row.status, "response": row.response})

    def delete_idempotency(self, row: IdempotencyRow) -> None:
        """The key is free again."""
        self._execute(_RELEASE, _request(row))

    def delete_old_idempotency(self, before: datetime, limit: int) -> int:
        """Remove keys created before the moment; returns how many."""
        old = select(*_KEY).where(idempotency.c.created_at < before).order_by(idempotency.c.created_at).limit(limit)
        return self._execute(delete(idempotency).where(tuple_(*_KEY).in_(old))).rowcount

    def find_token(self, token_hash: str) -> TokenRow | None:
        """The token with this SHA-256, expired or not."""
        found = self._execute(_TOKEN, {"token_hash": token_hash}).first()
        return None if found is None else rows.token.row(found)

    def insert_token(self, row: TokenRow) -> None:
        """Raises Conflict where the hash is known already."""
        self._execute(insert(api_token), rows.token.params(row))

    def list_tokens(self, tenant_id: str) -> list[TokenRow]:
        """All tokens of the tenant in order of id."""
        return rows.token.rows(self._execute(_TOKENS, {"tenant_id": tenant_id}))

    def delete_token(self, tenant_id: str, id: int) -> bool:
        """Whether there was such a token."""
        statement = delete(api_token).where(api_token.c.id == id, api_token.c.tenant_id == tenant_id)
        return self._execute(statement).rowcount > 0

    def insert_audit(
        self,
        *,
        tenant_id: str,
        id: int,
        principal: str,
        action: str,
        target: str | None,
        detail: Mapping[str, Any] | None,
    ) -> None:
        """One line of the audit log, at this unit's time."""
        values = {
            "tenant_id": tenant_id,
            "id": id,
            "at": self.now(),
            "principal": principal,
            "action": action,
            "target": target,
            "detail": detail,
        }
        self._execute(insert(audit), values)
