"""What all parts of the model share: elements, expressions, mappings. Frozen, named as in BPMN 2.0.2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpmn.model.listeners import Listener


class Dialect(StrEnum):
    """Which vendor's extensions a document uses; decides the language of expressions that do not say it."""

    PLAIN = "plain"
    CAMUNDA = "camunda"
    ZEEBE = "zeebe"
    FLOWABLE = "flowable"
    """flowable: and activiti: (one family of engines, one set of names)."""
    SPIFFWORKFLOW = "spiffworkflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Text in an expression language, not yet compiled.

    `language` is one of `literal` (the text itself is the value), `juel`, `feel`, `python`, `javascript`, or another
    name as the model wrote it (then a rule reports it). JUEL text is a template: `Hello ${name}` is a string.
    `list` and `map` (camunda:list, camunda:map) have no text, their value is made of `parts`.
    """

    text: str
    language: str
    line: int | None = None
    parts: tuple[tuple[str | None, Expression | None], ...] = ()
    """(key, value) of a `map`, (None, value) of a `list`; a value of None is null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Base of everything that has an id in the document (an id is generated, `_L<line>...`, where it has none)."""

    id: str
    name: str | None = None
    line: int | None = None
    documentation: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    """Vendor key/value properties (`camunda:properties`, `zeebe:properties`)."""
    listeners: tuple[Listener, ...] = ()
    """Execution listeners, in document order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """`target` receives the value of `source`: an input or output parameter of an activity or event.

    `source` is None where the document left the parameter empty (the value is null). A `script` source is an
    expression whose language is a script language.
    """

    target: str
    source: Expression | None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMapping:
    """One `in`/`out` of a call activity. `all_variables` copies every visible (or, with `local`, local) variable."""

    target: str | None = None
    source: Expression | None = None
    """For a plain source variable: a JUEL expression `${name}`; the reader makes it so."""
    all_variables: bool = False
    local: bool = False
    line: int | None = None
