"""Microseconds of processor time per element of the token runtime, in memory, without store and bus; beside
SpiffWorkflow where that can run.

Run it with `python -m benchmarks.engine [--peer] [--profile NAME] [--only NAME]`. Shapes: elements in a row, a loop,
parallel blocks in a row, a wide multi-instance whose tasks or jobs are completed one by one, nested sub-processes; each
at several sizes, to show that time is linear and memory is bounded by what is active. `elements` counts element
instances entered; samples of at least 2,000 elements are taken for a quarter of a second, at least three of them, and
the best one counts. Then the memory that a run needs at its peak, and the time to upload a model of 10,000 elements.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import gc
import os
import platform
import pstats
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from bpmn.examine import examine
from bpmn.findings import has_errors
from bpmn.runtime.simulator import Simulator
from bpmn.spec import compile_model
from bpmn.spec.graph import Graph
from tests.support.models import compile_document, end, exclusive, model, parallel, script_task, start, task


@dataclass(frozen=True)
class Shape:
    name: str
    data: bytes
    elements: int
    variables: dict[str, object]
    peer: bool = True
    """SpiffWorkflow can run it: no recursion, no more than 500 iterations, few parallel blocks."""


def row(length: int) -> Shape:
    names = [f"t{number}" for number in range(length)]
    flows = " -> ".join(["start", *names, "end"])
    data = model(start(), *map(task, names), end(), flows=flows)
    return Shape(f"{length:,} elements in a row", data, length + 2, {}, peer=length <= 300)


def loop(rounds: int) -> Shape:
    data = model(
        *(start(), exclusive("again"), script_task("s", "n = n + 1"), exclusive("g"), end()),
        flows=f"start -> again -> s -> g -[n < {rounds}]-> again; g -[default]-> end",
    )
    return Shape(f"loop of {rounds:,} rounds with a script", data, 3 * rounds + 2, {"n": 0}, peer=rounds <= 100)


def blocks(count: int) -> Shape:
    elements, flows, before = [start()], [], "start"
    for block in range(count):
        fork, join = f"fork{block}", f"join{block}"
        elements += [parallel(fork), parallel(join), *(task(f"t{block}{branch}") for branch in "abc")]
        flows.append(f"{before} -> {fork}")
        flows += [f"{fork} -> t{block}{branch} -> {join}" for branch in "abc"]
        before = join
    data = model(*elements, end(), flows=";".join([*flows, f"{before} -> end"]))
    return Shape(f"{count} parallel blocks of three in a row", data, 5 * count + 2, {}, peer=count <= 6)


def nested(depth: int) -> Shape:
    inside, name = '<task id="t"/>', "t"
    for level in range(depth):
        inside = (
            f'<subProcess id="sub{level}"><startEvent id="s{level}"/>{inside}<endEvent id="e{level}"/>'
            f'<sequenceFlow id="in{level}" sourceRef="s{level}" targetRef="{name}"/>'
            f'<sequenceFlow id="out{level}" sourceRef="{name}" targetRef="e{level}"/></subProcess>'
        )
        name = f"sub{level}"
    data = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
        f'<process id="p" isExecutable="true"><startEvent id="start"/>{inside}<endEvent id="end"/>'
        f'<sequenceFlow id="in" sourceRef="start" targetRef="{name}"/>'
        f'<sequenceFlow id="out" sourceRef="{name}" targetRef="end"/></process></definitions>'
    ).encode()
    return Shape(f"{depth} nested sub-processes", data, 3 * depth + 3, {}, peer=depth <= 20)


def wide(count: int, kind: str = "user") -> Shape:
    times = f"<loopCardinality>{count}</loopCardinality>"
    loop = f"<multiInstanceLoopCharacteristics>{times}</multiInstanceLoopCharacteristics>"
    attributes = "" if kind == "user" else ' camunda:type="external" camunda:topic="work"'
    data = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
        f'<process id="p" isExecutable="true"><startEvent id="start"/>'
        f'<{kind}Task id="t"{attributes}>{loop}</{kind}Task>'
        '<endEvent id="end"/><sequenceFlow id="a" sourceRef="start" targetRef="t"/>'
        '<sequenceFlow id="b" sourceRef="t" targetRef="end"/></process></definitions>'
    ).encode()
    name = f"multi-instance of {count:,} {kind} tasks, one by one"
    return Shape(name, data, count + 3, {}, peer=kind == "user" and count <= 100)


FAMILIES = (
    (row(5), row(100), row(10_000)),
    (loop(100), loop(10_000), loop(100_000)),
    (blocks(4), blocks(20)),
    (nested(10), nested(100), nested(500)),
    (wide(100), wide(10_000), wide(100_000)),
    (wide(100, "service"), wide(10_000, "service"), wide(100_000, "service")),
)
"""The same at several sizes; the last column compares each with the first of its family."""
UPLOADED = 10_000


def run_ours(graphs: dict[str, Graph], shape: Shape) -> None:
    simulator = Simulator(graphs, keep_events=False)
    instance = simulator.start("p", shape.variables)
    while simulator.tasks or simulator.jobs:
        for task_id in list(simulator.tasks):
            simulator.complete_task(task_id)
        for job_id in list(simulator.jobs):
            simulator.complete_job(job_id)
    if simulator.status(instance) != "COMPLETED":
        raise RuntimeError(f"Expected '{shape.name}' to complete, but it is {simulator.status(instance)}")


def peer_runner(shape: Shape) -> Callable[[], None]:
    """SpiffWorkflow's own runtime, parsing not counted."""
    from SpiffWorkflow import TaskState
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

    parser = BpmnParser()
    parser.add_bpmn_str(shape.data)
    spec, sub_specs = parser.get_spec("p"), parser.get_subprocess_specs("p")

    def run() -> None:
        workflow = BpmnWorkflow(spec, sub_specs)
        workflow.task_tree.set_data(**shape.variables)
        workflow.do_engine_steps()
        while not workflow.is_completed():
            for ready in workflow.get_tasks(state=TaskState.READY, manual=True):
                ready.run()
            workflow.do_engine_steps()

    return run


