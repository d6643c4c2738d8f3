"""Business rule tasks on a running server: which version decides, and what history says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bpmn.dmn.support import decision, literal, table
from tests.bpmn.dmn.support import document as dmn
from tests.support.app import App
from tests.support.models import Element, end, extension, model, start, user_task


def rates(value: str, tag: str = "") -> bytes:
    body = decision("rate", table([(["> 100"], [f'"{value}"'])], inputs=["amount"]))
    named = f'<decision camunda:versionTag="{tag}"' if tag else "<decision"
    return dmn(body.replace("<decision", named, 1))


def camunda(**attributes: str) -> Element:
    given = {"decisionRef": "rate", "resultVariable": "r", "mapDecisionResult": "singleEntry", **attributes}
    return Element("businessRuleTask", "rule", {f"camunda:{name}": value for name, value in given.items()})


def process(task: Element) -> bytes:
    return model(start(), user_task("u"), task, end(), flows="start -> u -> rule -> end", key="order")


def decided(app: App) -> Any:
    """What an instance that was started now has in `r`."""
    order = app.start("order", {"amount": 500})
    app.complete(app.task(order, "u"))
    app.ended(order)
    return app.instance(order)["context"]["r"]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (camunda(), "third"),
        (camunda(decisionRefBinding="version", decisionRefVersion="2"), "second"),
        (camunda(decisionRefBinding="versionTag", decisionRefVersionTag="spring"), "first"),
        (camunda(decisionRefBinding="deployment"), "second"),
        (
            Element(
                "businessRuleTask",
                "rule",
                {},
                extension('<zeebe:calledDecision decisionId="=&quot;rate&quot;" resultVariable="r"/>'),
            ),
            "third",
        ),
    ],
)
def test_should_ask_the_version_that_is_bound(app: App, task: Element, expected: str) -> None:
    app.deploy(("rates.dmn", rates("first", "spring")))
    app.deploy(("rates.dmn", rates("second")), ("order.bpmn", process(task)))
    app.deploy(("rates.dmn", rates("third")))

    assert decided(app) == expected


def test_should_say_in_history_which_version_decided_and_of_what(app: App) -> None:
    app.deploy(("rates.dmn", rates("low")), ("order.bpmn", process(camunda())))
    (row,) = app.call("GET", "/decisions")["items"]
    order = app.start("order", {"amount": 500})
    app.complete(app.task(order, "u"))
    app.ended(order)

    history = app.call("GET", f"/instances/{order}/history?limit=1000")["items"]
    (event,) = (item for item in history if item["type"] == "DECISION_EVALUATED")
    assert event["elementId"] == "rule"
    told = {name: event["data"][name] for name in ("decisionId", "decisionKey", "version", "result", "tables")}
    assert told == {
        "decisionId": row["id"],
        "decisionKey": "rate",
        "version": 1,
        "result": "low",
        "tables": [{"decision": "rate", "inputs": {"amount": 500}, "rules": ["r1"]}],
    }


def test_should_go_on_when_the_decision_is_deployed_and_the_incident_resolved(app: App) -> None:
    app.deploy(("order.bpmn", process(camunda())))
    order = app.start("order", {"amount": 500})
    app.complete(app.task(order, "u"))
    incident = app.incident(order)
    assert (incident["kind"], incident["elementId"]) == ("DECISION_ERROR", "rule")

    app.deploy(("rates.dmn", rates("low")))
    app.resolve(incident)

    app.ended(order)
    assert app.instance(order)["context"]["r"] == "low"


def test_should_raise_an_incident_where_a_value_is_of_the_wrong_type(app: App) -> None:
    app.deploy(("rates.dmn", dmn(decision("rate", literal('"x"'), type_ref="number"))), ("o.bpmn", process(camunda())))
    order = app.start("order")
    app.complete(app.task(order, "u"))

    assert "number" in app.incident(order)["message"]
