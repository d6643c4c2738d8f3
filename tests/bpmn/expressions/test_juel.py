"""JUEL as Camunda 7 and Flowable models use it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bpmn.expressions.api import BpmnErrorRaised, CompileError, EvaluationError, Handlers
from bpmn.expressions.juel.language import compile_juel, juel_handler_call
from tests.bpmn.expressions.support import NOW, NotLoaded, Unloaded, context

VARIABLES: dict[str, Any] = {
    "score": 7,
    "name": "Ada",
    "ratio": 2.5,
    "price": Decimal("9.90"),
    "approved": True,
    "nothing": None,
    "text5": "5",
    "blank": "",
    "items": ["a", "b", "c"],
    "order": {"id": 12, "customer": {"name": "Bo", "tags": ["x", "y"]}, "premium": True},
    "due": datetime(2026, 1, 31, 10, 30, tzinfo=UTC),
    "day": date(2026, 1, 31),
    "days": 10,
    "remaining": 3,
    "e": {"eq": 1, "empty": 2},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # templates
        ("", ""),
        ("plain text", "plain text"),
        ("Hello ${name}!", "Hello Ada!"),
        ("#{name}", "Ada"),
        ("${score}", 7),
        (" ${score}", " 7"),
        ("${name} #{score} ${nothing}.", "Ada 7 ."),
        (r"\${name} costs $5 and #1", "${name} costs $5 and #1"),
        ("${'a}b'}", "a}b"),
        ("R3/PT${score}S", "R3/PT7S"),
        # literals
        ("${42}", 42),
        ("${-1.5e2}", -150.0),
        ("${.5}", 0.5),
        ("${true}", True),
        ("${null}", None),
        (r"""${'it\'s "x"'}""", """it's "x\""""),
        (r'${"a\\b"}', "a\\b"),
        # arithmetic
        ("${1 + 2 * 3}", 7),
        ("${(1 + 2) * 3}", 9),
        ("${10 - 4 - 3}", 3),
        ("${7 / 2}", 3.5),
        ("${6 div 3}", 2.0),
        ("${7 % 4}", 3),
        ("${-7 mod 4}", -3),
        ("${7.5 % 2}", 1.5),
        ("${-score}", -7),
        ("${--score}", 7),
        ("${score + 1}", 8),
        ("${text5 + 1}", 6),
        ("${'1.5' + 1}", 2.5),
        ("${nothing + 1}", 1),
        ("${blank + 1}", 1),
        ("${null + null}", 0),
        ("${price * 2}", Decimal("19.80")),
        ("${price + 0.1}", Decimal("10.00")),
        ("${9007199254740993 + 0}", 9007199254740993),
        ("${days-remaining}", 7),
        # comparison
        ("${score > 5}", True),
        ("${score gt 5 and score le 7}", True),
        ("${score == 7}", True),
        ("${score == 7.0}", True),
        ("${text5 == 5}", True),
        ("${5 == '5.0'}", True),
        ("${text5 < 10}", True),
        ("${text5 < '10'}", False),
        ("${name == 'Ada'}", True),
        ('${name eq "Ada"}', True),
        ("${name ne 'Bo'}", True),
        ("${approved == 'true'}", True),
        ("${approved == 'false'}", False),
        ("${approved == 'nonsense'}", False),
        ("${nothing == null}", True),
        ("${name != null}", True),
        ("${nothing < 1}", False),
        ("${nothing <= null}", True),
        ("${1 lt 2}", True),
        ("${2 ge 2}", True),
        ("${price >= 9.9}", True),
        ("${day < due.toDate().plusDays(1).toString()}", True),
        ("${1 < 2 == true}", True),
        # logic
        ("${!approved}", False),
        ("${not approved}", False),
        ("${approved && score > 100}", False),
        ("${approved || missing}", True),
        ("${false and missing}", False),
        ("${not nothing}", True),
        ("${not 'TRUE'}", False),
        ("${empty blank}", True),
        ("${empty items}", False),
        ("${not empty items}", True),
        ("${empty nothing}", True),
        ("${empty order.unknown}", True),
        ("${score > 5 ? 'high' : 'low'}", "high"),
        ("${score > 9 ? 'a' : score > 6 ? 'b' : 'c'}", "b"),
        ("${approved?name:score}", "Ada"),
        ("${true ? name : size(1)}", "Ada"),
        # paths
        ("${order.customer.name}", "Bo"),
        ("${order['id']}", 12),
        ("${order.customer.tags[1]}", "y"),
        ("${order.customer.tags['0']}", "x"),
        ("${items[9]}", None),
        ("${order.missing}", None),
        ("${order.missing.deeper}", None),
        ("${e.eq + e.empty}", 3),
        # methods
        ("${name.length()}", 3),
        ("${name.toUpperCase()}", "ADA"),
        ("${'Activiti'.substring(0,3)}", "Act"),
        ("${name.substring(1)}", "da"),
        ("${'source'.concat(score)}", "source7"),
        ("${name.contains('d') && name.startsWith('A') && name.endsWith('a')}", True),
        ("${name.indexOf('a')}", 2),
        ("${name.charAt(0)}", "A"),
        ("${' x '.trim()}", "x"),
        ("${name.equals('Ada')}", True),
        ("${name.equalsIgnoreCase('ADA')}", True),
        ("${text5.equals(5)}", False),
        ("${name.replace('A', 'I')}", "Ida"),
        ("${'a,b,,c,,'.split(',')}", ["a", "b", "", "c"]),
        ("${'a1b22c'.split('[0-9]+')}", ["a", "b", "c"]),
        ("${'2026-01'.matches('[0-9]{4}-[0-9]{2}')}", True),
        ("${'x2026-01'.matches('[0-9]{4}-[0-9]{2}')}", False),
        ("${'a-b'.replaceAll('(a)-(b)', '$2$1')}", "ba"),
        ("${name.isEmpty()}", False),
        ("${items.size()}", 3),
        ("${items.get(1)}", "b"),
        ("${items.contains('c')}", True),
        ("${items.indexOf('z')}", -1),
        ("${items.isEmpty()}", False),
        ("${order.get('id')}", 12),
        ("${order.containsKey('id')}", True),
        ("${order.customer.keySet()}", ["name", "tags"]),
        ("${order.customer.size()}", 2),
        ("${order.getId()}", 12),
        ("${order.isPremium()}", True),
        ("${order.customer.prop('name').stringValue()}", "Bo"),
        ("${order.prop('id').numberValue() < 21}", True),
        ('${S(\'{"a": [1, 2]}\').prop("a")[1]}', 2),
        ("${score.toString()}", "7"),
        ("${ratio.intValue()}", 2),
        ("${due.getTime()}", 1769855400000),
        ("${due.plusMonths(1)}", datetime(2026, 2, 28, 10, 30, tzinfo=UTC)),
        ("${due.minusDays(1).plusHours(2)}", datetime(2026, 1, 30, 12, 30, tzinfo=UTC)),
        ("${due.before(now())}", True),
        ("${day.plusDays(1)}", date(2026, 2, 1)),
        ("${now()}", NOW),
        ("${dateTime().plusWeeks(1).getDayOfMonth()}", 8),
        # Java's text
        ("${ratio} ${1.0} ${10000000.0} ${0.0001}", "2.5 1.0 1.0E7 1.0E-4"),
        ("${items} ${order.customer}", "[a, b, c] {name=Bo, tags=[x, y]}"),
        ("${approved}!", "true!"),
        # execution
        ("${execution.getVariable('score')}", 7),
        ("${execution.getVariable('missing')}", None),
        ("${execution.hasVariable('score')}", True),
        ("${execution.hasVariable('missing')}", False),
        ("${execution.processInstanceId}", "4711"),
        ("${execution.getProcessInstanceId()}", "4711"),
        ("${execution.businessKey}/${execution.processBusinessKey}", "B-7/B-7"),
        ("${execution.getProcessBusinessKey()}", "B-7"),
        ("${execution.currentActivityId}", "Task_1"),
        ("${execution.getVariable('order').customer.name}", "Bo"),
        # Flowable's variable functions
        ("${vars:get(name)}", None),
        ("${vars:get('score')}", 7),
        ("${variables:getOrDefault('missing', 3)}", 3),
        ("${var:gt('score', 5)}", True),
        ("${vars:exists('missing')}", False),
    ],
)
def test_should_evaluate_as_camunda_and_flowable_do(text: str, expected: Any) -> None:
    values = {**VARIABLES, "name": "Ada"}

    value = compile_juel(text).evaluate(context(values))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${missing}", "Expected variable 'missing'"),
        ("${missing.a}", "Expected variable 'missing'"),
        ("${'abc' == 1}", "Expected a number"),
        ("${name + 'x'}", ".concat()"),
        ("${name + 1}", "Expected a number"),
        ("${items > 1}", "Expected a number"),
        ("${1 / 0}", "finite"),
        ("${1 % 0}", "finite"),
        ("${score ? 1 : 2}", "Expected a boolean"),
        ("${score.upper()}", "'upper'"),
        ("${name.__class__}", "__class__"),
        ("${name.format('x')}", "'format'"),
        ("${nothing.length()}", "null"),
        ("${name.substring(9)}", "positions"),
        ("${name.length(1)}", "0 argument(s), but it received 1"),
        ("${items.add('x')}", "execution.setVariable"),
        ("${items.get(7)}", "index"),
        ("${items['x']}", "Expected a number"),
        ("${items[1.5]}", "Expected an integer"),
        ("${execution.engineServices}", "engineServices"),
        ("${execution.removeVariable('x')}", "removeVariable"),
        ("${execution.setVariable('x')}", "2 argument(s)"),
        ("${unknown(1)}", "'unknown'"),
        ("${name.matches('[')}", "regular expression"),
        ("${S('{')}", "Expected JSON text"),
        ("${S('NaN')}", "finite"),
    ],
)
def test_should_fail_with_the_reason_and_the_text(text: str, says: str) -> None:
    with pytest.raises(EvaluationError) as failure:
        compile_juel(text).evaluate(context(VARIABLES))

    assert says in str(failure.value)
    assert str(failure.value).count("(in ") == 1


