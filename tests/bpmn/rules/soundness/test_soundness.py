"""Models in which tokens wait for ever, multiply or never come to an end, each beside the nearest one that is sound."""

# ruff: noqa: E501
from __future__ import annotations

import pytest

from bpmn.findings import Finding, Severity
from bpmn.rules.soundness import check
from tests.bpmn.rules.soundness.models import body, index

SOUND = {
    "sequence": "s t1 t2 e",
    "parallel-block": "s p1 t1 p2 e, p1 t2 p2",
    "exclusive-block": "s x1 t1 x2 e, x1 t2 x2",
    "inclusive-block": "s o1 t1 o2 e, o1 t2 o2",
    "exclusive-closed-by-nothing": "s x1 t1 t3 e, x1 t2 t3",
    "exclusive-joined-inclusively": "s x1 t1 o2 e, x1 t2 o2",
    "parallel-joined-inclusively": "s p1 t1 o2 e, p1 t2 o2",
    "nested": "s p1 x1 t1 x2 p2 e, x1 t2 x2, p1 p3 t3 p4 p2, p3 t4 p4",
    "loop": "s x1 t1 x2 e, x2 x1",
    "loop-around-block": "s x1 p1 t1 p2 x2 e, p1 t2 p2, x2 x1",
    "branch-ends-by-itself": "s p1 t1 e1, p1 t2 e2",
    "loop-starts-what-ends-by-itself": "s x1 p1 t1 e1, p1 x2 e2, x2 x1",
    "overlapping-parallel-blocks": "s p1 t1 p3 t3 p5 e, p1 t2 p4 t4 p5, p3 p4",
    "join-of-several-splits": "s p1 p2 t1 p3 e, p2 t2 p3, p1 t3 p3",
    "boundary-beside-block": "s p1 u1 p2 e, p1 t2 p2, b1u1 t3 k3",
    "boundary-joined-exclusively": "s u1 x1 e, b1u1 x1",
    "boundary-token-ends": "s u1 e, n1u1 t1 e1",
    "boundary-token-joined-inclusively": "s u1 o1 e, n1u1 o1",
    "event-based": "s v1 m1 x1 e, v1 m2 x1",
    "terminate-ends-the-rest": "s p1 t1 k1, p1 x1 p2 e, p1 p2, x1 e2",
    "conditional-flows": "s t1 ? t2 o1 e, t1 ? t3 o1",
    "two-tokens-at-one-task": "s p1 t1 t3 e, p1 t2 t3",
    "without-any-flow": "s",
}


@pytest.mark.parametrize("model", SOUND.values(), ids=SOUND)
def test_should_find_nothing_in_a_sound_process(model: str) -> None:
    assert list(check(index(body(model)))) == []


UNSOUND = {
    "exclusive-joined-parallel": ("s x1 t1 p1 e, x1 t2 p1", ["JOIN_DEADLOCK p1", "UNREACHABLE e"]),
    "inclusive-joined-parallel": ("s o1 t1 p1 e, o1 t2 p1", ["JOIN_DEADLOCK p1"]),
    "event-based-joined-parallel": ("s v1 m1 p1 e, v1 m2 p1", ["JOIN_DEADLOCK p1", "UNREACHABLE e"]),
    "branch-may-leave": ("s p1 t1 p2 e, p1 x1 p2, x1 e2", ["JOIN_DEADLOCK p2"]),
    "loop-back-into-join": ("s p1 t1 x1 e, x1 p1", ["JOIN_DEADLOCK p1", "UNREACHABLE t1", "UNREACHABLE x1", "UNREACHABLE e"]),
    "boundary-leaves-a-branch": ("s p1 u1 p2 e, p1 t2 p2, b1u1 t3 e3", ["JOIN_DEADLOCK p2"]),
    "boundary-joined-parallel": ("s u1 p1 e, b1u1 p1", ["JOIN_DEADLOCK p1", "UNREACHABLE e"]),
    "non-interrupting-boundary-joined-parallel": ("s u1 p1 e, n1u1 p1", ["JOIN_DEADLOCK p1"]),
    "merged-before-the-join": ("s p1 t1 x1 p2 e, p1 t2 x1, p1 t3 p2", ["JOIN_DEADLOCK p2"]),
    "inner-join-is-the-cause": (
        "s p1 x1 t1 p2 p3 e, x1 t2 p2, p1 t3 p3",
        ["JOIN_DEADLOCK p2", "UNREACHABLE e"],
    ),
    "conditional-flows-joined-parallel": ("s t1 ? t2 p1 e, t1 ? t3 p1", ["JOIN_DEADLOCK p1"]),
    "two-starts-joined": ("s p1 e, sb p1", ["JOIN_DEADLOCK p1", "UNREACHABLE e"]),
    "split-in-a-loop": ("s x1 p1 t1 x2 x1, p1 t2 x2, x2 e", ["TOKENS_MULTIPLY p1"]),
    "task-with-two-flows-back": ("s t1 t2 t3 t1, t1 t4 e", ["TOKENS_MULTIPLY t1"]),
    "split-in-a-loop-without-end": ("s x1 p1 t1 x1, p1 e", ["TOKENS_MULTIPLY p1"]),
    "loop-without-end": ("s t1 t2 t1", ["LOOP_WITHOUT_END t1"]),
    "loop-without-end-behind-a-choice": ("s x1 e, x1 t1 t2 t1", ["LOOP_WITHOUT_END t1"]),
    "complex-join": ("s p1 t1 c1 e, p1 t2 c1", ["SOUNDNESS_NOT_DECIDED p"]),
}  # fmt: skip


