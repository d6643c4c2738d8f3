"""Link events: a jump to the catch event of the same name in the same scope (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

import pytest

from bpmn.findings import Severity
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    catch,
    compile_with_findings,
    end,
    exclusive,
    model,
    on_link,
    script_task,
    start,
    sub_process,
    throw,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("linkEvent", "throw to catch of the same name, several throws to one catch")


def test_should_go_on_at_the_catch_event_of_the_same_name() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            throw("t", on_link("there")),
            catch("c", on_link("there")),
            user_task("a"),
            end(),
            flows="start -> t; c -> a -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance, "+->")[2:] == [">start_t", "+t", "-t", ">link:t:c", "+c", "-c", ">c_a", "+a"]


def test_should_lead_from_several_throws_to_one_catch() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            exclusive("x"),
            throw("t1", on_link("L")),
            throw("t2", on_link("L")),
            catch("c", on_link("L")),
            end(),
            flows="start -> x; x -[${left}]-> t1; x -[default]-> t2; c -> end",
        )
    )

    # when
    left, right = simulator.start("p", {"left": True}), simulator.start("p", {"left": False})

    # then
    assert "+t1" in simulator.trace(left)
    assert "+t2" in simulator.trace(right)
    assert simulator.status(left) is simulator.status(right) is InstanceStatus.COMPLETED


def test_should_loop_over_a_link_as_over_a_flow() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            throw("first", on_link("again")),
            catch("c", on_link("again")),
            script_task("count", "n = n + 1"),
            exclusive("x"),
            throw("back", on_link("again")),
            end(),
            flows="start -> first; c -> count -> x; x -[n < 50]-> back; x -[default]-> end",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.variables(instance)["n"] == 50


def test_should_not_lead_into_another_scope() -> None:
    _, findings = compile_with_findings(
        model(
            start(),
            sub_process("sub", start("s1"), throw("t", on_link("L")), flows="s1 -> t"),
            catch("c", on_link("L")),
            end(),
            flows="start -> sub -> end; c -> end",
        )
    )
    assert any(finding.severity is Severity.ERROR and finding.element_id == "t" for finding in findings)
