"""Which values are accepted, and which are the same."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.store.values import check_value, equality_hash, index_hash, index_key, same_value


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [None, True, 1, 1.5, Decimal("1.5"), "ünïcode \U0001f600", b"\x00", date(2026, 1, 1), datetime.now(UTC),
     timedelta(1), {"a": [1, {"b": (1, 2)}]}, nested(200), 10**4000],
)  # fmt: skip
def test_should_accept_values(value: Any) -> None:
    check_value(value)


@pytest.mark.parametrize(
    ("value", "place", "reason"),
    [
        ("a\x00b", "''", "character 1 is NUL"),
        ({"a": [1, "ü\x00"]}, "'/a/1'", "character 1 is NUL"),
        ({"a/b": {"c~d": math.nan}}, "'/a~1b/c~0d'", "finite"),
        ([[], [math.inf]], "'/1/0'", "finite"),
        ({"x": Decimal("NaN")}, "'/x'", "finite"),
        ({"x": "\ud800"}, "'/x'", "lone surrogate"),
        ({"k\x00": 1}, "''", "NUL"),
        ({"a": {1: 2}}, "'/a'", "int '1'"),
        ({"a": object()}, "'/a'", "'object'"),
        ([{1, 2}], "'/0'", "'set'"),
        (nested(201), "/0/0/0", "200 levels"),
        (nested(100_000), "/0/0/0", "200 levels"),
        ([10**4300], "'/0'", "4300 digits"),
    ],
)
def test_should_refuse_a_value_and_say_where(value: Any, place: str, reason: str) -> None:
    with pytest.raises(ValueError, match="Expected") as refused:
        check_value(value)

    assert place in str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "same",
    [
        [1, 1.0, Decimal("1"), Decimal("1.00"), Decimal("1E0")],
        [0, 0.0, -0.0, Decimal("0E-5"), Decimal("-0")],
        [100, 1e2, Decimal("1E+2"), Decimal("100.0")],
        [0.1, Decimal("0.1"), Decimal("0.10")],
        [-2.5, Decimal("-2.50")],
        [10**30, Decimal(10**30), 1e30],
        [10**18, Decimal("1e18"), 1e18],
        [datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))],
        [[1, {"a": 1.0}], [Decimal(1), {"a": 1}]],
        [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
    ],
)
def test_should_count_as_the_same_value(same: list[Any]) -> None:
    assert len({equality_hash(value) for value in same}) == 1
    assert all(same_value(same[0], value) for value in same)


def test_should_tell_values_apart() -> None:
    different = [
        None, True, False, 0, 1, -1, 10, 0.1, 1.5, Decimal("0.1000000000000000001"), 10**18 + 1, "", "1", "1.0", "True",
        "None", b"1", date(2026, 1, 1), "2026-01-01", datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC),
        timedelta(days=1), timedelta(days=-1), [], {}, [1], ["1"], [[1]], [1, 1], {"1": 1}, {"1": "1"}, ["a", "bc"],
        ["ab", "c"],
    ]  # fmt: skip

    assert len({bytes(repr(value), "utf-8") if value is None else str(equality_hash(value)).encode()
                for value in different}) == len(different)  # fmt: skip
    for number, left in enumerate(different):
        assert [right for right in different[number + 1 :] if same_value(left, right)] == []


def test_should_hash_only_scalars_for_searching() -> None:
    assert index_hash([1]) is None
    assert index_hash({"a": 1}) is None
    assert index_hash(None) is not None
    assert index_hash(1) == index_hash(1.0) != index_hash("1")
    assert index_hash(1) != index_hash(True)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_should_normalise_numbers_of_any_size(number: float) -> None:
    exact = Decimal(repr(number))

    assert index_key(number) == index_key(exact)
    assert -(2**63) <= (index_hash(number) or 0) < 2**63
