"""The codec: what goes in comes out, of the same type, to the last digit."""

from __future__ import annotations

import math
from collections import UserDict
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isodate import Duration

from server.store.codec import FileReference, decode, encode

texts = st.text(st.characters(exclude_categories=["Cs"]))
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
zones = st.one_of(st.none(), st.just(UTC), offsets)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    texts,
    st.binary(),
    st.dates(),
    st.datetimes(timezones=zones),
    st.times(timezones=zones),
    st.timedeltas(),
)
keys = st.one_of(texts, st.sampled_from(["~", "v", "a~", '"~":']))
values = st.recursive(
    scalars, lambda children: st.one_of(st.lists(children), st.dictionaries(keys, children)), max_leaves=20
)


def same(left: Any, right: Any) -> bool:
    """Equal, of the same types, down to -0.0 and the digits of decimals."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return math.copysign(1, left) == math.copysign(1, right) and left == right
    if isinstance(left, Decimal):
        return left.as_tuple() == right.as_tuple()
    if isinstance(left, datetime | time):
        return left.isoformat() == right.isoformat()
    return bool(left == right)


@given(values)
def test_should_give_back_what_it_was_given(value: Any) -> None:
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        0,
        1.0,
        2**63,
        -(2**63) - 1,
        10**4000,
        Decimal("1.10"),
        Decimal("-0E-7"),
        Decimal("1E+6000"),
        Decimal("3." + "1" * 60),
        {"~": "decimal", "v": "1"},
        {"~": None},
        [{"~": {"~": 1}}, Decimal(1)],
        {"a": {"~": "x"}, "b": Decimal(2)},
        Duration(years=1, months=14, days=3, seconds=0.5),
        Duration(months=-1),
        timedelta(microseconds=-1),
        time(23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        FileReference("f1", "invoice.pdf", "application/pdf", 12),
        '\u2028 \U0001f600 \\ " \n',
        "",
        b"",
    ],
)
def test_should_keep_what_is_hard_to_keep(value: Any) -> None:
    again = decode(encode(value))

    assert again == value
    assert same(again, value)


def test_should_keep_the_zone_and_not_only_the_offset() -> None:
    again = decode(encode(datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))))

    assert again.tzinfo == ZoneInfo("Europe/Berlin")
    assert decode(encode(time(12, tzinfo=ZoneInfo("Europe/Berlin")))).tzinfo == ZoneInfo("Europe/Berlin")


def test_should_make_lists_of_tuples_and_maps_of_mappings() -> None:
    assert decode(encode((1, (2, UserDict({"a": Decimal(1)}))))) == [1, [2, {"a": Decimal(1)}]]
    assert decode(encode([UserDict({"~": 1}), Decimal(1)])) == [{"~": 1}, Decimal(1)]


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [math.inf],
        {"a": -math.inf},
        [None, (math.nan,)],
        [2**70, math.nan],
        Decimal("NaN"),
        Decimal("Infinity"),
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        {"a": {None: 1}},
        object(),
        [set()],
        1j,
    ],
)
def test_should_refuse_what_it_cannot_keep(value: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        encode(value)


def test_should_refuse_nesting_without_end() -> None:
    value: Any = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(ValueError, match="nesting"):
        encode(value)


def test_should_be_json_behind_a_format_byte() -> None:
    assert encode({"a": [1, None, "b"]}) == b'1{"a":[1,null,"b"]}'


def test_should_refuse_formats_and_kinds_of_a_later_release() -> None:
    with pytest.raises(ValueError, match="format"):
        decode(b"2{}")
    with pytest.raises(ValueError, match="'complex'"):
        decode(b'1{"~":"complex","v":1}')
