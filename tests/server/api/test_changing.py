"""`/modify` and `/migrate`: what the executor is asked, and what is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.findings import Finding, Severity
from bpmn.runtime.commands import Instruction, InstructionType
from server.usecases.requests import Answer, MigrateRequest, MigrationResult, ModifyRequest
from server.usecases.requests import Request as AnyRequest
from tests.support.api import Api


def test_should_ask_for_instructions_in_their_order(api: Api) -> None:
    body = {"instructions": [
        {"type": "START_BEFORE", "elementId": "a", "variables": {"x": 1}},
        {"type": "START_AFTER", "elementId": "b", "scopeId": "7"},
        {"type": "CANCEL", "elementId": "c"},
    ]}  # fmt: skip

    api.client().post("/api/v1/instances/5/modify", json=body)

    [request] = api.executor.requests
    assert isinstance(request, ModifyRequest)
    assert (request.instance_id, request.audit) == (5, ("instance.modify", "5"))
    assert request.instructions == (
        Instruction(type=InstructionType.START_BEFORE, element_id="a", variables={"x": 1}),
        Instruction(type=InstructionType.START_AFTER, element_id="b", scope_id=7),
        Instruction(type=InstructionType.CANCEL, element_id="c"),
    )


@pytest.mark.parametrize(("body", "pointer"), [
    ({}, "/instructions"),
    ({"instructions": []}, "/instructions"),
    ({"instructions": [{"type": "START_BEFORE", "elementId": "a"}] * 1001}, "/instructions"),
    ({"instructions": [{"type": "MOVE", "elementId": "a"}]}, "/instructions/0/type"),
    ({"instructions": [{"type": "CANCEL"}]}, "/instructions/0/elementId"),
    ({"instructions": [{"type": "CANCEL", "elementId": "a", "variables": {"x": 1}}]}, "/instructions/0/variables"),
])  # fmt: skip
def test_should_refuse_what_are_no_instructions(api: Api, body: Any, pointer: str) -> None:
    answer = api.client().post("/api/v1/instances/5/modify", json=body)

    assert answer.status_code == 422
    assert pointer in [error.get("pointer") for error in answer.get_json()["errors"]]
    assert api.executor.requests == []


FINDING = Finding(severity=Severity.WARNING, code="C", message="m", hint="h", element_id="b")


def test_should_show_the_mapping_and_the_findings(api: Api) -> None:
    def plan(request: AnyRequest) -> Answer:
        assert isinstance(request, MigrateRequest)
        assert (request.instance_id, request.target_definition_id, request.dry_run) == (5, 9, True)
        return MigrationResult(mapping={**request.mapping, "s": "s"}, findings=(FINDING,))

    api.executor.answer = plan
    answer = api.client().post(
        "/api/v1/instances/5/migrate", json={"targetDefinitionId": "9", "mapping": {"a": "b"}, "dryRun": True}
    )

    assert answer.status_code == 200
    assert answer.get_json()["mapping"] == {"a": "b", "s": "s"}
    assert [(finding["code"], finding["elementId"]) for finding in answer.get_json()["findings"]] == [("C", "b")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/targetDefinitionId"),
        ({"targetDefinitionId": "9", "mapping": []}, "/mapping"),
        ({"targetDefinitionId": "9", "mapping": {"a": 1}}, "/mapping/a/value"),
        ({"targetDefinitionId": "9", "dryRun": "yes"}, "/dryRun"),
    ],
)
def test_should_refuse_what_is_no_migration(api: Api, body: Any, pointer: str) -> None:
    answer = api.client().post("/api/v1/instances/5/migrate", json=body)

    assert answer.status_code == 422
    assert pointer in [error.get("pointer") for error in answer.get_json()["errors"]]
    assert api.executor.requests == []
