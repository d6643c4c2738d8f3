"""API tokens: who a bearer token stands for. Tokens are known by their SHA-256 only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from server.errors import Invalid, NotFound
from server.ports.records import TokenRow
from server.ports.store import Store
from server.usecases import idempotency as keys
from server.usecases.requests import Idempotency, Principal, Replayed

ROLES = ("admin", "deployer", "operator", "worker", "user")
ADMIN = "admin"
ROOT = Principal(name=ADMIN, roles=frozenset({ADMIN}))
"""Whoever has the server's own admin token."""
_CACHE_SIZE = 10_000


class Tokens:
    """Finds, makes and deletes tokens. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        *,
        admin_token: str,
        next_id: Callable[[], int],
        cache_seconds: float = 5.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._admin_token = admin_token.encode()
        self._next_id = next_id
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cache: dict[str, tuple[float, TokenRow | None]] = {}
        self._lock = threading.Lock()

    def authenticate(self, token: str) -> Principal | None:
        """Who the token stands for; None where nobody knows it or it has expired. Raises StoreUnavailable."""
        if hmac.compare_digest(token.encode(), self._admin_token):
            return ROOT
        row = self._find(_digest(token))
        if row is None:
            return None
        return Principal(name=row.name, tenant_id=row.tenant_id, roles=frozenset(row.roles), groups=tuple(row.groups))

    def create(
        self,
        principal: Principal,
        *,
        name: str,
        roles: Sequence[str],
        groups: Sequence[str] = (),
        tenant_id: str | None = None,
        expires_at: datetime | None = None,
        idempotency: Idempotency | None = None,
    ) -> tuple[TokenRow, str] | Replayed:
        """A new token and its row; it is shown this once. `name` is that of the user or program it stands for."""
        unknown = [role for role in roles if role not in ROLES]
        if unknown:
            raise Invalid("ROLE_UNKNOWN", f"Expected roles among {', '.join(ROLES)}, but got '{unknown[0]}'")
        token = secrets.token_urlsafe(32)
        with self._store.begin() as unit:
            if replayed := keys.claim(unit, idempotency):
                return replayed
            now = unit.now()
            if expires_at is not None and expires_at <= now:
                raise Invalid(
                    "EXPIRY_PASSED", f"Expected 'expiresAt' to lie in the future, but got '{expires_at.isoformat()}'"
                )
            row = TokenRow(
                id=self._next_id(),
                tenant_id=tenant_id or principal.tenant_id,
                name=name,
                token_hash=_digest(token),
                roles=tuple(roles),
                groups=tuple(groups),
                created_at=now,
                expires_at=expires_at,
            )
            unit.insert_token(row)
            unit.insert_audit(
                tenant_id=row.tenant_id,
                id=self._next_id(),
                principal=principal.name,
                action="token.create",
                target=str(row.id),
                detail={"name": name, "roles": list(roles)},
            )
            keys.finish(unit, idempotency, row)
            unit.commit()
        return row, token

    def list(self, tenant_id: str) -> list[TokenRow]:
        with self._store.read() as unit:
            return unit.list_tokens(tenant_id)

    def delete(self, principal: Principal, tenant_id: str, token_id: int) -> None:
        """Raises NotFound TOKEN_UNKNOWN."""
        with self._store.begin() as unit:
            if not unit.delete_token(tenant_id, token_id):
                raise NotFound("TOKEN_UNKNOWN", f"Expected a token with id '{token_id}', but there is none")
            unit.insert_audit(
                tenant_id=tenant_id,
                id=self._next_id(),
                principal=principal.name,
                action="token.delete",
                target=str(token_id),
                detail=None,
            )
            unit.commit()
        with self._lock:
            self._cache.clear()

    def _find(self, digest: str) -> TokenRow | None:
        now = self._clock()
        with self._lock:
            cached = self._cache.get(digest)
        if cached is not None and cached[0] > now:
            return cached[1]
        with self._store.read() as unit:
            row = unit.find_token(digest)
            if row is not None and row.expires_at is not None and row.expires_at <= unit.now():
                row = None
        with self._lock:
            if len(self._cache) >= _CACHE_SIZE:  # guessed tokens must not fill the memory
                self._cache.clear()
            self._cache[digest] = (now + self._cache_seconds, row)
        return row


def is_root(who: Principal) -> bool:
    """Whether this is the server's own admin token (not merely a token of that name): it works for every tenant."""
    return who is ROOT


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
