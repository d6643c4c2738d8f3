"""New instances: which definition, which start event, and the row they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.errors import ConflictError, Invalid, NotFound
from server.ports.records import DefinitionRow, InstanceRow
from server.ports.store import UnitOfWork
from server.usecases.executor.definitions import Definitions
from server.usecases.requests import StartRequest

Value = Any


def definition_for(definitions: Definitions, request: StartRequest) -> DefinitionRow:
    """The definition a start request means. Errors as `StartRequest` documents them."""
    definition: DefinitionRow | None
    if request.definition_id is not None:
        definition = definitions.find(request.tenant_id, request.definition_id)
        wanted = f"definition '{request.definition_id}'"
    elif request.definition_key is not None:
        definition = definitions.by_key(request.tenant_id, request.definition_key, request.version)
        wanted = f"definition '{request.definition_key}'"
        if request.version is not None:
            wanted += f" in version {request.version}"
    else:
        raise Invalid("DEFINITION_MISSING", "Expected 'definitionKey' or 'definitionId', but got neither")
    if definition is None:
        raise NotFound("DEFINITION_UNKNOWN", f"Expected {wanted} to be deployed, but it is not")
    check_startable(definition)
    return definition


def startable(definitions: Definitions, tenant_id: str, definition_id: int) -> DefinitionRow:
    """The definition of a start event that something has happened for. Raises ConflictError where it is gone or may
    not start anything (any more)."""
    definition = definitions.find(tenant_id, definition_id)
    if definition is None:
        raise ConflictError("DEFINITION_UNKNOWN", "Expected the definition to exist, but it was deleted")
    check_startable(definition)
    return definition


def check_startable(definition: DefinitionRow) -> None:
    if definition.suspended:
        raise ConflictError(
            "DEFINITION_SUSPENDED",
            f"Expected version {definition.version} of '{definition.key}' to be active, but it is suspended",
        )
    check_executable(definition)


def check_executable(definition: DefinitionRow) -> None:
    if not definition.executable:
        raise ConflictError(
            "NOT_EXECUTABLE",
            f"Expected '{definition.key}' to be executable, but its document says isExecutable=\"false\"; deploy it "
            "with makeExecutable=true to run it as drawn",
        )


def new_instance_row(
    definition: DefinitionRow, instance_id: int, business_key: str | None, unit: UnitOfWork
) -> InstanceRow:
    return InstanceRow(
        id=instance_id,
        tenant_id=definition.tenant_id,
        definition_id=definition.id,
        definition_key=definition.key,
        version=definition.version,
        business_key=business_key,
        status="RUNNING",
        sequence=0,
        document={"v": 1},
        active="",
        root_instance_id=instance_id,
        started_at=unit.now(),
    )


def called_definition(definitions: Definitions, tenant_id: str, payload: Mapping[str, Any]) -> DefinitionRow:
    """The process a call activity calls, by its binding. Raises NotFound, Conflict, Invalid with a clear text."""
    key, binding, version = payload["process_key"], payload["binding"], payload["version"]
    definition: DefinitionRow | None
    if binding == "version":
        try:
            number = int(version or "")
        except ValueError as error:
            raise Invalid("VERSION_INVALID", f"Expected a version number for '{key}', but got '{version}'") from error
        definition = definitions.by_key(tenant_id, key, number)
    elif binding == "versionTag":
        definition = definitions.by_key(tenant_id, key, version_tag=version)
    elif binding == "deployment":
        caller = definitions.find(tenant_id, payload["deployment_definition_id"])
        definition = None if caller is None else definitions.in_deployment(tenant_id, caller.deployment_id, key)
    else:
        definition = definitions.by_key(tenant_id, key)
    if definition is None:
        what = f"process '{key}'" + (f" ({binding} {version})" if version else "")
        raise NotFound("CALLED_PROCESS_UNKNOWN", f"Expected {what} to be deployed, but it is not")
    check_startable(definition)
    return definition
