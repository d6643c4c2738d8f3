"""Correlation keys, compiled: where a message has their values (BPMN 2.0.2, 8.4.2).

A *rule* is the list of paths, as text with their languages, that derive the values of a message. It travels with the
subscription, so that whoever matches messages needs neither the definition nor the instance: two versions whose paths
are the same have the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from bpmn.expressions.api import Compiled
from bpmn.expressions.compile import compile_expression
from bpmn.model.base import Expression

Rule = tuple[tuple[str, str], ...]
"""(language, text) of each path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One key as one message carries it."""

    key: str
    """Id of the correlation key."""
    properties: tuple[str, ...]
    rule: Rule
    paths: tuple[Compiled, ...]
    from_context: bool = False
    """The process computes it (`CorrelationSpec.bindings`); messages do not initialise it."""


@dataclass(slots=True)
class CorrelationSpec:
    """Keys that the process computes of its data: key -> one expression per property."""

    bindings: dict[str, tuple[Compiled, ...]] = field(default_factory=dict)

    @property
    def reads(self) -> frozenset[str] | None:
        """Variables whose change may change a key; None: any."""
        names: set[str] = set()
        for paths in self.bindings.values():
            for path in paths:
                if path.reads is None:
                    return None
                names |= path.reads
        return frozenset(names)


def as_rule(parts: Iterable[Iterable[str]]) -> Rule:
    """A rule as JSON brings it back."""
    return tuple((language, text) for language, text in parts)


@lru_cache(maxsize=1024)
def paths_of(rule: Rule) -> tuple[Compiled, ...]:
    """The rule's paths, compiled. Raises CompileError, which a rule of a deployed definition never does."""
    return tuple(compile_expression(Expression(text=text, language=language)) for language, text in rule)
