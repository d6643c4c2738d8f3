"""Gateways (BPMN 2.0.2, chapter 10.6)."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.model.base import Element, Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Element):
    direction: str = "Unspecified"
    async_before: bool = False
    async_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusiveGateway(Gateway):
    default_flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusiveGateway(Gateway):
    default_flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelGateway(Gateway):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBasedGateway(Gateway):
    instantiate: bool = False
    parallel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexGateway(Gateway):
    default_flow: str | None = None
    activation_condition: Expression | None = None