@pytest.mark.parametrize(
    "text",
    [
        "${", "${}", "${1 +}", "${a b}", "${a..b}", "${'open}", "${(1}", "${a[1}", "${f(1,}", "${f(,1)}", "${1 = 2}",
        "${a ? b}", "${@}", "x ${a} ${", r"${'\q'}", "${a instanceof b}", "${foo:bar(1)}", "${now(1)}", "${a.}",
        "${1.2.3}",
        "${" + "9" * 5000 + "}", "${1e999}", "${a;b}",
    ],
)  # fmt: skip
def test_should_refuse_at_compile_time(text: str) -> None:
    with pytest.raises(CompileError, match="Expected"):
        compile_juel(text)


def test_should_collect_what_the_expression_sets_and_read_it_back() -> None:
    given = context({"score": 1})

    text = "${execution.setVariable('score', 5)}${score}${execution.getVariable('score')}"
    value = compile_juel(text).evaluate(given)
    compile_juel("${execution.setVariableLocal('mine', score)}").evaluate(given)

    assert value == "55"
    assert given.assigned == {"score": 5}
    assert given.assigned_local == {"mine": 5}


class Bean:
    label = "bean"

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self._secret = 1

    def greet(self, name: str, times: int = 1) -> str:
        self.calls.append((name, times))
        return f"Hello {name}" * times

    def getOwner(self) -> str:
        return "Bo"

    def fail(self) -> None:
        raise ValueError("broken")

    def throw(self) -> None:
        raise BpmnErrorRaised("TOO_YOUNG", "sorry")

    def remember(self, execution: Any) -> str:
        execution.set_variable("seen", execution.get_variable("score"))
        return str(execution.info.element_id)


