"""BPMN documents of the refusals, one process each, elements on lines of their own."""

from __future__ import annotations

CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def process(body: str, *, key: str = "bad", roots: str = "", attributes: str = 'isExecutable="true"') -> bytes:
    """A document; `body` begins on line 9."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="{BPMN}" id="defs" targetNamespace="http://example.com"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="{CAMUNDA}"
             exporter="by hand">
  <message id="paid" name="paid"/>
  <error id="no" errorCode="NO_MONEY"/>
  {roots}
  <process id="{key}" name="{key}" {attributes}>
{body}
  </process>
</definitions>
""".encode()


def flow(source: str, target: str, inside: str = "") -> str:
    name = f"{source}-{target}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def around(element: str, *, before: str = "s", name: str = "t", after: str = "e") -> str:
    """Start, the element (`t`, on line 11), end."""
    return "\n".join(
        (f'<startEvent id="{before}"/>', flow(before, name), element, flow(name, after), f'<endEvent id="{after}"/>')
    )


def python(script: str) -> str:
    return around(f'<scriptTask id="t" scriptFormat="python"><script>{_escaped(script)}</script></scriptTask>')


def javascript(script: str) -> str:
    return around(f'<scriptTask id="t" scriptFormat="javascript"><script>{_escaped(script)}</script></scriptTask>')


def choice(condition: str, attributes: str = "") -> str:
    """An exclusive gateway `g` with one condition and a default flow to the same end."""
    return "\n".join(
        (
            '<startEvent id="s"/>',
            flow("s", "g"),
            '<exclusiveGateway id="g" default="g-e"/>',
            flow("g", "a", f"<conditionExpression {attributes}>{_escaped(condition)}</conditionExpression>"),
            flow("g", "e"),
            '<endEvent id="a"/>',
            '<endEvent id="e"/>',
        )
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


USER_TASK = around('<userTask id="t" name="Check it"/>')
SERVICE_TASK = around('<serviceTask id="t" camunda:type="external" camunda:topic="charge-card"/>')
RECEIVE = around('<receiveTask id="t" messageRef="paid"/>')
SHORT = f'<startEvent id="s"/>{flow("s", "e")}<endEvent id="e"/>'
LISTENED = around(
    '<userTask id="t"><extensionElements>'
    '<camunda:taskListener event="complete" class="org.example.Listener"/>'
    '<camunda:taskListener event="assignment" expression="${missing + 1}"/>'
    "</extensionElements></userTask>"
)
"""A task whose completion waits for a worker, and that nobody can be assigned."""
