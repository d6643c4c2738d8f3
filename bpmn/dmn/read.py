"""Text of a DMN document to its model. What is well-formed is always read; what is wrong with it are findings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from bpmn.dmn import model
from bpmn.dmn.boxed import Boxed, child, children, text_in
from bpmn.findings import Finding, Severity
from bpmn.xml.limits import PARSER_OPTIONS, LimitExceeded, Limits, guard
from bpmn.xml.namespaces import split
from bpmn.xml.node import line_of

NAMESPACE = re.compile(r"https?://www\.omg\.org/spec/DMN/\d{8}(/.*)?")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?definitions\b[^>]*https?://www\.omg\.org/spec/DMN/\d{8}")


@dataclass(frozen=True, slots=True)
class ReadResult:
    """`model` is None only where the document is no readable DMN."""

    model: model.Definitions | None
    findings: tuple[Finding, ...]


def is_dmn(data: bytes) -> bool:
    """Whether the document's root seems to be of DMN: decides who reads an uploaded `.xml`."""
    return (
        re.search(rb"<(?:[\w.-]+:)?definitions\b[^>]*https?://www\.omg\.org/spec/DMN/\d{8}", data[:20_000]) is not None
    )


def read(data: bytes, *, file: str | None = None, limits: Limits = Limits()) -> ReadResult:  # noqa: B008
    """Read a document of DMN 1.1 to 1.5. Never raises for what it holds."""
    try:
        if not data.strip():
            raise ValueError("the file is empty")
        guard(data, limits)
        root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True, **PARSER_OPTIONS))
    except LimitExceeded as error:
        return _refused(error.code, error.message, "Split the document into smaller ones.", None, file)
    except etree.XMLSyntaxError as error:
        message = f"Expected well-formed XML, but the parser says: {error.msg or 'it cannot be read'}."
        return _refused("XML_SYNTAX", message, "Export the decision again.", error.lineno or None, file)
    except (ValueError, LookupError) as error:
        return _refused("XML_SYNTAX", f"Expected readable XML, but {error}.", "Save the document as UTF-8.", None, file)
    namespace, local = split(str(root.tag))
    if local != "definitions" or not NAMESPACE.fullmatch(namespace):
        message = f"Expected the root element 'definitions' of DMN 1.1 to 1.5, but found '{root.tag}'."
        return _refused("NOT_DMN", message, "Upload a DMN document.", line_of(root), file)
    reader = _Reader(root, namespace, file)
    return ReadResult(reader.definitions(), tuple(reader.findings))


def _refused(code: str, message: str, hint: str, line: int | None, file: str | None) -> ReadResult:
    finding = Finding(severity=Severity.ERROR, code=code, message=message, hint=hint, line=line, file=file)
    return ReadResult(None, (finding,))


