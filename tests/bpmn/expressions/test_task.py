"""`task` in task listeners: the same in JUEL, JavaScript and Groovy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bpmn.expressions.api import Context, EvaluationError
from bpmn.expressions.compile import compile_expression, compile_script
from bpmn.model.base import Expression
from tests.bpmn.expressions.support import context

TASK = {
    "id": "7", "name": "Look", "assignee": None, "owner": None, "priority": 50, "dueDate": None, "followUpDate": None,
    "candidateUsers": ["kim"], "candidateGroups": [],
}  # fmt: skip


def in_task(variables: Mapping[str, Any] | None = None) -> Context:
    made = context(dict(variables or {}))
    made.task = dict(TASK)
    made.execution = replace(made.execution, event_name="create")
    return made


def evaluate(language: str, text: str, into: Context) -> Any:
    expression = Expression(text=text, language=language)
    compiled = compile_expression(expression) if language == "juel" else compile_script(expression)
    return compiled.evaluate(into)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("juel", "${task.name}", "Look"),
        ("juel", "${task.getPriority() + 1}", 51),
        ("juel", "${task.eventName}", "create"),
        ("juel", "${task.execution.eventName}", "create"),
        ("juel", "${task.getVariable('x')}", 3),
        ("juel", "${task.getExecution().getVariable('x')}", 3),
        ("javascript", "task.name + task.getEventName()", "Lookcreate"),
        ("javascript", "task.getVariable('x') + task.execution.getVariable('x')", 6),
        ("javascript", "task.getCandidateUsers()", ["kim"]),
        ("groovy", "task.getName()", "Look"),
        ("groovy", 'task.getVariable("x")', 3),
    ],
)
def test_should_read_the_task_and_the_variables(language: str, text: str, expected: Any) -> None:
    assert evaluate(language, text, in_task({"x": 3})) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("juel", "${task.setAssignee('lee')}", {"assignee": "lee"}),
        ("juel", "${task.addCandidateUser('lee')}", {"candidateUsers": ["kim", "lee"]}),
        ("juel", "${task.addCandidateGroups(groups)}", {"candidateGroups": ["a", "b"]}),
        ("juel", "${task.deleteCandidateUser('kim')}", {"candidateUsers": []}),
        ("juel", "${task.setDueDate(at)}", {"dueDate": datetime(2030, 1, 1, tzinfo=UTC)}),
        ("javascript", "task.setAssignee('lee'); task.name = task.assignee", {"assignee": "lee", "name": "lee"}),
        ("javascript", "task.addCandidateUser('lee'); task.deleteCandidateUser('kim')", {"candidateUsers": ["lee"]}),
        ("javascript", "task.setDueDate(at)", {"dueDate": datetime(2030, 1, 1, tzinfo=UTC)}),
        ("groovy", 'task.setOwner("boss")', {"owner": "boss"}),
    ],
)
def test_should_collect_what_is_changed(language: str, text: str, expected: dict[str, Any]) -> None:
    made = in_task({"groups": ["a", "b"], "at": datetime(2030, 1, 1, tzinfo=UTC)})

    evaluate(language, text, made)

    assert made.task_changes == expected
    assert made.assigned == {}


@pytest.mark.parametrize(
    ("language", "text"), [("juel", "${task.setVariable('y', 1)}"), ("javascript", "task.setVariable('y', 1)")]
)
def test_should_set_variables_of_the_process(language: str, text: str) -> None:
    made = in_task()

    evaluate(language, text, made)

    assert (made.assigned, made.task_changes) == ({"y": 1}, {})


@pytest.mark.parametrize(
    "text", ["${task.setId('1')}", "${task.complete()}", "${task.colour}", "${task.setPriority()}"]
)
def test_should_refuse_what_tasks_do_not_have(text: str) -> None:
    with pytest.raises(EvaluationError):
        evaluate("juel", text, in_task())


def test_should_not_change_what_cannot_be_set_in_javascript() -> None:
    with pytest.raises(EvaluationError):
        evaluate("javascript", "'use strict'; task.id = '1'", in_task())


@pytest.mark.parametrize(("language", "text"), [("juel", "${task}"), ("javascript", "task")])
def test_should_be_a_variable_like_any_other_elsewhere(language: str, text: str) -> None:
    assert evaluate(language, text, context({"task": "wash"})) == "wash"


@pytest.mark.parametrize(("language", "text"), [("juel", "${task.name}"), ("javascript", "task.name")])
def test_should_come_before_a_variable_of_that_name(language: str, text: str) -> None:
    assert evaluate(language, text, in_task({"task": "wash"})) == "Look"
