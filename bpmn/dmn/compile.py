"""The model of a DMN document to a program: every expression compiled, every reference resolved.

What is wrong is a finding; the part that it is in is null when it is evaluated, so that the rest can be tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.dmn import model
from bpmn.dmn.expressions import Expressions
from bpmn.dmn.program import DecisionPart, Evaluate, InputPart, KnowledgePart, Program, ServicePart
from bpmn.dmn.types import Types
from bpmn.expressions.feel.language import MEMBERS
from bpmn.expressions.feel.names import Names
from bpmn.expressions.feel.types import ANY, FunctionOf, Type, resolved
from bpmn.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Compiled:
    program: Program
    findings: tuple[Finding, ...]


def compile_definitions(
    definitions: model.Definitions, *, imported: Mapping[str, Program] | None = None, file: str | None = None
) -> Compiled:
    """Compile a document; `imported` are the documents that it may import, by namespace."""
    builder = _Builder(definitions, imported or {}, file)
    return Compiled(builder.program(), tuple(builder.findings))


class _Builder:
    def __init__(self, definitions: model.Definitions, imported: Mapping[str, Program], file: str | None) -> None:
        self._definitions = definitions
        self._file = file
        self.findings: list[Finding] = []
        self._imports = self._resolved_imports(imported)
        self._types = Types(
            definitions.types,
            {name or namespace: program.types for namespace, (name, program) in self._imports.items()},
            lambda code, message, where: self._report(
                code, message, "Correct the type, or define one of that name.", where.name, where.name, where.line
            ),
        )
        self._members = Names(self._member_names(), MEMBERS)

    def _report(
        self,
        code: str,
        message: str,
        hint: str,
        id: str | None,
        name: str | None,
        line: int | None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                hint=hint,
                element_id=id,
                element_name=name,
                line=line,
                file=self._file,
            )
        )

    def _resolved_imports(self, imported: Mapping[str, Program]) -> dict[str, tuple[str, Program]]:
        found: dict[str, tuple[str, Program]] = {}
        for each in self._definitions.imports:
            if each.namespace in imported:
                found[each.namespace] = each.name, imported[each.namespace]
            else:
                self._report(
                    "DMN_IMPORT",
                    f"Expected the document with namespace '{each.namespace}' that is imported, but it is not there.",
                    "Deploy both documents together; only DMN can be imported.",
                    None,
                    each.name,
                    each.line,
                )
        return found

    def _member_names(self) -> Iterable[str]:
        yield from self._types.members
        for decision in self._definitions.decisions:
            yield decision.variable
            yield from _names_within(decision.expression)
        for knowledge in self._definitions.knowledge:
            yield from _names_within(knowledge.function)
        for _, program in self._imports.values():
            yield from program.variables
            yield from (part.variable for part in program.knowledge.values())
            yield from (part.variable for part in program.services.values())

    # The parts

    def program(self) -> Program:
        definitions = self._definitions
        self._refuse_circles()
        inputs = {
            each.id: InputPart(id=each.id, variable=each.variable, type=self._type(each, each.type_ref))
            for each in definitions.inputs
        }
        decisions = {each.id: self._decision(each) for each in definitions.decisions}
        knowledge = {each.id: self._knowledge(each) for each in definitions.knowledge if each.function is not None}
        services = {each.id: self._service(each) for each in definitions.services}
        return Program(
            id=definitions.id,
            name=definitions.name,
            namespace=definitions.namespace,
            decisions=decisions,
            inputs=inputs,
            knowledge=knowledge,
            services=services,
            types=self._types.named,
            imports=self._imports,
        )

    def _type(self, element: model.Element, type_ref: str | None) -> Type:
        found = self._types.find(type_ref)
        if found is None:
            self._report(
                "DMN_TYPE_MISSING",
                f"Expected a type named '{type_ref}' for '{element.id}', but there is none.",
                "Define it as item definition, or use a type of FEEL (number, string, boolean, date, ...).",
                element.id,
                element.name,
                element.line,
                Severity.WARNING,
            )
        return found or ANY

    def _expressions(self, element: model.Element) -> Expressions:
        return Expressions(
            owner=element,
            language=self._definitions.language,
            types=self._types,
            members=self._members,
            report=self._report,
        )

    def _decision(self, decision: model.Decision) -> DecisionPart:
        known = self._known(decision, (*decision.required_decisions, *decision.required_inputs))
        known |= self._known(decision, decision.required_knowledge)
        expressions = self._expressions(decision)
        evaluate = expressions.compile(decision.expression, known)
        if decision.expression is None:
            evaluate = self._without_logic(decision)
        return DecisionPart(
            id=decision.id,
            name=decision.name,
            variable=decision.variable,
            type=self._type(decision, decision.type_ref),
            aliases=_output_names(decision.expression),
            decisions=decision.required_decisions,
            inputs=decision.required_inputs,
            knowledge=decision.required_knowledge,
            evaluate=evaluate,
            version_tag=decision.version_tag,
            outputs=_outputs(decision.expression),
            many=_is_many(decision.expression),
            reads=None if expressions.reads_anything else frozenset(expressions.free - known),
        )

    def _without_logic(self, decision: model.Decision) -> Evaluate:
        """A decision that is only drawn: its value may be given from outside (DMN 1.5, 6.3.7)."""
        self._report(
            "DMN_WITHOUT_LOGIC",
            f"Expected decision logic in '{decision.id}', but there is none: its value is null.",
            "Add a decision table or an expression.",
            decision.id,
            decision.name,
            decision.line,
            Severity.WARNING,
        )
        return lambda scope: None

    def _known(self, owner: model.Element, references: Collection[str]) -> set[str]:
        """The names that required elements are bound to."""
        known: set[str] = set()
        for reference in references:
            namespace, mark, id = reference.rpartition("#")
            if mark and namespace in self._imports:
                name, program = self._imports[namespace]
                parts: dict[str, Any] = {**program.decisions, **program.inputs, **program.knowledge, **program.services}
                if id in parts:
                    known.add(name or parts[id].variable)
                    continue
            element = self._definitions.elements.get(reference)
            if element is None:
                self._report(
                    "DMN_REFERENCE_MISSING",
                    f"Expected the element '{reference}' that '{owner.id}' requires, but there is none.",
                    "Correct the reference, or add the element.",
                    owner.id,
                    owner.name,
                    owner.line,
                )
                continue
            known.add(element.variable)
            if isinstance(element, model.Decision):
                known.update((element.name, *_output_names(element.expression)))
        return known

    def _knowledge(self, knowledge: model.BusinessKnowledgeModel) -> KnowledgePart:
        function = knowledge.function
        assert function is not None
        known = self._known(knowledge, knowledge.required_knowledge) | {knowledge.variable}
        expressions = self._expressions(knowledge)
        body = expressions.function_body(function, known)
        declared = resolved(self._type(knowledge, knowledge.type_ref))
        return KnowledgePart(
            id=knowledge.id,
            variable=knowledge.variable,
            parameters=tuple(each.name for each in function.parameters),
            types=tuple(self._type(knowledge, each.type_ref) for each in function.parameters),
            result=declared.result if isinstance(declared, FunctionOf) else self._type(knowledge, knowledge.type_ref),
            knowledge=knowledge.required_knowledge,
            body=body,
        )

    def _service(self, service: model.DecisionService) -> ServicePart:
        self._known(service, (*service.outputs, *service.encapsulated, *service.input_decisions, *service.inputs))
        declared = resolved(self._type(service, service.type_ref))
        return ServicePart(
            id=service.id,
            name=service.name,
            variable=service.variable,
            outputs=service.outputs,
            input_decisions=service.input_decisions,
            inputs=service.inputs,
            result=declared.result if isinstance(declared, FunctionOf) else self._type(service, service.type_ref),
        )

    def _refuse_circles(self) -> None:
        """Decisions that require each other have no value."""
        decisions = {each.id: each for each in self._definitions.decisions}
        done: set[str] = set()
        for decision in self._definitions.decisions:
            path: list[str] = []
            pending: list[tuple[str, int]] = [(decision.id, 0)]
            while pending:
                id, at = pending.pop()
                if at == 0:
                    path.append(id)
                required = decisions[id].required_decisions
                if at < len(required):
                    pending.append((id, at + 1))
                    following = required[at]
                    if following in path:
                        self._report_circle(decisions[id], [*path[path.index(following) :], following])
                    elif following in decisions and following not in done:
                        pending.append((following, 0))
                else:
                    done.add(id)
                    path.pop()

    def _report_circle(self, decision: model.Decision, circle: list[str]) -> None:
        self._report(
            "DMN_CIRCULAR",
            f"Expected decisions not to require each other, but {' -> '.join(circle[:10])} do.",
            "Remove one of the requirements.",
            decision.id,
            decision.name,
            decision.line,
        )


def _outputs(expression: model.Expression | None) -> tuple[str, ...]:
    """The outputs of a table, by the names that its results have."""
    if not isinstance(expression, model.DecisionTable):
        return ()
    return tuple(each.name or each.label or f"output {at + 1}" for at, each in enumerate(expression.outputs))


def _is_many(expression: model.Expression | None) -> bool:
    if not isinstance(expression, model.DecisionTable):
        return False
    several = expression.hit_policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT")
    return several and expression.aggregation is None


def _output_names(expression: model.Expression | None) -> tuple[str, ...]:
    """Camunda 7 binds a required table's outputs to their names."""
    if isinstance(expression, model.DecisionTable) and len(expression.outputs) == 1 and expression.outputs[0].name:
        return (expression.outputs[0].name,)
    return ()


def _names_within(expression: model.Expression | None) -> Iterable[str]:
    """Names that values of the expression may have as members."""
    pending = [expression]
    while pending:
        each = pending.pop()
        match each:
            case model.Context():
                yield from (entry.name for entry in each.entries if entry.name)
                pending.extend(entry.value for entry in each.entries)
            case model.Relation():
                yield from each.columns
            case model.DecisionTable():
                yield from (output.name for output in each.outputs if output.name)
            case model.FunctionDefinition():
                pending.append(each.body)
            case model.ListOf():
                pending.extend(each.items)
            case model.Invocation():
                pending.append(each.function)
                pending.extend(binding.value for binding in each.bindings)
            case model.Conditional():
                pending.extend((each.condition, each.then, each.otherwise))
            case model.Filter():
                pending.extend((each.source, each.match))
            case model.Iteration():
                pending.extend((each.source, each.body))
