"""Block structure vanishes before anything is explored, so that large models cost no more than their size."""

from __future__ import annotations

import pytest

from bpmn.rules.soundness.build import build
from bpmn.rules.soundness.net import Kind, flatten
from bpmn.rules.soundness.reduce import reduce
from tests.bpmn.rules.soundness.models import body, index

COUNT = 200


def blocks(gateway: str) -> str:
    """Blocks of two branches in a row."""
    return "s " + ", ".join(
        f"{gateway}{n} t{n} {gateway}j{n} {gateway}{n + 1}, {gateway}{n} u{n} {gateway}j{n}" for n in range(COUNT)
    )


def nested(gateway: str) -> str:
    """Blocks of two branches, each in a branch of the one before."""
    down = " ".join(f"{gateway}{n}" for n in range(COUNT))
    up = " ".join(f"{gateway}j{n}" for n in reversed(range(COUNT)))
    beside = ", ".join(f"{gateway}{n} t{n} {gateway}j{n}" for n in range(COUNT))
    return f"s {down} {up} e, {beside}"


GATEWAYS = {"exclusive": "x", "parallel": "p", "inclusive": "o"}
LOOPS = ", ".join(f"x{n} t{n} x{n + 1}, x{n} u{n} x{max(0, n - 3)}" for n in range(COUNT))
MODELS = {
    "sequence": "s " + " ".join(f"t{n}" for n in range(COUNT)),
    **{f"{name}-blocks": blocks(letter) for name, letter in GATEWAYS.items()},
    **{f"{name}-nested": nested(letter) for name, letter in GATEWAYS.items()},
    "loops": f"s x0 {LOOPS}, x{COUNT} e",
    "boundary-events": "s u0, " + ", ".join(f"u{n} u{n + 1}, b1u{n} k{n}, n1u{n} e{n}" for n in range(COUNT)),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_should_leave_nothing_of_what_is_block_structured(model: str) -> None:
    # given
    net = build(index(body(model)).scopes[0])
    assert net is not None

    # when
    reduce(net)

    # then
    left = [node for node in net.nodes if node.kind not in (Kind.END, Kind.KILL)]
    assert len(left) <= 1
    assert all(node.kind is Kind.XOR for node in left)


def test_should_remember_the_path_an_edge_stands_for() -> None:
    # given
    net = build(index(body("s t0 x1 t1 x2 p1 t3 p2 e, x1 t2 x2, p1 t4 p2")).scopes[0])
    assert net is not None

    # when
    reduce(net)

    # then
    assert flatten([net.start.trace]) == ["s", "t0", "x1", "t1", "x2", "p1", "t3", "t4", "p2", "e"]


@pytest.mark.parametrize(
    "model", ["s x1 t1 p1 e, x1 t2 p1", "s p1 t1 x1 e, p1 t2 x1 t3 p2, p1 p2", "s o1 t1 p1 e, o1 t2 p1"]
)
def test_should_keep_what_is_not_block_structured(model: str) -> None:
    # given
    net = build(index(body(model)).scopes[0])
    assert net is not None

    # when
    reduce(net)

    # then
    assert any(node.kind is Kind.AND and len(node.ins) > 1 for node in net.nodes)
