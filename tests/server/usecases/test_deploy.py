"""Deploying: versions, starts, and what holds when two do it at once; on every store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from bpmn.findings import Finding, Severity
from server.errors import InvalidModel
from server.ids import IdGenerator
from server.ports.store import SerializationFailure, Store, UnitOfWork
from server.store import open_store
from server.usecases.checking import Checked, checker
from server.usecases.deploy import ATTEMPTS, DeployedFile, Deployer, DeploymentResult
from server.usecases.requests import Principal
from server.usecases.starts import start_planner
from tests.support.api import document

MARY = Principal(name="mary", tenant_id="acme")
NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'deploy.db'}", clock=lambda: NOW)
    opened.migrate()
    yield opened
    opened.close()


def deployer(store: Store, node: int = 1) -> Deployer:
    return Deployer(store, checker(), start_planner(), IdGenerator(node))


def deploy(store: Store, content: bytes, **options: bool) -> DeploymentResult:
    result = deployer(store).deploy(MARY, [DeployedFile("order.bpmn", content)], **options)
    assert isinstance(result, DeploymentResult)
    return result


def start(event: str) -> str:
    return f"""<startEvent id="s">{event}</startEvent><sequenceFlow id="f" sourceRef="s" targetRef="e"/>
      <endEvent id="e"/>"""


def test_should_plan_the_timer_starts_of_the_latest_version(store: Store) -> None:
    # given a process that starts every hour, three times
    cycle = start("<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>")

    # when
    deploy(store, document(body=cycle))

    # then
    with store.begin() as unit:
        rows = _timer_starts(unit, store)
    assert [(row[0], row[1]) for row in rows] == [("s", datetime(2030, 1, 31, 13, tzinfo=UTC))]

    # when a version without it follows
    deploy(store, document())

    # then
    with store.begin() as unit:
        assert _timer_starts(unit, store) == []


def _timer_starts(unit: UnitOfWork, store: Store) -> Sequence[tuple[str, datetime]]:
    """Claimed as if it were much later."""
    unit.now = lambda: datetime(2040, 1, 1, tzinfo=UTC)  # type: ignore[method-assign]
    return [(row.element_id, row.due_at) for row in unit.claim_timer_starts(10)]


def test_should_make_two_versions_of_two_deployments_at_the_same_time(store: Store) -> None:
    barrier = Barrier(2)

    def run(number: int) -> int:
        mine = deployer(store, number)
        barrier.wait()
        result = mine.deploy(MARY, [DeployedFile("order.bpmn", document(name=f"v{number}"))])
        assert isinstance(result, DeploymentResult)
        return result.definitions[0].version

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, (1, 2))) == [1, 2]


def test_should_deploy_every_process_of_a_collaboration(store: Store) -> None:
    content = document("order").replace(
        b"</definitions>", b'<process id="supplier" name="Supplier" isExecutable="false"/></definitions>'
    )

    result = deploy(store, content)

    assert [(row.key, row.executable, row.tenant_id) for row in result.definitions] == [
        ("order", True, "acme"),
        ("supplier", False, "acme"),
    ]


def test_should_forget_that_a_drawing_was_forced(store: Store) -> None:
    drawing = document(executable='isExecutable="false"')

    forced = deploy(store, drawing, make_executable=True).definitions[0]
    same = deploy(store, drawing, make_executable=True).definitions[0]
    plain = deploy(store, drawing).definitions[0]

    assert (forced.executable, forced.forced_executable, same.id) == (True, True, forced.id)
    assert (plain.executable, plain.forced_executable, plain.version) == (False, False, 2)


def test_should_refuse_whatever_the_checks_call_an_error(store: Store) -> None:
    finding = Finding(severity=Severity.ERROR, code="SOME_RULE", message="Expected better", hint="Do better")
    strict = Deployer(
        store, lambda content, name, force: Checked(model=None, findings=(finding,)), start_planner(), IdGenerator(1)
    )

    with pytest.raises(InvalidModel) as caught:
        strict.deploy(MARY, [DeployedFile("a.bpmn", b"<x/>")])

    assert caught.value.findings == (finding,)


class Contended:
    """A store whose first transactions fail as under contention."""

    def __init__(self, store: Store, failures: int) -> None:
        self._store = store
        self.left = failures

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        if self.left:
            self.left -= 1
            raise SerializationFailure("busy")
        with self._store.begin() as unit:
            yield unit


@pytest.mark.parametrize("failures", [1, ATTEMPTS - 1])
def test_should_try_again_under_contention(store: Store, failures: int) -> None:
    contended = Contended(store, failures)

    result = Deployer(contended, checker(), start_planner(), IdGenerator(1)).deploy(  # type: ignore[arg-type]
        MARY, [DeployedFile("order.bpmn", document())]
    )

    assert isinstance(result, DeploymentResult)
    assert (result.definitions[0].version, contended.left) == (1, 0)


def test_should_give_up_under_lasting_contention(store: Store) -> None:
    with pytest.raises(SerializationFailure):
        Deployer(Contended(store, ATTEMPTS), checker(), start_planner(), IdGenerator(1)).deploy(  # type: ignore[arg-type]
            MARY, [DeployedFile("order.bpmn", document())]
        )
