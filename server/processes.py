"""The processes behind `bpmnd serve`, `engine` and `worker`: start, wait for a signal, stop in good order."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from connectors.worker import Worker
from server import config, logs
from server.api.listener import Listener
from server.app import SchemaOutdated, Server, assemble, connector_registry
from server.config import Settings
from server.samples import connector_modules, find_samples
from server.usecases.deploy import DeployedFile
from server.usecases.requests import Principal

log = structlog.get_logger("bpmnd")


def run_serve(settings: Settings, role: str = "all", *, samples: bool = False) -> None:
    """The whole product (`all`), or HTTP alone (`api`), until SIGTERM or SIGINT.

    With `samples` the models that come with the product are deployed, and their connectors run.
    Raises ConfigError, SchemaOutdated, StoreUnavailable before anything is served.
    """
    logs.configure(settings)
    if samples:
        modules = dict.fromkeys((*settings.worker_modules, *connector_modules()))
        settings = replace(settings, worker_modules=tuple(modules))
    server = assemble(settings, "api" if role == "api" else "all")
    assert server.flask is not None
    listener = Listener(server.flask, settings)
    stop = threading.Event()
    with _signals(stop, listener.wake):
        server.start()
        if samples:
            deploy_samples(server)
        _settle_memory()
        _say(settings, listener.url, samples)
        try:
            listener.run(stop, on_stop=server.settle)
        finally:
            server.stop()


def run_engine(settings: Settings) -> None:
    """Results, timers, relays, until SIGTERM or SIGINT."""
    logs.configure(settings)
    server = assemble(settings, "engine")
    stop = threading.Event()
    with _signals(stop):
        server.start()
        _settle_memory()
        log.info("engine_ready", node=server.node)
        try:
            while not stop.wait(1.0):
                pass
        finally:
            server.stop()


def run_worker(settings: Settings, types: Sequence[str] | None, modules: Sequence[str]) -> None:
    """Connectors, until SIGTERM or SIGINT. Needs the bus only."""
    logs.configure(settings)
    if settings.broker_url.startswith("memory://"):
        raise config.ConfigError(
            "Expected BPMND_BROKER_URL to name a broker that other processes reach, but it is memory://; "
            "'bpmnd serve' runs the connectors itself then"
        )
    registry = connector_registry(settings, tuple(m for m in modules if m not in settings.worker_modules))
    worker = Worker(
        settings.broker_url,
        registry,
        types=types,
        concurrency=settings.worker_concurrency,
        prefix=settings.bus_prefix,
        queue_type=settings.queue_type,
    )
    stop = threading.Event()
    with _signals(stop):
        _settle_memory()
        log.info("worker_ready", types=worker.types, worker=worker.worker_id)
        worker.run(stop)


def deploy_samples(server: Server) -> None:
    """The models that come with the product; unchanged ones make no new version."""
    assert server.services is not None
    files = [
        DeployedFile(name=f"{sample.name}-{path.name}", content=path.read_bytes())
        for sample in find_samples()
        for path in sample.models
    ]
    if files:
        principal = Principal(name="admin", roles=frozenset({"admin"}))
        server.services.deployer.deploy(principal, files, name="samples")


def _say(settings: Settings, url: str, samples: bool) -> None:
    """Where the server is, where the token is, and a line to try."""
    path = None if settings.admin_token else settings.admin_token_path()
    token = "$BPMND_ADMIN_TOKEN" if path is None else f"$(cat {path})"
    print(f"bpmnd is at {url}  (API documentation: {url}/docs)", file=sys.stderr)
    print(f"Admin token: {'as set in BPMND_ADMIN_TOKEN' if path is None else path}", file=sys.stderr)
    if samples:
        print(
            f'Try: curl -s -H "Authorization: Bearer {token}" {url}/api/v1/definitions',
            file=sys.stderr,
        )
    sys.stderr.flush()


def _settle_memory() -> None:
    """What is loaded by now stays for good: collecting it again and again costs up to half of the throughput."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@contextmanager
def _signals(stop: threading.Event, *wake: object) -> Iterator[None]:
    def end(number: int, frame: object) -> None:
        stop.set()
        for call in wake:
            call()  # type: ignore[operator]

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["SchemaOutdated", "deploy_samples", "run_engine", "run_serve", "run_worker"]
