"""Which connector does which job type."""

from __future__ import annotations

from types import ModuleType

import pytest

from connectors import Job, connector
from connectors.builtin import builtin_connectors
from connectors.registry import DuplicateConnector, Registry


@connector("a", "b", variables=["x"])
def both(job: Job) -> None:
    """Does two types."""


@connector("c")
def other(job: Job) -> None: ...


def test_should_find_connectors_by_every_type() -> None:
    registry = Registry([both, other])
    assert registry.get("b") is both
    assert registry.get("d") is None
    assert registry.types() == ["a", "b", "c"]
    assert list(registry) == [both, other]


def test_should_find_the_connectors_of_a_module() -> None:
    module = ModuleType("mine")
    module.both, module.number = both, 3  # type: ignore[attr-defined]
    registry = Registry()
    assert registry.add_module(module) == [both]
    assert registry.add_module(module) == [both]


def test_should_refuse_a_module_without_connectors() -> None:
    with pytest.raises(ValueError, match="decorated with @connector in module 'json'"):
        Registry().add_module("json")


def test_should_refuse_two_connectors_of_one_type() -> None:
    @connector("c")
    def rival(job: Job) -> None: ...

    with pytest.raises(DuplicateConnector, match="job type 'c'"):
        Registry([other, rival])


def test_should_select_types() -> None:
    assert Registry([both, other]).only(["b"]).types() == ["b"]
    with pytest.raises(ValueError, match="job type 'x', but there are only: a, b"):
        Registry([both]).only(["x"])


def test_should_tell_the_declared_variables() -> None:
    assert Registry([both, other]).declared_variables() == {"a": ("x",), "b": ("x",)}


def test_should_keep_the_functions_text_and_stay_callable() -> None:
    assert both.__doc__ == "Does two types."
    assert both(Job(id="1", type="a")) is None


@pytest.mark.parametrize("options", [{"timeout": 0}, {"lease_seconds": -1}])
def test_should_refuse_options_that_make_no_sense(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        connector("x", **options)  # type: ignore[arg-type]


def test_should_refuse_an_empty_type() -> None:
    with pytest.raises(ValueError, match="empty"):
        connector("")


def test_should_bring_the_builtin_types() -> None:
    assert Registry(builtin_connectors()).types() == ["email", "http", "log", "mail", "python"]
