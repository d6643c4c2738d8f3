"""Endless scripts, huge values, deep texts: each ends in an error, soon, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.expressions.api import CompileError, EvaluationError
from bpmn.expressions.compile import compile_expression, compile_script
from bpmn.expressions.values import plain
from bpmn.model.base import Expression
from tests.bpmn.expressions.support import context

LONG = "x" * 900_000
VARIABLES: dict[str, Any] = {"items": list(range(1000)), "text": LONG, "n": 10**9, "half": "a" * 1000}

JAVASCRIPT = [
    "while (true) {}",
    "for (;;) { try { while (true) {} } catch (e) {} }",
    "function f() { return f() } f()",
    "var a = []; while (true) a.push(new Array(100000).fill(1))",
    "var s = 'x'; while (true) s += s",
    "'x'.repeat(1e9)",
    "new Array(1e9).fill(0)",
    "new Uint8Array(1e9)",
    "/(a+)+$/.test('a'.repeat(40) + '!')",
    "(2n ** 1000000n) ** 1000n",
    "'x'.repeat(2000000)",
    "var a = []; for (var i = 0; i < 200; i++) a = [a]; a",
    "var a = [1]; for (var i = 0; i < 40; i++) a = [a, a]; a",
    "({get x() { while (true) {} }})",
    "execution.setVariable('x', {get y() { for (;;); }})",
    "Object.defineProperty(globalThis, 'q', {get() { for (;;); }}); q",
    "JSON.parse('['.repeat(100000))",
    "new Proxy({}, {ownKeys() { for (;;); }})",
]
PYTHON = [
    "while True:\n    pass",
    "for i in range(10**9):\n    pass",
    "for i in range(10**5):\n    for j in range(10**5):\n        pass",
    "x = [0 for i in range(10**5) for j in range(10**5) if False]",
    "x = [[0] * 100000 for i in range(100000)]",
    "x = [items[:] for i in range(100000)]",
    "x = [text + 'y' for i in range(100000)]",
    "x = {i: text.upper() for i in range(100000)}",
    "x = 'a' * 10**9",
    "x = [0] * 10**9",
    "x = 10 ** 10 ** 8",
    "x = 9 ** 9 ** 9 ** 9",
    "x = 2\nwhile True:\n    x = x * x",
    "x = 1 << 10**9",
    "x = 'a'\nwhile True:\n    x += x",
    "x = [1]\nwhile True:\n    x = x + x",
    "x = [1]\nwhile True:\n    x.extend(x)",
    "x = [1]\nfor i in x:\n    x.append(i)",
    "x = [1]\nx.append(x)\nx == [x]",
    "x = [1]\nx.append(x)",
    "x = []\nfor i in range(200):\n    x = [x]",
    "x = [1]\nfor i in range(60):\n    x = [x, x]",
    "x = [1]\ny = [1]\nfor i in range(60):\n    x = [x, x]\n    y = [y, y]\nz = x == y",
    "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = str(x)",
    "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = f'{x}'",
    "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = '%s' % [x]",
    "x = [[] for i in range(60)]\nfor i in range(59):\n    x[i].extend([x[i + 1], x[i + 1]])\ny = str(x[0])",
    "x = [1]\nfor i in range(60):\n    x = list(zip(x, x))\ny = {str(x[0]): 1}",
    "f = lambda n: f(n + 1)\nf(0)",
    "f = lambda g: [g(g) for i in range(100000)]\nf(f)",
    "x = sorted(range(100000), key=lambda i: sum(range(1000)))",
    "x = sum(range(10**9))",
    "x = text.replace('x', text)",
    "x = text.join([text, text])",
    "x = text.join('a' * 1000)",
    "x = ''.rjust(10**9)",
    "x = f'{half:>1000000000}'",
    "x = '%1000000000s' % half",
    "x = '%(a)s%(a)s' % {'a': text}",
    "x = " + "f'" + "{text}" * 100 + "'",
    "x = round(5, -10**9)",
    "x = int(Decimal('1e999999'))",
    "x = round(Decimal('1e999999'))",
    "x = f\"{Decimal('1e999999'):f}\"",
    "x = int('9' * 100000)",
    "x = Decimal('9' * 100000)",
    "x = -1 ** 0.5 if False else (-8) ** 0.5",
    "x = max(map(lambda i: [items] * 1000, items))",
    "x = {}\nx['x'] = x",
]
JUEL = [
    "${text.concat(text)}",
    "${text.replace('x', text)}",
    "${'ab'.repeat(1000000000)}",
    "${text}${text}",
    "${" + " * ".join(["99999999999999999999"] * 300) + "}",
    "${'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+')}",
    "${'a'.matches('" + "a" * 2000 + "')}",
    "${'" + "9" * 5000 + "' + 1}",
    "${S('" + "[" * 20_000 + "')}",
]
FEEL = [
    "for i in 1..1000000000 return i",
    "for i in 1..1e6000 return i",
    "for i in 1..100000, j in 1..100000 return i",
    "some i in 1..100000 satisfies some j in 1..100000 satisfies false",
    "{f: function(n) f(n), r: f(1)}.r",
    "{f: function(n) f(n - 1) + f(n - 1), r: f(50)}.r",
    "flatten([items, items, for i in 1..1000 return items])",
    "string join(for i in 1..100 return text)",
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
    "[1..2]",
    "function(x) x",
    "sort(for i in 1..100000 return -i, function(a, b) count(items[item < a]) < b)",
]


@pytest.mark.parametrize(
    ("language", "script"),
    [
        *(("feel", script) for script in FEEL),
        *(("javascript", script) for script in JAVASCRIPT),
        *(("python", script) for script in PYTHON),
        *(("juel", script) for script in JUEL),
    ],
)
@pytest.mark.timeout(20)
def test_should_end_what_would_not_end(language: str, script: str) -> None:
    given = context(VARIABLES)

    with pytest.raises(EvaluationError, match="Expected"):
        compile_script(Expression(text=script, language=language)).evaluate(given)

    assert given.assigned == {}
    assert given.assigned_local == {}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("juel", "${" + "(" * 5000 + "1" + ")" * 5000 + "}"),
        ("juel", "${" + "f(" * 5000 + ")" * 5000 + "}"),
        ("juel", "${" + "a[" * 5000 + "]" * 5000 + "}"),
        ("juel", "${" + "1 + " * 100_000 + "1}"),
        ("feel", "(" * 5000 + "1" + ")" * 5000),
        ("feel", "[" * 5000 + "]" * 5000),
        ("feel", "if a then " * 5000 + "1"),
        ("feel", "[1.." * 5000),
        ("feel", "x in (" * 5000),
        ("feel", "f(" * 5000),
        ("feel", "a[" * 5000),
        ("feel", "{a: " * 5000),
        ("feel", "for i in " * 5000),
        ("feel", "function(a) " * 5000 + "1"),
        ("feel", "x instance of " + "list<" * 5000),
        ("python", "(" * 50_000 + "1" + ")" * 50_000),
        ("python", "not " * 20_000 + "1"),
        ("python", "x" * 200_000),
        ("python", "lambda: " * 10_000 + "1"),
        ("javascript", "[" * 50_000 + "]" * 50_000),
        ("groovy", "x" * 200_000),
    ],
)
def test_should_refuse_texts_that_are_too_deep_or_too_long(language: str, text: str) -> None:
    with pytest.raises(CompileError, match="Expected"):
        compile_expression(Expression(text=text, language=language))


def test_should_evaluate_long_flat_expressions() -> None:
    terms = 10_000

    for language, text in (
        ("juel", "${" + "+".join(["1"] * terms) + "}"),
        ("feel", "+".join(["1"] * terms)),
        ("feel", "--" * terms + str(terms)),
        ("feel", "a or " * terms + "true"),
        ("feel", "if false then 0 else " * 100 + "10000"),
        ("juel", "${" + "!" * terms + "true}"),
        ("juel", "${" + "1>2?0:" * terms + "10000}"),
    ):
        value = compile_expression(Expression(text=text, language=language)).evaluate(context())
        assert value in (terms, True)


def test_should_go_on_after_a_limit() -> None:
    endless = compile_script(Expression(text="while (true) {}", language="javascript"))
    with pytest.raises(EvaluationError, match="CPU time"):
        endless.evaluate(context())

    assert compile_script(Expression(text="1 + 1", language="javascript")).evaluate(context()) == 2


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), "\x00", "\ud800", {1.5: 2}, object(), [object()], 1 << 5000, "x" * 1_000_001,
     {"\ud800": 1}],
)  # fmt: skip
def test_should_refuse_values_that_cannot_be_stored(value: object) -> None:
    with pytest.raises(EvaluationError, match="Expected"):
        plain(value)
