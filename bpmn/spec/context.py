"""What the builders share: the document's root elements by id, compiling of expressions, findings."""

from __future__ import annotations

from bpmn.expressions.api import NO_HANDLERS, Compiled, CompileError, Handlers
from bpmn.expressions.compile import compile_expression, compile_script
from bpmn.findings import Finding, Severity
from bpmn.model.base import Dialect, Element, Expression, Mapping
from bpmn.model.conversations import KeyInUse, MessageFlows
from bpmn.model.definitions import Definitions, Error, Escalation, Message, Operation, Signal
from bpmn.spec.composite import composite
from bpmn.spec.graph import MappingSpec


class BuildContext:
    """One compilation. Expressions that do not compile become ERROR findings; `NULL` stands in for them."""

    def __init__(self, model: Definitions, handlers: Handlers = NO_HANDLERS) -> None:
        self.model = model
        self.dialect: Dialect = model.dialect
        self.handlers = handlers
        self.findings: list[Finding] = []
        self.data: dict[str, str] = {}
        """Id of a data element of the process -> its variable (`bpmn.spec.data`)."""
        self.lanes: dict[str, str] = {}
        """Id of a flow node -> the innermost lane it is in, where lanes say who does the work (`bpmn.spec.lanes`)."""
        self.keys: tuple[KeyInUse, ...] = ()
        """Correlation keys of the process (`bpmn.spec.correlation`)."""
        self.message_flows = MessageFlows(model)
        self.make_executable = False
        self.messages: dict[str, Message] = {m.id: m for m in model.messages}
        self.errors: dict[str, Error] = {e.id: e for e in model.errors}
        self.escalations: dict[str, Escalation] = {e.id: e for e in model.escalations}
        self.signals: dict[str, Signal] = {s.id: s for s in model.signals}
        self.operations: dict[str, Operation] = {o.id: o for o in model.operations}

    def literal(self, text: str) -> Compiled:
        return compile_expression(Expression(text=text, language="literal"))

    def template(self, text: str | None) -> Compiled | None:
        """A name that may hold `${...}` (Camunda 7 and Flowable evaluate names of tasks and messages)."""
        if text is None:
            return None
        if "${" in text or "#{" in text:
            return self.expression(Expression(text=text, language="juel"), None)
        return self.literal(text)

    def expression(self, expression: Expression, element: Element | None) -> Compiled:
        return self._compiled(expression, element, script=False, auto_store=False)

    def optional(self, expression: Expression | None, element: Element) -> Compiled | None:
        return None if expression is None else self.expression(expression, element)

    def script(self, expression: Expression, element: Element, *, auto_store: bool = False) -> Compiled:
        return self._compiled(expression, element, script=True, auto_store=auto_store)

    def mappings(self, mappings: tuple[Mapping, ...], element: Element) -> tuple[MappingSpec, ...]:
        return tuple(
            MappingSpec(m.target, None if m.source is None else self._mapping_source(m.source, element))
            for m in mappings
        )

    def error(self, code: str, message: str, hint: str, element: Element | None, line: int | None = None) -> None:
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=message,
                hint=hint,
                element_id=None if element is None else element.id,
                element_name=None if element is None else element.name,
                line=line if line is not None else (None if element is None else element.line),
            )
        )

    def _mapping_source(self, source: Expression, element: Element) -> Compiled:
        """Input and output parameters may be scripts (camunda:script)."""
        return self._part(source, element)

    def _composite(self, expression: Expression, element: Element | None) -> Compiled:
        """camunda:list, camunda:map. Recursion is bounded by the depth that a document may have."""
        return composite(
            expression.language,
            tuple(
                (
                    None
                    if key is None
                    else self.expression(Expression(text=key, language=_key_language(key)), element),
                    None if value is None else self._part(value, element),
                )
                for key, value in expression.parts
            ),
        )

    def _part(self, value: Expression, element: Element | None) -> Compiled:
        if value.language in _SCRIPTS:
            return self._compiled(value, element, script=True, auto_store=False)
        return self.expression(value, element)

    def _compiled(self, expression: Expression, element: Element | None, *, script: bool, auto_store: bool) -> Compiled:
        if expression.language in ("list", "map"):
            return self._composite(expression, element)
        try:
            if script:
                return compile_script(expression, handlers=self.handlers, auto_store=auto_store)
            return compile_expression(expression, handlers=self.handlers)
        except CompileError as error:
            where = "" if element is None else f" of '{element.id}'"
            self.error(
                error.code,
                f"Expected '{_short(expression.text)}'{where} to be {_language(expression)} that bpmnd runs, but it is "
                f"not. {error}",
                error.hint or "Correct the expression, or use a language bpmnd runs: JUEL, Python or JavaScript.",
                element,
                expression.line,
            )
            return self.literal("")


_SCRIPTS = ("javascript", "groovy")


def _key_language(key: str) -> str:
    return "juel" if "${" in key or "#{" in key else "literal"


def _language(expression: Expression) -> str:
    names = {"juel": "JUEL", "feel": "FEEL", "python": "Python", "javascript": "JavaScript", "groovy": "Groovy"}
    return names.get(expression.language, expression.language)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "..."
