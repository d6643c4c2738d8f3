"""Changing where a running instance stands, through HTTP and store."""

from __future__ import annotations

from tests.support.app import App
from tests.support.models import end, model, start, sub_process, user_task

MODEL = model(
    start(),
    user_task("a"),
    sub_process("sub", start("s1"), user_task("b"), end("e1"), flows="s1 -> b -> e1"),
    user_task("c"),
    end(),
    flows="start -> a -> sub -> c -> end",
    key="moving",
)


def test_should_move_an_instance_into_a_sub_process_and_out_again(app: App) -> None:
    # given
    app.deploy(("moving.bpmn", MODEL))
    instance = app.start("moving")

    # when
    instructions = [{"type": "START_BEFORE", "elementId": "b"}, {"type": "CANCEL", "elementId": "a"}]
    moved = app.post(f"/instances/{instance}/modify", {"instructions": instructions})

    # then
    assert sorted(moved["currentState"]) == ["b", "sub"]
    assert [task["elementId"] for task in app.tasks(instance)] == ["b"]

    # when
    app.complete(app.task(instance, "b"))
    app.complete(app.task(instance, "c"))

    # then
    app.ended(instance)


def test_should_change_nothing_when_an_instruction_is_refused(app: App) -> None:
    # given
    app.deploy(("moving.bpmn", MODEL))
    instance = app.start("moving")

    # when
    instructions = [{"type": "START_BEFORE", "elementId": "c"}, {"type": "CANCEL", "elementId": "b"}]
    refused = app.post(f"/instances/{instance}/modify", {"instructions": instructions}, status=422)

    # then
    assert [error["code"] for error in refused["errors"]] == ["MODIFICATION_INVALID"]
    assert "'b' to be active" in refused["detail"]
    assert [task["elementId"] for task in app.tasks(instance)] == ["a"]
