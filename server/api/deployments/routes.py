"""`/deployments`: upload models."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, request

from server.api.auth import allowed, principal
from server.api.decisions.render import show_decision
from server.api.definitions.render import show_definition
from server.api.deployments.schemas import FILES_BODY, DeploymentSchema
from server.api.errors import finding_json
from server.api.fields import MAX_NAME
from server.api.headers import takes_files
from server.api.http import answer, idempotency, replayed
from server.api.openapi import Resource, answers, document, idempotent
from server.api.services import services
from server.errors import Detail, DomainError, Invalid
from server.store.codec import dump_api
from server.usecases.deploy import DeployedFile, DeploymentResult
from server.usecases.requests import Replayed

deployments = Resource("Deployments", "Uploading models, decisions and forms, all files or none.")

_FIELDS = ("name", "dryRun", "makeExecutable")


@deployments.route("POST", "/deployments")
@allowed("deployer")
@takes_files
@idempotent
@document(requestBody=FILES_BODY)
@answers(201, DeploymentSchema, "Deployed (or, with dryRun, checked). An unchanged resource makes no new version.")
def create_deployment() -> Response:
    """Upload files; 422 with `findings` where a model cannot run."""
    if request.mimetype != "multipart/form-data":
        wrong = DomainError(
            "MEDIA_TYPE_UNSUPPORTED",
            f"Expected a multipart/form-data body with the field 'files', but got '{request.mimetype or 'none'}'",
        )
        wrong.status, wrong.title = 415, "Unsupported media type"
        raise wrong
    files = [DeployedFile(file.filename or "", file.read()) for file in request.files.getlist("files")]
    _only_known()
    name = request.form.get("name") or None
    if name is not None and len(name) > MAX_NAME:
        raise _invalid("name", f"Expected 'name' to have at most {MAX_NAME} characters, but it has {len(name)}")
    if name is not None and not name.isprintable():
        raise _invalid("name", "Expected 'name' to be printable, but it holds control characters such as NUL")
    dry_run = _flag("dryRun")
    result = services().deployer.deploy(
        principal(),
        files,
        name=name,
        dry_run=dry_run,
        make_executable=_flag("makeExecutable"),
        idempotency=idempotency(lambda done: (201, dump_api(show_deployment(done))), _content(files)),
    )
    return (
        replayed(result) if isinstance(result, Replayed) else answer(show_deployment(result), 200 if dry_run else 201)
    )


def show_deployment(result: DeploymentResult) -> dict[str, Any]:
    definitions = [show_definition(row) for row in result.definitions]
    return {
        "id": None if result.id is None else str(result.id),
        "tenantId": result.tenant_id,
        "name": result.name,
        "deployedAt": None if result.id is None else result.deployed_at,
        "definitions": definitions,
        "decisions": [show_decision(row) for row in result.decisions],
        "forms": [{"name": name} for name in result.forms],
        "findings": [finding_json(finding) for finding in result.findings],
    }


def _content(files: list[DeployedFile]) -> bytes:
    """What must be the same for the same idempotency key; the raw body has another boundary each time."""
    digest = hashlib.sha256()
    for part in (
        *(f"{name}={request.form.get(name)}".encode() for name in _FIELDS),
        *(part for file in files for part in (file.name.encode(), file.content)),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _only_known() -> None:
    for name in (*request.form, *request.files):
        if name not in (*_FIELDS, "files"):
            raise _invalid(
                name, f"Expected only the fields files, {', '.join(_FIELDS)}, but '{name}' is none", "UNKNOWN_FIELD"
            )
        if name == "files" and name in request.form:
            raise _invalid(name, "Expected 'files' to be files (with a file name), but got text")


def _flag(name: str) -> bool:
    text = request.form.get(name, "false").strip().lower()
    if text not in ("true", "false"):
        raise _invalid(name, f"Expected '{name}' to be true or false, but got '{text[:40]}'")
    return text == "true"


def _invalid(name: str, message: str, code: str = "INVALID_VALUE") -> Invalid:
    return Invalid("INVALID_BODY", message, details=[Detail(code=code, message=message, pointer=f"/{name}")])
