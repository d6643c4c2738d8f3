"""Picking the language."""

from __future__ import annotations

import pytest

from bpmn.expressions.api import CompileError
from bpmn.expressions.compile import compile_expression, compile_script, handler_call, language_of
from bpmn.model.base import Expression
from tests.bpmn.expressions.support import context


def expression(text: str, language: str) -> Expression:
    return Expression(text=text, language=language)


@pytest.mark.parametrize(
    ("text", "language", "expected", "known_as"),
    [
        ("a ${x}", "literal", "a ${x}", "literal"),
        ("${x + 1}", "juel", 4, "juel"),
        ("x + 1", "python", 4, "python"),
        ("x + 1", "javascript", 4, "javascript"),
        ("x + 1", "JavaScript", 4, "javascript"),
        ("x + 1", "ecmascript", 4, "javascript"),
        ("=x + 1", "feel", 4, "feel"),
        ("x + 1", "https://www.omg.org/spec/DMN/20191111/FEEL/", 4, "feel"),
        ("x + 1", "Groovy", 4, "groovy"),
    ],
)
def test_should_compile_expressions_and_scripts_of_each_language(
    text: str, language: str, expected: object, known_as: str
) -> None:
    for compiler in (compile_expression, compile_script):
        compiled = compiler(expression(text, language))

        assert compiled.evaluate(context({"x": 3})) == expected
        assert (compiled.language, compiled.text) == (known_as, text)


@pytest.mark.parametrize("language", ["xslt", "http://www.w3.org/1999/XPath", "ruby", "jython", "${lang}"])
def test_should_refuse_other_languages(language: str) -> None:
    for compiler in (compile_expression, compile_script):
        with pytest.raises(CompileError) as failure:
            compiler(expression("x", language))
        assert failure.value.code == "LANGUAGE_UNSUPPORTED"
        assert repr(language) in str(failure.value)


def test_should_store_global_variables_of_scripts_where_the_model_says_so() -> None:
    plain, storing = context({"a": 1}), context({"a": 1})

    compile_script(expression("var sum = a + 1", "javascript")).evaluate(plain)
    compile_script(expression("var sum = a + 1", "javascript"), auto_store=True).evaluate(storing)

    assert (plain.assigned, storing.assigned) == ({}, {"sum": 2})


def test_should_run_juel_as_a_script() -> None:
    given = context({"a": 1})

    compile_script(expression("\n  ${execution.setVariable('b', a)}\n", "juel")).evaluate(given)

    assert given.assigned == {"b": 1}


def test_should_find_calls_in_juel_only() -> None:
    call = handler_call(expression("${bean.run(1)}", "juel"))

    assert call is not None
    assert (call.handler, call.method) == ("bean", "run")
    assert handler_call(expression("bean.run(1)", "python")) is None
    assert language_of(expression("", "text/javascript")) == "javascript"
