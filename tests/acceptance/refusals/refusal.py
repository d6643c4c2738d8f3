"""A row of the table of refusals, and how it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.acceptance.refusals.world import World

NOTHING: Any = object()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One bad request. `{names}` in path, JSON and headers are ids that the world knows; a path that begins with `!`
    is taken as it is, the others are below `/api/v1`."""

    name: str
    method: str = "POST"
    path: str
    json: Any = NOTHING
    data: bytes | None = None
    content_type: str | None = None
    files: Sequence[tuple[str, bytes]] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = "admin"
    """Who asks, by the world's name for them; None: without a token."""
    status: int
    code: str
    says: Sequence[str] = ()
    """Words that tell what, where and what to do."""
    pointer: str | None = None
    element: str | None = None
    line: int | None = None
    leaves: frozenset[str] = frozenset()
    """Tables that may change all the same (what a refused message leaves behind for its publisher)."""

    def send(self, world: World) -> TestResponse:
        client: FlaskClient = world.app.test_client()
        headers = {name: fill(value, world) for name, value in self.headers.items()}
        if self.token is not None and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {world.tokens[self.token]}"
        options: dict[str, Any] = {"method": self.method, "headers": headers}
        if self.files or self.form:
            options["data"], options["content_type"] = _multipart(self.form, self.files)
        elif self.data is not None:
            options["data"] = self.data
            options["content_type"] = self.content_type or "application/json"
        elif self.json is not NOTHING:
            options["json"] = fill(self.json, world)
        path = fill(self.path, world)
        return client.open(path[1:] if path.startswith("!") else f"/api/v1{path}", **options)


def _multipart(form: Mapping[str, str], files: Sequence[tuple[str, bytes]]) -> tuple[bytes, str]:
    """Written here, since clients tidy up the very names that are tested."""
    parts = [f'form-data; name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in form.items()]
    for name, content in files:
        quoted = name.replace("\\", "\\\\")
        parts.append(f'form-data; name="files"; filename="{quoted}"\r\n\r\n'.encode() + content)
    body = b"".join(b"--frontier\r\nContent-Disposition: " + part + b"\r\n" for part in parts) + b"--frontier--\r\n"
    return body, "multipart/form-data; boundary=frontier"


def fill(value: Any, world: World) -> Any:
    """The value with `{names}` replaced by the world's ids."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: world.ids.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {name: fill(item, world) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, world) for item in value]
    return value
