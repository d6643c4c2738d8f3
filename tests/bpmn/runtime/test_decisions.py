"""Business rule task: a DMN decision evaluated in the step; its result becomes variables as the vendors say."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.dmn.program import DecisionVersion
from bpmn.runtime import events as e
from bpmn.runtime.state import InstanceStatus
from tests.bpmn.dmn.support import checked, decision, literal, required, table
from tests.support.models import Element, camunda_io, end, extension, model, start, user_task
from tests.support.simulation import CheckedSimulator, simulate, trace

pytestmark = [
    pytest.mark.element(
        "businessRuleTask", "a DMN decision of Camunda 7, Camunda 8, Flowable or SpiffWorkflow; a job; an expression"
    ),
    pytest.mark.element("decision", "evaluated in the step, of the version that the binding says; history tells how"),
]

DISCOUNT = decision(
    "discount", table([(["> 100"], ["10"]), (["<= 100"], ["0"])], inputs=["total"], outputs=["percent"])
)
OFFERS = decision(
    "offers",
    table([(["> 10"], ['"a"', "1"]), (["> 20"], ['"b"', "2"])], policy="COLLECT", inputs=["total"], outputs=["n", "m"]),
)
NAMES = decision("names", table([(["> 10"], ['"a"']), (["> 20"], ['"b"'])], policy="COLLECT", inputs=["total"]))
BOTH = decision("both", table([(["> 10"], ['"a"', "1"])], inputs=["total"], outputs=["n", "m"]))
SERVICE = (
    '<decisionService id="service" name="service"><outputDecision href="#discount"/><outputDecision href="#both"/>'
    '<inputData href="#total"/></decisionService><inputData id="total" name="total"/>'
)
ALL = DISCOUNT + OFFERS + NAMES + BOTH


def deployed(body: str = ALL, *, version: int = 3) -> dict[str, DecisionVersion]:
    program = checked(body).program
    assert program is not None
    keys = (*program.decisions, *program.services)
    return {key: DecisionVersion(700 + version, key, version, program) for key in keys}


def camunda(ref: str, *, io: str = "", **attributes: str) -> Element:
    given = {f"camunda:{name}": value for name, value in {"decisionRef": ref, **attributes}.items()}
    return Element("businessRuleTask", "rule", given, io)


def zeebe(ref: str, variable: str) -> Element:
    called = f'<zeebe:calledDecision decisionId="{ref}" resultVariable="{variable}"/>'
    return Element("businessRuleTask", "rule", {}, extension(called))


def flowable(ref: str, *fields: str) -> Element:
    inner = (
        f'<flowable:field name="decisionTableReferenceKey"><flowable:string>{ref}</flowable:string></flowable:field>'
    )
    return Element("serviceTask", "rule", {"flowable:type": "dmn"}, extension(inner, *fields))


def simulated(task: Element, decisions: dict[str, DecisionVersion] | None = None) -> CheckedSimulator:
    document = model(start(), task, end(), flows="start -> rule -> end")
    return simulate(document, decisions=deployed() if decisions is None else decisions)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (camunda("discount", resultVariable="r", mapDecisionResult="singleEntry"), {"r": 10}),
        (camunda("discount", resultVariable="r", mapDecisionResult="singleResult"), {"r": {"percent": 10}}),
        (camunda("discount", resultVariable="r", mapDecisionResult="collectEntries"), {"r": [10]}),
        (camunda("discount", resultVariable="r"), {"r": [{"percent": 10}]}),
        (camunda("offers", resultVariable="r"), {"r": [{"n": "a", "m": 1}, {"n": "b", "m": 2}]}),
        (camunda("names", resultVariable="r", mapDecisionResult="collectEntries"), {"r": ["a", "b"]}),
        (camunda("both", resultVariable="r", mapDecisionResult="singleResult"), {"r": {"n": "a", "m": 1}}),
        (camunda("discount"), {}),
        (zeebe("discount", "r"), {"r": 10}),
        (zeebe("offers", "r"), {"r": [{"n": "a", "m": 1}, {"n": "b", "m": 2}]}),
        (flowable("discount"), {"percent": 10}),
        (flowable("both"), {"n": "a", "m": 1}),
        (flowable("names"), {"names": [{"y": "a"}, {"y": "b"}]}),
    ],
)
def test_should_map_the_result(task: Element, expected: dict[str, Any]) -> None:
    # given
    simulator = simulated(task)

    # when
    instance = simulator.start("p", {"total": 150})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"total": 150, **expected}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (camunda("names", resultVariable="r", mapDecisionResult="singleEntry"), {"r": None}),
        (camunda("names", resultVariable="r", mapDecisionResult="singleResult"), {"r": None}),
        (camunda("names", resultVariable="r"), {"r": []}),
        (zeebe("both", "r"), {"r": None}),
        (flowable("both"), {}),
    ],
)
def test_should_map_no_result(task: Element, expected: dict[str, Any]) -> None:
    # given
    simulator = simulated(task)

    # when
    instance = simulator.start("p", {"total": 1})

    # then
    assert simulator.variables(instance) == {"total": 1, **expected}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (zeebe("service", "r"), {"r": {"discount": 10, "both": {"n": "a", "m": 1}}}),
        (camunda("service", resultVariable="r"), {"r": [{"discount": 10, "both": {"n": "a", "m": 1}}]}),
        (flowable("service"), {"discount": 10, "both": {"n": "a", "m": 1}}),
    ],
)
def test_should_call_a_decision_service(task: Element, expected: dict[str, Any]) -> None:
    # given
    needs = required("total", "requiredInput")
    body = "".join(each.replace("<decisionTable", needs + "<decisionTable", 1) for each in (DISCOUNT, BOTH))
    simulator = simulated(task, deployed(body + SERVICE))

    # when
    instance = simulator.start("p", {"total": 150})

    # then
    assert simulator.variables(instance) == {"total": 150, **expected}


def test_should_give_the_result_to_output_mappings() -> None:
    # given
    io = camunda_io(inputs={"total": "${order.total}"}, outputs={"percent": "${decisionResult[0].percent}"})
    simulator = simulated(camunda("discount", io=io))

    # when
    instance = simulator.start("p", {"order": {"total": 500}})

    # then
    assert simulator.variables(instance) == {"order": {"total": 500}, "percent": 10}


def test_should_tell_in_history_what_was_decided() -> None:
    # given
    body = decision("top", literal("base * 2"), requires=required("base")) + decision(
        "base", table([(["> 1"], ["total + 1"])], inputs=["total"])
    )
    simulator = simulated(zeebe("top", "r"), deployed(body, version=4))

    # when
    instance = simulator.start("p", {"total": 4})

    # then
    (event,) = (each for each in simulator.run_of(instance).events if isinstance(each, e.DecisionEvaluated))
    told = e.to_dict(event)
    assert (told["type"], told["elementId"]) == ("DECISION_EVALUATED", "rule")
    assert told["data"] == {
        "tokenId": str(event.token),
        "decisionId": "704",
        "decisionKey": "top",
        "version": 4,
        "result": 10,
        "decisions": {"base": 5},
        "tables": [{"decision": "base", "inputs": {"total": 4}, "rules": ["r1"]}],
    }


def test_should_wait_for_a_decision_that_is_not_deployed() -> None:
    # given
    simulator = simulated(camunda("discount", resultVariable="r", mapDecisionResult="singleEntry"), {})
    instance = simulator.start("p", {"total": 150})
    (incident,) = simulator.incidents.values()
    assert incident.effect.kind == "DECISION_ERROR"
    assert "'discount'" in incident.effect.message

    # when
    simulator.decisions.update(deployed())
    simulator.resolve(incident.effect.id)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"total": 150, "r": 10}


@pytest.mark.parametrize(
    ("task", "variables", "says"),
    [
        (camunda("names", resultVariable="r", mapDecisionResult="singleEntry"), {"total": 50}, "one rule"),
        (camunda("both", resultVariable="r", mapDecisionResult="singleEntry"), {"total": 50}, "one output"),
        (camunda("unique", resultVariable="r"), {"total": 50}, "UNIQUE"),
        (camunda("typed", resultVariable="r"), {}, "number"),
        (camunda("endless", resultVariable="r"), {}, "at most"),
        (
            flowable(
                "both",
                '<flowable:field name="decisionTaskThrowErrorOnNoHits" stringValue="true"/>',
            ),
            {"total": 1},
            "none does",
        ),
    ],
)
def test_should_raise_an_incident_where_there_is_no_result(task: Element, variables: dict[str, Any], says: str) -> None:
    # given
    body = (
        ALL
        + decision("unique", table([(["> 1"], ["1"]), (["> 2"], ["2"])], inputs=["total"]))
        + decision("typed", literal('"text"'), type_ref="number")
        + decision("endless", literal("count(for i in 1..100000, j in 1..100000 return 1)"))
    )
    simulator = simulated(task, deployed(body))

    # when
    instance = simulator.start("p", variables)

    # then
    assert trace(simulator.run_of(instance).events, "!") == ["!DECISION_ERROR"]
    (incident,) = simulator.incidents.values()
    assert says in incident.effect.message


def test_should_ask_for_all_variables_of_a_decision_at_once() -> None:
    # given
    logic = table([(["> a", "< b"], ["c"])], inputs=["total", "x"])
    document = model(start(), user_task("u"), zeebe("d", "r"), end(), flows="start -> u -> rule -> end")
    simulator = simulate(document, decisions=deployed(decision("d", logic)))
    instance = simulator.start("p", {"total": 2, "x": 3, "a": 1, "b": 4, "c": 5, "other": 6})
    asked: list[Any] = []
    supply = simulator._supply

    def remember(run: Any, state: Any, need: Any) -> None:
        asked.append(need)
        supply(run, state, need)

    simulator._supply = remember  # type: ignore[method-assign]
    (task,) = simulator.open_tasks()

    # when
    simulator.complete_task(task.id)

    # then
    assert simulator.variables(instance)["r"] == 5
    variables = [sorted(name for _, name in need.refs) for need in asked if hasattr(need, "refs")]
    assert variables == [["a", "b", "c", "total", "x"]]
