"""Item definitions to FEEL types (DMN 1.5, 7.3.2 and 7.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bpmn.dmn.model import ItemDefinition, Literal
from bpmn.expressions.api import CompileError, EvaluationError
from bpmn.expressions.feel.language import compile_unary_tests
from bpmn.expressions.feel.scope import Run, Scope
from bpmn.expressions.feel.types import ANY, BUILT_IN, ContextOf, FunctionOf, ListOf, Named, Type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CAMUNDA = {
    "integer": BUILT_IN["number"],
    "long": BUILT_IN["number"],
    "double": BUILT_IN["number"],
    "float": BUILT_IN["number"],
    "decimal": BUILT_IN["number"],
}
"""Types that Camunda's modeler offers beside those of FEEL. Its `date` may be a date and time, as in Camunda 7."""

Problem = Callable[[str, str, ItemDefinition], None]
"""Takes code, message and where."""


class Types:
    """The types of a model by name, those of its imports under `import.name`."""

    def __init__(
        self, definitions: Iterable[ItemDefinition], imported: Mapping[str, Mapping[str, Type]], problem: Problem
    ) -> None:
        self._problem = problem
        self.named: dict[str, Type] = {
            f"{prefix}.{name}": kind for prefix, types in imported.items() for name, kind in types.items()
        }
        self.members: set[str] = set()
        self.allowed: dict[str, Literal] = {}
        """Texts of allowed values by the type's name: their order is a priority."""
        definitions = tuple(definitions)
        own: list[tuple[Named, ItemDefinition]] = []
        for definition in definitions:
            named = Named(definition.name)
            self.named[definition.name] = named
            own.append((named, definition))
            if definition.allowed is not None:
                self.allowed[definition.name] = definition.allowed
        for named, definition in own:
            named.target = self._target(definition)
            named.allowed = self._tests(definition.constraint, definition)
        self._refuse_circles(own)

    def find(self, name: str | None) -> Type | None:
        """The type of that name; `Any` for none, None where it is unknown."""
        if not name:
            return ANY
        return self.named.get(name) or BUILT_IN.get(name) or _CAMUNDA.get(name)

    def _find(self, name: str | None, definition: ItemDefinition) -> Type:
        found = self.find(name)
        if found is None and name and ":" in name:
            found = self.find(name.partition(":")[2])
        if found is None:
            self._problem("DMN_TYPE_MISSING", f"Expected a type named '{name}', but there is none.", definition)
        return found or ANY

    def _target(self, definition: ItemDefinition) -> Type:
        """What the name stands for; of a collection the allowed values restrict its items."""
        target: Type
        if definition.function is not None:
            parameters, result = definition.function
            target = FunctionOf(
                tuple(self._find(each.type_ref, definition) for each in parameters), self._find(result, definition)
            )
        elif definition.components:
            self.members.update(each.name for each in definition.components)
            target = ContextOf({each.name: self._component(each) for each in definition.components})
        else:
            target = self._find(definition.type_ref, definition)
        if definition.allowed is not None:
            target = Named(definition.name, target, self._tests(definition.allowed, definition))
        return ListOf(target) if definition.is_collection else target

    def _component(self, definition: ItemDefinition) -> Type:
        target = self._target(definition)
        if definition.constraint is None:
            return target
        return Named(definition.name, target, self._tests(definition.constraint, definition))

    def _tests(self, text: Literal | None, definition: ItemDefinition) -> Callable[[Any], bool] | None:
        if text is None or not text.text:
            return None
        try:
            compiled = compile_unary_tests(text.text, known=(), types=self.named)
        except CompileError as error:
            self._problem(error.code, str(error), definition)
            return None

        def allowed(value: Any) -> bool:
            try:
                return compiled.evaluate(Scope(Run(_EPOCH), {"?": value})) is True
            except EvaluationError:
                return False

        return allowed

    def _refuse_circles(self, own: list[tuple[Named, ItemDefinition]]) -> None:
        """A type that only stands for itself would never be resolved."""
        for named, definition in own:
            seen = {id(named)}
            kind: Type = named.target
            while isinstance(kind, Named):
                if id(kind) in seen:
                    self._problem(
                        "DMN_TYPE_CIRCULAR", f"Expected type '{named.name}' not to stand for itself.", definition
                    )
                    named.target = ANY
                    break
                seen.add(id(kind))
                kind = kind.target
