"""Random models on SpiffWorkflow 3.2 and on our runtime: the same tasks as often, and the same variables at the end.

On the fragment where SpiffWorkflow is right. Where the two differ is listed in `DIFFERENCES` (`docs/spiffworkflow.md`
tells it to people), each with a model that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.exceptions import TaskNotFoundException

from tests.differential.peer import Ran, Runner, run_ours, run_peer
from tests.support.models import (
    Element,
    catch,
    end,
    exclusive,
    inclusive,
    model,
    multi_instance,
    on_link,
    parallel,
    script_task,
    start,
    sub_process,
    task,
    throw,
    user_task,
)
from tests.support.random_models import Diagram

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spiffworkflow.md"

seeds = st.integers(0, 2**32 - 1)
quickly = settings(
    max_examples=60, deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def assert_same(diagram: Diagram, pick: int, order: int) -> None:
    data = diagram.document()
    note(diagram.flows())

    ours = run_ours(data, diagram.variables(pick), Random(order))
    theirs = run_peer(data, diagram.variables(pick), Random(order))

    assert ours == theirs
    assert ours.completed


@quickly
@given(seed=seeds, size=st.integers(1, 12), pick=st.integers(0, 59), order=seeds)
def test_should_do_the_same_without_loops(seed: int, size: int, pick: int, order: int) -> None:
    kinds = ("leaf", "assign", "choice", "fork", "scope")

    assert_same(Diagram(Random(seed), python=True, kinds=kinds).begin().refine(size), pick, order)


@quickly
@given(seed=seeds, size=st.integers(1, 12), pick=st.integers(0, 59), order=seeds)
def test_should_do_the_same_with_loops_but_no_parallel_branches(seed: int, size: int, pick: int, order: int) -> None:
    kinds = ("leaf", "assign", "choice", "loop", "scope")
    diagram = Diagram(Random(seed), python=True, kinds=kinds, instances=False)

    assert_same(diagram.begin().refine(size), pick, order)


# -- where they differ ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A model, and what is so of our run and never of theirs (`order` draws who comes next)."""

    data: bytes
    variables: dict[str, object]
    holds: Callable[[Ran], bool]
    fails: type[Exception] | None = None
    """What SpiffWorkflow raises instead."""
    order: int = 0


def loop(rounds: int) -> bytes:
    return model(
        *(start(), exclusive("again"), script_task("count", "n = n + 1"), exclusive("back"), user_task("t"), end()),
        flows=f"start -> again -> count -> back -[n < {rounds}]-> again; back -[default]-> t -> end",
    )


def row(length: int) -> bytes:
    names = [f"t{number}" for number in range(length)]
    return model(start(), *map(task, names), end(), flows=" -> ".join(["start", *names, "end"]))


def scope(id: str) -> Element:
    inside = (start(f"s_{id}"), user_task(f"in_{id}"), end(f"e_{id}"))
    return sub_process(id, *inside, flows=f"s_{id} -> in_{id} -> e_{id}")


DIFFERENCES = {
    "A variable set in a parallel branch is kept at the join": Difference(
        model(
            *(start(), parallel("fork"), script_task("s", "x = 1"), user_task("u"), parallel("join"), end()),
            flows="start -> fork -> s -> join -> end; fork -> u -> join",
        ),
        {"x": 0},
        lambda ran: ran.variables == {"x": 1},
    ),
    "A variable set in a parallel branch is seen in the others at once": Difference(
        model(
            *(start(), parallel("fork"), script_task("s", "x = 1"), user_task("u"), script_task("r", "y = x")),
            *(parallel("join"), end()),
            flows="start -> fork -> s -> join -> end; fork -> u -> r -> join",
        ),
        {"x": 0},
        lambda ran: ran.variables == {"x": 1, "y": 1},
    ),
    "A join in a loop works whatever the order of its branches": Difference(
        model(
            *(start(), exclusive("again"), parallel("fork"), user_task("a"), user_task("b"), parallel("join")),
            *(exclusive("back"), script_task("count", "n = n + 1"), end()),
            flows=(
                "start -> again -> fork -> a -> join -> back -[n < 2]-> count -> again;"
                "fork -> b -> join; back -[default]-> end"
            ),
        ),
        {"n": 0},
        lambda ran: ran.completed and ran.tasks == {"a": 3, "b": 3, "count": 2},
        fails=AttributeError,
    ),
    "Inclusive blocks may be nested and sub-processes follow": Difference(
        model(
            *(start(), inclusive("some"), user_task("a"), exclusive("choose"), user_task("a1"), user_task("a2")),
            *(exclusive("merge"), user_task("a3"), inclusive("inner"), user_task("b"), inclusive("close")),
            *(inclusive("gather"), scope("x"), scope("y"), end()),
            flows=(
                "start -> some -[True]-> a -> choose -[False]-> a1 -> merge; choose -[default]-> a2 -> merge;"
                "merge -> a3 -> gather; some -[True]-> inner -[True]-> b -> close -> gather;"
                "inner -[default]-> close; some -[default]-> gather -> x -> y -> end"
            ),
        ),
        {},
        lambda ran: ran.completed and ran.tasks == dict.fromkeys(["a", "a2", "a3", "b", "in_x", "in_y"], 1),
        fails=TaskNotFoundException,
        order=5,
    ),
    "Parallel instances of a sub-process share the variables around it": Difference(
        model(
            start(),
            sub_process(
                "sub",
                *(start("s"), script_task("count", "n = n + 1"), end("e")),
                flows="s -> count -> e",
                inner=multi_instance(cardinality="3"),
            ),
            end(),
            flows="start -> sub -> end",
        ),
        {"n": 0},
        lambda ran: ran.variables == {"n": 3},
    ),
    "What follows a link catch event is done": Difference(
        model(
            *(start(), throw("leave", on_link("x")), catch("arrive", on_link("x")), user_task("t"), end()),
            flows="start -> leave; arrive -> t -> end",
        ),
        {},
        lambda ran: ran.tasks == {"t": 1},
    ),
    "A loop has as many rounds as it needs, and what follows is done": Difference(
        loop(600), {"n": 0}, lambda ran: ran.tasks == {"count": 600, "t": 1}
    ),
    "A sequence is as long as it needs to be": Difference(
        row(600), {}, lambda ran: len(ran.tasks) == 600, fails=ValidationException
    ),
}


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES)
def test_should_differ_where_the_peer_is_wrong(difference: Difference) -> None:
    def run(runner: Runner) -> Ran:
        return runner(difference.data, difference.variables, Random(difference.order))

    # then
    assert difference.holds(run(run_ours))
    if difference.fails is None:
        assert not difference.holds(run(run_peer))
    else:
        with pytest.raises(difference.fails):
            run(run_peer)


def test_should_list_the_differences_for_people() -> None:
    told = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]

    assert [line.split("|")[1].strip() for line in told] == list(DIFFERENCES)
