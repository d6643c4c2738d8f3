"""Small BPMN documents for tests."""

from __future__ import annotations

from bpmn.model.definitions import Process
from bpmn.xml import read

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
FLOWABLE = "http://flowable.org/bpmn"
ACTIVITI = "http://activiti.org/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFFWORKFLOW = "http://spiffworkflow.org/bpmn/schema/1.0/core"


def document(body: str, attributes: str = "") -> bytes:
    """A `definitions` element around the body."""
    return f'<definitions xmlns="{BPMN}" targetNamespace="t" {attributes}>{body}</definitions>'.encode()


def process(data: bytes) -> Process:
    """The first process of a document that must be readable."""
    model = read(data).model
    assert model is not None
    return model.processes[0]
