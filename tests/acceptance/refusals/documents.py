"""Documents that are refused when they are uploaded: broken, hostile, no BPMN, or models that cannot run."""

# A table reads best with one row on few lines.
# ruff: noqa: E501

from __future__ import annotations

import io
import zipfile
from typing import Any

from tests.acceptance.refusals import models
from tests.acceptance.refusals.models import BPMN, USER_TASK, around, choice, flow, process
from tests.acceptance.refusals.refusal import Refusal

# fmt: off

HEAD = f'<definitions xmlns="{BPMN}" targetNamespace="t">'
LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
LISTENER = '<extensionElements><camunda:executionListener event="take" class="org.example.Listener"/></extensionElements>'


def _upload(name: str, content: bytes, code: str, **more: Any) -> Refusal:
    """As one file of a deployment."""
    file = more.pop("file", "bad.bpmn")
    return Refusal(name=name, path="/deployments", files=[(file, content)], status=422, code=code, **more)


def _doctype(name: str, declaration: str, use: str = "") -> Refusal:
    content = f'<?xml version="1.0"?>{declaration}{HEAD}<process id="p" name="{use}"/></definitions>'
    return _upload(name, content.encode(), "XML_DOCTYPE", says=["DOCTYPE"])


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("order.bpmn", process(USER_TASK))
    return packed.getvalue()


def _nested(depth: int) -> bytes:
    inner = "".join(f'<subProcess id="s{i}">' for i in range(depth)) + "</subProcess>" * depth
    return process(inner)


