"""A statement as its text and what its parameters have to pass, made once and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Dialect

Params = dict[str, Any]
Processor = Callable[[Any], Any]


class Compiled:
    """Text, types and type processors of a statement whose parameters have these names."""

    def __init__(self, dialect: Dialect, statement: Any, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self.compiled = compiled
        self.text = str(compiled)
        self.types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        bound = {name: type.bind_processor(dialect) for name, type in self.types.items()}
        self.processors: list[tuple[str, Processor]] = [
            (name, processor) for name, processor in bound.items() if processor is not None and name in names
        ]

    def process(self, rows: list[Params]) -> None:
        """Replace each value by what the driver takes."""
        for name, processor in self.processors:
            for row in rows:
                row[name] = processor(row[name])
