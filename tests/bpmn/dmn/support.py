"""What tests of decisions share: short ways to write documents and to evaluate them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bpmn.dmn.evaluate import Evaluation, Mapped, evaluate
from bpmn.dmn.examine import Examined, examine

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def document(body: str, *, namespace: str = DMN, own: str = "urn:test", attributes: str = "") -> bytes:
    return (
        f'<definitions xmlns="{namespace}" xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="d" name="D" '
        f'namespace="{own}" {attributes}>\n{body}\n</definitions>'
    ).encode()


def literal(text: str, tag: str = "literalExpression", attributes: str = "") -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<{tag} {attributes}><text>{escaped}</text></{tag}>"


def decision(id: str, logic: str, *, requires: str = "", type_ref: str = "") -> str:
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<decision id="{id}" name="{id}"><variable name="{id}"{kind}/>{requires}{logic}</decision>'


def required(id: str, tag: str = "requiredDecision") -> str:
    return f'<informationRequirement><{tag} href="#{id}"/></informationRequirement>'


def known(id: str) -> str:
    return f'<knowledgeRequirement><requiredKnowledge href="#{id}"/></knowledgeRequirement>'


def table(
    rules: list[tuple[list[str], list[str]]],
    *,
    inputs: list[str] = ["x"],  # noqa: B006
    outputs: list[str] = ["y"],  # noqa: B006
    policy: str = "UNIQUE",
    aggregation: str = "",
    values: list[str] | None = None,
    defaults: list[str] | None = None,
    attributes: str = "",
) -> str:
    """A decision table; rules are (input entries, output entries)."""
    columns = "".join(
        f'<input id="i{at}" label="{name}" {attributes}>{literal(name, "inputExpression")}</input>'
        for at, name in enumerate(inputs)
    )
    for at, name in enumerate(outputs):
        allowed = literal(values[at], "outputValues") if values else ""
        default = literal(defaults[at], "defaultOutputEntry") if defaults else ""
        columns += f'<output id="o{at}" name="{name}">{allowed}{default}</output>'
    rows = "".join(
        f'<rule id="r{at}">'
        + "".join(literal(text, "inputEntry") for text in tests)
        + "".join(literal(text, "outputEntry") for text in results)
        + "</rule>"
        for at, (tests, results) in enumerate(rules, 1)
    )
    aggregated = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable hitPolicy="{policy}"{aggregated}>{columns}{rows}</decisionTable>'


def checked(body: str, **options: Any) -> Examined:
    return examine(document(body, **options), file="d.dmn")


def evaluated(body: str, id: str, variables: dict[str, Any] | None = None, **options: Any) -> Evaluation:
    """The evaluation of a decision in a document that has no errors."""
    examined = checked(body, **options)
    assert examined.program is not None, examined.findings
    return evaluate(examined.program, id, Mapped(variables or {}), NOW)