TEXT = [
    _upload("an empty file", b"", "XML_SYNTAX", says=["empty"]),
    _upload("broken XML", HEAD.encode() + b"\n<process id='p'>\n<task id='t'></process></definitions>", "XML_SYNTAX", line=3),
    _upload("a document that is cut off", process(USER_TASK)[:-80], "XML_SYNTAX", says=["well-formed"]),
    _upload("null bytes", b"\0" * 1000, "XML_SYNTAX"),
    _upload("a null byte inside", process(USER_TASK).replace(b"Check it", b"Check\0it"), "XML_SYNTAX"),
    _upload("an archive under the name of a model", _zip(), "XML_SYNTAX"),
    _upload("JSON under the name of a model", b'{"process": "p"}', "XML_SYNTAX"),
    _upload("an encoding nobody knows", b'<?xml version="1.0" encoding="klingon"?><a/>', "XML_SYNTAX"),
    _upload("bytes that are no UTF-8", process(USER_TASK).replace(b"Check it", b"\xff\xfe"), "XML_SYNTAX"),
    _upload("an undefined entity", process(USER_TASK).replace(b"Check it", b"&secret;"), "XML_SYNTAX", says=["secret"]),
    _upload("a namespace prefix that is not declared", process('<x:task id="t"/>'), "XML_SYNTAX", line=9),
]
HOSTILE = [
    _doctype("an external entity of a file", '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
    _doctype("an external entity by HTTP", '<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>', "&x;"),
    _doctype("a parameter entity", '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>'),
    _doctype("billion laughs", f"<!DOCTYPE d [{LAUGHS}]>", "&a11;"),
    _doctype("quadratic blow-up", f'<!DOCTYPE d [<!ENTITY a "{"x" * 100_000}">]>', "&a;" * 10_000),
    _doctype("an external DTD", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">'),
    _doctype("a public DTD", '<!DOCTYPE d PUBLIC "-//X//X" "http://127.0.0.1:9/x.dtd">'),
    _upload(
        "an entity hidden in UTF-7",
        '<?xml version="1.0" encoding="UTF-7"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'
        .encode("utf-7"),
        "XML_DOCTYPE",
    ),
    _upload(
        "an entity hidden in UTF-16",
        f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}&x;</definitions>'
        .encode("utf-16"),
        "XML_DOCTYPE",
    ),
    _upload("elements nested without end", b"<a>" * 500_000, "XML_TOO_DEEP", says=["1200"]),
    _upload("sub-processes nested too deep", _nested(1_300), "XML_TOO_DEEP"),
    _upload("300,000 elements", process('<task id="t"/>' * 300_000), "XML_TOO_MANY_ELEMENTS", says=["200000"]),
    _upload("21 MB of comment", HEAD.encode() + b"<!--" + b"x" * 21_000_000 + b"--></definitions>", "XML_TOO_LARGE",
            says=["20971520"]),
    Refusal(name="a file of 50 MB", path="/deployments", files=[("bad.bpmn", b"<" + b" " * 50_000_000)], status=413,
            code="BODY_TOO_LARGE", says=["BPMND_MAX_DEPLOYMENT_BYTES"]),
]
OTHER_KINDS = [
    _upload("other XML", b"<html><body/></html>", "NOT_BPMN", line=1),
    _upload("DMN under the name of a model", b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "NOT_BPMN"),
    _upload("a model under the name of a decision", process(USER_TASK), "NOT_DMN", file="rates.dmn"),
    _upload("a YAML file", b"process: order", "FORMAT_UNSUPPORTED", file="order.yaml"),
    _upload("a picture", b"\x89PNG\r\n", "FILE_KIND_UNKNOWN", file="order.png"),
    _upload("a document without a process", f"{HEAD}<message id='m' name='m'/></definitions>".encode(), "NO_PROCESS"),
]
FILES = [
    Refusal(name="no file at all", path="/deployments", form={"name": "x"}, status=422, code="FILES_MISSING", says=["files"]),
    Refusal(name="the same file name twice", path="/deployments", status=422, code="FILE_TWICE", says=["bad.bpmn"],
            files=[("bad.bpmn", process(USER_TASK)), ("bad.bpmn", process(USER_TASK, key="other"))]),
    Refusal(name="the same process in two files", path="/deployments", status=422, code="DUPLICATE_DEFINITION_KEY",
            files=[("one.bpmn", process(USER_TASK)), ("two.bpmn", process(USER_TASK))], element="bad", line=8,
            says=["one.bpmn", "two.bpmn"]),
    Refusal(name="a good and a bad file", path="/deployments", status=422, code="XML_SYNTAX",
            files=[("good.bpmn", process(USER_TASK, key="good")), ("bad.bpmn", b"<")]),
    *(_upload(f"a file name that {what}", process(USER_TASK), "FILE_NAME_INVALID", file=name)
      for what, name in (("climbs out", "../../etc/cron.d/x.bpmn"), ("climbs out in the middle", "a/../../x.bpmn"),
                         ("is absolute", "/etc/x.bpmn"), ("is absolute on Windows", "C:\\x.bpmn"),
                         ("climbs out with backslashes", "..\\..\\x.bpmn"), ("is too long", "x" * 300 + ".bpmn"),
                         ("holds control characters", "x\x7f\x1b[2J.bpmn"))),
    Refusal(name="a deployment name that is too long", path="/deployments", files=[("x.bpmn", process(USER_TASK))],
            form={"name": "x" * 256}, status=422, code="INVALID_VALUE", pointer="/name", says=["255"]),
    Refusal(name="a deployment name with NUL", path="/deployments", files=[("x.bpmn", process(USER_TASK))],
            form={"name": "a\0b"}, status=422, code="INVALID_VALUE", pointer="/name", says=["NUL"]),
    Refusal(name="a flag that is none", path="/deployments", files=[("x.bpmn", process(USER_TASK))],
            form={"dryRun": "perhaps"}, status=422, code="INVALID_VALUE", pointer="/dryRun", says=["perhaps"]),
    Refusal(name="a form field nobody knows", path="/deployments", files=[("x.bpmn", process(USER_TASK))],
            form={"colour": "red"}, status=422, code="UNKNOWN_FIELD", pointer="/colour"),
    Refusal(name="a process under another key", method="PUT", path="/definitions/order", data=process(USER_TASK),
            content_type="application/xml", status=422, code="KEY_MISMATCH", says=["order", "bad"]),
    Refusal(name="a definition without content", path="/definitions", status=422, code="BODY_MISSING"),
    Refusal(name="a definition as JSON", path="/definitions", json={"key": "x"}, status=415, code="MEDIA_TYPE_UNSUPPORTED",
            says=["application/xml"]),
    Refusal(name="a definition as YAML", path="/definitions", data=b"key: x", content_type="application/yaml", status=415,
            code="MEDIA_TYPE_UNSUPPORTED"),
    Refusal(name="a definition's name that climbs out", path="/definitions?name=../../x.bpmn", data=process(USER_TASK),
            content_type="application/xml", status=422, code="FILE_NAME_INVALID"),
    Refusal(name="a deployment that is no form", path="/deployments", json={"files": []}, status=415,
            code="MEDIA_TYPE_UNSUPPORTED", says=["multipart/form-data"]),
    Refusal(name="a form without a boundary", path="/deployments", data=b"--x", content_type="multipart/form-data", status=422,
            code="FILES_MISSING"),
]


def _model(name: str, body: str, code: str, element: str | None, line: int | None, **more: Any) -> Refusal:
    return _upload(name, process(body), code, element=element, line=line, **more)


MODELS = [
    _model("an element of no standard that would run", around('<teleportTask id="t"/>'), "UNKNOWN_ELEMENT", "t", 11, says=["teleportTask"]),
    _model("a send task with a decision", around('<sendTask id="t" xmlns:c="http://camunda.org/schema/1.0/bpmn" c:decisionRef="d"/>'),
           "ELEMENT_UNSUPPORTED", "t", 11, says=["DMN decision"]),
    _model("a cancel outside of transactions", f'<startEvent id="s"/>\n{flow("s", "t")}\n<endEvent id="t"><cancelEventDefinition/></endEvent>', "CANCEL_NOT_ALLOWED", "t", 11, says=["transaction"]),
    _model("a flow to nowhere", '<startEvent id="s"/>\n' + flow("s", "nowhere"), "FLOW_TARGET_MISSING", "s-nowhere", 10, says=["nowhere"]),
    _model("a flow from nowhere", '<startEvent id="s"/>\n' + flow("nowhere", "s"), "FLOW_SOURCE_MISSING", "nowhere-s", 10, says=["nowhere"]),
    _model("a flow without target", '<startEvent id="s"/>\n<sequenceFlow id="f" sourceRef="s"/>', "FLOW_TARGET_MISSING", "f", 10),
    _model("a boundary event on nothing", f'{USER_TASK}\n<boundaryEvent id="b" attachedToRef="x"><errorEventDefinition/></boundaryEvent>',
           "BOUNDARY_HOST_MISSING", "b", 14, says=["'x'"]),
    _model("a boundary event on a gateway", around('<exclusiveGateway id="t"/>') +
           '\n<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition/></boundaryEvent>', "BOUNDARY_HOST_MISSING", "b", 14),
    _model("a default flow that is none of its own", around('<exclusiveGateway id="t" default="s-t"/>'), "DEFAULT_FLOW_FOREIGN", "t", 11),
    _model("a message that is missing", around('<receiveTask id="t" messageRef="lost"/>'), "MESSAGE_MISSING", "t", 11, says=["lost"]),
    _model("an error that is missing", f'<startEvent id="s"/>\n{flow("s", "e")}\n<endEvent id="e"><errorEventDefinition/></endEvent>',
           "ERROR_MISSING", "e", 11, says=["errorRef"]),
    _model("an id twice", around('<task id="t"/>\n<task id="t"/>'), "DUPLICATE_ID", "t", 12, says=["'t'"]),
    _model("no start event", '<task id="t"/>\n' + flow("t", "e") + '\n<endEvent id="e"/>', "NO_START_EVENT", "bad", 8),
    _model("two none start events", around('<task id="t"/>') + '\n<startEvent id="s2"/>\n' + flow("s2", "t"), "SEVERAL_NONE_STARTS", "s2", 14),
    _model("an event-based gateway to nowhere", f'<startEvent id="s"/>\n{flow("s", "g")}\n<eventBasedGateway id="g"/>', "EVENT_GATEWAY_TARGET", "g", 11),
    _model("a condition with bad JUEL", choice("${amount >}"), "EXPRESSION_SYNTAX", "g-a", 12, says=["JUEL"]),
    _model("a condition with bad Python", choice("amount >", 'language="python"'), "EXPRESSION_SYNTAX", "g-a", 12, says=["Python"]),
    _model("a condition with bad JavaScript", choice("amount >", 'language="javascript"'), "EXPRESSION_SYNTAX", "g-a", 12),
    _model("a script with bad Python", models.python("x = = 1"), "EXPRESSION_SYNTAX", "t", 11),
    _model("a script that imports", models.python("import os"), "EXPRESSION_UNSUPPORTED", "t", 11, says=["import"]),
    _model("a script that reaches for a class", models.python("x = ().__class__"), "EXPRESSION_UNSUPPORTED", "t", 11),
    _model("a script with bad JavaScript", models.javascript("var = 1"), "EXPRESSION_SYNTAX", "t", 11),
    _model("a script in a language nobody runs", around('<scriptTask id="t" scriptFormat="cobol"><script>STOP RUN.</script></scriptTask>'),
           "LANGUAGE_UNSUPPORTED", "t", 11, says=["cobol"]),
    _model("a script task without a script", around('<scriptTask id="t" scriptFormat="python"/>'), "SCRIPT_MISSING", "t", 11),
    _model("a service task without implementation", around('<serviceTask id="t"/>'), "SERVICE_TASK_WITHOUT_IMPLEMENTATION", "t", 11),
    _model("a listener", around(f'<userTask id="t">{LISTENER}</userTask>'), "LISTENER_UNSUPPORTED", "t", 11, says=["istener"]),
    _model("a timer that says nothing", around('<intermediateCatchEvent id="t"><timerEventDefinition/></intermediateCatchEvent>'), "TIMER_MISSING", "t", 11),
    _model("a timer start that never fires", f'<startEvent id="s"><timerEventDefinition><timeCycle>whenever</timeCycle></timerEventDefinition></startEvent>\n{flow("s", "e")}\n<endEvent id="e"/>',
           "TIMER_START_INVALID", "s", None, says=["whenever"]),
    _upload("a process id that is too long", process(USER_TASK, key="x" * 300), "DEFINITION_KEY_TOO_LONG", line=8,
            element="x" * 300),
]

ROWS: list[Refusal] = [*TEXT, *HOSTILE, *OTHER_KINDS, *FILES, *MODELS]
