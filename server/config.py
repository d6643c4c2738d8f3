# ruff: noqa: RUF009 (the calls in the dataclass are rows of the table: immutable)
"""Settings: the one table of them, read from the environment and a TOML file.

The fields of `Settings` are the table: name, type, default and meaning are declared once; `docs/settings.md` is
generated from them (`python -m server.config > docs/settings.md`) and a test compares.
"""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

PREFIX = "BPMND_"
CONFIG = "BPMND_CONFIG"
ADMIN_TOKEN_FILE = "admin-token"
DATABASE_FILE = "bpmnd.db"


class ConfigError(Exception):
    """A setting cannot be used; the message names it, what was expected and what was found."""


def _setting(
    default: Any,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    secret: bool = False,
    shown: str | None = None,
) -> Any:
    """A row of the table. `shown` replaces the default in the documentation where it is worked out at start."""
    return field(
        default=default,
        repr=not secret,
        metadata={
            "meaning": meaning,
            "choices": choices,
            "minimum": minimum,
            "secret": secret,
            "shown": shown,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting. `host` is `BPMND_HOST`, and so on."""

    # -- where things are
    data_dir: Path = _setting(Path("./bpmnd-data"), "Directory of the embedded database and the generated secrets.")
    database_url: str = _setting(
        "",
        "SQLAlchemy URL of SQLite or PostgreSQL (`postgresql+psycopg://...`); `memory://` keeps everything in the "
        "process and forgets it at its end.",
        shown="SQLite file `bpmnd.db` in `BPMND_DATA_DIR`",
        secret=True,
    )
    broker_url: str = _setting(
        "memory://",
        "URL of the event bus: `memory://`, `amqp://...`, `redis://...`, `confluentkafka://host:port,...`.",
        secret=True,
    )
    bus_prefix: str = _setting(
        "bpmnd", "First part of the names of exchanges and queues; another one keeps installations on one broker apart."
    )
    queue_type: str = _setting(
        "classic",
        "RabbitMQ only: `classic` (durable) or `quorum` (durable and replicated) queues. Queues that exist keep their "
        "type: delete them, or change the prefix, to change it.",
        choices=("classic", "quorum"),
    )
    host: str = _setting("127.0.0.1", "Address that `bpmnd serve` listens on.")
    port: int = _setting(8080, "Port that `bpmnd serve` listens on; 0 takes a free one.", minimum=0)

    # -- who may
    auth: str = _setting(
        "token",
        "How requests are authenticated: `token` (bearer tokens), `none` (nobody is asked; "
        "only on loopback) or `oidc` (not available yet).",
        choices=("token", "none", "oidc"),
    )
    admin_token: str = _setting(
        "",
        "A bearer token with all rights, for first set-up and tests.",
        secret=True,
        shown="generated once into `BPMND_DATA_DIR/admin-token` (mode 0600)",
    )
    token_cache_seconds: float = _setting(
        5.0,
        "How long a token that was found is used without asking the database "
        "again; a deleted token works that much longer.",
        minimum=0,
    )

    # -- limits of the HTTP side
    http_threads: int = _setting(
        32, "Threads that answer HTTP requests. Long polls and waiting starts may take half of them.", minimum=4
    )
    max_body_bytes: int = _setting(4 * 1024 * 1024, "Largest body of a request, in bytes (413 above).", minimum=1024)
    max_deployment_bytes: int = _setting(
        25 * 1024 * 1024, "Largest body of a deployment, in bytes (413 above).", minimum=1024
    )
    rate_limit: str = _setting(
        "600/second", "Requests per token and route, as flask-limiter writes it (429 above); empty switches it off."
    )
    idempotency_hours: int = _setting(24, "How long an `Idempotency-Key` is remembered.", minimum=1)

    # -- limits of the engine
    transitions_limit: int = _setting(
        100_000,
        "Transitions without a wait state after which an instance gets an "
        "incident instead of running on (an endless loop in the model, "
        "or conditional events that make each other true).",
        minimum=1000,
    )
    message_ttl_seconds: float = _setting(
        3600.0, "How long a message without `ttlSeconds` waits for a subscriber.", minimum=0
    )
    redispatch_seconds: float = _setting(
        300.0,
        "After which time a job that was sent and not answered is sent again; "
        "must be longer than the age of the job queues.",
        minimum=1,
    )
    lost_limit: int = _setting(
        5,
        "How many workers in a row may be lost with one job (killed, or silent beyond its lease) before it becomes an "
        "incident and its message a dead letter, whatever retries are left.",
        minimum=2,
    )
    job_retries: int = _setting(3, "Attempts of a job whose model says nothing.", minimum=1)
    handlers: str = _setting(
        "",
        "Python module with a mapping `HANDLERS` of names to functions or objects that expressions may call; they must "
        "be pure and quick.",
        shown="none",
    )

    # -- workers
    worker_concurrency: int = _setting(8, "Jobs that one worker does at the same time.", minimum=1)
    worker_modules: tuple[str, ...] = _setting(
        (), "Python modules with connectors of your own, separated by commas.", shown="none"
    )
    http_allow_private: bool = _setting(
        False, "Whether the `http` connector may call private, loopback and link-local addresses."
    )
    smtp_host: str = _setting("127.0.0.1", "Mail server of the `email` connector.")
    smtp_port: int = _setting(25, "Port of the mail server.", minimum=1)
    smtp_user: str = _setting("", "User name at the mail server.", shown="none")
    smtp_password: str = _setting("", "Password at the mail server.", secret=True, shown="none")
    smtp_tls: str = _setting("none", "Encryption towards the mail server.", choices=("none", "starttls", "tls"))
    smtp_sender: str = _setting("bpmnd@localhost", "Sender of mails that name none.")

    # -- logs
    log_level: str = _setting("info", "Least severity that is logged.", choices=("debug", "info", "warning", "error"))
    log_format: str = _setting("console", "`console` for people, `json` for machines.", choices=("console", "json"))

    @property
    def effective_database_url(self) -> str:
        """The database to use: what was set, else the embedded SQLite file."""
        return self.database_url or f"sqlite:///{(self.data_dir / DATABASE_FILE).resolve()}"

    def admin_token_path(self) -> Path:
        return self.data_dir / ADMIN_TOKEN_FILE


_CLIENT_SETTINGS = """

Client commands (`bpmnd deploy`, `start`, `tasks`, ...) take `--server` or `BPMND_SERVER` (default
`http://127.0.0.1:8080`) and `--token` or `BPMND_TOKEN` (default: the admin token of this machine's data directory).
OpenTelemetry uses its own `OTEL_*` variables.
"""


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the TOML file named by `BPMND_CONFIG`, the environment (wins), and `overrides` (win over both;
    None is "not given"). Raises ConfigError."""
    environ = os.environ if environ is None else environ
    given: dict[str, tuple[Any, str]] = {}
    if path := environ.get(CONFIG):
        given.update({name: (value, f"in {path}") for name, value in _read_file(Path(path)).items()})
    known = {name_of(entry): entry for entry in fields(Settings)}
    for name in given:
        if name not in known:
            raise ConfigError(
                f"Expected only known settings in the file named by {CONFIG}, but '{name}' is none"
                f"{_suggest(name, known)}"
            )
    given.update({name: (environ[name], "in the environment") for name in known if name in environ})
    types = get_type_hints(Settings)
    values = {
        entry.name: _convert(name, raw, types[entry.name], entry, where)
        for name, (raw, where) in given.items()
        for entry in (known[name],)
    }
    for name, value in overrides.items():
        if value is not None:
            entry = known[PREFIX + name.upper()]
            values[name] = _convert(f"--{name.replace('_', '-')}", value, types[name], entry, "on the command line")
    settings = Settings(**values)
    _check_together(settings)
    return settings


def name_of(entry: Field[Any]) -> str:
    """Name of a field's environment variable."""
    return PREFIX + entry.name.upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """`BPMND_*` variables that mean nothing (`bpmnd doctor` warns of them)."""
    known = {name_of(entry) for entry in fields(Settings)} | {CONFIG, "BPMND_SERVER", "BPMND_TOKEN", "BPMND_CORPUS"}
    return sorted(
        f"{name}{_suggest(name, known)}"
        for name in environ
        if name.startswith(PREFIX) and name not in known and not name.startswith("BPMND_TEST_")
    )


def admin_token(settings: Settings) -> tuple[str, Path | None]:
    """The admin token and the file it is in (None: it was set). Generated once, the file is readable by its owner only.

    Several processes may start at once: the first to link its file into place wins, the others read it.
    """
    if settings.admin_token:
        return settings.admin_token, None
    path = settings.admin_token_path()
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w") as file:
                    file.write(secrets.token_urlsafe(32) + "\n")
                with contextlib.suppress(FileExistsError):  # another process was first: its token counts
                    os.link(draft, path)
            finally:
                draft.unlink()
        token = path.read_text().strip()
    except OSError as error:
        raise ConfigError(
            f"Expected to keep the admin token in '{path}', but {error.strerror or error}; "
            "set BPMND_DATA_DIR to a directory that can be written, or BPMND_ADMIN_TOKEN"
        ) from error
    if not token:
        raise ConfigError(f"Expected an admin token in '{path}', but the file is empty; delete it and start again")
    return token, path


def is_loopback(host: str) -> bool:
    """True where only this machine reaches the address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def documentation() -> str:
    """Markdown of `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Set them in the environment, or in a TOML file named by `BPMND_CONFIG` (same names; the environment wins).",
        "Options of a command win over both. `bpmnd doctor` says what is wrong with them.",
        "This page is generated: `python -m server.config > docs/settings.md`.",
        "",
        "| name | type | default | meaning |",
        "|---|---|---|---|",
        f"| `{CONFIG}` | path | none | TOML file with settings. |",
    ]
    types = get_type_hints(Settings)
    for entry in fields(Settings):
        choices = entry.metadata["choices"]
        kind = " \\| ".join(f"`{choice}`" for choice in choices) if choices else _type_name(types[entry.name])
        shown = entry.metadata["shown"] or f"`{_plain(entry.default)}`"
        lines.append(f"| `{name_of(entry)}` | {kind} | {shown} | {entry.metadata['meaning']} |")
    return "\n".join(lines) + _CLIENT_SETTINGS


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Expected {CONFIG} to name a TOML file, but '{path}': {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"Expected '{path}' to be a TOML file, but {error}") from error


def _convert(name: str, raw: Any, kind: Any, entry: Field[Any], where: str) -> Any:
    value = _parse(name, raw, kind, where)
    choices, minimum = entry.metadata["choices"], entry.metadata["minimum"]
    if choices and value not in choices:
        raise ConfigError(f"Expected {name} to be one of {', '.join(choices)}, but got '{value}' {where}")
    if minimum is not None and value < minimum:
        raise ConfigError(f"Expected {name} to be at least {minimum}, but got {value} {where}")
    return value


def _parse(name: str, raw: Any, kind: Any, where: str) -> Any:
    shown = f"{type(raw).__name__} {raw!r}"
    if kind is bool:
        if isinstance(raw, bool):
            return raw
        text = str(raw).strip().lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text in ("0", "false", "no", "off", ""):
            return False
        raise ConfigError(f"Expected {name} to be true or false, but got '{raw}' {where}")
    if kind in (int, float):
        try:
            if isinstance(raw, bool):
                raise ValueError
            return kind(raw)
        except (TypeError, ValueError):
            word = "a whole number" if kind is int else "a number"
            raise ConfigError(f"Expected {name} to be {word}, but got '{raw}' {where}") from None
    if kind == tuple[str, ...]:
        parts = raw if isinstance(raw, list | tuple) else str(raw).split(",")
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if not isinstance(raw, str | Path):
        raise ConfigError(f"Expected {name} to be a string, but got {shown} {where}")
    return Path(raw) if kind is Path else str(raw)


def _check_together(settings: Settings) -> None:
    if settings.auth == "none" and not is_loopback(settings.host):
        raise ConfigError(
            f"Expected BPMND_AUTH=none only on a loopback address, but BPMND_HOST is '{settings.host}'; "
            "use BPMND_AUTH=token"
        )
    if settings.auth == "oidc":
        raise ConfigError("Expected BPMND_AUTH to be token or none, but got 'oidc', which comes later; use token")
    if settings.port > 65535:
        raise ConfigError(f"Expected BPMND_PORT to be at most 65535, but got {settings.port}")
    if settings.admin_token and len(settings.admin_token) < 8:
        raise ConfigError("Expected BPMND_ADMIN_TOKEN to have at least 8 characters")
    if settings.rate_limit:
        from limits import parse_many

        try:
            parse_many(settings.rate_limit)
        except ValueError as error:
            raise ConfigError(
                f"Expected BPMND_RATE_LIMIT like '600/second', but got '{settings.rate_limit}'"
            ) from error


def _suggest(name: str, known: Mapping[str, Any] | set[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _type_name(kind: Any) -> str:
    names = {int: "whole number", float: "number", bool: "`true` \\| `false`", Path: "path", str: "text"}
    return names.get(kind, "list")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    print(documentation(), end="")
