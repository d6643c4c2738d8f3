"""Conditional start events: `POST /conditions` starts whatever the variables fulfil; what fails, fails alone."""

from __future__ import annotations

from typing import Any

import pytest

from server.usecases.executor.graphs import GraphCache, GraphMissing
from tests.support.app import App
from tests.support.models import document, end, model, on_condition, on_message, process, start, user_task
from tests.support.models import message as message_root


def begins(key: str, condition: str, *more: Any, flows: str = "") -> bytes:
    return model(start("begin", on_condition(condition)), *more, user_task("after"), end(),
                 flows=f"begin -> after -> end{flows}", key=key)  # fmt: skip


def evaluate(app: App, variables: dict[str, Any], *, status: int = 200, **fields: Any) -> Any:
    return app.post("/conditions", {"variables": variables, **fields}, status=status)


def refused(app: App, key: str, *, status: int) -> str:
    [error] = evaluate(app, {"x": 6}, definitionKey=key, status=status)["errors"]
    code: str = error["code"]
    return code


def test_should_start_every_definition_whose_condition_is_true(app: App) -> None:
    # given
    app.deploy(("big.bpmn", begins("big", "${amount > 100}")), ("any.bpmn", begins("any", "${amount > 0}")))
    app.deploy(("other.bpmn", begins("other", "${weight > 0}")), ("plain.bpmn", model(start(), end(),
               flows="start -> end", key="plain")))  # fmt: skip

    # when
    both = evaluate(app, {"amount": 101, "by": "Ada"}, businessKey="B-1")
    one = evaluate(app, {"amount": 100})
    none = evaluate(app, {"amount": 0})

    # then
    any_one, big = (app.instance(id) for id in both["instanceIds"])
    assert (any_one["definitionKey"], big["definitionKey"]) == ("any", "big")
    assert (big["businessKey"], big["currentState"]) == ("B-1", ["after"])
    assert app.context(big["id"]) == {"amount": 101, "by": "Ada"}
    assert app.completed(big["id"]) == ["begin"]
    assert [app.instance(id)["definitionKey"] for id in one["instanceIds"]] == ["any"]
    assert none == {"instanceIds": [], "failures": []}
    app.complete(app.task(big["id"], "after"))
    app.ended(big["id"])


def test_should_start_an_instance_per_event_at_that_event(app: App) -> None:
    # given
    several = model(
        *(start(), start("a", on_condition("${x > 1}")), start("b", on_condition("${x > 2}"))),
        *(start("c", on_condition("${x > 9}")), user_task("after"), end()),
        flows="start -> after -> end; a -> after; b -> after; c -> after",
        key="several",
    )
    app.deploy(("several.bpmn", several))

    # when
    started = evaluate(app, {"x": 3})["instanceIds"]

    # then
    assert [app.completed(id) for id in started] == [["a"], ["b"]]
    assert len(app.instances(definitionKey="several")) == 2


def test_should_start_once_by_a_multiple_start_event(app: App) -> None:
    # given
    several = model(
        *(start("begin", on_message("m") + on_condition("${x > 1}") + on_condition("${y > 1}")),),
        *(user_task("after"), end()),
        flows="begin -> after -> end",
        roots=message_root("m", "paid"),
        key="several",
    )
    app.deploy(("several.bpmn", several))

    # when
    [started] = evaluate(app, {"x": 3, "y": 3})["instanceIds"]

    # then
    assert app.completed(started) == ["begin"]
    assert app.publish("paid")["result"] == "STARTED"


def test_should_tell_what_fails_and_start_the_others(app: App) -> None:
    # given
    documents = (("wrong", "${amount.size > 1}"), ("right", "${amount == 5}"), ("text", "${amount}"))
    definitions = [
        app.deploy((f"{key}.bpmn", begins(key, condition)))["definitions"][0] for key, condition in documents
    ]

    # when
    answer = evaluate(app, {"amount": 5})

    # then
    [started] = answer["instanceIds"]
    assert app.instance(started)["definitionKey"] == "right"
    text, wrong = answer["failures"]
    assert (text["definitionKey"], text["elementId"]) == ("text", "begin")
    assert "true or false" in text["message"]
    assert (wrong["definitionKey"], wrong["definitionId"]) == ("wrong", definitions[0]["id"])


