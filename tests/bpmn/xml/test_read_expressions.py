"""Which language a text is in."""

from __future__ import annotations

import pytest

from bpmn.model.activities import MultiInstance, ScriptTask, UserTask
from bpmn.model.base import Expression
from bpmn.model.events import Event, TimerEventDefinition
from bpmn.xml import expressions
from tests.bpmn.documents import CAMUNDA, document, process

XPATH = "http://www.w3.org/1999/XPath"
FEEL = "https://www.omg.org/spec/DMN/20191111/FEEL/"
ZEEBE = 'xmlns:z="http://camunda.org/schema/zeebe/1.0"'
IS_CAMUNDA = f'xmlns:c="{CAMUNDA}"'


def pair(expression: Expression | None) -> tuple[str, str] | None:
    return None if expression is None else (expression.text, expression.language)


@pytest.mark.parametrize(
    ("document_attributes", "attributes", "text", "expected"),
    [
        ("", "", "${a > 1}", ("${a > 1}", "juel")),
        ("", "", "#{a}", ("#{a}", "juel")),
        ("", "", "= a > 1", ("a > 1", "feel")),
        ("", "", "a > 1", ("a > 1", "python")),
        (ZEEBE, "", "a", ("a", "feel")),
        (ZEEBE, "", "=a", ("a", "feel")),
        (IS_CAMUNDA, "", "a", ("a", "literal")),
        (IS_CAMUNDA, "", " true ", ("${true}", "juel")),
        (IS_CAMUNDA, 'language="javascript"', "a > 1", ("a > 1", "javascript")),
        (IS_CAMUNDA, 'language="JavaScript"', "'${x}'", ("'${x}'", "javascript")),
        ("", 'language="Groovy"', "a", ("a", "groovy")),
        ("", f'language="{FEEL}"', "a = 1", ("a = 1", "feel")),
        (f'expressionLanguage="{FEEL}"', "", "a = 1", ("a = 1", "feel")),
        (f'expressionLanguage="{FEEL}"', "", "${a}", ("${a}", "juel")),
        (f'expressionLanguage="{XPATH}"', "", "a > 1", ("a > 1", "python")),
        (f'expressionLanguage="{XPATH}"', "", "${a}", ("${a}", "juel")),
        ("", f'language="{XPATH}"', "${a}", ("${a}", "juel")),
        ("", f'language="{XPATH}"', "/a/b", ("/a/b", "xpath")),
        ("", "", "  ", None),
        ("", "", "<![CDATA[${a < 1}]]>", ("${a < 1}", "juel")),
    ],
)
def test_should_decide_the_language_of_conditions(
    document_attributes: str, attributes: str, text: str, expected: tuple[str, str] | None
) -> None:
    # given
    data = document(
        f'<process id="p"><sequenceFlow id="f" sourceRef="a" targetRef="b">'
        f"<conditionExpression {attributes}>{text}</conditionExpression></sequenceFlow></process>",
        document_attributes,
    )

    # then
    assert pair(process(data).content.flows[0].condition) == expected


@pytest.mark.parametrize(
    ("attributes", "text", "expected"),
    [
        ("", "PT5S", ("PT5S", "literal")),
        ("", "R3/PT10M", ("R3/PT10M", "literal")),
        ("", "2030-01-01T00:00:00Z", ("2030-01-01T00:00:00Z", "literal")),
        ("", "0/5 0/1 * 1/1 * ?", ("0/5 0/1 * 1/1 * ?", "literal")),
        ("", "* * * * *", ("* * * * *", "literal")),
        ("", '"PT5S"', ('"PT5S"', "python")),
        ("", "due", ("due", "python")),
        ("", "${due}", ("${due}", "juel")),
        (ZEEBE, "PT5S", ("PT5S", "literal")),
        (ZEEBE, "=due", ("due", "feel")),
        (ZEEBE, '=duration("PT5S")', ('duration("PT5S")', "feel")),
        (f'expressionLanguage="{FEEL}"', "PT5S", ("PT5S", "literal")),
    ],
)
def test_should_take_what_looks_like_a_time_as_the_time(attributes: str, text: str, expected: tuple[str, str]) -> None:
    # given
    data = document(
        f'<process id="p"><startEvent id="s"><timerEventDefinition><timeCycle>{text}</timeCycle></timerEventDefinition>'
        "</startEvent></process>",
        attributes,
    )

    # when
    event = process(data).content.nodes[0]

    # then
    assert isinstance(event, Event)
    definition = event.definitions[0]
    assert isinstance(definition, TimerEventDefinition)
    assert pair(definition.expression) == expected


@pytest.mark.parametrize(
    ("attributes", "script_format", "language"),
    [
        ("", "python", "python"),
        ("", "text/javascript", "javascript"),
        ("", "ECMAScript", "javascript"),
        ("", "js", "javascript"),
        ("", "Groovy", "groovy"),
        ("", "xslt", "xslt"),
        ("", "", "python"),
        (IS_CAMUNDA, "", "juel"),
    ],
)
def test_should_normalise_script_formats(attributes: str, script_format: str, language: str) -> None:
    # given
    data = document(
        f'<process id="p"><scriptTask id="s" scriptFormat="{script_format}"><script> x = 1 </script></scriptTask>'
        "</process>",
        attributes,
    )

    # when
    task = process(data).content.nodes[0]

    # then
    assert isinstance(task, ScriptTask)
    assert pair(task.script) == ("x = 1", language)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ("${x.of(a, b)}, c", ["${x.of(a, b)}", "c"]),
        ("${x.of('),', 1)},c", ["${x.of('),', 1)}", "c"]),
        ("user(kermit), group(a)", ["user(kermit)", "group(a)"]),
        ("O'Hara, Smith", ["O'Hara", "Smith"]),
        (" , ", []),
    ],
)
def test_should_split_lists_at_commas_outside_expressions(text: str, parts: list[str]) -> None:
    assert expressions.split_list(text) == parts


def test_should_read_names_as_variables_where_vendors_mean_them() -> None:
    # given
    data = document(
        '<process id="p"><userTask id="u"><multiInstanceLoopCharacteristics c:collection="items" c:elementVariable'
        '="i"/></userTask><userTask id="v"><multiInstanceLoopCharacteristics isSequential="true" c:collection='
        '"my-items">'
        "<loopCardinality>3</loopCardinality><completionCondition>${done}</completionCondition>"
        "</multiInstanceLoopCharacteristics></userTask></process>",
        IS_CAMUNDA,
    )

    # when
    loops = [node.loop for node in process(data).content.nodes if isinstance(node, UserTask)]

    # then
    assert isinstance(loops[0], MultiInstance)
    assert isinstance(loops[1], MultiInstance)
    assert pair(loops[0].collection) == ("${items}", "juel")
    assert loops[0].element_variable == "i"
    assert pair(loops[1].collection) == ("${execution.getVariable('my-items')}", "juel")
    assert pair(loops[1].cardinality) == ("3", "literal")
    assert pair(loops[1].completion_condition) == ("${done}", "juel")
    assert (loops[0].sequential, loops[1].sequential) == (False, True)
