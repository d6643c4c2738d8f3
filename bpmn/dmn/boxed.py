"""Boxed expressions: elements of XML to the model (DMN 1.5, 7.3, chapter 8 and 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lxml import etree

from bpmn.dmn import model
from bpmn.findings import Severity
from bpmn.xml.namespaces import split
from bpmn.xml.node import line_of, text_of

MAX_DEPTH = 50
_POLICIES = {
    "U": "UNIQUE", "A": "ANY", "P": "PRIORITY", "F": "FIRST", "R": "RULE ORDER", "O": "OUTPUT ORDER", "C": "COLLECT",
}  # fmt: skip
POLICIES = frozenset(_POLICIES.values())
AGGREGATIONS = frozenset({"SUM", "COUNT", "MIN", "MAX"})


class Report(Protocol):
    def __call__(
        self, severity: Severity, code: str, message: str, hint: str, element: etree._Element, id: str | None = None
    ) -> None: ...


def children(element: etree._Element, tag: str) -> list[etree._Element]:
    """Children of that local name."""
    return [each for each in element if split(str(each.tag))[1] == tag]


def child(element: etree._Element, tag: str) -> etree._Element | None:
    found = children(element, tag)
    return found[0] if found else None


def text_in(element: etree._Element | None) -> str | None:
    """The text of an element, None where there is none."""
    return None if element is None else text_of(element).strip() or None


class Boxed:
    """Reads the boxed expressions of one document."""

    def __init__(self, namespace: str, report: Report) -> None:
        self._namespace = namespace
        self._report = report
        self._depth = 0
        self._readers: dict[str, Callable[[etree._Element, str], model.Expression]] = {
            "literalExpression": self._literal_expression,
            "decisionTable": self._table,
            "context": self._context,
            "list": self._list,
            "relation": self._relation,
            "invocation": self._invocation,
            "functionDefinition": self.function,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._iteration,
            "some": self._iteration,
            "every": self._iteration,
        }

    def expression_in(self, parent: etree._Element | None, owner: str) -> model.Expression | None:
        """The first boxed expression among the children; `owner` is the id that findings name."""
        for each in () if parent is None else parent:
            namespace, tag = split(str(each.tag))
            if namespace == self._namespace and tag in self._readers:
                return self._read(each, tag, owner)
        return None

    def _read(self, element: etree._Element, tag: str, owner: str) -> model.Expression | None:
        if self._depth >= MAX_DEPTH:
            self._report(
                Severity.ERROR,
                "DMN_TOO_DEEP",
                f"Expected boxed expressions nested at most {MAX_DEPTH} deep, but found deeper ones.",
                "Give inner parts a decision or a business knowledge model of their own.",
                element,
                owner,
            )
            return None
        self._depth += 1
        try:
            return self._readers[tag](element, owner)
        finally:
            self._depth -= 1

    def type_ref(self, element: etree._Element) -> str | None:
        """The type's name, without the prefix of a namespace (`feel:string` of DMN 1.1)."""
        text = (element.get("typeRef") or "").strip()
        if not text:
            return None
        prefix, colon, local = text.partition(":")
        return local if colon and (prefix in element.nsmap or prefix == "feel") else text

    def literal(self, element: etree._Element | None) -> model.Literal | None:
        """`inputExpression`, `inputEntry`, `allowedValues` and the like: text with a language."""
        if element is None:
            return None
        return model.Literal(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            text=text_in(child(element, "text")) or "",
            language=(element.get("expressionLanguage") or "").strip(),
        )

    def _literal_expression(self, element: etree._Element, owner: str) -> model.Expression:
        literal = self.literal(element)
        assert literal is not None
        if child(element, "importedValues") is not None:
            self._report(
                Severity.ERROR,
                "DMN_IMPORT",
                f"Expected an expression in '{owner}', but its values are imported from another document.",
                "Write the values into the expression.",
                element,
                owner,
            )
        return literal

    def _context(self, element: etree._Element, owner: str) -> model.Expression:
        entries = []
        for entry in children(element, "contextEntry"):
            variable = child(entry, "variable")
            entries.append(
                model.ContextEntry(
                    name=None if variable is None else " ".join((variable.get("name") or "").split()),
                    type_ref=None if variable is None else self.type_ref(variable),
                    value=self.expression_in(entry, owner),
                )
            )
        return model.Context(
            id=element.get("id"), line=line_of(element), type_ref=self.type_ref(element), entries=tuple(entries)
        )

    def _items(self, element: etree._Element, owner: str) -> tuple[model.Expression | None, ...]:
        found = []
        for each in element:
            namespace, tag = split(str(each.tag))
            if namespace == self._namespace and tag in self._readers:
                found.append(self._read(each, tag, owner))
        return tuple(found)

    def _list(self, element: etree._Element, owner: str) -> model.Expression:
        return model.ListOf(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            items=self._items(element, owner),
        )

    def _relation(self, element: etree._Element, owner: str) -> model.Expression:
        return model.Relation(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            columns=tuple(" ".join((each.get("name") or "").split()) for each in children(element, "column")),
            rows=tuple(self._items(each, owner) for each in children(element, "row")),
        )

    def _invocation(self, element: etree._Element, owner: str) -> model.Expression:
        bindings = []
        for binding in children(element, "binding"):
            parameter = child(binding, "parameter")
            bindings.append(
                model.Binding(
                    name="" if parameter is None else " ".join((parameter.get("name") or "").split()),
                    type_ref=None if parameter is None else self.type_ref(parameter),
                    value=self.expression_in(binding, owner),
                )
            )
        return model.Invocation(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            function=self.expression_in(element, owner),
            bindings=tuple(bindings),
        )

    def function(self, element: etree._Element, owner: str) -> model.FunctionDefinition:
        """`functionDefinition` and `encapsulatedLogic`."""
        kind = (element.get("kind") or "FEEL").strip().upper()
        kind = {"F": "FEEL", "J": "JAVA", "P": "PMML"}.get(kind, kind)
        if kind != "FEEL":
            self._report(
                Severity.ERROR,
                "DMN_FUNCTION_KIND",
                f"Expected a function written in FEEL in '{owner}', but its kind is {kind}.",
                "Write the function in FEEL, or let a service task with a connector compute it.",
                element,
                owner,
            )
        return model.FunctionDefinition(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            kind=kind,
            parameters=tuple(
                model.Parameter(name=" ".join((each.get("name") or "").split()), type_ref=self.type_ref(each))
                for each in children(element, "formalParameter")
            ),
            body=self.expression_in(element, owner),
        )

    def _conditional(self, element: etree._Element, owner: str) -> model.Expression:
        return model.Conditional(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            condition=self.expression_in(child(element, "if"), owner),
            then=self.expression_in(child(element, "then"), owner),
            otherwise=self.expression_in(child(element, "else"), owner),
        )

    def _filter(self, element: etree._Element, owner: str) -> model.Expression:
        return model.Filter(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            source=self.expression_in(child(element, "in"), owner),
            match=self.expression_in(child(element, "match"), owner),
        )

    def _iteration(self, element: etree._Element, owner: str) -> model.Expression:
        kind = split(str(element.tag))[1]
        return model.Iteration(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            kind=kind,
            variable=" ".join((element.get("iteratorVariable") or "").split()),
            source=self.expression_in(child(element, "in"), owner),
            body=self.expression_in(child(element, "return" if kind == "for" else "satisfies"), owner),
        )

    # Decision tables

    def _table(self, element: etree._Element, owner: str) -> model.Expression:
        policy = (element.get("hitPolicy") or "UNIQUE").strip().upper()
        policy = _POLICIES.get(policy[:1], policy) if len(policy) <= 2 else policy
        aggregation = (element.get("aggregation") or "").strip().upper() or None
        if policy not in POLICIES or (aggregation is not None and aggregation not in AGGREGATIONS):
            self._report(
                Severity.ERROR,
                "DMN_HIT_POLICY",
                f"Expected a hit policy of DMN in '{owner}', but found '{aggregation or policy}'.",
                "Use UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT (with SUM, COUNT, MIN, MAX).",
                element,
                owner,
            )
        inputs = tuple(self._input(each) for each in children(element, "input"))
        outputs = tuple(self._output(each) for each in children(element, "output"))
        rules = tuple(self._rule(each) for each in children(element, "rule"))
        self._check_widths(element, owner, inputs, outputs, rules)
        return model.DecisionTable(
            id=element.get("id"),
            line=line_of(element),
            type_ref=self.type_ref(element),
            hit_policy=policy,
            aggregation=aggregation,
            inputs=inputs,
            outputs=outputs,
            rules=rules,
        )

    def _check_widths(
        self,
        element: etree._Element,
        owner: str,
        inputs: tuple[model.Input, ...],
        outputs: tuple[model.Output, ...],
        rules: tuple[model.Rule, ...],
    ) -> None:
        if not outputs:
            self._report(
                Severity.ERROR,
                "DMN_TABLE_SHAPE",
                f"Expected an output in the decision table of '{owner}', but there is none.",
                "Add an output column.",
                element,
                owner,
            )
        for rule, found in zip(rules, children(element, "rule"), strict=True):
            if len(rule.inputs) != len(inputs) or len(rule.outputs) != len(outputs):
                self._report(
                    Severity.ERROR,
                    "DMN_TABLE_SHAPE",
                    f"Expected {len(inputs)} input and {len(outputs)} output entries in a rule of '{owner}', "
                    f"but found {len(rule.inputs)} and {len(rule.outputs)}.",
                    "Give each rule one entry per column; '-' in an input entry fits everything.",
                    found,
                    owner,
                )

    def _input(self, element: etree._Element) -> model.Input:
        variable = next(
            (str(value) for key, value in element.attrib.items() if split(str(key))[1] == "inputVariable"), None
        )
        return model.Input(
            id=element.get("id"),
            line=line_of(element),
            label=element.get("label"),
            expression=self.literal(child(element, "inputExpression")),
            allowed=self.literal(child(element, "inputValues")),
            variable=variable or None,
        )

    def _output(self, element: etree._Element) -> model.Output:
        return model.Output(
            id=element.get("id"),
            line=line_of(element),
            name=" ".join((element.get("name") or "").split()) or None,
            label=element.get("label"),
            type_ref=self.type_ref(element),
            allowed=self.literal(child(element, "outputValues")),
            default=self.literal(child(element, "defaultOutputEntry")),
        )

    def _rule(self, element: etree._Element) -> model.Rule:
        def literals(tag: str) -> tuple[model.Literal, ...]:
            found = (self.literal(each) for each in children(element, tag))
            return tuple(each for each in found if each is not None)

        return model.Rule(
            id=element.get("id"),
            line=line_of(element),
            inputs=literals("inputEntry"),
            outputs=literals("outputEntry"),
        )
