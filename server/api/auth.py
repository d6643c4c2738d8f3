"""Who may do what: one decorator checks every route and writes its line of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import g, request

from server.api.services import services
from server.config import is_loopback
from server.errors import DomainError, Forbidden, Malformed, Unauthenticated
from server.usecases.requests import Principal
from server.usecases.tokens import ADMIN, ROLES, ROOT

View = TypeVar("View", bound=Callable[..., Any])

EVERYONE = "everyone"
"""In place of roles: no token is asked for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request: a principal, or why there is none. `key` tells callers apart for rate limits."""

    key: str
    principal: Principal | None
    refusal: DomainError | None = None


def allowed(*roles: str) -> Callable[[View], View]:
    """Only these roles (and admin) may use the route; `allowed(EVERYONE)` needs no token at all.

    Also refuses query parameters where the route takes none. Must be the decorator right below the route's own.
    """
    unknown = set(roles) - {*ROLES, EVERYONE}
    if unknown or not roles:
        raise ValueError(f"Expected roles among {ROLES}, but got {roles}")
    granted = frozenset(roles) | {ADMIN}

    def decorate(view: View) -> View:
        apidoc: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
        parameters = apidoc.get("arguments", {}).get("parameters", [])
        takes_query = any(parameter["in"] == "query" for parameter in parameters)

        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if EVERYONE not in roles:
                _check(granted)
            if request.args and not takes_query:
                name = next(iter(request.args))
                raise Malformed("INVALID_PARAMETERS", f"Expected no query parameters here, but got '{name}'")
            return view(*args, **kwargs)

        manual: dict[str, Any] = apidoc.setdefault("manual_doc", {})
        manual["security"] = [] if EVERYONE in roles else [{"bearer": []}]
        manual["x-roles"] = [EVERYONE] if EVERYONE in roles else sorted(granted)
        wrapper.__dict__["_apidoc"] = apidoc
        wrapper.__dict__["allowed_roles"] = frozenset(roles) if EVERYONE in roles else granted
        return cast(View, wrapper)

    return decorate


def caller() -> Caller:
    """Whoever sent the current request; worked out once per request."""
    if "caller" not in g:
        g.caller = _authenticate()
    found: Caller = g.caller
    return found


def principal() -> Principal:
    """The principal of the current request. Raises Unauthenticated."""
    found = caller()
    if found.principal is None:
        raise found.refusal or Unauthenticated("TOKEN_MISSING", "Expected a bearer token, but got none")
    return found.principal


def require(*roles: str) -> None:
    """Refuse whoever has none of the roles and is not admin. For routes that decide by more than the caller alone."""
    _check(frozenset(roles) | {ADMIN})


def from_this_machine() -> bool:
    """Whether the request comes from this machine itself, and not through a proxy on it."""
    proxied = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"))
    return not proxied and is_loopback(request.remote_addr or "")


def has_role(*roles: str) -> bool:
    """True where the caller has one of the roles, or is admin."""
    return bool(principal().roles & {*roles, ADMIN})


def _check(granted: frozenset[str]) -> None:
    who = principal()
    if not who.roles & granted:
        mine = ", ".join(sorted(who.roles)) or "no role"
        raise Forbidden(
            "ROLE_MISSING",
            f"Expected one of the roles {', '.join(sorted(granted))} for this, but '{who.name}' has {mine}",
        )


def _authenticate() -> Caller:
    address = f"address {request.remote_addr}"
    if services().settings.auth == "none":
        return Caller(address, ROOT) if _from_a_page_of_ours() else Caller(address, None, _foreign_page())
    header = request.headers.get("Authorization", "")
    if not header:
        return Caller(
            address,
            None,
            Unauthenticated("TOKEN_MISSING", "Expected a header 'Authorization: Bearer TOKEN', but there is none"),
        )
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return Caller(
            address,
            None,
            Unauthenticated(
                "TOKEN_MALFORMED", "Expected a header 'Authorization: Bearer TOKEN', but it has another form"
            ),
        )
    found = services().tokens.authenticate(token)
    if found is None:
        return Caller(
            address, None, Unauthenticated("TOKEN_UNKNOWN", "Expected a valid token, but nobody knows this one")
        )
    return Caller(f"token {hash(token)}", found)


def _from_a_page_of_ours() -> bool:
    """Where nobody is asked for a token, any web page that the user looks at could send requests to loopback; browsers
    tell by `Origin` whose page it is, and by `Host` which name led here (another one: DNS rebinding)."""
    here = urlsplit(f"//{request.host}")
    origin = request.headers.get("Origin")
    return is_loopback(here.hostname or "") and (origin is None or urlsplit(origin).netloc == here.netloc)


def _foreign_page() -> DomainError:
    return Forbidden(
        "ORIGIN_FOREIGN",
        "Expected a request to this machine from no page of elsewhere, since BPMND_AUTH=none asks for no token, but "
        "'Host' or 'Origin' name another place; use BPMND_AUTH=token",
    )
