"""The composition root: settings in, a running product out. Knows everything; nothing but the command line imports it.

all      HTTP, executor, relays, results, timers, connectors: one process
api      HTTP and an executor for its own requests
engine   executor with timers, relays, results, housekeeping
worker   connectors only; needs the bus, not the database
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

import structlog
from flask import Flask

from bpmn.expressions.api import Handlers
from bpmn.runtime.work import Limits
from connectors.builtin import builtin_connectors
from connectors.messages import ResultMessage
from connectors.options import WorkerOptions
from connectors.registry import Registry
from connectors.worker import Worker
from server import config
from server.api.app import create_app
from server.api.services import Services
from server.bus import open_bus
from server.config import Settings
from server.ids import IdGenerator
from server.ports.bus import Bus
from server.ports.store import Store
from server.store import open_queries, open_store
from server.usecases.checking import checker, read_model
from server.usecases.decision_programs import DecisionPrograms
from server.usecases.decisions import DecisionService
from server.usecases.definitions import DefinitionService
from server.usecases.deploy import Deployer
from server.usecases.executor import Executor, ExecutorOptions
from server.usecases.executor.graphs import GraphCache
from server.usecases.jobs import JobPuller
from server.usecases.starts import start_planner
from server.usecases.tokens import Tokens
from server.usecases.waiting import WaitingPlaces
from server.workers.housekeeping import Housekeeping
from server.workers.loop import Loop
from server.workers.relay import EventRelay, JobRelay
from server.workers.results import ResultConsumer

log = structlog.get_logger("bpmnd")

Role = Literal["all", "api", "engine"]
NODE_RENEWAL_SECONDS = 15.0
HOUSEKEEPING_SECONDS = 30.0
SHUTDOWN_SECONDS = 8.0
ANNOUNCE_SECONDS = 30.0


class SchemaOutdated(Exception):
    """A shared database is not at this release's revision."""


@dataclass
class Server:
    """A running engine, with or without HTTP. `start`, then serve `flask` with a WSGI server, then `stop`."""

    settings: Settings
    role: Role
    store: Store
    bus: Bus
    executor: Executor
    flask: Flask | None
    services: Services | None
    node: int
    ids: IdGenerator
    worker: Worker | None = None
    loops: list[Loop] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _deadline: float | None = None
    _worker_thread: threading.Thread | None = None

    def start(self) -> None:
        self.executor.start()
        for loop in self.loops:
            loop.start()
        if self.worker is not None:
            worker = self.worker
            self._worker_thread = threading.Thread(target=worker.run, args=(self._stop,), name="worker", daemon=True)
            self._worker_thread.start()

    def settle(self) -> None:
        """The end is near: who waits is answered, and the connectors begin nothing new. HTTP still works."""
        self._deadline = time.monotonic() + SHUTDOWN_SECONDS
        self._stop.set()
        if self.services is not None:
            self.services.jobs.close()
            self.services.waiting.close()

    def stop(self) -> None:
        """Finish what is at hand within some seconds, counted from `settle`; whatever is left is durable and goes on
        at the next start."""
        if self._deadline is None:
            self.settle()
        assert self._deadline is not None
        deadline = self._deadline
        for loop in self.loops:
            loop.stop()
        if self._worker_thread is not None:
            self._worker_thread.join(max(0.1, deadline - time.monotonic()))
        for loop in self.loops:
            loop.join(max(0.1, deadline - time.monotonic()))
        self.executor.stop(max(0.5, deadline - time.monotonic()))
        self.bus.close()
        try:
            self.store.release_node(self.node)
        finally:
            self.store.close()


