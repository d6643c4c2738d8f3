"""What the routes answer has exactly the fields that the OpenAPI document promises."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import Schema

from bpmn.findings import Finding, Severity
from server.api.conditions.routes import (
    ConditionFailureSchema,
    StartedByConditionsSchema,
    show_failure,
    show_started,
)
from server.api.definitions.render import show_definition
from server.api.definitions.schemas import DefinitionSchema, DefinitionSummarySchema
from server.api.deployments.routes import show_deployment
from server.api.deployments.schemas import DeploymentSchema, FindingSchema
from server.api.errors import finding_json
from server.api.incidents.routes import IncidentSchema, show_incident
from server.api.instances.render import show_element, show_instance
from server.api.instances.schemas import ElementSchema, InstanceSchema
from server.api.jobs.routes import show_job
from server.api.jobs.schemas import JobSchema
from server.api.messages.routes import PublishedSchema, show_published
from server.api.signals.routes import SignalledSchema, show_signalled
from server.api.tasks.render import show_task
from server.api.tasks.schemas import TaskSchema
from server.api.tokens.routes import TokenSchema, show_token
from server.ports.queries import ActiveElement
from server.ports.records import DefinitionRow, IncidentRow, InstanceRow, TokenRow, UserTaskRow
from server.usecases.deploy import DeploymentResult
from server.usecases.jobs import ActivatedJob
from server.usecases.requests import ConditionFailure, ConditionResult, PublishResult, SignalResult
from server.usecases.views import EMPTY
from tests.server.usecases.test_jobs import job

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
DEFINITION = DefinitionRow(
    id=1,
    tenant_id="t",
    key="k",
    version=1,
    name=None,
    version_tag=None,
    deployment_id=2,
    resource_name="r",
    content_hash="h",
    executable=True,
    forced_executable=False,
    deployed_at=NOW,
)
INSTANCE = InstanceRow(
    id=1,
    tenant_id="t",
    definition_id=1,
    definition_key="k",
    version=1,
    business_key=None,
    status="RUNNING",
    sequence=1,
    document={},
    active="",
    root_instance_id=1,
    started_at=NOW,
)
TASK = UserTaskRow(
    instance_id=1,
    id=2,
    tenant_id="t",
    scope_id=3,
    token_id=4,
    element_id="e",
    definition_id=5,
    definition_key="k",
    business_key=None,
    name=None,
    assignee=None,
    created_at=NOW,
)
INCIDENT = IncidentRow(
    instance_id=1,
    id=2,
    tenant_id="t",
    scope_id=3,
    token_id=4,
    definition_id=5,
    definition_key="k",
    element_id="e",
    kind="JOB",
    message="m",
    created_at=NOW,
)
TOKEN = TokenRow(id=1, tenant_id="t", name="n", token_hash="h", roles=("user",), created_at=NOW)
FINDING = Finding(severity=Severity.INFO, code="C", message="m", hint="h")
DEPLOYMENT = DeploymentResult(
    id=1, tenant_id="t", name="n", deployed_at=NOW, definitions=(), decisions=(), forms=(), findings=()
)
FAILURE = ConditionFailure(definition_id=1, definition_key="k", element_id="e", message="m")
ELEMENT = ActiveElement(element_id="e", token_id=1, scope_id=2, parent_scope_id=None, waits=[{"kind": "JOB", "id": 5}])


@pytest.mark.parametrize(
    ("shown", "schema"),
    [
        (show_definition(DEFINITION, EMPTY), DefinitionSchema),
        (show_definition(DEFINITION), DefinitionSummarySchema),
        (show_instance(INSTANCE, (), {}), InstanceSchema),
        (show_task(TASK, {}), TaskSchema),
        (show_incident(INCIDENT), IncidentSchema),
        (show_job(ActivatedJob(job(), {})), JobSchema),
        (show_token(TOKEN) | {"token": "x"}, TokenSchema),
        (show_published(PublishResult(result="NONE")), PublishedSchema),
        (show_signalled(SignalResult(instance_ids=(1, 2), total=3)), SignalledSchema),
        (show_started(ConditionResult(instance_ids=(1, 2))), StartedByConditionsSchema),
        (show_failure(FAILURE), ConditionFailureSchema),
        (show_deployment(DEPLOYMENT), DeploymentSchema),
        (show_element(ELEMENT, {"e": ("USER_TASK", None)}), ElementSchema),
        (finding_json(FINDING), FindingSchema),
    ],
)
def test_should_show_exactly_the_documented_fields(shown: dict[str, Any], schema: type[Schema]) -> None:
    assert set(shown) == set(schema().fields)


def test_should_show_ids_as_strings() -> None:
    shown = [
        show_instance(INSTANCE, (), {}),
        show_task(TASK),
        show_incident(INCIDENT),
        show_job(ActivatedJob(job(), {})),
    ]

    for resource in shown:
        for name, value in resource.items():
            if name == "id" or name.endswith("Id"):
                assert value is None or isinstance(value, str), name
    assert show_element(ELEMENT, {"e": ("USER_TASK", None)})["waits"] == [{"kind": "JOB", "id": "5"}]
