"""Groovy that is only what it shares with JavaScript."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.expressions.api import BpmnErrorRaised, CompileError, EvaluationError
from bpmn.expressions.groovy import compile_groovy
from tests.bpmn.expressions.support import context

VARIABLES: dict[str, Any] = {"score": 7, "element": "e1", "items": [1, 2], "order": {"total": 5}}


@pytest.mark.parametrize(
    ("script", "value", "assigned"),
    [
        ("execution.setVariable('a', 'executed');", None, {"a": "executed"}),
        ("def e = execution.getVariable('element')\nexecution.setVariable(\"x_${e}\", e)", None, {"x_e1": "e1"}),
        ('execution.setVariable("v", "$element and ${order.total + 1}")', None, {"v": "e1 and 6"}),
        ("execution.setVariable('v', '${element}')", None, {"v": "${element}"}),
        ("if (score > 5) {\n def v = 1\n v\n} else {\n execution.setVariable('v', 2)\n}", 1, {}),
        ("if (score == '7')\n 1\nelse\n 2", 2, {}),
        ("// comment\n/* other */ score * 2 + 1", 15, {}),
        ("def int x = 3; String s = 'a'; s + x", "a3", {}),
        ("def foo = \"u\"; return foo", "u", {}),
        ("score > 5 ? 'high' : 'low'", "high", {}),
        ("execution.getVariable('missing') ?: 'default'", "default", {}),
        ("execution.getVariable('missing')?.size()", None, {}),
        ("element.toUpperCase() + element.length() + items.size()", "E122", {}),
        ("element.equals('e1') && items.contains(2) && !items.isEmpty()", True, {}),
        ("println 'hello'\nSystem.out.println(score)\n1", 1, {}),
        ("execution.getProcessInstanceId() + execution.businessKey", "4711B-7", {}),
        ("x = 1", 1, {}),
        ("1.5G + 2L", 3.5, {}),
    ],
)  # fmt: skip
def test_should_run(script: str, value: Any, assigned: dict[str, Any]) -> None:
    given = context(VARIABLES)

    assert compile_groovy(script).evaluate(given) == value
    assert given.assigned == assigned


def test_should_store_undeclared_variables_where_asked_to() -> None:
    given = context(VARIABLES)

    compile_groovy("x = score + 1\ndef hidden = 2", auto_store=True).evaluate(given)

    assert given.assigned == {"x": 8}


@pytest.mark.parametrize(
    "script",
    [
        "import org.camunda.bpm.engine.delegate.BpmnError;\nif (score) {\n throw new BpmnError('42', 'ups')\n}",
        'throw new org.camunda.bpm.engine.delegate.BpmnError("42", "ups")',
    ],
)
def test_should_throw_bpmn_errors(script: str) -> None:
    with pytest.raises(BpmnErrorRaised) as raised:
        compile_groovy(script).evaluate(context(VARIABLES))

    assert (raised.value.code, raised.value.message) == ("42", "ups")


@pytest.mark.parametrize(
    "script",
    [
        "for (i in items) { sum += i }",
        "while (true) { }",
        "items.collect { it * 2 }",
        "items.each { x -> x }",
        "[a: 1]",
        "new File('x')",
        "throw new RuntimeException('x')",
        "Foo.somethingFailing();",
        "identityService.createUserQuery().count()",
        "'a'.class",
        "'ls'.execute()",
        "import java.util.*",
        "class A {}",
        "def f(x) { x }",
        "x as String",
        "items << 1",
        "'''x'''",
        "try { 1 } catch (e) { }",
        "execution.getProcessInstance()",
        "return 1\n2",
        "x = {",
        "this.x",
        "eval('1')",
        "`x`",
        "score === 7",
        "@Field x = 1",
        '"${items.collect { it }}"',
    ],
)
def test_should_refuse_the_rest(script: str) -> None:
    with pytest.raises(CompileError) as failure:
        compile_groovy(script)

    assert failure.value.code == "LANGUAGE_UNSUPPORTED"
    assert "javascript" in failure.value.hint


def test_should_name_the_groovy_text_in_failures() -> None:
    with pytest.raises(EvaluationError, match=r"in 'def x = missing'"):
        compile_groovy("def x = missing").evaluate(context({}))
