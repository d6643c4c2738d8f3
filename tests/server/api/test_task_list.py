"""What `GET /tasks` lists."""

from __future__ import annotations

from pathlib import Path

from tests.support.api import document
from tests.support.app import running_app

TWO_TASKS = """
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="first"/>
    <userTask id="first"/>
    <sequenceFlow id="f2" sourceRef="first" targetRef="second"/>
    <userTask id="second"/>
    <sequenceFlow id="f3" sourceRef="second" targetRef="end"/>
    <endEvent id="end"/>"""


def test_should_list_only_open_tasks_unless_a_status_is_asked_for(tmp_path: Path) -> None:
    with running_app(tmp_path) as app:
        app.deploy(("two.bpmn", document("two", body=TWO_TASKS)))
        one, other, gone = app.start("two"), app.start("two"), app.start("two")
        app.complete(app.task(one, "first"))
        app.post(f"/tasks/{app.task(other, 'first')['id']}/claim", {"assignee": "ann"})
        app.post(f"/instances/{gone}/cancel")

        def listed(**query: str) -> list[tuple[str, str, str]]:
            return [(task["instanceId"], task["elementId"], task["status"]) for task in app.tasks(**query)]

        waiting = [(one, "second", "OPEN"), (other, "first", "CLAIMED")]
        assert sorted(listed()) == sorted(waiting)
        assert listed(status="COMPLETED") == [(one, "first", "COMPLETED")]
        assert listed(status="CANCELLED") == [(gone, "first", "CANCELLED")]
        assert listed(status="OPEN") == waiting[:1]
        everything = [*waiting, (one, "first", "COMPLETED"), (gone, "first", "CANCELLED")]
        assert sorted(listed(status="OPEN,CLAIMED,COMPLETED,CANCELLED")) == sorted(everything)
