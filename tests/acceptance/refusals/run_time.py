"""Models that pass every check and go wrong when they run: endless, too large, of the wrong type, without a way on."""

# A table reads best with one row on few lines.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.refusals import models
from tests.acceptance.refusals.models import around, choice, flow, javascript, python

# fmt: off


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A process that is started with these variables and stops at `element` with an incident of this kind."""

    name: str
    body: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    element: str = "t"
    kind: str = "EXPRESSION_ERROR"
    says: Sequence[str] = ()


def _python(name: str, script: str, *says: str, **variables: Any) -> Failing:
    return Failing(name=f"Python: {name}", body=python(script), variables=variables, says=says)


def _javascript(name: str, script: str, *says: str, **variables: Any) -> Failing:
    return Failing(name=f"JavaScript: {name}", body=javascript(script), variables=variables, says=says)


def _many(attributes: str, inside: str = "") -> str:
    return around(
        f'<userTask id="t"><multiInstanceLoopCharacteristics {attributes}>{inside}</multiInstanceLoopCharacteristics></userTask>'
    )


def _timer(inside: str) -> str:
    return around(f'<intermediateCatchEvent id="t"><timerEventDefinition>{inside}</timerEventDefinition></intermediateCatchEvent>')


SCRIPTS = [
    _python("endless", "while True:\n    pass", "Expected a script of at most"),
    _python("a loop of a billion", "for i in range(10 ** 9):\n    pass", "items"),
    _python("loops within loops", "for i in range(10 ** 5):\n    for j in range(10 ** 5):\n        pass"),
    _python("a string of a gigabyte", "x = 'x' * 10 ** 9", "string"),
    _python("a list without end", "x = [1]\nwhile True:\n    x = x + x"),
    _python("a number without end", "x = 9 ** 9 ** 9", "integer"),
    _python("a recursion", "f = lambda n: f(n + 1)\nf(0)"),
    _python("an unknown variable", "x = unknown + 1", "unknown"),
    _python("text and a number", "x = 'a' + 1"),
    _python("a division by zero", "x = 1 / 0", "ZeroDivision"),
    _python("a property of nothing", "x = nothing.name", "name", nothing=None),
    _python("a value with NUL", "x = 'a\\x00b'"),
    _python("infinity", "x = 1e308 * 10"),
    _python("a map that holds itself", "x = {}\nx['x'] = x"),
    _javascript("endless", "while (true) {}", "CPU time"),
    _javascript("endless in a handler", "for (;;) { try { while (true) {} } catch (e) {} }", "CPU time"),
    _javascript("memory without end", "var a = []; while (true) a.push(new Array(100000).fill(1))"),
    _javascript("a recursion", "function f() { return f() } f()"),
    _javascript("a regular expression that explodes", "/(a+)+$/.test('a'.repeat(40) + '!')"),
    _javascript("a throw", "throw new Error('no way')", "no way"),
    _javascript("an unknown variable", "unknown + 1", "unknown"),
    _javascript("not a number", "execution.setVariable('x', 0 / 0)"),
]
CONDITIONS = [
    Failing(name="JUEL: an unknown variable", body=choice("${unknown > 1}"), element="g", says=["unknown"]),
    Failing(name="JUEL: text and a number", body=choice("${name > 1}"), variables={"name": "x"}, element="g"),
    Failing(name="JUEL: a condition that is text", body=choice("${name}"), variables={"name": "perhaps"}, element="g", says=["true or false"]),
    Failing(name="JUEL: a regular expression that explodes", body=choice("${name.matches('(a+)+')}"), variables={"name": "a" * 60 + "!"}, element="g"),
    Failing(name="Python: a condition without end", body=choice("sum(range(10 ** 9)) > 1", 'language="python"'), element="g"),
    Failing(name="no condition holds and there is no default", body=choice("${false}").replace(' default="g-e"', "").replace(
        flow("g", "e"), flow("g", "e", "<conditionExpression>${false}</conditionExpression>")), element="g", kind="NO_FLOW_SELECTED"),
]
ELEMENTS = [
    Failing(name="a timer that is no time", body=_timer("<timeDuration>${when}</timeDuration>"), variables={"when": "whenever"}, kind="TIMER_INVALID", says=["whenever"]),
    Failing(name="a timer beyond all time", body=_timer("<timeDuration>${when}</timeDuration>"), variables={"when": "P999999999Y"}, kind="TIMER_INVALID"),
    Failing(name="a cron that is none", body=_timer("<timeCycle>${when}</timeCycle>"), variables={"when": "* * * *"}, kind="TIMER_INVALID"),
    Failing(name="a due date that is none", body=around('<userTask id="t" camunda:dueDate="${when}"/>'), variables={"when": "tomorrow"}, says=["tomorrow"]),
    Failing(name="a priority that is none", body=around('<userTask id="t" camunda:priority="${p}"/>'), variables={"p": "high"}, says=["high"]),
    Failing(name="an assignee that is a map", body=around('<userTask id="t" camunda:assignee="${who}"/>'), variables={"who": {"a": 1}}),
    Failing(name="many of what is no list", body=_many('camunda:collection="things" camunda:elementVariable="x"'), variables={"things": 5}, says=["list"]),
    Failing(name="many of what is not there", body=_many('camunda:collection="things" camunda:elementVariable="x"'), says=["things"]),
    Failing(name="a negative number of times", body=_many("", "<loopCardinality>${n}</loopCardinality>"), variables={"n": -1}),
    Failing(name="a billion times", body=_many("", "<loopCardinality>${n}</loopCardinality>"), variables={"n": 10**9}, kind="MULTI_INSTANCE_TOO_LARGE"),
    Failing(name="a called process that nobody deployed", body=around('<callActivity id="t" calledElement="nowhere"/>'), kind="CALLED_INSTANCE_FAILED", says=["nowhere"]),
    Failing(name="a loop without end", body="\n".join(('<startEvent id="s"/>', flow("s", "t"), '<exclusiveGateway id="t"/>', flow("t", "a"), '<task id="a"/>', flow("a", "t"))), element="", kind="ENDLESS_LOOP", says=["1000"]),
    Failing(name="an error nobody catches, from a worker", body=models.USER_TASK, kind="UNHANDLED_ERROR", says=["NOBODY_CATCHES"]),
]
ROWS = [*SCRIPTS, *CONDITIONS, *ELEMENTS]
