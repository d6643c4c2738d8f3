"""FEEL where a process uses it: values of the process in and out, names of its variables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from isodate import Duration

from bpmn.expressions.api import CompileError
from bpmn.expressions.feel import compile_feel
from tests.bpmn.expressions.support import NotLoaded, Unloaded, context

VARIABLES: dict[str, Any] = {
    "score": 7,
    "ratio": 0.1,
    "ok": True,
    "name": "Ada",
    "order": {"total": 12.5, "lines": [{"n": 1}, {"n": 2}], "tags": ["x", "y"]},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=score", 7),
        ("= score + 1 ", 8),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * 4", 20),
        ("0.1 + 0.2", 0.3),
        ("ratio + 0.2", 0.3),
        ("6 / 3", 2),
        ("1 / 4", 0.25),
        ("1 / 3", Decimal("0.3333333333333333333333333333333333")),
        ("1 / 0", None),
        ("-score", -7),
        ("--score", 7),
        ('"a" + "b"', "ab"),
        ('"a" + 1', None),
        ('"\\u00e4\\n\\"q\\""', 'ä\n"q"'),
        ("order.total", 12.5),
        ("order.tags[1]", "x"),
        ("order.tags[-1]", "y"),
        ("order.tags[0]", None),
        ("order.tags[3]", None),
        ("order.lines.n", [1, 2]),
        ("order.lines[2].n", 2),
        ("score[1]", 7),
        ("missing", None),
        ("missing.deeper[1]", None),
        ("score > 5", True),
        ("score = 7.0", True),
        ("score != 7", False),
        ('name = "Ada"', True),
        ("name = 5", None),
        ('name < "Bo"', True),
        ('score < "x"', None),
        ("missing = null", True),
        ("score != null", True),
        ("missing > 1", None),
        ("ok and score > 5", True),
        ("ok and missing", None),
        ("false and missing", False),
        ("ok or missing", True),
        ("missing or false", None),
        ("false or 5", None),
        ("not(ok)", False),
        ("not(missing)", None),
        ('if score > 5 then "high" else "low"', "high"),
        ('if missing then "a" else if ok then "b" else "c"', "b"),
        ("[1, score, [true]]", [1, 7, [True]]),
        ("[]", []),
        ('{a: 1, "b c": {d: score}}', {"a": 1, "b c": {"d": 7}}),
        ("{a: {b: 5}}.a.b", 5),
        ('"\\d"', "\\d"),
        ("some line in order.lines satisfies line.n > 1", True),
        ("every line in order.lines satisfies line.n > 1", False),
        ("for line in order.lines return line.n * 2", [2, 4]),
        ("count(order.lines)", 2),
        ("order.lines[n > 1]", [{"n": 2}]),
        ("order.lines[score - 5].n", 2),
        ("score in [1..7]", True),
        ("score in [1..7[", False),
        ("score between 1 and 2", False),
        ("2 ** 3", 8),
        ("`score`", 7),
        ("order.`total`", 12.5),
        ('@"2026-01-31" + @"P1M"', date(2026, 2, 28)),
        ('date and time("2026-03-01T10:00:00Z")', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ('@"2026-03-01T10:00:00@Europe/Berlin"', datetime(2026, 3, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))),
        ('duration("PT90M")', timedelta(minutes=90)),
        ('duration("P14M")', Duration(years=1, months=2)),
        ("now()", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("today()", date(2026, 3, 1)),
    ],
)
def test_should_evaluate(text: str, expected: Any) -> None:
    value = compile_feel(text).evaluate(context(VARIABLES))

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "EXPRESSION_SYNTAX"),
        ("1 +", "EXPRESSION_SYNTAX"),
        ("(1", "EXPRESSION_SYNTAX"),
        ("[1,", "EXPRESSION_SYNTAX"),
        ("{a 1}", "EXPRESSION_SYNTAX"),
        ("if a then b", "EXPRESSION_SYNTAX"),
        ("(" * 1000, "EXPRESSION_SYNTAX"),
        ("frobnicate(order)", "EXPRESSION_UNSUPPORTED"),
        ("uuid()", "EXPRESSION_UNSUPPORTED"),
        ("function(x) external {}", "EXPRESSION_UNSUPPORTED"),
        ('@"tomorrow"', "EXPRESSION_SYNTAX"),
        ("first name", "EXPRESSION_SYNTAX"),
    ],
)  # fmt: skip
def test_should_refuse_what_is_no_feel(text: str, code: str) -> None:
    with pytest.raises(CompileError) as failure:
        compile_feel(text)

    assert failure.value.code == code


def test_should_tell_which_variables_it_reads() -> None:
    assert compile_feel("if order.total > limit then {x: a} else not(b)").reads == {"order", "limit", "a", "b"}


def test_should_let_the_signals_of_the_lookup_through_unchanged() -> None:
    given = context()
    given.variables = Unloaded({"a": 1})

    with pytest.raises(NotLoaded):
        compile_feel("a").evaluate(given)
