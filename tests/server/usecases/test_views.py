"""`tasks[]` and `transitions[]` derived from a model."""

from __future__ import annotations

from server.usecases.checking import read_model
from server.usecases.views import view_process
from tests.support.api import document


def test_should_unfold_sub_processes_and_mark_defaults() -> None:
    # given
    body = """<startEvent id="s"/>
      <exclusiveGateway id="g" default="no"/>
      <sequenceFlow id="in" sourceRef="s" targetRef="g"/>
      <sequenceFlow id="yes" name="Yes" sourceRef="g" targetRef="sub">
        <conditionExpression>amount > 5</conditionExpression></sequenceFlow>
      <sequenceFlow id="no" sourceRef="g" targetRef="call"/>
      <callActivity id="call" calledElement="other"/>
      <subProcess id="sub"><scriptTask id="script"/><serviceTask id="service"/>
        <sequenceFlow id="inner" sourceRef="script" targetRef="service"/></subProcess>"""
    model = read_model(document(body=body), "order.bpmn")
    assert model is not None

    # when
    view = view_process(model.processes[0])

    # then
    assert {task["id"]: task["type"] for task in view.tasks} == {
        "call": "CALL_ACTIVITY",
        "sub": "SUB_PROCESS",
        "script": "SCRIPT_TASK",
        "service": "SERVICE_TASK",
    }
    flows = {flow["id"]: flow for flow in view.transitions}
    assert set(flows) == {"in", "yes", "no", "inner"}
    assert (flows["yes"]["condition"], flows["yes"]["name"], flows["yes"]["isDefault"]) == ("amount > 5", "Yes", False)
    assert flows["no"]["isDefault"] is True


def test_should_not_recurse_over_nesting() -> None:
    depth = 400
    body = "".join(f'<subProcess id="p{level}">' for level in range(depth)) + "</subProcess>" * depth
    model = read_model(document(body=body), "order.bpmn")
    assert model is not None

    assert len(view_process(model.processes[0]).tasks) == depth
