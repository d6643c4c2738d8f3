"""Column types: moments, documents and values, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.types import TypeDecorator, TypeEngine

from bpmn.runtime.state import UNLOADED
from server.store.codec import Encoded, decode, encode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. PostgreSQL: timestamptz; SQLite: microseconds since 1970, so that order is exact."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        moment: datetime = value
        return moment.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A value in the store's codec; None is NULL."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None or type(value) is Encoded:
            return value
        return encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else decode(value)


class StateDocument(Document):
    """The document of a scope: ids and names that the engine made, no values of users."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else encode(value, finite=True)


class StoredValue(TypeDecorator[Any]):
    """A value whose null is a value too; SQL NULL means that it was not read (UNLOADED)."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes:
        return encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return UNLOADED if value is None else decode(value)


class Tuple(TypeDecorator[tuple[Any, ...]]):
    """A short tuple of texts or numbers, kept as a document; empty is NULL."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return encode(list(value)) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Any, ...]:
        return () if value is None else tuple(decode(value))


class Identifier(TypeDecorator[str]):
    """Text that is compared byte by byte, so that order and cursors are the same on every server."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # Not through `type_descriptor`, which makes VARCHAR of it.
        return TEXT(collation="C") if dialect.name == "postgresql" else dialect.type_descriptor(Text())