def test_should_call_registered_handlers() -> None:
    bean = Bean()
    given = context({"score": 3, "who": "Ada"}, {"bean": bean, "twice": lambda value: value * 2})

    assert compile_juel("${bean.greet(who, 2)}").evaluate(given) == "Hello AdaHello Ada"
    assert compile_juel("#{bean.label} of ${bean.owner}").evaluate(given) == "bean of Bo"
    assert compile_juel("${twice(score)}").evaluate(given) == 6
    assert compile_juel("${bean.remember(execution)}").evaluate(given) == "Task_1"
    assert given.assigned == {"seen": 3}
    assert bean.calls == [("Ada", 2)]


def test_should_prefer_variables_to_handlers() -> None:
    given = context({"bean": {"label": "variable"}}, {"bean": Bean()})

    assert compile_juel("${bean.label}").evaluate(given) == "variable"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${bean._secret}", "private"),
        ("${bean.__class__}", "private"),
        ("${bean.__init__()}", "private"),
        ("${bean.nothing}", "'nothing'"),
        ("${bean.nothing()}", "bean.nothing"),
        ("${bean.fail()}", "ValueError: broken"),
        ("${bean.greet()}", "TypeError"),
        ("${bean}", "stored as JSON"),
        ("${bean.greet.__globals__}", "__globals__"),
    ],
)
def test_should_refuse_what_a_handler_does_not_offer(text: str, says: str) -> None:
    with pytest.raises(EvaluationError, match=says):
        compile_juel(text).evaluate(context({}, {"bean": Bean()}))