class _Reader:
    def __init__(self, root: etree._Element, namespace: str, file: str | None) -> None:
        self._root = root
        self._file = file
        self._namespace = namespace
        self._boxed = Boxed(namespace, self.report)
        self.findings: list[Finding] = []

    def report(
        self, severity: Severity, code: str, message: str, hint: str, element: etree._Element, id: str | None = None
    ) -> None:
        self.findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                hint=hint,
                element_id=id or element.get("id"),
                element_name=element.get("name"),
                line=line_of(element),
                file=self._file,
            )
        )

    def definitions(self) -> model.Definitions:
        root = self._root
        own = [each for each in root if split(str(each.tag))[0] == self._namespace]
        by_tag: dict[str, list[etree._Element]] = {}
        for each in own:
            by_tag.setdefault(split(str(each.tag))[1], []).append(each)
        inputs = tuple(self._input(each) for each in by_tag.get("inputData", ()))
        decisions = tuple(self._decision(each) for each in by_tag.get("decision", ()))
        knowledge = tuple(self._knowledge(each) for each in by_tag.get("businessKnowledgeModel", ()))
        services = tuple(self._service(each) for each in by_tag.get("decisionService", ()))
        elements: dict[str, model.Element] = {}
        for element in (*inputs, *decisions, *knowledge, *services):
            if element.id in elements:
                self.findings.append(
                    Finding(
                        severity=Severity.ERROR,
                        code="DMN_DUPLICATE_ID",
                        message=f"Expected every id once, but '{element.id}' comes twice.",
                        hint="Give one of the elements another id.",
                        element_id=element.id,
                        element_name=element.name,
                        line=element.line,
                        file=self._file,
                    )
                )
            elements.setdefault(element.id, element)
        return model.Definitions(
            id=root.get("id") or "definitions",
            name=root.get("name") or "",
            namespace=root.get("namespace") or "",
            language=root.get("expressionLanguage") or "",
            types=tuple(self._type(each, 0) for each in by_tag.get("itemDefinition", ())),
            inputs=inputs,
            decisions=decisions,
            knowledge=knowledge,
            services=services,
            imports=tuple(self._import(each) for each in by_tag.get("import", ())),
            elements=elements,
        )

    def _import(self, element: etree._Element) -> model.Import:
        return model.Import(
            name=element.get("name") or "",
            namespace=element.get("namespace") or "",
            line=line_of(element),
            kind=element.get("importType") or "",
        )

    def _common(self, element: etree._Element) -> tuple[str, str, str, str | None]:
        """Id, name, the name of the value, its type."""
        name = " ".join((element.get("name") or element.get("id") or "").split())
        variable = child(element, "variable")
        bound = None if variable is None else variable.get("name")
        kind = None if variable is None else self._boxed.type_ref(variable)
        return element.get("id") or name, name, " ".join((bound or name).split()), kind

    def _input(self, element: etree._Element) -> model.InputData:
        id, name, variable, kind = self._common(element)
        return model.InputData(id=id, name=name, line=line_of(element), variable=variable, type_ref=kind)

    def _decision(self, element: etree._Element) -> model.Decision:
        id, name, variable, kind = self._common(element)
        decisions, inputs = [], []
        for requirement in children(element, "informationRequirement"):
            for each in requirement:
                reference = self._reference(each)
                if split(str(each.tag))[1] == "requiredDecision" and reference not in decisions:
                    decisions.append(reference)
                elif split(str(each.tag))[1] == "requiredInput" and reference not in inputs:
                    inputs.append(reference)
        tag = next((value for key, value in element.attrib.items() if split(str(key))[1] == "versionTag"), None)
        for extension in element.iter("{*}versionTag"):
            tag = tag or extension.get("value")
        return model.Decision(
            id=id,
            name=name,
            line=line_of(element),
            variable=variable,
            type_ref=kind,
            required_decisions=tuple(decisions),
            required_inputs=tuple(inputs),
            required_knowledge=self._knowledge_of(element),
            expression=self._boxed.expression_in(element, id),
            version_tag=None if tag is None else str(tag),
        )

    def _knowledge_of(self, element: etree._Element) -> tuple[str, ...]:
        found = (
            self._reference(each)
            for requirement in children(element, "knowledgeRequirement")
            for each in children(requirement, "requiredKnowledge")
        )
        return tuple(dict.fromkeys(found))

    def _reference(self, element: etree._Element) -> str:
        """The id that an `href` means; of another document with its namespace before it."""
        href = (element.get("href") or "").strip()
        namespace, mark, id = href.rpartition("#")
        if not mark:
            return href
        own = self._root.get("namespace") or ""
        return id if namespace in ("", own) else f"{namespace}#{id}"

    def _knowledge(self, element: etree._Element) -> model.BusinessKnowledgeModel:
        id, name, variable, kind = self._common(element)
        logic = child(element, "encapsulatedLogic")
        return model.BusinessKnowledgeModel(
            id=id,
            name=name,
            line=line_of(element),
            variable=variable,
            type_ref=kind,
            required_knowledge=self._knowledge_of(element),
            function=None if logic is None else self._boxed.function(logic, id),
        )

    def _service(self, element: etree._Element) -> model.DecisionService:
        id, name, variable, kind = self._common(element)

        def references(tag: str) -> tuple[str, ...]:
            return tuple(self._reference(each) for each in children(element, tag))

        return model.DecisionService(
            id=id,
            name=name,
            line=line_of(element),
            variable=variable,
            type_ref=kind,
            outputs=references("outputDecision"),
            encapsulated=references("encapsulatedDecision"),
            input_decisions=references("inputDecision"),
            inputs=references("inputData"),
        )

    def _type(self, element: etree._Element, depth: int) -> model.ItemDefinition:
        if depth > 50:
            self.report(
                Severity.ERROR,
                "DMN_TYPE_TOO_DEEP",
                "Expected types nested at most 50 deep, but found deeper ones.",
                "Give the inner parts names of their own.",
                element,
            )
            return model.ItemDefinition(name=element.get("name") or "", line=line_of(element))
        function = child(element, "functionItem")
        type_ref = child(element, "typeRef")
        return model.ItemDefinition(
            name=" ".join((element.get("name") or "").split()),
            line=line_of(element),
            type_ref=text_in(type_ref) or self._boxed.type_ref(element),
            is_collection=element.get("isCollection") in ("true", "1"),
            components=tuple(self._type(each, depth + 1) for each in children(element, "itemComponent")),
            allowed=self._boxed.literal(child(element, "allowedValues")),
            constraint=self._boxed.literal(child(element, "typeConstraint")),
            function=None if function is None else self._function_item(function),
        )

    def _function_item(self, element: etree._Element) -> tuple[tuple[model.Parameter, ...], str | None]:
        parameters = tuple(
            model.Parameter(name=each.get("name") or "", type_ref=self._boxed.type_ref(each))
            for each in children(element, "parameters")
        )
        return parameters, element.get("outputTypeRef")
