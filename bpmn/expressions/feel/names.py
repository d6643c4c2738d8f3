"""Names of FEEL may have spaces and operators in them (`Date-Time`, `days in weekend`): which ones are known where.

Names are compared token by token, so that the white space between their parts does not matter; of several that fit,
the longest is meant (DMN 1.5, 10.3.1.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from bpmn.expressions.api import CompileError
from bpmn.expressions.feel.lexer import Token, tokens


@lru_cache(maxsize=4096)
def parts_of(name: str) -> tuple[str, ...]:
    """The tokens of a name; the name itself where it has none (it can then only be written between backticks)."""
    try:
        return tuple(token.text for token in tokens(name)[:-1])
    except CompileError:
        return (name,)


class Names:
    """The names of one scope and of those around it."""

    __slots__ = ("_names", "_parent")

    def __init__(self, names: Iterable[str] = (), parent: Names | None = None) -> None:
        self._parent = parent
        self._names: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        parts = parts_of(name)
        if not parts:
            return
        known = self._names.setdefault(parts[0], [])
        if all(found != name for _, found in known):
            known.append((parts, name))
            known.sort(key=lambda each: -len(each[0]))

    def match(self, found: Sequence[Token], at: int) -> tuple[str, int] | None:
        """The longest known name that begins at this token, and how many tokens it has."""
        best: tuple[str, int] | None = None
        scope: Names | None = self
        while scope is not None:
            for parts, name in scope._names.get(found[at].text, ()):
                if best is not None and len(parts) <= best[1]:
                    break
                if all(at + i < len(found) and found[at + i].text == part for i, part in enumerate(parts)):
                    best = name, len(parts)
                    break
            scope = scope._parent
        return best


def normalised(name: str) -> str:
    """A name with single spaces, as it is bound."""
    return " ".join(name.split())
