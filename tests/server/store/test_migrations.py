"""The migrations make exactly the tables that the code knows, on both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.types import TypeEngine

import migrations
from server.ids import lowest_id
from server.store.migrate import current, head, upgrade
from server.store.partitions import PARTITIONED, ensure_partitions, month
from server.store.sql.engine import open_engine, parse_url
from server.store.sql.store import SqlStore
from server.store.tables import metadata, node_lease
from tests.support.stores import temporary_schema


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def migrated(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_template')}"
    url: str = request.getfixturevalue("postgres_schema")
    return url


def other_type(
    context: MigrationContext, _found: Any, _wanted: Any, found: TypeEngine[Any], wanted: TypeEngine[Any]
) -> bool:
    """By the words of the dialect, collation included."""
    return found.compile(context.dialect) != wanted.compile(context.dialect)


def partition(name: str | None) -> bool:
    return name is not None and re.fullmatch(r"history(_value)?_(default|\d{4}_\d{2})", name) is not None


def test_should_make_what_the_metadata_says(migrated: str) -> None:
    engine = open_engine(parse_url(migrated))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": other_type,
                "include_name": lambda name, kind, _parents: not (kind == "table" and partition(name)),
            },
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_should_make_partial_indexes_with_the_same_conditions(migrated: str) -> None:
    engine = open_engine(parse_url(migrated))
    with engine.connect() as connection:
        conditions = index_conditions(connection)
    engine.dispose()

    dialect = engine.dialect
    for table in metadata.tables.values():
        for index in table.indexes:
            where = index.dialect_options[dialect.name]["where"]
            expected = None
            if where is not None:
                expected = str(where.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            assert normal(conditions[str(index.name)]) == normal(expected), index.name


def index_conditions(connection: Connection) -> dict[str, str | None]:
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
    else:
        found = connection.execute(
            text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()")
        )
    return {name: sql.partition(" WHERE ")[2] or None for name, sql in found if sql}


def normal(condition: str | None) -> str | None:
    """Without table names, casts, brackets and what else PostgreSQL adds when it shows a condition."""
    if condition is None:
        return None
    words = re.sub(r"::\w+(\[\])?|\b\w+\.|[() ]", "", condition)
    return re.sub(r"=ANYARRAY\[(.*?)\]", r"IN\1", words.replace("[", "[")).replace(",", ", ").upper()


def test_should_number_and_name_migrations() -> None:
    names = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))

    assert names
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"\d{4}(_[a-z0-9]+)+", name) for name in names)


def test_should_say_which_schema_there_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    store = SqlStore(url)
    assert store.schema_status() == (None, head())

    store.migrate()
    store.migrate()

    assert store.schema_status() == (head(), head())
    assert current(url) == head()
    store.close()


def test_should_have_a_tenant_in_every_table_and_unique_index_of_tenants() -> None:
    for table in metadata.tables.values():
        if table is node_lease:  # belongs to the installation
            continue
        assert "tenant_id" in table.c, table.name
        for index in table.indexes:
            assert not index.unique or "tenant_id" in index.columns, index.name


def test_should_lead_the_key_of_what_belongs_to_an_instance_with_its_id() -> None:
    for table in metadata.tables.values():
        if "instance_id" in table.c:
            assert next(iter(table.primary_key.columns)).name == "instance_id", table.name


@pytest.mark.database
def test_should_partition_history_by_month(postgres_schema: str) -> None:
    engine = open_engine(parse_url(postgres_schema))
    now = datetime(2031, 11, 5, tzinfo=UTC)
    with engine.connect() as connection:
        made = ensure_partitions(connection, now, months_ahead=2)
        again = ensure_partitions(connection, now, months_ahead=2)
        insert = text("INSERT INTO history VALUES (:id, 1, 'default', now(), '')")
        connection.execute(insert, {"id": lowest_id(datetime(2031, 12, 31, 23, 59, tzinfo=UTC))})
        connection.execute(insert, {"id": lowest_id(datetime(2033, 1, 1, tzinfo=UTC))})
        homes = connection.execute(text("SELECT tableoid::regclass::text FROM history ORDER BY instance_id")).scalars()
        assert [home.rpartition(".")[2] for home in homes] == ["history_2031_12", "history_default"]
        late = ensure_partitions(connection, datetime(2033, 1, 5, tzinfo=UTC), months_ahead=0)
        connection.rollback()
    engine.dispose()

    assert made == [f"{table}_{name}" for name in ("2031_11", "2031_12", "2032_01") for table in PARTITIONED]
    assert again == []
    assert late == ["history_value_2033_01"]  # history's rows of that month are in the default partition already


@pytest.mark.database
def test_should_make_the_coming_months_with_the_migration(postgres_schema: str) -> None:
    store = SqlStore(postgres_schema)
    with store.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        now = connection.execute(text("SELECT now()")).scalar_one()
    store.ensure_partitions()
    store.close()

    assert {f"history_{month(now, offset):%Y_%m}" for offset in range(4)} <= tables
    assert {"history_default", "history_value_default"} <= tables


@pytest.mark.parametrize(
    ("offset", "first"),
    [
        (0, datetime(2026, 11, 1, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, tzinfo=UTC)),
        (2, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_should_count_months_over_the_end_of_the_year(offset: int, first: datetime) -> None:
    assert month(datetime(2026, 11, 30, 23, tzinfo=UTC), offset) == first


@pytest.mark.database
def test_should_migrate_the_schema_that_the_url_names() -> None:
    with temporary_schema() as url:
        assert current(url) is None
        upgrade(url)
        assert current(url) == head()
        upgrade(url)
