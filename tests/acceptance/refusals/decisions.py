"""DMN documents that are refused when they are uploaded."""

# A table reads best with one row on few lines.
# ruff: noqa: E501

from __future__ import annotations

from tests.acceptance.refusals.refusal import Refusal
from tests.bpmn.dmn.support import decision, document, literal, required, table

# fmt: off

JAVA = '<functionDefinition kind="Java"><context/></functionDefinition>'
VALUES = '<literalExpression><importedValues namespace="urn:x" importType="csv"><importedElement>a</importedElement></importedValues></literalExpression>'
NESTED = "<itemDefinition name='t'>" + "<itemComponent name='c'>" * 60 + "</itemComponent>" * 60 + "</itemDefinition>"


def _decision(name: str, body: str, code: str, *, element: str | None = "d", says: list[str] | None = None) -> Refusal:
    return Refusal(name=name, path="/deployments", files=[("rates.dmn", document(body))], status=422, code=code,
                   element=element, says=says or [])


ROWS: list[Refusal] = [
    _decision("a decision that requires nobody knows whom", decision("d", literal("x"), requires=required("x")), "DMN_REFERENCE_MISSING", says=["'x'"]),
    _decision("decisions that require each other", decision("d", literal("e"), requires=required("e")) + decision("e", literal("d"), requires=required("d")), "DMN_CIRCULAR", element="e"),
    _decision("two decisions of one id", decision("d", literal("1")) + decision("d", literal("2")), "DMN_DUPLICATE_ID"),
    _decision("an import that is not there", '<import name="b" namespace="urn:b" importType="x"/>', "DMN_IMPORT", element=None, says=["urn:b"]),
    _decision("values from another file", decision("d", VALUES), "DMN_IMPORT"),
    _decision("a function in Java", decision("d", JAVA), "DMN_FUNCTION_KIND", says=["JAVA"]),
    _decision("a hit policy of nobody", decision("d", table([], policy="BEST")), "DMN_HIT_POLICY", says=["BEST"]),
    _decision("a table without outputs", decision("d", table([], outputs=[])), "DMN_TABLE_SHAPE"),
    _decision("a rule with too many entries", decision("d", table([(["1", "2"], ["1"])])), "DMN_TABLE_SHAPE"),
    _decision("an input that asks nothing", decision("d", table([(["1"], ["1"])], inputs=[""])), "DMN_INPUT_WITHOUT_EXPRESSION"),
    _decision("expressions nested too deep", decision("d", "<list>" * 60 + "</list>" * 60), "DMN_TOO_DEEP"),
    _decision("types nested too deep", NESTED, "DMN_TYPE_TOO_DEEP", element=None),
    _decision("a type of nobody", '<itemDefinition name="t"><typeRef>u</typeRef></itemDefinition>', "DMN_TYPE_MISSING", element="t"),
    _decision("a type that is itself", '<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>', "DMN_TYPE_CIRCULAR", element="t"),
    _decision("a broken expression", decision("d", literal("1 +")), "EXPRESSION_SYNTAX"),
    _decision("an expression in COBOL", decision("d", literal("x", attributes='expressionLanguage="cobol"')), "LANGUAGE_UNSUPPORTED"),
]