def assemble(
    settings: Settings,
    role: Role = "all",
    *,
    clock: Callable[[], datetime] | None = None,
    handlers: Handlers | None = None,
    registry: Registry | None = None,
) -> Server:
    """Wire everything up; nothing runs yet. `clock` replaces the database's time (tests).

    Raises ConfigError, SchemaOutdated, StoreUnavailable.
    """
    handlers = handlers or load_handlers(settings)
    if settings.database_url == "":
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.effective_database_url, clock=clock)
    prepare_schema(store)
    broker_url = own_broker_url(settings)
    bus = open_bus(broker_url, prefix=settings.bus_prefix, queue_type=settings.queue_type)
    if bus.volatile():
        # A bus in memory has forgotten what it carried; every job without a lease is handed out again.
        with store.begin() as unit:
            unit.reset_dispatched_jobs()
            unit.commit()
    node = store.lease_node()
    ids = IdGenerator(node)
    places = WaitingPlaces(max(1, settings.http_threads // 2))
    puller = JobPuller(store, places=places, lost_limit=settings.lost_limit)
    jobs = JobRelay(store, bus, redispatch_seconds=settings.redispatch_seconds, lost_limit=settings.lost_limit)
    events = EventRelay(store, bus)
    job_loop = Loop("job-relay", jobs.run_once, pause=0.25)
    event_loop = Loop("event-relay", events.run_once, pause=0.25)

    def on_jobs() -> None:
        job_loop.wake()
        puller.wake()

    graphs, decisions = GraphCache(handlers), DecisionPrograms()
    executor = Executor(
        store,
        ExecutorOptions(
            ids=ids,
            handlers=handlers,
            limits=Limits(transitions_without_wait=settings.transitions_limit),
            threads=2 if store.shared() else 1,
            polls=role != "api",
            message_ttl_seconds=settings.message_ttl_seconds,
            on_jobs=on_jobs,
            on_events=event_loop.wake,
        ),
        graphs,
        decisions,
    )
    server = Server(settings, role, store, bus, executor, None, None, node, ids)
    if role != "engine":
        server.services = _services(settings, server, puller, places, handlers, decisions)
        server.flask = create_app(server.services)
    if role != "api":
        results = ResultConsumer(bus, executor)
        housekeeping = Housekeeping(store)
        server.loops += [
            job_loop,
            event_loop,
            Loop("results", results.run_once, pause=0.05),
            Loop("housekeeping", housekeeping.run_once, pause=HOUSEKEEPING_SECONDS),
        ]
    server.loops.append(Loop("node-lease", _lease_keeper(server), pause=NODE_RENEWAL_SECONDS))
    if role == "all":
        registry = connector_registry(settings) if registry is None else registry
        if len(registry):
            server.worker = Worker(
                broker_url,
                registry,
                concurrency=settings.worker_concurrency,
                prefix=settings.bus_prefix,
                queue_type=settings.queue_type,
                announce=_announcer(executor) if bus.volatile() else None,
            )
    return server


def _announcer(executor: Executor) -> Callable[[ResultMessage], None]:
    """A bus in memory forgets with the process that a job was begun; the database is told before the work begins."""

    def announce(started: ResultMessage) -> None:
        executor.submit(started).result(ANNOUNCE_SECONDS)

    return announce


def _services(
    settings: Settings,
    server: Server,
    puller: JobPuller,
    places: WaitingPlaces,
    handlers: Handlers,
    decisions: DecisionPrograms,
) -> Services:
    store, ids = server.store, server.ids
    queries = open_queries(store)
    check = checker(handlers)
    plan = start_planner(handlers)
    token, _ = config.admin_token(settings)
    return Services(
        settings=settings,
        store=store,
        queries=queries,
        executor=server.executor,
        deployer=Deployer(store, check, plan, ids),
        definitions=DefinitionService(store, queries, read_model, check, plan, ids),
        decisions=DecisionService(store, queries, decisions),
        jobs=puller,
        tokens=Tokens(store, admin_token=token, next_id=ids, cache_seconds=settings.token_cache_seconds),
        waiting=places,
        checks={"broker": server.bus.check},
    )


def _lease_keeper(server: Server) -> Callable[[], bool]:
    """Keeps the node number; where it was lost (a long sleep of the machine), takes another one for new ids."""

    def renew() -> bool:
        if not server.store.renew_node(server.node):
            server.node = server.store.lease_node()
            server.ids.node = server.node
            log.warning("node_number_lost", new_node=server.node)
        return False

    return renew


def prepare_schema(store: Store) -> None:
    """Bring an embedded database up to date; refuse to touch or use an outdated shared one."""
    if not store.shared():
        store.migrate()
        return
    current, newest = store.schema_status()
    if current != newest:
        raise SchemaOutdated(
            f"Expected the database to be at revision '{newest}', but it is at '{current or 'none'}'; run "
            "'bpmnd db upgrade'"
        )


def own_broker_url(settings: Settings) -> str:
    """`memory://` is private to one server, even where several run in one process."""
    return f"memory://{uuid4().hex}" if settings.broker_url == "memory://" else settings.broker_url


def connector_registry(settings: Settings, modules: tuple[str, ...] = ()) -> Registry:
    """Built-in connectors and those of the configured modules."""
    registry = Registry(builtin_connectors(worker_options(settings)))
    for module in (*settings.worker_modules, *modules):
        registry.add_module(module)
    return registry


def worker_options(settings: Settings) -> WorkerOptions:
    tls: Any = settings.smtp_tls
    return WorkerOptions(
        http_allow_private=settings.http_allow_private,
        smtp_host=settings.smtp_host,
        smtp_port=settings.smtp_port,
        smtp_user=settings.smtp_user,
        smtp_password=settings.smtp_password,
        smtp_tls=tls,
        smtp_sender=settings.smtp_sender,
    )


def load_handlers(settings: Settings) -> Handlers:
    """Pure handlers for expressions: the module's `HANDLERS`, a mapping of names to functions or objects."""
    if not settings.handlers:
        return Handlers()
    try:
        module = importlib.import_module(settings.handlers)
        found = module.HANDLERS
    except (ImportError, AttributeError) as error:
        raise config.ConfigError(
            f"Expected BPMND_HANDLERS to name a module with a mapping HANDLERS, but '{settings.handlers}': {error}"
        ) from error
    return found if isinstance(found, Handlers) else Handlers(found)