ELEMENTS_PER_SAMPLE = 2_000
"""A short process is run again and again within one sample, as an engine under load does it; alone it would be timed
with cold caches."""
SAMPLES = 3


def measure(run: Callable[[], None], elements: int, seconds: float = 0.25) -> float:
    """Microseconds per element of the best sample."""
    runs = max(1, ELEMENTS_PER_SAMPLE // elements)
    best, spent, samples = float("inf"), 0.0, 0
    while spent < seconds or samples < SAMPLES:
        gc.collect()
        samples += 1
        begin = time.process_time()  # others may be at work on the machine
        for _ in range(runs):
            run()
        took = time.process_time() - begin
        best, spent = min(best, took / runs), spent + took
    return best / elements * 1e6


def peak_memory(graphs: dict[str, Graph], shape: Shape) -> int:
    """Bytes that a run has in use at its peak, beyond what was in use before it."""
    run_ours(graphs, shape)  # what is made once
    gc.collect()
    tracemalloc.start()
    try:
        run_ours(graphs, shape)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def print_memory() -> None:
    """What is active at once bounds the memory: nothing, one token, all items."""
    print(f"\n{'peak memory':<52}{'active':>10}{'kB':>12}{'bytes/active':>15}")
    for shape, active in (
        *((row(length), 1) for length in (100, 10_000)),
        *((loop(rounds), 1) for rounds in (100, 10_000)),
        *((nested(depth), depth) for depth in (100, 500)),
        *((wide(count), count) for count in (1_000, 10_000)),
    ):
        peak = peak_memory(compile_document(shape.data), shape)
        each = f"{peak / active:,.0f}" if active > 1 else ""
        print(f"{shape.name:<52}{active:>10,}{peak / 1024:>12,.0f}{each:>15}")
        sys.stdout.flush()


def upload(data: bytes) -> None:
    """Read, check, compile: what a deployment does with a model before it is stored."""
    examined = examine(data)
    if examined.model is None or has_errors(examined.findings):
        raise RuntimeError(f"Expected a model without errors, but got {examined.findings[:3]}")
    compile_model(examined.model)


def print_upload() -> None:
    print(f"\n{'upload':<52}{'elements':>10}{'seconds':>12}")
    for shape in (row(UPLOADED), blocks(UPLOADED // 5)):
        best = measure(partial(upload, shape.data), shape.elements, 0.0)
        print(f"{shape.name:<52}{shape.elements:>10,}{best * shape.elements / 1e6:>12.2f}")


def machine() -> str:
    """Where and when: one line above the figures."""
    model = "unknown processor"
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), model)
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="store_true", help="measure SpiffWorkflow as well")
    parser.add_argument("--only", metavar="NAME", default="", help="only shapes whose name holds this")
    parser.add_argument("--profile", metavar="NAME", help="profile the first shape whose name holds this")
    arguments = parser.parse_args()
    if arguments.profile:
        shape = next(shape for family in FAMILIES for shape in family if arguments.profile in shape.name)
        graphs = compile_document(shape.data)
        profiler = cProfile.Profile()
        profiler.runcall(run_ours, graphs, shape)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        return
    print(machine())
    peer = f"{'SpiffWorkflow':>15}" if arguments.peer else ""
    print(f"{'shape':<52}{'elements':>10}{'us/element':>12}{'to first':>10}{peer}")
    for family in FAMILIES:
        first: float | None = None
        for shape in family:
            if arguments.only not in shape.name:
                continue
            graphs = compile_document(shape.data)
            ours = measure(partial(run_ours, graphs, shape), shape.elements)
            first = ours if first is None else first
            line = f"{shape.name:<52}{shape.elements:>10,}{ours:>12.1f}{ours / first:>10.2f}"
            print(line + (f"{peer_figure(shape):>15}" if arguments.peer else ""))
            sys.stdout.flush()
    if not arguments.only:
        print_memory()
        print_upload()


def peer_figure(shape: Shape) -> str:
    if not shape.peer:
        return "cannot"
    try:
        return f"{measure(peer_runner(shape), shape.elements):.1f}"
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    main()