def test_should_let_bpmn_errors_of_handlers_through() -> None:
    with pytest.raises(BpmnErrorRaised) as raised:
        compile_juel("${bean.throw()}").evaluate(context({}, {"bean": Bean()}))

    assert (raised.value.code, raised.value.message) == ("TOO_YOUNG", "sorry")


@pytest.mark.parametrize(
    "text", ["${a}", "${execution.getVariable('a')}", "${vars:get('a')}", "${bean.remember(execution)}"]
)
def test_should_let_the_signals_of_the_lookup_through_unchanged(text: str) -> None:
    given = context({}, {"bean": Bean()})
    given.variables = Unloaded({"a": 1}) if "bean" not in text else _AllButBean()

    with pytest.raises(NotLoaded):
        compile_juel(text).evaluate(given)


class _AllButBean(Unloaded):
    def get(self, name: str) -> Any:
        if name in ("bean", "execution"):
            raise KeyError(name)
        return super().get(name)


def test_should_read_extra_names_before_variables() -> None:
    given = context({"loopCounter": 99}, extra={"loopCounter": 0})

    assert compile_juel("${loopCounter}").evaluate(given) == 0


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("${score > limit && !done}", {"score", "limit", "done"}),
        ("${order.items[index].name}", {"order", "index"}),
        ("${bean.method(a, b.c)}", {"a", "b"}),
        ("${execution.getVariable('x') + execution.processInstanceId}", {"x"}),
        ("${execution.setVariable('x', y)}", {"y"}),
        ("${vars:get('x')}", {"x"}),
        ("${a ? b : c} text #{d}", {"a", "b", "c", "d"}),
        ("text", set()),
        ("${execution.getVariable(name)}", None),
        ("${execution.getVariables()}", None),
        ("${bean.method(execution)}", None),
    ],
)
def test_should_tell_which_variables_it_reads(text: str, reads: set[str] | None) -> None:
    compiled = compile_juel(text, Handlers({"bean": Bean()}))

    assert compiled.reads == (None if reads is None else frozenset(reads))


@pytest.mark.parametrize(
    ("text", "handler", "method", "arguments"),
    [
        ("${bean.method('a', x + 1)}", "bean", "method", ["a", 4]),
        ("#{bean}", "bean", None, []),
        (" ${score(x)} ", "score", None, [3]),
        ("${bean.run(execution)}", "bean", "run", None),
    ],
)
def test_should_recognise_a_call_that_can_be_a_job(
    text: str, handler: str, method: str | None, arguments: list[Any] | None
) -> None:
    call = juel_handler_call(text)

    assert call is not None
    assert (call.handler, call.method) == (handler, method)
    values = [argument.evaluate(context({"x": 3})) for argument in call.arguments]
    if arguments is None:
        assert values[0]["processInstanceId"] == "4711"
    else:
        assert values == arguments


@pytest.mark.parametrize(
    "text",
    ["text ${bean}", "${a.b}", "${a + 1}", "${execution.setVariable('a', 1)}", "${a.b().c()}", "${now()}", "x", "${1}"],
)
def test_should_not_take_other_expressions_for_calls(text: str) -> None:
    assert juel_handler_call(text) is None
