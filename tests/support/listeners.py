"""Listeners in drawn processes: put into the elements, flows and processes of a document by their ids.

    listening(model(...), {"task": [noting("start", "a")], "a_b": [listener("take", class_="x.Y")]})

`noting` appends a word to the variable `log`, which has to be there.
"""

from __future__ import annotations

from lxml import etree

from bpmn.runtime import events as e
from tests.support.simulation import CheckedSimulator

_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_VENDORS = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "flowable": "http://flowable.org/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
}
_DECLARED = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _VENDORS.items())


def listener(
    event: str, inner: str = "", *, vendor: str = "camunda", kind: str = "execution", **attributes: str
) -> str:
    """An execution listener, or (kind `task`) a task listener; `class_` is its class."""
    written = "".join(f' {name.rstrip("_")}="{value}"' for name, value in attributes.items())
    return f'<{vendor}:{kind}Listener event="{event}"{written}>{inner}</{vendor}:{kind}Listener>'


def noting(event: str, word: str, *, vendor: str = "camunda", kind: str = "execution") -> str:
    """A listener that appends a word to the variable `log`."""
    expression = f"${{execution.setVariable('log', log.concat('{word} '))}}"
    return listener(event, vendor=vendor, kind=kind, expression=expression)


def scripted(event: str, script: str, *, vendor: str = "camunda", kind: str = "execution") -> str:
    inner = f'<{vendor}:script scriptFormat="javascript"><![CDATA[{script}]]></{vendor}:script>'
    return listener(event, inner, vendor=vendor, kind=kind)


def zeebe(event: str, type: str, *, kind: str = "execution", retries: int = 3) -> str:
    """A listener of Camunda 8."""
    one = f'<zeebe:{kind}Listener eventType="{event}" type="{type}" retries="{retries}"/>'
    return f"<zeebe:{kind}Listeners>{one}</zeebe:{kind}Listeners>"


def listening(data: bytes, listeners: dict[str, list[str]]) -> bytes:
    """The document with listeners put into the elements of these ids."""
    root = etree.fromstring(data)
    for id, each in listeners.items():
        (element,) = root.xpath("//*[@id=$id]", id=id)
        extensions = element.find(f"{{{_BPMN}}}extensionElements")
        if extensions is None:
            extensions = etree.Element(f"{{{_BPMN}}}extensionElements")
            element.insert(0, extensions)
        for xml in each:
            wrapped = etree.fromstring(f"<wrapped {_DECLARED}>{xml}</wrapped>")
            extensions.extend(list(wrapped))
    return bytes(etree.tostring(root))


def calls(sim: CheckedSimulator, instance: int) -> list[str]:
    """Listeners that ran in the step, as `element.event`; `!` where in vain."""
    return [
        f"{event.element}.{event.event}{'' if event.failure is None else '!'}"
        for event in sim.run_of(instance).events
        if isinstance(event, e.ListenerCalled)
    ]


def log(sim: CheckedSimulator, instance: int) -> list[str]:
    """The words that `noting` has noted."""
    return str(sim.variables(instance)["log"]).split()
