"""Python expressions and scripts: what works, and what must not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bpmn.expressions.api import BpmnErrorRaised, CompileError, EvaluationError, Handlers
from bpmn.expressions.python import compile_python_expression, compile_python_script
from bpmn.expressions.python.engine import ENGINE
from tests.bpmn.expressions.support import NOW, NotLoaded, Unloaded, context

VARIABLES: dict[str, Any] = {
    "score": 7,
    "name": "Ada",
    "approved": True,
    "nothing": None,
    "price": Decimal("9.90"),
    "items": [3, 1, 2],
    "order": {"total": 12.5, "customer": {"name": "Bo"}, "items": ["x"], "lines": [{"n": 1}, {"n": 2}]},
    "due": datetime(2026, 1, 31, 10, 30, tzinfo=UTC),
    "date": "a variable may be called like a builtin",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score", 7),
        (" score > 5 ", True),
        ("1 < score < 9", True),
        ("1 < score < 5", False),
        ("9 < score < missing", False),
        ("score in (1, 7)", True),
        ("score not in items", True),
        ("'a' in order", False),
        ("nothing is None", True),
        ("not approved or name == 'Ada'", True),
        ("False and missing", False),
        ("'big' if score > 5 else 'small'", "big"),
        ("order.total", 12.5),
        ("order['total'] * 2", 25.0),
        ("order.customer.name.upper()", "ADA".replace("ADA", "BO")),
        ("order.items", ["x"]),
        ("len(order.items)", 1),
        ("[line.n for line in order.lines if line.n > 1]", [2]),
        ("[k for k, v in {'a': 1}.items()]", ["a"]),
        ("{k: v + 1 for k, v in {'a': 1}.items()}", {"a": 2}),
        ("sum(line.n for line in order.lines)", 3),
        ("sorted(items)", [1, 2, 3]),
        ("sorted(order.lines, key=lambda line: -line.n)[0].n", 2),
        ("max(items), min(1, 2)", [3, 1]),
        ("max([], default=0)", 0),
        ("sorted({'b', 'a'})", ["a", "b"]),
        ("{2, 1}", [1, 2]),
        ("set(items) == {1, 2, 3}", True),
        ("(1, 'a')", [1, "a"]),
        ("items[0:2] + items[-1:]", [3, 1, 2]),
        ("name[::-1]", "adA"),
        ("7 // 2 + 7 % 4 + 2 ** 3 + (1 << 2) + (6 & 3) + (6 | 1) + (6 ^ 2)", 3 + 3 + 8 + 4 + 2 + 7 + 4),
        ("8 >> 1", 4),
        ("-score + ~1", -9),
        ("1 / 4", 0.25),
        ("price * 2", Decimal("19.80")),
        ("Decimal('0.1') + Decimal('0.2')", Decimal("0.3")),
        ("round(2.567, 1), abs(-1), int('7'), float('1.5'), str(1), bool('')", [2.6, 1, 7, 1.5, "1", False]),
        ("f'Hello {name}, {score:03d} {order.total:.2f} {name!r}'", "Hello Ada, 007 12.50 'Ada'"),
        ("'%s has %d' % (name, score)", "Ada has 7"),
        ("'%(a)s' % {'a': [1]}", "[1]"),
        ("', '.join(str(i) for i in range(3))", "0, 1, 2"),
        ("'a,b'.split(',')", ["a", "b"]),
        ("'a-b'.partition('-')", ["a", "-", "b"]),
        ("name.startswith(('B', 'A'))", True),
        ("'x'.zfill(3) + 'y'.center(3)", "00x y "),
        ("'aXbX'.replace('X', '-')", "a-b-"),
        ("list(enumerate('ab'))", [[0, "a"], [1, "b"]]),
        ("dict(zip(['a', 'b'], items))", {"a": 3, "b": 1}),
        ("{'a': 1} | {'b': 2}", {"a": 1, "b": 2}),
        ("any(i > 2 for i in items) and all(items)", True),
        ("isinstance(score, int) and isinstance(name, (int, str)) and not isinstance(name, list)", True),
        ("list(map(lambda i: i * 2, filter(lambda i: i > 1, items)))", [6, 4]),
        ("due + timedelta(days=1, hours=2)", datetime(2026, 2, 1, 12, 30, tzinfo=UTC)),
        ("(datetime(2026, 3, 1) - due).days", 28),
        ("due.year, due.month, due.isoformat()", [2026, 1, "2026-01-31T10:30:00+00:00"]),
        ("due.strftime('%d.%m.%Y')", "31.01.2026"),
        ("due.date()", date(2026, 1, 31)),
        ("datetime.now() - due < timedelta(days=30)", True),
        ("now()", NOW),
        ("datetime.fromisoformat('2026-01-01')", datetime(2026, 1, 1, tzinfo=UTC)),
        ("timedelta(minutes=90).total_seconds()", 5400.0),
        ("date[:10]", "a variable"),
        ("order.get('missing', 5)", 5),
        ("[[i * j for j in range(2)] for i in range(2)]", [[0, 0], [0, 1]]),
        ("(lambda a, b=2: a + b)(1)", 3),
        ("Decimal('2.675').quantize(Decimal('0.01'))", Decimal("2.68")),
        ("score == 7 and order == order", True),
    ],
)
def test_should_evaluate_expressions(text: str, expected: Any) -> None:
    value = compile_python_expression(text).evaluate(context(VARIABLES))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("script", "assigned", "value"),
    [
        ("x = 1", {"x": 1}, None),
        ("x = y = score + 1\nx", {"x": 8, "y": 8}, 8),
        ("result = score * 2", {"result": 14}, 14),
        ("a, b = 1, 2", {"a": 1, "b": 2}, None),
        ("score += 1", {"score": 8}, None),
        ("total = 0\nfor line in order.lines:\n    total += line.n", {"total": 3, "line": {"n": 2}}, None),
        ("n = 0\nwhile True:\n    n += 1\n    if n > 4:\n        break", {"n": 5}, None),
        ("if approved:\n    x = 'yes'\nelse:\n    x = 'no'", {"x": "yes"}, None),
        ("items.append(4)", {"items": [3, 1, 2, 4]}, None),
        ("items.sort()\nitems.reverse()", {"items": [3, 2, 1]}, None),
        ("order.total = 1", {"order": {**VARIABLES["order"], "total": 1}}, None),
        ("order['customer']['name'] = 'Cy'", {"order": {**VARIABLES["order"], "customer": {"name": "Cy"}}}, None),
        ("order.lines[0].n += 5", {"order": {**VARIABLES["order"], "lines": [{"n": 6}, {"n": 2}]}}, None),
        ("items[[j for j in [0]][0]] += 1", {"items": [4, 1, 2]}, None),
        ("items.count(3)", {}, 1),
        ("twice = lambda v: v * 2\nx = twice(score)", {"x": 14}, None),
        ("x: int = 3", {"x": 3}, None),
        ("\n        x = 1\n        y = 2\n      ", {"x": 1, "y": 2}, None),
        ("x = 1\n        y = 2", {"x": 1, "y": 2}, None),
        ("s = {1}\ns.add(2)", {"s": [1, 2]}, None),
        ("d = {}\nd.update(a=1)\nd.setdefault('b', [])\nd['b'].extend([1, 2])", {"d": {"a": 1, "b": [1, 2]}}, None),
        ("", {}, None),
    ],
)
def test_should_collect_what_scripts_assign(script: str, assigned: dict[str, Any], value: Any) -> None:
    given = context(VARIABLES)

    assert compile_python_script(script).evaluate(given) == value
    assert given.assigned == assigned


def test_should_never_change_the_variables_themselves() -> None:
    items = [1, 2]

    compile_python_script("items.append(3)").evaluate(context({"items": items}))
    compile_python_expression("items.pop()").evaluate(context({"items": items}))

    assert items == [1, 2]


ESCAPES = [
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "name.__len__()",
    "__import__('os')",
    "__builtins__",
    "_g",
    "_g.context",
    "_result",
    "'{0.__class__}'.format(name)",
    "'{a}'.format_map({'a': 1})",
    "f'{name.__class__}'",
    "f'{score:{10**9}}'",
    "f'{score:999999999d}'",
    "format(score, '999999999')",
    "'%999999999d' % 1",
    "'%*d' % (999999999, 1)",
    "[].append.__self__",
    "[].append",
    "len.__self__",
    "len.name",
    "len.function",
    "str.mro()",
    "str.upper(name)",
    "datetime.max",
    "type(name)",
    "object()",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "globals()",
    "locals()",
    "vars()",
    "dir()",
    "getattr(name, 'upper')",
    "setattr(name, 'x', 1)",
    "hasattr(name, '__class__')",
    "print(1)",
    "input()",
    "breakpoint()",
    "help()",
    "(i for i in items).gi_frame",
    "(lambda: 1).__code__",
    "(lambda: 1).__globals__",
    "(lambda *a: a)(1)",
    "(lambda **a: a)()",
    "(x := 1)",
    "[*items]",
    "{**order}",
    "max(*items)",
    "dict(**order)",
    "await name",
    "[i async for i in items]",
    "(yield)",
    "(yield from items)",
    "b'x'",
    "1j",
    "...",
    "items @ items",
    "order._private",
    "bean._secret",
    "bean.__init__",
    "bean.__class__",
    "sorted(items, key=__import__)",
    "bytes(10**10)",
    "BpmnError('x').__traceback__",
    "BpmnError('x').args",
    "str(BpmnError)",
    "str(lambda: 1)",
    "name.encode()",
    "name.translate({})",
    "'x'.expandtabs(10**9)",
    "isinstance(1, object)",
    "datetime.strptime('1', '%d')",
    "complex(1)",
    "memoryview(name)",
    "iter(items)",
    "next(items)",
    "id(name)",
    "hash(name)",
    "slice(1)",
    "super()",
    "Exception()",
]


class Bean:
    def __init__(self) -> None:
        self._secret = 1

    def double(self, value: int, plus: int = 0) -> int:
        return value * 2 + plus

    def throw(self) -> None:
        raise BpmnErrorRaised("BEAN", "thrown")


@pytest.mark.parametrize("text", ESCAPES)
def test_should_refuse_every_way_out_of_an_expression(text: str) -> None:
    with pytest.raises((CompileError, EvaluationError), match="Expected"):
        compile_python_expression(text).evaluate(context(VARIABLES, {"bean": Bean()}))


@pytest.mark.parametrize(
    "script",
    [
        "import os",
        "from os import path",
        "def f():\n    return f()",
        "class A:\n    pass",
        "async def f():\n    pass",
        "with open('x') as f:\n    pass",
        "try:\n    x = 1\nexcept Exception as e:\n    e.__traceback__",
        "match score:\n    case 7:\n        x = 1",
        "global score",
        "del score",
        "assert score",
        "raise ValueError('x')",
        "raise",
        "raise BpmnError('X') from None",
        "return 1",
        "name.__class__ = 1",
        "_g = 1",
        "__builtins__ = 1",
        "for _g in items:\n    pass",
        "x = lambda _g: _g",
        "items[0:1] = [1]",
        "for i in items:\n    pass\nelse:\n    pass",
        "while score:\n    pass\nelse:\n    pass",
        "len.name = 1",
        "name.x = 1",
        "name[0] = 'x'",
        "[*a] = items",
        "x = [a.b for a.b in [1]]",
        "f = lambda: f()\nf()",
        "order.run = lambda: order.run()\norder.run()",
        "break",
    ],
)
def test_should_refuse_every_way_out_of_a_script(script: str) -> None:
    given = context(VARIABLES)

    with pytest.raises((CompileError, EvaluationError), match="Expected"):
        compile_python_script(script).evaluate(given)

    assert given.assigned == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("missing > 1", "variable 'missing'"),
        ("order.missing", "key 'missing'"),
        ("order['missing']", "key 'missing'"),
        ("score + 'a'", "TypeError"),
        ("1 / 0", "ZeroDivisionError"),
        ("items[9]", "IndexError"),
        ("float('nan')", "finite"),
        ("'\\0'", "NUL"),
        ("'\\ud800'", "surrogate"),
        ("score()", "was called"),
        ("lambda: 1", "stored as JSON"),
        ("len", "stored as JSON"),
    ],
)
def test_should_fail_with_the_reason_and_the_text(text: str, says: str) -> None:
    with pytest.raises(EvaluationError) as failure:
        compile_python_expression(text).evaluate(context(VARIABLES))

    assert says in str(failure.value)
    assert str(failure.value).count("(in ") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [("1 +", "EXPRESSION_SYNTAX"), ("", "EXPRESSION_SYNTAX"), ("import os", "EXPRESSION_SYNTAX"),
     ("x\0", "EXPRESSION_SYNTAX"),
     ("[*a]", "EXPRESSION_UNSUPPORTED"), ("a._b", "EXPRESSION_UNSUPPORTED"), ("(" * 5000, "EXPRESSION_SYNTAX"),
     ("-" * 50_000 + "1", "EXPRESSION_SYNTAX"), ("a" + "+a" * 10_000, "EXPRESSION_SYNTAX"),
     ("a" + ".b" * 10_000, "EXPRESSION_SYNTAX"), ("[" * 150 + "]" * 150, "EXPRESSION_SYNTAX"),
     ("9" * 5000, "EXPRESSION_SYNTAX"), ("1 if a else " * 5000 + "1", "EXPRESSION_SYNTAX")],
)  # fmt: skip
def test_should_say_at_compile_time_what_is_not_python(text: str, code: str) -> None:
    with pytest.raises(CompileError) as failure:
        compile_python_expression(text)

    assert failure.value.code == code


def test_should_throw_bpmn_errors() -> None:
    with pytest.raises(BpmnErrorRaised) as raised:
        compile_python_script("if score > 5:\n    raise BpmnError('TOO_HIGH', f'{score}')").evaluate(context(VARIABLES))

    assert (raised.value.code, raised.value.message) == ("TOO_HIGH", "7")


def test_should_call_registered_handlers() -> None:
    given = context({"score": 3}, {"bean": Bean(), "twice": lambda value: value * 2})

    assert compile_python_expression("bean.double(score, plus=1)").evaluate(given) == 7
    assert compile_python_expression("twice(score)").evaluate(given) == 6
    with pytest.raises(BpmnErrorRaised, match="thrown"):
        compile_python_expression("bean.throw()").evaluate(given)


def test_should_let_the_signals_of_the_lookup_through_unchanged() -> None:
    given = context()
    given.variables = Unloaded({"a": 1})

    with pytest.raises(NotLoaded):
        compile_python_script("x = a").evaluate(given)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("score > limit and not done", {"score", "limit", "done"}),
        ("[i for i in items if i > low]", {"items", "low"}),
        ("[i for i in i]", {"i"}),
        ("sorted(items, key=lambda item: item.n + offset)", {"items", "offset"}),
        ("len(order.lines)", {"order"}),
        ("f'{name}'", {"name"}),
        ("bean.double(score)", {"score"}),
    ],
)
def test_should_tell_which_variables_it_reads(text: str, reads: set[str]) -> None:
    assert compile_python_expression(text, Handlers({"bean": Bean()})).reads == reads


def test_should_tell_which_variables_a_script_reads() -> None:
    assert compile_python_script("count += 1\nx = y\norder.a = 1\nz: int = w").reads == {"count", "y", "order", "w"}


def test_should_never_give_text_to_the_engine() -> None:
    with pytest.raises(Exception, match="compiled program"):
        ENGINE.environment.evaluate("1 + 1", {}, context())
