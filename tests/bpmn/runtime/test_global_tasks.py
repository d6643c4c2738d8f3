"""Global tasks that call activities name (BPMN 2.0.2, 10.3.7)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import call_activity, compile_document, document, end, process, start
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("globalTask", "called by a call activity of the document: a process of its own")

CALLING = process("p", start(), call_activity("call", "g"), end(), flows="start -> call -> end")


def test_should_do_a_called_user_task() -> None:
    # given
    simulator = simulate(document(CALLING, roots='<globalUserTask id="g" name="Approve"/>'))
    instance = simulator.start("p", {"amount": 5})
    (task,) = simulator.open_tasks()
    assert (task.name, task.element_id) == ("Approve", "g.task")

    # when
    simulator.complete_task(task.id, {"approved": True})

    # then
    (called,) = simulator.called(instance)
    assert simulator.trace(called) == ["+g.start", "-g.start", "+g.task", "-g.task", "+g.end", "-g.end"]
    assert simulator.variables(instance) == {"amount": 5, "approved": True}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_do_a_called_script_task() -> None:
    # given
    task = '<globalScriptTask id="g" scriptLanguage="python"><script>n = n * 2</script></globalScriptTask>'
    simulator = simulate(document(CALLING, roots=task))

    # when
    instance = simulator.start("p", {"n": 21})

    # then
    assert simulator.variables(instance) == {"n": 42}


@pytest.mark.parametrize("tag", ["globalTask", "globalManualTask"])
def test_should_pass_called_tasks_that_do_nothing(tag: str) -> None:
    # given
    simulator = simulate(document(CALLING, roots=f'<{tag} id="g"/>'))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_make_a_process_of_what_is_not_called() -> None:
    # when
    graphs = compile_document(document(CALLING, roots='<globalTask id="g"/><globalUserTask id="other"/>'))

    # then
    assert sorted(graphs) == ["g", "p"]
