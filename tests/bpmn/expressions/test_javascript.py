"""JavaScript scripts and expressions in QuickJS."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bpmn.expressions.api import BpmnErrorRaised, CompileError, EvaluationError
from bpmn.expressions.javascript import compile_javascript
from tests.bpmn.expressions.support import NotLoaded, Unloaded, Variables, context

VARIABLES: dict[str, Any] = {
    "a": 1,
    "b": 2,
    "name": "Ada",
    "price": Decimal("9.5"),
    "big": 2**60,
    "order": {"total": 12.5, "lines": [{"n": 1}, {"n": 2}]},
    "due": datetime(2026, 1, 31, 10, 30, tzinfo=UTC),
    "day": date(2026, 1, 31),
    "noon": time(12, 0),
    "long": timedelta(hours=1),
    "nothing": None,
    "car": '{"price": 40}',
    "my-name": "dashed",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", 3),
        ("a > 0 && name == 'Ada'", True),
        ('var ret = "success";\n ret;', "success"),
        ("5.0", 5),
        ("1 / 4", 0.25),
        ("2 ** 53", 2**53),
        ("big", 2**60),
        ("price * 2", 19),
        ("undefined", None),
        ("null", None),
        ("nothing", None),
        ("order.lines.map(line => line.n)", [1, 2]),
        ("({a: 1, b: [true, null], f: function () {}})", {"a": 1, "b": [True, None]}),
        ("({__proto__: null, x: 1})", {"x": 1}),
        ("({'$bpmnd': 'date'})", {"$bpmnd": "date"}),
        ("new Map([['k', 1]])", {"k": 1}),
        ("[...new Set([1, 1])]", [1]),
        ("due", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("new Date(due.getTime() + 1000)", datetime(2026, 1, 31, 10, 30, 1, tzinfo=UTC)),
        ("day.getUTCDate() + noon + long", "3112:00:00PT1H"),
        ("`Hello ${name}`", "Hello Ada"),
        ("'ä€😀'", "ä€😀"),
        ("execution.getVariable('a') + execution.getVariable(\"b\")", 3),
        ("execution.getVariable('missing')", None),
        ("execution.getVariable('my-name')", "dashed"),
        ("var which = 'na' + 'me'; execution.getVariable(which)", "Ada"),
        ("execution.getVariables().name", "Ada"),
        ("execution.hasVariable('big') && !execution.hasVariable('missing')", True),
        ("execution.getProcessInstanceId() + execution.processInstanceId", "47114711"),
        ("execution.getProcessBusinessKey() + execution.businessKey", "B-7B-7"),
        ("execution.currentActivityId", "Task_1"),
        ("S(car).prop('price').numberValue()", 40),
        ("S(execution.getVariableTyped('car').getValueSerialized()).prop('price').numberValue()", 40),
        ("S('{\"a\": [1, {\"b\": 2}]}').prop('a').elements()[1]", {"b": 2}),
        ("JSON.stringify({x: JSON.parse('1')})", '{"x":1}'),
        ("print('x'); console.log('y'); 1", 1),
        ("var javaScript = 'java.util.List // Packages'; javaScript.length", 26),
        ("let x = 1; { let x = 2; } x", 1),
    ],
)
def test_should_evaluate(text: str, expected: Any) -> None:
    value = compile_javascript(text).evaluate(context(VARIABLES))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("script", "auto_store", "assigned"),
    [
        ('execution.setVariable("defaultScore", 5);', False, {"defaultScore": 5}),
        ("var sum = a + b;\nexecution.setVariable('sum', sum);", False, {"sum": 3}),
        ("var sum = a + b; x = 1;", False, {}),
        ("var sum = a + b; x = 1; let hidden = 2; function f() {}", True, {"sum": 3, "x": 1}),
        ("a = a + 1; b = b;", True, {"a": 2}),
        (
            "execution.setVariable('a', 5); execution.setVariable('c', a + execution.getVariable('a'))",
            False,
            {"a": 5, "c": 10},
        ),
        ("execution.setVariables({x: 1, y: [due]})", False, {"x": 1, "y": [VARIABLES["due"]]}),
        ("execution.setVariable('car', S(car).prop('price', 41))", False, {"car": {"price": 41}}),
        ("execution.setVariable('when', new Date(0))", False, {"when": datetime(1970, 1, 1, tzinfo=UTC)}),
    ],
)  # fmt: skip
def test_should_collect_what_is_set(script: str, auto_store: bool, assigned: dict[str, Any]) -> None:
    given = context(VARIABLES)

    compile_javascript(script, auto_store=auto_store).evaluate(given)

    assert given.assigned == assigned


def test_should_keep_local_variables_apart() -> None:
    given = context({})

    compile_javascript("execution.setVariableLocal('x', 1)").evaluate(given)

    assert (given.assigned, given.assigned_local) == ({}, {"x": 1})


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("throw new BpmnError('A', 'text')", "A", "text"),
        ("throw new org.camunda.bpm.engine.delegate.BpmnError('123')", "123", "123"),
        ("throw new org.flowable.engine.delegate.BpmnError('F', name)", "F", "Ada"),
        ("var E = Java.type('org.camunda.bpm.engine.delegate.BpmnError'); throw new E('J', 'm')", "J", "m"),
    ],
)
def test_should_throw_bpmn_errors(script: str, code: str, message: str) -> None:
    given = context(VARIABLES)

    with pytest.raises(BpmnErrorRaised) as raised:
        compile_javascript("execution.setVariable('x', 1);" + script).evaluate(given)

    assert (raised.value.code, str(raised.value)) == (code, message)
    assert given.assigned == {}


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("missing + 1", "ReferenceError: missing is not defined"),
        ("var foo = 1; foo.substring(0, 1)", "TypeError"),
        ("throw 'text'", "text"),
        ("throw {code: 5}", "object"),
        ("throw null", "null"),
        ("(function () {})", "cannot be stored"),
        ("var a = {}; a.a = a; a", "contains itself"),
        ("NaN", "NaN"),
        ("1/0", "Infinity"),
        ("new Date('x')", "invalid date"),
        ("new Date(8e15)", "years"),
        ("Promise.resolve(1)", "promise"),
        ("Symbol('x')", "symbol"),
        ("'\\0'", "NUL"),
        ("'\\ud800'", "surrogate"),
        ("execution.setVariable('x', function () {})", "cannot be stored"),
        ("execution.setVariable(5, 1)", "string"),
        ("execution.removeVariable('x')", "not a function"),
        ("S('{')", "SyntaxError"),
        ("S('{}').prop('x')", "property 'x'"),
        ("Object.prototype.toJSON = () => 5; 1", "built-ins"),
        ("Object.prototype.toJSON = () => ({value: {a: 1}, assigned: [], local: []}); 1", "Expected"),
        ("Java['type']('java.util.ArrayList')", "java.util.ArrayList"),
        ("require('fs')", "not defined"),
        ("std.exit()", "not defined"),
        ("os.exec(['ls'])", "not defined"),
    ],
)
def test_should_fail_with_the_reason_and_the_text(script: str, says: str) -> None:
    given = context({})

    with pytest.raises(EvaluationError) as failure:
        compile_javascript(script).evaluate(given)

    assert says in str(failure.value)
    assert str(failure.value).count("(in ") == 1
    assert given.assigned == {}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("1 +", "EXPRESSION_SYNTAX"),
        ("}", "EXPRESSION_SYNTAX"),
        ("return 1", "EXPRESSION_SYNTAX"),
        ("await x", "EXPRESSION_SYNTAX"),
        ("import x from 'y'", "EXPRESSION_SYNTAX"),
        ("(" * 50_000, "EXPRESSION_SYNTAX"),
        ("x" * 200_000, "EXPRESSION_SYNTAX"),
        ("new java.util.ArrayList()", "EXPRESSION_UNSUPPORTED"),
        ("var E = Packages.org.flowable.E; throw new E('x')", "EXPRESSION_UNSUPPORTED"),
        ("Java.type('java.io.File')", "EXPRESSION_UNSUPPORTED"),
        ("importPackage(x)", "EXPRESSION_UNSUPPORTED"),
    ],
)
def test_should_refuse_at_compile_time(script: str, code: str) -> None:
    with pytest.raises(CompileError) as failure:
        compile_javascript(script)

    assert failure.value.code == code


def test_should_share_nothing_between_evaluations() -> None:
    given = context(VARIABLES)

    compile_javascript("Array.prototype.at = 1; leaked = 1; order.total = 0; Object.prototype.x = 5").evaluate(given)

    assert compile_javascript("typeof leaked + [1].at(0) + order.total + ({}).x").evaluate(given) == (
        "undefined112.5undefined"
    )
    assert VARIABLES["order"]["total"] == 12.5


@pytest.mark.parametrize(
    ("script", "reads"),
    [
        ("var sum = a + b.c; execution.setVariable('sum', sum)", {"a", "b", "sum"}),
        ("execution.getVariable('x y')", {"x", "y", "x y"}),
        ("f(...rest)", {"f", "rest"}),
        ("execution.getVariable(name)", None),
        ("execution.getVariables()", None),
        ("globalThis['a']", None),
        ("eval('a')", None),
    ],
)
def test_should_tell_which_variables_it_may_read(script: str, reads: set[str] | None) -> None:
    assert compile_javascript(script).reads == (None if reads is None else frozenset(reads))


def test_should_copy_in_only_what_is_mentioned() -> None:
    given = context()
    given.variables = variables = Variables(VARIABLES)

    compile_javascript("a + 1").evaluate(given)

    assert variables.asked == ["a"]


def test_should_let_the_signals_of_the_lookup_through_unchanged() -> None:
    given = context()
    given.variables = Unloaded({"a": 1})

    with pytest.raises(NotLoaded):
        compile_javascript("a").evaluate(given)
