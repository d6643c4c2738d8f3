"""User task: an item on people's lists (BPMN 2.0.2, 13.3.3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus, WaitKind
from tests.support.models import boundary, camunda_io, end, error, extension, model, on_error, start, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "userTask", "assignee, candidates, dates, priority, form, input and output mappings; completed through the API"
)


def test_should_wait_until_it_is_completed() -> None:
    # given
    simulator = simulate(model(start(), user_task("a", name="Decide"), end(), flows="start -> a -> end"))
    instance = simulator.start("p")
    (task,) = simulator.open_tasks()
    assert (task.element_id, task.name, task.priority) == ("a", "Decide", 50)

    # when
    simulator.complete_task(task.id, {"approved": True}, user="ann")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"approved": True}
    assert simulator.trace(instance, "+-.:=")[2:] == ["+a", ".a", ":a", "approved=True", "-a", "+end", "-end"]


def test_should_be_completed_only_once() -> None:
    # given
    simulator = simulate(model(start(), user_task("a"), user_task("b"), end(), flows="start -> a -> b -> end"))
    instance = simulator.start("p")
    (task,) = simulator.open_tasks()
    command = c.CompleteUserTask(
        instance_id=instance, scope_id=task.scope_id, task_id=task.id, token_id=task.token_id, variables={"x": 1}
    )
    simulator.do(command)

    # when
    outcome = simulator.do(command)

    # then
    assert outcome is Outcome.GONE
    assert simulator.active(instance) == ["b"]


def test_should_evaluate_who_may_do_it_and_when() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            user_task(
                "a",
                name="Pay ${amount}",
                assignee="${boss}",
                candidate_users="ann, ${boss}",
                candidate_groups="${groups}",
                due_date="${due}",
                follow_up_date="2026-02-01T00:00:00Z",
                priority="${40 + 2}",
                form_key="embedded:${form}",
            ),
            end(),
            flows="start -> a -> end",
        )
    )

    # when
    simulator.start("p", {"boss": "eve", "groups": ["g1", "g2"], "due": "P1D", "amount": 7, "form": "f"})

    # then
    (task,) = simulator.open_tasks()
    assert task.name == "Pay 7"
    assert task.assignee == "eve"
    assert task.candidate_users == ("ann", "eve")
    assert task.candidate_groups == ("g1", "g2")
    assert task.due_date == datetime(2026, 1, 2, tzinfo=UTC)
    assert task.follow_up_date == datetime(2026, 2, 1, tzinfo=UTC)
    assert task.priority == 42
    assert task.form == {"key": "embedded:f"}


def test_should_describe_the_fields_of_its_form() -> None:
    # given
    field = '<camunda:formField id="days" label="Days" type="long" defaultValue="${days + 1}"/>'
    form = extension(f"<camunda:formData>{field}</camunda:formData>")
    simulator = simulate(model(start(), user_task("a", form), end(), flows="start -> a -> end"))

    # when
    simulator.start("p", {"days": 4})

    # then
    (task,) = simulator.open_tasks()
    assert task.form is not None
    (described,) = task.form["fields"]
    assert (described["id"], described["label"], described["defaultValue"]) == ("days", "Days", 5)


def test_should_see_its_input_mappings_and_hand_back_its_outputs() -> None:
    # given
    io = camunda_io(inputs={"who": "${name}"}, outputs={"answer": "${who}: ${decision}"})
    simulator = simulate(model(start(), user_task("a", io, assignee="${who}"), end(), flows="start -> a -> end"))
    instance = simulator.start("p", {"name": "ann"})
    (task,) = simulator.open_tasks()
    assert task.assignee == "ann"

    # when
    simulator.complete_task(task.id, {"decision": "yes"})

    # then
    assert simulator.variables(instance) == {"name": "ann", "decision": "yes", "answer": "ann: yes"}


def test_should_go_to_the_boundary_when_its_user_reports_an_error() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), user_task("a"), boundary("wrong", "a", on_error("e")), user_task("fix"), end()),
            flows="start -> a -> end; wrong -> fix -> end",
            roots=error("e", "E1"),
        )
    )
    instance = simulator.start("p")
    (task,) = simulator.open_tasks()

    # when
    simulator.do(
        c.ThrowError(
            instance_id=instance,
            scope_id=task.scope_id,
            wait=WaitKind.USER_TASK,
            wait_id=task.id,
            token_id=task.token_id,
            error_code="E1",
        )
    )

    # then
    assert simulator.trace(instance)[2:] == ["+a", "~a", "+wrong", "-wrong", "+fix"]
