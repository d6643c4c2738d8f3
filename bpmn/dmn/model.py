"""DMN as data, named as in the standard (DMN 1.5, chapters 6 to 8); expressions are still text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Any boxed expression. `id` is None where the document has none; `type_ref` is what its value must be."""

    id: str | None = None
    line: int | None = None
    type_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Expression):
    """`language` is empty for FEEL."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextEntry:
    """Without a name it is the result of the context."""

    name: str | None
    type_ref: str | None
    value: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Expression):
    entries: tuple[ContextEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Expression):
    items: tuple[Expression | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Expression):
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    name: str
    type_ref: str | None
    value: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation(Expression):
    function: Expression | None
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    type_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDefinition(Expression):
    """`kind` is FEEL, JAVA or PMML; only the first is evaluated."""

    kind: str
    parameters: tuple[Parameter, ...]
    body: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(Expression):
    condition: Expression | None
    then: Expression | None
    otherwise: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Expression):
    source: Expression | None
    match: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration(Expression):
    """`for`, `some`, `every`: `kind` says which."""

    kind: str
    variable: str
    source: Expression | None
    body: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A column that asks. `variable` is Camunda's name for its value in its entries."""

    id: str | None
    line: int | None
    label: str | None
    expression: Literal | None
    allowed: Literal | None
    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    id: str | None
    line: int | None
    name: str | None
    label: str | None
    type_ref: str | None
    allowed: Literal | None
    default: Literal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    id: str | None
    line: int | None
    inputs: tuple[Literal, ...]
    outputs: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable(Expression):
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """What stands in the requirements graph."""

    id: str
    name: str
    line: int | None
    variable: str
    """The name its value is bound to."""
    type_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputData(Element):
    """A value from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Element):
    required_decisions: tuple[str, ...] = ()
    required_inputs: tuple[str, ...] = ()
    required_knowledge: tuple[str, ...] = ()
    expression: Expression | None = None
    version_tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessKnowledgeModel(Element):
    required_knowledge: tuple[str, ...] = ()
    function: FunctionDefinition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionService(Element):
    outputs: tuple[str, ...] = ()
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDefinition:
    """A type of the model. `allowed` restricts each value, `constraint` the collection as a whole (DMN 1.5)."""

    name: str
    line: int | None
    type_ref: str | None = None
    is_collection: bool = False
    components: tuple[ItemDefinition, ...] = ()
    allowed: Literal | None = None
    constraint: Literal | None = None
    function: tuple[tuple[Parameter, ...], str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    name: str
    namespace: str
    line: int | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """A document. Elements are ordered as in it, references are ids (`namespace#id` for those of an import)."""

    id: str
    name: str
    namespace: str
    language: str
    types: tuple[ItemDefinition, ...] = ()
    inputs: tuple[InputData, ...] = ()
    decisions: tuple[Decision, ...] = ()
    knowledge: tuple[BusinessKnowledgeModel, ...] = ()
    services: tuple[DecisionService, ...] = ()
    imports: tuple[Import, ...] = ()
    elements: dict[str, Element] = field(default_factory=dict)
    """By id."""
