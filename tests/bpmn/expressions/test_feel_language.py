"""FEEL as the standard has it (DMN 1.5, 10.3): what expressions are worth, written as FEEL writes values.

The conformance kit (`tests/bpmn/dmn/test_tck.py`) goes further where it is at hand; these stand without it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bpmn.expressions.feel.functions.conversion import shown
from bpmn.expressions.feel.language import compile_in_decision
from bpmn.expressions.feel.scope import Run, Scope

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = {"first name": "Ada", "Date-Time": "d", "days in weekend": ["sat", "sun"], "a": 1, "b": 2, "a-b": 10}


def value(text: str) -> str:
    compiled = compile_in_decision(text, known=NAMES)
    result = compiled.evaluate(Scope(Run(NOW), NAMES))
    return "null" if result is None else f'"{result}"' if isinstance(result, str) else shown(result) or "null"


@pytest.mark.parametrize(
    "line",
    """
    first name + "!"                                 -> "Ada!"
    first   name                                     -> "Ada"
    Date-Time                                        -> "d"
    a-b                                              -> 10
    b-a                                              -> 1
    for d in days in weekend return d                -> ["sat", "sun"]
    /* comment */ 1 + 2 // the end                   -> 3
    -3 ** 2                                          -> 9
    2 ** 3 ** 2                                      -> 64
    0 ** 0                                           -> 1
    10 / 3                                           -> 3.333333333333333333333333333333333
    1 / 0                                            -> null
    9.99e6144 * 10                                   -> null
    "a" + null                                       -> null
    @"2020-01-31" + @"P1M"                           -> 2020-02-29
    @"2020-01-31T10:00:00" - @"2020-01-30T09:00:00"  -> P1DT1H
    @"10:00:00" + @"PT25H"                           -> 11:00:00
    @"2020-01-01" - @"2019-01-01"                    -> P365D
    @"P1Y" * 2.5                                     -> P2Y6M
    @"P1D" / @"PT6H"                                 -> 4
    @"P1D" + @"P1Y"                                  -> null
    @"2020-01-01T00:00:00@Europe/Paris" < @"2020-01-01T00:00:00Z" -> true
    @"2020-03-28T12:00:00@Europe/Paris" + @"P1D"     -> 2020-03-29T13:00:00@Europe/Paris
    date("-2017-12-31") + @"P1Y"                     -> -2016-12-31
    date("2020-02-30")                               -> null
    date and time("2012-12-24T24:00:00")             -> 2012-12-25T00:00:00
    date and time(@"2024-12-24", @"23:59:00@Europe/Paris") -> 2024-12-24T23:59:00@Europe/Paris
    time(11, 59, 45, @"PT2H")                        -> 11:59:45+02:00
    @"-P1Y2M".months                                 -> -2
    date(2020, 1, 1).weekday                         -> 3
    @"12:00:00Z".time offset                         -> PT0S
    null = null                                      -> true
    1 = "1"                                          -> null
    1 < "a"                                          -> null
    null < 1                                         -> null
    true and null                                    -> null
    false and null                                   -> false
    true or null                                     -> true
    not(null)                                        -> null
    5 between 1 and 5                                -> true
    1 in (2, < 3)                                    -> true
    5 in ]1..5[                                      -> false
    1 in [[1..2], [3..4]]                            -> true
    if null then 1 else 2                            -> 2
    some x in [1, 2], y in [2, 3] satisfies x = y    -> true
    every x in [] satisfies x                        -> true
    for x in [1, 2], y in [x..2] return x * y        -> [1, 2, 4]
    for i in 3..1 return i                           -> [3, 2, 1]
    for i in 1..4 return if i = 1 then 1 else i * partial[-1] -> [1, 2, 6, 24]
    {a: 1, b: {c: a + 1}}.b.c                        -> 2
    {"a b": 1}.a b                                   -> 1
    {f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(5)}.r -> 120
    [{a: 1}, {a: 2}][a = 2].a                        -> [2]
    [1, 2, 3, 4][item > 2][1]                        -> 3
    [1, 2, 3][-1]                                    -> 3
    [{a: 1}, {b: 2}].a                               -> [1, null]
    [1, 2, 3] instance of list<number>               -> true
    {a: 1} instance of context<a: number>            -> true
    [1..2] instance of range<number>                 -> true
    null instance of number                          -> false
    @"P1Y" instance of years and months duration     -> true
    min([])                                          -> null
    max(1, 3, 2)                                     -> 3
    sum(1, 2)                                        -> 3
    mean([1, "a"])                                   -> null
    median(8, 2, 5, 3, 4)                            -> 4
    stddev(2, 4, 7, 5)                               -> 2.081665999466132735282297706979931
    mode(6, 3, 9, 6, 6)                              -> [6]
    product(2, 3)                                    -> 6
    all(null)                                        -> null
    any([])                                          -> false
    count(null)                                      -> null
    concatenate([1], [2], 3)                         -> [1, 2, 3]
    union([1, 2], [2, 3])                            -> [1, 2, 3]
    append([1], 2, 3)                                -> [1, 2, 3]
    insert before([1, 2], -1, 0)                     -> [1, 0, 2]
    remove([1, 2, 3], 2)                             -> [1, 3]
    index of([1, 2, null, 2], 2)                     -> [2, 4]
    sublist([1, 2, 3], -2)                           -> [2, 3]
    sublist([1, 2, 3], 0)                            -> null
    distinct values([1, 1.0, "1", null, null, [1], [1]]) -> [1, "1", null, [1]]
    flatten([[1, 2], [[3]], 4])                      -> [1, 2, 3, 4]
    list replace([2, 4], function(item, new) item < new, 3) -> [3, 4]
    sort(list: [3, 1, 2], precedes: function(x, y) x > y) -> [3, 2, 1]
    sort([3, 1, 2])                                  -> [1, 2, 3]
    number("1.000,5", ".", ",")                      -> 1000.5
    number("a", null, null)                          -> null
    string(1.10)                                     -> "1.1"
    string([1, "a", {b: @"P1D"}])                    -> "[1, "a", {b: @"P1D"}]"
    modulo(-12, 5)                                   -> 3
    modulo(12, -5)                                   -> -3
    floor(-1.5)                                      -> -2
    ceiling(1.56, 1)                                 -> 1.6
    round up(-5.5, 0)                                -> -6
    round half down(-5.5, 0)                         -> -5
    decimal(2.5, 0)                                  -> 2
    odd(5)                                           -> true
    even(1e30)                                       -> true
    even(2.5)                                        -> false
    matches("FoObar", "foobar", "i")                 -> true
    matches("bad", "[a-z-[aeiou]]a", "")             -> true
    matches("a", "[[:alpha:]]")                      -> null
    matches("abracadabra", "bra", "p")               -> null
    replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")      -> "[1=ab][2=]cd"
    replace("abc", "b", "\\$")                       -> "a$c"
    replace("abc", "b", "$")                         -> null
    split("John  Doe", "\\s+")                       -> ["John", "Doe"]
    split("a;b;;", ";")                              -> ["a", "b", "", ""]
    string length("\\U01F40Eab")                     -> 3
    substring("foobar", -2, 1)                       -> "a"
    substring before("foobar", "xyz")                -> ""
    substring after("foobar", "ob")                  -> "ar"
    string join(["a", null, "b"], "-")               -> "a-b"
    before(1, [1..10])                               -> false
    before([1..5), [5..10])                          -> true
    met by([5..10], [1..5])                          -> true
    overlaps before([1..5], [3..8])                  -> true
    finishes(10, [1..10])                            -> true
    during(6, [5..10])                               -> true
    started by([1..10], 1)                           -> true
    coincides([1..5], [1..5])                        -> true
    week of year(date(2005, 1, 1))                   -> 53
    day of year(@"2019-09-17")                       -> 260
    month of year(@"2019-09-17")                     -> "September"
    is(@"23:00:50Z", @"23:00:50+00:00")              -> true
    is(@"23:00:50Z", @"23:00:50")                    -> false
    now()                                            -> 2026-03-01T12:00:00Z
    today()                                          -> 2026-03-01
    context merge([{a: 1}, {b: 2}])                  -> {a: 1, b: 2}
    context put({a: {b: 1}}, ["a", "c"], 2)          -> {a: {b: 1, c: 2}}
    get value({a: 1}, "a")                           -> 1
    get entries({a: 1})                              -> [{key: "a", value: 1}]
    context([{key: "a", value: 1}])                  -> {a: 1}
    substring(start position: 2, string: "abc")      -> "bc"
    substring(text: "abc", start position: 2)        -> null
    frobnicate(1)                                    -> null
    """.strip().splitlines(),
    ids=str.strip,
)
def test_should_be_worth(line: str) -> None:
    # given
    text, _, expected = line.replace("\\\\", "\\").rpartition("->")

    # then
    assert value(text.strip()) == expected.strip()
