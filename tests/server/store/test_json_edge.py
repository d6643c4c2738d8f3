"""JSON of clients: exact numbers in both directions."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isodate import Duration

from server.store.codec import FileReference, dump_api, parse_json, to_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.0", 1.0),
        ("-0.0", -0.0),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740993),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
        ("12345678901234567.5", Decimal("12345678901234567.5")),
        ("1e400", Decimal("1e400")),
        ("1e-400", Decimal("1e-400")),
        ("1e100", 1e100),
        ("0.30000000000000004", 0.30000000000000004),
        ('"12345678901234567890.5"', "12345678901234567890.5"),
        ('{"a": [1, {"b": 1.00000000000000000001}]}', {"a": [1, {"b": Decimal("1.00000000000000000001")}]}),
    ],
)
def test_should_read_numbers_exactly(text: str, value: Any) -> None:
    found = parse_json(text)

    assert found == value
    assert type(found) is type(value)
    assert parse_json(text.encode()) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
def test_should_lose_no_digit_of_any_number(number: Decimal) -> None:
    found = parse_json(str(number))

    assert Decimal(repr(found) if isinstance(found, float) else found) == number


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda children: (
            st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children)
        ),
    )
)
def test_should_write_what_it_reads_again(value: Any) -> None:
    assert parse_json(dump_api(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1,]", "NaN", "[Infinity, 1234567890123456789]", "[-Infinity]", '"\\ud800"', '["\\ud800", 1e400]',
     '[{"\\udc00": 1e400}]', "1e99999",
     "{'a': 1}", "[" * 3000 + "]" * 3000, "[" * 100_000 + "1e400" + "]" * 100_000, '"a\x00b"', "1" * 5000],
)  # fmt: skip
def test_should_refuse_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_should_refuse_bytes_that_are_no_text() -> None:
    with pytest.raises(ValueError):
        parse_json(b'"\xff"')
    with pytest.raises(ValueError):
        parse_json(b'["\xff", 1e400]')


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2026, 3, 1, 12, 0, 0, 1000, tzinfo=UTC), '"2026-03-01T12:00:00.001000Z"'),
        (datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))), '"2026-03-01T12:00:00+02:00"'),
        (datetime(2026, 3, 1, 12), '"2026-03-01T12:00:00"'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (time(12, 30), '"12:30:00"'),
        (timedelta(days=1, hours=2), '"P1DT2H"'),
        (timedelta(minutes=-5), '"-PT5M"'),
        (Duration(years=1, months=2), '"P1Y2M"'),
        (b"\x00\xff", '"AP8="'),
        (
            FileReference("f", "a.txt", "text/plain", 3),
            '{"fileId":"f","name":"a.txt","mediaType":"text/plain","size":3}',
        ),
        (Decimal("1.10"), "1.1"),
        (Decimal("3"), "3"),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        ({"a": [2**70, Decimal("1E+500"), (1, None)]}, '{"a":[1180591620717411303424,1E+500,[1,null]]}'),
        (
            {"at": datetime(2026, 3, 1, tzinfo=UTC), "n": 2**70},
            '{"at":"2026-03-01T00:00:00Z","n":1180591620717411303424}',
        ),
    ],
)
def test_should_show_values_as_documented(value: Any, shown: str) -> None:
    assert dump_api(value).decode() == shown
    assert dump_api(to_json(value)).decode() == shown


def test_should_make_plain_json_data_of_ordinary_values() -> None:
    value = {"price": Decimal("12.50"), "due": date(2026, 3, 1), "tags": ("a", "b")}

    assert json.loads(json.dumps(to_json(value))) == {"price": 12.5, "due": "2026-03-01", "tags": ["a", "b"]}


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, "\ud800", {"a": object(), "n": 2**70}])
def test_should_refuse_to_show_what_is_no_value(value: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        dump_api(value)