@pytest.mark.parametrize(("model", "expected"), UNSOUND.values(), ids=UNSOUND)
def test_should_find_what_is_not_sound(model: str, expected: list[str]) -> None:
    # when
    found = list(check(index(body(model))))

    # then
    assert [f"{finding.code} {finding.element_id}" for finding in found] == expected
    assert all(finding.severity is not Severity.ERROR for finding in found)


def only(model: str, code: str) -> Finding:
    (finding,) = (finding for finding in check(index(body(model))) if finding.code == code)
    return finding


def test_should_tell_the_path_to_a_deadlock_and_what_is_missing() -> None:
    # when
    finding = only("s t0 p1 t1 p2 e, p1 x1 t2 p2, x1 t3 e2", "JOIN_DEADLOCK")

    # then
    assert finding.severity is Severity.WARNING
    assert (
        "after 's' -> 't0' -> 'p1' -> 't1' -> 'x1' -> 't3' -> 'e2' -> 'p2' none comes over 't2-p2'" in finding.message
    )


def test_should_tell_the_path_and_the_loop_in_which_tokens_multiply() -> None:
    # when
    finding = only("s x1 p1 t1 x2 x1, p1 t2 x2, x2 e", "TOKENS_MULTIPLY")

    # then
    assert "after 's' -> 'x1' -> 'p1'" in finding.message
    assert "before 'p1' splits again" in finding.message


def test_should_tell_the_loop_that_nothing_leaves() -> None:
    # when
    finding = only("s t0 x1 e, x1 t1 t2 t1", "LOOP_WITHOUT_END")

    # then
    assert "after 's' -> 't0' -> 'x1' -> 't1' there is only the loop 't2' -> 't1'" in finding.message


def test_should_leave_out_the_middle_of_a_long_path() -> None:
    # given
    tasks = " ".join(f"t{number}" for number in range(40))

    # when
    finding = only(f"s {tasks} x1 ta p1 e, x1 tb p1", "JOIN_DEADLOCK")

    # then
    assert "'s' -> 't0' -> 't1' -> 't2' -> 't3' -> 't4' -> ... -> 't37'" in finding.message


def test_should_look_into_sub_processes() -> None:
    # given
    inner = body("s1 x1 t1 p1 e1, x1 t2 p1")
    outer = body("s t9 e").replace('<task id="t9"></task>', f'<subProcess id="t9">{inner}</subProcess>')

    # then
    assert [f"{finding.code} {finding.element_id}" for finding in check(index(outer))] == [
        "JOIN_DEADLOCK p1",
        "UNREACHABLE e1",
    ]


def test_should_not_look_into_ad_hoc_sub_processes() -> None:
    # given
    inner = body("t1 x1 t2 p1, x1 t3 p1")
    outer = body("s t9 e").replace('<task id="t9"></task>', f'<adHocSubProcess id="t9">{inner}</adHocSubProcess>')

    # then
    assert list(check(index(outer))) == []


def test_should_say_so_where_there_are_too_many_ways() -> None:
    # given
    doubled = ", ".join(f"x{n} p{n} x{n + 1}, p{n} x{n + 1}" for n in range(4))

    # when
    (finding,) = check(index(body(f"s p9 x0, {doubled}, x4 p8 e, p9 p8")))

    # then
    assert (finding.severity, finding.code, finding.element_id) == (Severity.INFO, "SOUNDNESS_NOT_DECIDED", "p")


def test_should_explore_markings_and_not_orders() -> None:
    # given
    entangled = ", ".join(f"p1 t{n} x{n} p2, x{n} ta{n} p2" for n in range(12))

    # when
    found = list(check(index(body(f"s p1, {entangled}, p2 e"))))

    # then
    assert [finding.code for finding in found] == ["JOIN_DEADLOCK", "UNREACHABLE"]