def test_should_tell_which_definition_cannot_be_compiled_any_more(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    [lost] = app.deploy(("lost.bpmn", begins("lost", "${x > 1}")))["definitions"]
    app.deploy(("there.bpmn", begins("there", "${x > 1}")))
    get = GraphCache.get

    def without(self: GraphCache, unit: Any, definition_id: int) -> Any:
        if str(definition_id) == lost["id"]:
            raise GraphMissing("it is gone")
        return get(self, unit, definition_id)

    monkeypatch.setattr(GraphCache, "get", without)

    # when
    answer = evaluate(app, {"x": 2})

    # then
    assert [app.instance(id)["definitionKey"] for id in answer["instanceIds"]] == ["there"]
    assert answer["failures"] == [
        {"definitionId": lost["id"], "definitionKey": "lost", "elementId": "begin", "message": "it is gone"}
    ]


def test_should_look_at_the_latest_active_version_only(app: App) -> None:
    # given
    [first] = app.deploy(("p.bpmn", begins("p", "${x > 1}")))["definitions"]
    [second] = app.deploy(("p.bpmn", begins("p", "${x > 5}")))["definitions"]

    # then the first version is not looked at any more
    assert evaluate(app, {"x": 2})["instanceIds"] == []
    [started] = evaluate(app, {"x": 6})["instanceIds"]
    assert app.instance(started)["version"] == 2

    # when the second is suspended
    app.call("PATCH", f"/definitions/{second['id']}", {"suspended": True})
    assert evaluate(app, {"x": 6}) == {"instanceIds": [], "failures": []}
    assert refused(app, "p", status=409) == "DEFINITION_SUSPENDED"

    # when it is deleted, then the first is the latest again
    app.call("DELETE", f"/definitions/{second['id']}?cascade=true", status=204)
    [started] = evaluate(app, {"x": 2})["instanceIds"]
    assert app.instance(started)["definitionId"] == first["id"]

    # when a version comes that begins otherwise
    app.deploy(("p.bpmn", model(start(), end(), flows="start -> end", key="p")))
    assert evaluate(app, {"x": 6})["instanceIds"] == []


def test_should_look_at_one_key_where_it_is_given(app: App) -> None:
    # given
    app.deploy(("a.bpmn", begins("a", "${x > 1}")), ("b.bpmn", begins("b", "${x > 1}")))
    app.deploy(("plain.bpmn", model(start(), end(), flows="start -> end", key="plain")))
    process_ = process("drawn", start("s", on_condition("${x > 1}")), end(), flows="s -> end")
    drawn = document(process_.replace('isExecutable="true"', 'isExecutable="false"'))
    app.deploy(("drawn.bpmn", drawn))

    # when
    [started] = evaluate(app, {"x": 2}, definitionKey="b")["instanceIds"]

    # then
    assert app.instance(started)["definitionKey"] == "b"
    assert app.instances(definitionKey="a") == []
    for key, status, code in (
        ("nowhere", 404, "DEFINITION_UNKNOWN"),
        ("plain", 409, "START_EVENT_MISSING"),
        ("drawn", 409, "NOT_EXECUTABLE"),
    ):
        assert refused(app, key, status=status) == code


def test_should_set_the_initiator(app: App) -> None:
    app.deploy(("p.bpmn", model(start("begin", on_condition("${x}"), initiator="who"), user_task("after"), end(),
                flows="begin -> after -> end", key="p")))  # fmt: skip

    [started] = evaluate(app, {"x": True})["instanceIds"]

    assert app.context(started) == {"x": True, "who": "admin"}


def test_should_start_once_per_idempotency_key(app: App) -> None:
    # given
    app.deploy(("p.bpmn", begins("p", "${x > 1}")))

    # when
    first = app.post("/conditions", {"variables": {"x": 2}}, Idempotency_Key="k1")
    again = app.post("/conditions", {"variables": {"x": 2}}, Idempotency_Key="k1")

    # then
    assert first == again
    assert len(app.instances(definitionKey="p")) == 1
