"""HTTP client of the commands: where the server is, which token, and errors in readable form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import typer

from server import config
from server.cli.output import fail, print_problem
from server.store.codec import dump_api, parse_json

DEFAULT_SERVER = "http://127.0.0.1:8080"
TIMEOUT = httpx.Timeout(75.0, connect=5.0)
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3


class Client:
    """Speaks to `/api/v1` of a server. Every error ends the command: 1 refused, 3 cannot be reached."""

    def __init__(self, server: str | None, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        self.server = (server or os.environ.get("BPMND_SERVER") or DEFAULT_SERVER).rstrip("/")
        headers = {}
        if found := token or os.environ.get("BPMND_TOKEN") or _local_token(self.server):
            headers["Authorization"] = f"Bearer {found}"
        self._http = httpx.Client(
            base_url=self.server,
            headers=headers,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_keepalive_connections=0),  # nobody would close them when the command ends
            transport=transport,
        )

    def get(self, path: str, **params: Any) -> Any:
        return self._send("GET", path, params={name: value for name, value in params.items() if value is not None})

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._send("POST", path, content=dump_api(body or {}), headers={"Content-Type": "application/json"})

    def upload(self, path: str, files: list[tuple[str, bytes]], fields: Mapping[str, str]) -> httpx.Response:
        """The answer, whatever its status."""
        return self._request(
            "POST", path, files=[("files", (name, content)) for name, content in files], data=dict(fields)
        )

    def pages(self, path: str, limit: int, **params: Any) -> list[Any]:
        """Up to `limit` items, over several pages where needed."""
        items: list[Any] = []
        cursor: str | None = None
        while len(items) < limit:
            page = self.get(path, limit=min(limit - len(items), 1000), cursor=cursor, **params)
            items += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        return items

    def _send(self, method: str, path: str, **options: Any) -> Any:
        response = self._request(method, path, **options)
        if response.is_error:
            refuse(response)
        return parse_json(response.content) if response.content else None

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, f"/api/v1{path}", **options)
        except httpx.InvalidURL as error:
            fail(f"Expected a URL like {DEFAULT_SERVER} as server, but got '{self.server}': {error}", EXIT_USAGE)
        except httpx.HTTPError as error:
            fail(
                f"Expected a bpmnd server at {self.server}, but {error or type(error).__name__}; start one with "
                "`bpmnd serve`, or name another with --server or BPMND_SERVER",
                EXIT_UNREACHABLE,
            )


def refuse(response: httpx.Response) -> NoReturn:
    """Print the problem and end the command."""
    try:
        problem = parse_json(response.content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"title": f"HTTP {response.status_code}", "detail": response.text[:500] or response.reason_phrase}
    print_problem(problem)
    if response.status_code == 401:
        typer.echo(
            "Give a token with --token or BPMND_TOKEN; on the server's machine it is in its data directory "
            f"({config.ADMIN_TOKEN_FILE}).",
            err=True,
        )
    raise typer.Exit(EXIT_ERROR)


def _local_token(server: str) -> str | None:
    """The admin token of this machine's data directory, only ever sent to this machine."""
    if not config.is_loopback(urlsplit(server).hostname or ""):
        return None
    try:
        settings = config.load()
        return settings.admin_token or settings.admin_token_path().read_text().strip() or None
    except (config.ConfigError, OSError):
        return None
