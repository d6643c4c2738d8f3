"""Escalation events: thrown outward, not critical; uncaught ones change nothing (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    boundary,
    call_activity,
    document,
    end,
    escalation,
    model,
    on_escalation,
    process,
    start,
    sub_process,
    throw,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "escalationEvent", "throw, end, boundary (interrupting and not), by code or every code, through call activities"
)

ROOTS = escalation("c", "C1") + escalation("d", "D1")


def escalating(inner: str, *, interrupting: bool = True) -> CheckedSimulator:
    return simulate(
        model(
            start(),
            sub_process(
                "sub",
                start("s1"),
                throw("up", on_escalation("c")),
                user_task("a"),
                end("e1"),
                flows="s1 -> up -> a -> e1",
            ),
            user_task("informed"),
            end(),
            boundary("b", "sub", inner, interrupting=interrupting),
            flows="start -> sub -> end; b -> informed -> end",
            roots=ROOTS,
        )
    )


def test_should_go_on_beside_a_non_interrupting_handler() -> None:
    simulator = escalating(on_escalation("c"), interrupting=False)
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "informed", "sub"]


def test_should_end_the_host_of_an_interrupting_handler() -> None:
    simulator = escalating(on_escalation())
    instance = simulator.start("p")
    assert simulator.active(instance) == ["informed"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_should_change_nothing_when_nobody_catches_it(interrupting: bool) -> None:
    simulator = escalating(on_escalation("d"), interrupting=interrupting)
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "sub"]
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_put_the_code_into_a_variable() -> None:
    simulator = escalating(on_escalation(escalationCodeVariable="code"), interrupting=False)
    instance = simulator.start("p")
    assert simulator.variables(instance) == {"code": "C1"}


@pytest.mark.parametrize("interrupting", [True, False])
def test_should_be_thrown_by_an_end_event(interrupting: bool) -> None:
    # given
    simulator = simulate(
        model(
            start(),
            sub_process("sub", start("s1"), end("e1", on_escalation("c")), flows="s1 -> e1"),
            user_task("next"),
            user_task("informed"),
            end(),
            boundary("b", "sub", on_escalation("c"), interrupting=interrupting),
            flows="start -> sub -> next -> end; b -> informed -> end",
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == (["informed"] if interrupting else ["informed", "next"])


def test_should_reach_the_boundary_of_the_calling_activity() -> None:
    # given
    simulator = simulate(
        document(
            process(
                "p",
                start(),
                call_activity("call", "q"),
                user_task("informed"),
                end(),
                boundary("b", "call", on_escalation("c"), interrupting=False),
                flows="start -> call -> end; b -> informed -> end",
            ),
            process(
                "q",
                start("s2"),
                throw("up", on_escalation("c")),
                user_task("a"),
                end("e2"),
                flows="s2 -> up -> a -> e2",
            ),
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["call", "informed"]
    simulator.complete("a")
    simulator.complete("informed")
    assert simulator.status(instance) is InstanceStatus.COMPLETED
