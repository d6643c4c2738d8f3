"""PostgreSQL: monthly partitions of history. Ids rise with time, so a month is a range of instance ids."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, text

from server.ids import lowest_id

PARTITIONED = ("history", "history_value")
MONTHS_AHEAD = 3
_LOCK = int.from_bytes(b"bpmndPrt", "big", signed=True)


def ensure_partitions(connection: Connection, now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and the next ones where they are missing; returns the names of new ones.

    Rows outside of all months are in the DEFAULT partition. A month whose rows are there already (nobody made its
    partition in time) stays there.
    """
    made: list[str] = []
    # Several engines look at the same moment (all at their start): one makes them, the others find them.
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    for offset in range(months_ahead + 1):
        start, end = month(now, offset), month(now, offset + 1)
        for table in PARTITIONED:
            name = f"{table}_{start:%Y_%m}"
            if _exists(connection, name) or _in_default(connection, table, start, end):
                continue
            connection.exec_driver_sql(
                f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({lowest_id(start)}) TO ({lowest_id(end)})"
            )
            made.append(name)
    return made


def month(now: datetime, offset: int) -> datetime:
    """First moment of the month `offset` months after that of `now`."""
    months = now.year * 12 + now.month - 1 + offset
    return now.replace(year=months // 12, month=months % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _exists(connection: Connection, name: str) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None


def _in_default(connection: Connection, table: str, start: datetime, end: datetime) -> bool:
    found = connection.execute(
        text(f"SELECT 1 FROM {table}_default WHERE instance_id >= :low AND instance_id < :high LIMIT 1"),
        {"low": lowest_id(start), "high": lowest_id(end)},
    )
    return found.first() is not None


__all__ = ["MONTHS_AHEAD", "PARTITIONED", "ensure_partitions", "month"]
