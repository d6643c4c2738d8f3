"""What goes wrong in a running process becomes an incident that names the element; everybody else goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.acceptance.refusals import models, run_time
from tests.acceptance.refusals.run_time import Failing
from tests.acceptance.refusals.world import World, running_world

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("refusals-at-run-time")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("run-time")) as running:
        yield running


@pytest.mark.parametrize("row", run_time.ROWS, ids=lambda row: row.name)
def test_should_stop_with_an_incident(world: World, row: Failing) -> None:
    world.deploy(models.process(row.body, key="failing"))

    instance = world.start("failing", variables=dict(row.variables))
    if row.kind == "UNHANDLED_ERROR":
        world.call("POST", f"/tasks/{world.task_of(instance)}/error", {"errorCode": "NOBODY_CATCHES"})

    incident = world.incident_of(instance)
    assert (incident["kind"], incident["definitionKey"]) == (row.kind, "failing"), incident
    assert incident["elementId"] == row.element or not row.element, incident
    assert "Expected" in incident["message"], incident
    for word in row.says:
        assert word in incident["message"], incident
    assert len(incident["message"]) < 2000
    view = world.call("GET", f"/instances/{instance}")
    assert (view["status"], view["incidents"], view["context"]) == ("RUNNING", 1, row.variables)
    world.still_works()
    assert world.call("POST", f"/instances/{instance}/cancel", {})["status"] == "CANCELLED"


def test_should_end_a_process_that_calls_itself(world: World) -> None:
    # given
    recursive = models.around('<callActivity id="t" calledElement="recursive"/>')
    world.deploy(models.process(recursive, key="recursive"))

    # when
    first = world.start("recursive")

    # then the last of the chain stops, and the whole chain can be cancelled
    deadline = time.monotonic() + 60
    while not (found := world.call("GET", "/incidents?definitionKey=recursive")["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (found[0]["kind"], found[0]["elementId"]) == ("CALLED_INSTANCE_FAILED", "t")
    assert "call each other" in found[0]["message"]
    world.still_works()
    world.call("POST", f"/instances/{first}/cancel", {})
    while world.call("GET", "/instances?definitionKey=recursive&status=RUNNING&limit=1")["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
