"""What every error code means and what to do about it; `docs/errors.md` is made of this and of the table of refusals.

python -m tests.acceptance.refusals.catalogue > docs/errors.md
"""

# A table reads best with one row on one line.
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bpmn.findings import Finding, Severity
from server.usecases.checking import check_file, checker
from tests.acceptance.refusals import decisions, documents, requests, rules, states
from tests.acceptance.refusals.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Entry:
    statuses: tuple[int, ...]
    meaning: str
    remedy: str


# fmt: off
SAME_REQUEST_LATER = "Send the same request again in a moment, with the same `Idempotency-Key`."
LOOK_FOR_ID = "Look the id up in the list of the resource. Other tenants' ids do not exist for a token."
ENDED = "Nothing; look at it with `GET`."

CODES: dict[str, Entry] = {
    # -- who asks
    "TOKEN_MISSING": Entry((401,), "The request brings no token.", "Send `Authorization: Bearer TOKEN`."),
    "TOKEN_MALFORMED": Entry((401,), "The header `Authorization` holds no bearer token.", "Send `Authorization: Bearer TOKEN`."),
    "TOKEN_UNKNOWN": Entry(
        (401, 404),
        "401: nobody knows this token, or it has expired. 404: there is no token with this id.",
        "Ask an administrator for a token (`POST /tokens`).",
    ),
    "ROLE_MISSING": Entry((403,), "The token's roles do not allow this.", "Use a token with one of the roles named."),
    "TENANT_FOREIGN": Entry((403,), "The token belongs to another tenant.", "Use the server's own admin token, or leave `tenantId` out."),
    "ORIGIN_FOREIGN": Entry((403,), "With `BPMND_AUTH=none`: a web page of elsewhere, or another host name, leads here.", "Use `BPMND_AUTH=token`."),
    "RATE_LIMITED": Entry((429,), "More requests of this token to this route than `BPMND_RATE_LIMIT` allows.", "Wait for the seconds in `Retry-After`."),
    # -- the request itself
    "PATH_UNKNOWN": Entry((404,), "There is no such path.", "See `/docs` for all of them."),
    "METHOD_NOT_ALLOWED": Entry((405,), "The path does not know this method.", "Use one of those in the header `Allow`."),
    "BODY_TOO_LARGE": Entry(
        (413,), "The body is larger than `BPMND_MAX_BODY_BYTES`, or than `BPMND_MAX_DEPLOYMENT_BYTES` for models.",
        "Send less, keep large data elsewhere and send a reference, or raise the setting.",
    ),
    "MEDIA_TYPE_UNSUPPORTED": Entry((415,), "The body is of a type this route does not read.", "Set the header `Content-Type` to the type named."),
    "JSON_INVALID": Entry((400,), "The body is no JSON (or has a name twice, NaN, too many levels).", "Correct the JSON at the place named."),
    "INVALID_BODY": Entry((422,), "The body is JSON, but not what the route takes; `errors` names each place.", "Correct the fields that `pointer` points at."),
    "INVALID_VALUE": Entry((422, 400), "One field (`pointer`) or query parameter has a value of the wrong type or size.", "Send what the message expects."),
    "UNKNOWN_FIELD": Entry((422,), "The body has a field that the route does not know.", "Remove it, or correct its spelling."),
    "UNKNOWN_PARAMETER": Entry((400,), "The query has a parameter that the route does not know.", "Remove it, or correct its spelling."),
    "INVALID_PARAMETERS": Entry((400,), "The query or the path holds what cannot be read.", "Correct the parameter that is named."),
    "CURSOR_INVALID": Entry((400,), "The cursor comes from nowhere, or from a list in another order.", "Begin again without `cursor`."),
    "SORT_INVALID": Entry((400,), "The list cannot be sorted by this.", "Use one of the fields named."),
    "IDEMPOTENCY_KEY_INVALID": Entry((400,), "The `Idempotency-Key` is empty, too long or not printable.", "Use 1 to 255 printable characters."),
    "IDEMPOTENCY_KEY_REUSED": Entry((422,), "The `Idempotency-Key` came before with another request.", "Use a new key for a new request."),
    "IDEMPOTENCY_IN_PROGRESS": Entry((409,), "The first request with this key is still running.", SAME_REQUEST_LATER),
    # -- deployments
    "MODEL_INVALID": Entry((422,), "A document cannot be read or run; `findings` says why, `errors` has those that prevent it.", "Follow the `hint` of each finding."),
    "FILES_MISSING": Entry((422,), "The form has no field `files`.", "Send at least one file as `files`."),
    "FILE_TWICE": Entry((422,), "Two files of the deployment have the same name.", "Rename one of them."),
    "FILE_NAME_INVALID": Entry((422,), "A file name is empty, too long, or leads to another place.", "Use a plain name such as `order.bpmn`."),
    "BODY_MISSING": Entry((422,), "The request has no document as its body.", "Send the BPMN document as `application/xml`."),
    "KEY_MISMATCH": Entry((422,), "The document has another process than the path names.", "Use the process's own key in the path, or `POST /definitions`."),
    "PROCESS_MISSING": Entry((422,), "The document has no process.", "Draw one."),
    # -- definitions and starts
    "DEFINITION_UNKNOWN": Entry((404,), "No such definition, key or version is deployed for this tenant.", "Deploy it, or look it up in `GET /definitions`."),
    "DEFINITION_MISSING": Entry((422,), "The request names neither key nor id.", "Name one."),
    "DEFINITION_SUSPENDED": Entry((409,), "The definition is suspended: it starts no instances.", "`PATCH /definitions/{id}` with `{\"suspended\": false}`."),
    "NOT_EXECUTABLE": Entry((409,), "The document says `isExecutable=\"false\"`: it is a drawing.", "Deploy it with `makeExecutable=true`."),
    "START_EVENT_MISSING": Entry((409,), "The process has not the start event that was asked for.", "Start it by its message, or draw the start event that is missing."),
    "INSTANCES_RUNNING": Entry((409,), "Instances of the definition are running.", "End them, or delete with `?cascade=true`."),
    "RESOURCE_UNKNOWN": Entry((404,), "The definition's document is gone.", "Deploy it again."),
    "DECISION_UNKNOWN": Entry((404,), "No such decision, key or version is deployed for this tenant.", "Deploy it, or look it up in `GET /decisions`."),
    "DECISION_FAILED": Entry((422,), "The decision cannot be evaluated within its limits, or its result is no value that can be shown (a function, a range).", "Correct the decision; the message says where."),
    # -- instances, tasks, jobs, incidents, messages
    "INSTANCE_UNKNOWN": Entry((404,), "There is no instance with this id.", LOOK_FOR_ID),
    "INSTANCE_ENDED": Entry((409,), "The instance has ended.", ENDED),
    "INSTANCE_PAUSED": Entry((409,), "The instance is paused.", "`POST /instances/{id}/resume` first."),
    "INSTANCE_MIGRATING": Entry((409,), "The instance has many scopes and is on its way to another version; until all are there, nobody changes it. What comes by itself (results, timers, messages) is kept.", SAME_REQUEST_LATER),
    "MODIFICATION_INVALID": Entry((422,), "An instruction of `/modify` cannot be followed; the message says which and why. Nothing has changed.", "Correct the instruction; `GET /instances/{id}/elements` shows what is active and in which scope."),
    "MIGRATION_INVALID": Entry((422,), "The instance cannot go on in the other definition; `findings` says what has no place there, or which mapping is wrong. Nothing has changed.", "Add to `mapping`, or end what is in the way with `/modify`; `dryRun` tells whether it is enough."),
    "ALREADY_MIGRATED": Entry((409,), "The instance is of the definition that it is to go on in.", "Nothing."),
    "INSTANCE_NOT_PAUSED": Entry((409,), "The instance is not paused.", "Nothing: it runs."),
    "SCOPE_UNKNOWN": Entry((404,), "The instance has no scope with this id.", "Look it up in `GET /instances/{id}/elements`."),
    "TASK_UNKNOWN": Entry((404,), "There is no task with this id, or it is none of yours.", LOOK_FOR_ID),
    "TASK_ENDED": Entry((409,), "The task is completed or cancelled; somebody was faster.", ENDED),
    "TASK_CLAIMED": Entry((409,), "The task belongs to somebody else.", "Have it unclaimed or assigned to you."),
    "TASK_DELEGATED": Entry((409,), "The task was delegated and has to be given back first.", "`POST /tasks/{id}/resolve`; then its owner completes it."),
    "TASK_BUSY": Entry((409,), "A listener of the task is still at work, or failed; the task is being created or completed.", "Wait for its worker, or resolve its incident; see [listeners](howto/listeners.md)."),
    "LISTENER_FAILED": Entry((409,), "A listener of the task failed while the task was to be changed. Nothing has changed.", "Correct what the message names, or the listener; then try again."),
    "TASK_NOT_DELEGATED": Entry((409,), "Nobody delegated the task.", "Complete it instead."),
    "JOB_GONE": Entry((404,), "The job is done, cancelled or not there. For a worker that means: done.", "Drop the result and take the next job."),
    "STALE_ATTEMPT": Entry((409,), "The result belongs to another attempt: the lease ran out and somebody else has the job now.", "Drop the result; ask for longer leases, or extend them in time."),
    "LEASE_INVALID": Entry((422,), "The lease asked for is longer than a week, or not positive.", "Ask for a shorter one, and extend it."),
    "INCIDENT_UNKNOWN": Entry((404,), "There is no incident with this id.", LOOK_FOR_ID),
    "INCIDENT_RESOLVED": Entry((409,), "The incident is resolved already.", ENDED),
    "INCIDENT_NOT_DISMISSIBLE": Entry((409,), "An element waits for the incident: closing the record alone would leave it stuck.", "Resolve it without `dismiss`, or cancel the instance."),
    "MESSAGE_AMBIGUOUS": Entry((409,), "Several instances wait for the message, and nothing says which is meant.", "Send `correlationKey`, `correlationKeys`, `businessKey` or `instanceId`; or `all`."),
    "EXPIRY_PASSED": Entry((422,), "`expiresAt` of the new token has passed.", "Name a time to come."),
    "ROLE_UNKNOWN": Entry((422,), "There is no such role.", "Use admin, deployer, operator, worker or user."),
    # -- not now
    "CONFLICT": Entry((409,), "Somebody else changed the same at the same time.", "Read it again and decide anew."),
    "BUSY": Entry((503,), "The database could not put the change in order with others.", SAME_REQUEST_LATER),
    "DATABASE_UNAVAILABLE": Entry((503,), "The database cannot be reached.", SAME_REQUEST_LATER + " `bpmnd doctor` says more."),
    "STORE_UNAVAILABLE": Entry((503,), "The database cannot be reached.", SAME_REQUEST_LATER + " `bpmnd doctor` says more."),
    "EXECUTOR_BUSY": Entry((503,), "The request was not carried out in time; it may still be.", SAME_REQUEST_LATER),
    "MESSAGE_NOT_MATCHED": Entry((503,), "The message is stored, but not matched in time; it will be.", "Do not send it again, except with the same `messageId`."),
    "RESULTS_HELD": Entry((503,), "Results wait for the database.", SAME_REQUEST_LATER),
    "SHUTTING_DOWN": Entry((503,), "This process is going down.", SAME_REQUEST_LATER),
    "INTERNAL_ERROR": Entry((500,), "A defect of bpmnd; nothing was changed.", "Report it with the `errorId`, which the log has as well."),
}
NOT_PROVOKED: dict[str, str] = {
    "RATE_LIMITED": "tests/server/api/test_edge.py",
    "ORIGIN_FOREIGN": "tests/acceptance/test_security.py",
    "IDEMPOTENCY_IN_PROGRESS": "needs two requests at once",
    "INVALID_BODY": "is the problem's type; each error has its own code",
    "MODEL_INVALID": "is the problem's type; each finding has its own code",
    "PROCESS_MISSING": "the finding NO_PROCESS comes first",
    "DEFINITION_MISSING": "the body is refused first",
    "RESOURCE_UNKNOWN": "a row deleted by hand",
    "INSTANCE_MIGRATING": "tests/server/usecases/executor/test_wide_migrate.py",
    "LEASE_INVALID": "the body is refused first; over the bus",
    "ROLE_UNKNOWN": "the body is refused first",
    "CONFLICT": "tests/server/api/test_edge.py",
    "BUSY": "needs two transactions at once",
    "DATABASE_UNAVAILABLE": "tests/server/api/test_edge.py",
    "STORE_UNAVAILABLE": "needs a database that goes away",
    "EXECUTOR_BUSY": "tests/server/api/test_edge.py",
    "MESSAGE_NOT_MATCHED": "needs a database that goes away",
    "RESULTS_HELD": "needs a database that goes away",
    "SHUTTING_DOWN": "needs a process that goes down",
    "INTERNAL_ERROR": "tests/server/api/test_edge.py",
}
"""Codes without a row in the table, and why."""
INSIDE: dict[str, str] = {
    "CALLED_PROCESS_UNKNOWN": "the called process is not deployed",
    "CALLS_ENDLESS": "processes call each other without end",
    "VERSION_INVALID": "the version of a called process is no number",
}
"""Raised where a process calls another: their text becomes an incident of kind CALLED_INSTANCE_FAILED."""

# fmt: on

HEAD = """# Errors

Every error is answered as `application/problem+json` (RFC 9457):

```json
{"type": "urn:bpmnd:problem:invalid-body", "title": "Cannot be processed", "status": 422,
 "detail": "'version': Expected a number from 1 to 2147483647, but got 0",
 "errors": [{"code": "INVALID_VALUE", "message": "...", "pointer": "/version"}], "requestId": "..."}
```

`errors[].code` is stable and made for programs; `message` is for people and says what was expected, what came, and what
to do. `pointer` is a JSON pointer into the body, `elementId` and `line` name the place in a model. Whatever is refused
changes nothing. `requestId` is the header `X-Request-Id` (sent, or made up), and is in the log as well.

This page is generated (`python -m tests.acceptance.refusals.catalogue > docs/errors.md`) from the table of bad requests
that the tests send: {count} of them.

## Codes

| code | status | meaning | what to do |
|---|---|---|---|
"""
FINDINGS = """
## Findings that refuse a model

A deployment with one of these is answered 422; `findings` has all of them, warnings included. The examples are those of
the tests; each message names the element of the model at hand.

| code | for example | what to do |
|---|---|---|
"""
AT_RUN_TIME = """
## At run time

What goes wrong in a running process is no error of a request: the element stops with an incident (`GET /incidents`) that
names it. Nothing of the failed step is kept, and everything else goes on. `POST /incidents/{id}/resolve` tries again, with
corrected variables where that helps. Scripts and expressions end after 0.1 s of CPU time, and where they would make
strings, lists or numbers beyond their limits; loops of a model without a wait state after `BPMND_TRANSITIONS_LIMIT`
transitions; processes that call each other without a wait state after 200 calls.
"""


def rows() -> list[Refusal]:
    return [*documents.ROWS, *decisions.ROWS, *rules.ROWS, *requests.ROWS, *states.ROWS]


def findings_of(row: Refusal) -> Iterator[Finding]:
    """What is found in the files of a row."""
    check = checker()
    for name, content in row.files:
        yield from check_file(name, content, False, check)


def examples() -> dict[str, Finding]:
    """One finding for each code of the models in the table."""
    found: dict[str, Finding] = {}
    for row in (
        *documents.TEXT,
        *documents.HOSTILE,
        *documents.OTHER_KINDS,
        *documents.MODELS,
        *decisions.ROWS,
        *rules.ROWS,
    ):
        if row.status == 422 and row.code not in found and sum(len(content) for _, content in row.files) < 1_000_000:
            for finding in findings_of(row):
                if finding.code == row.code and finding.severity is Severity.ERROR:
                    found.setdefault(row.code, finding)
    return found


def documentation() -> str:
    """Markdown of `docs/errors.md`."""
    lines = [
        f"| `{code}` | {', '.join(map(str, entry.statuses))} | {_cell(entry.meaning)} | {_cell(entry.remedy)} |"
        for code, entry in sorted(CODES.items())
    ]
    found = [
        f"| `{code}` | {_cell(finding.message)} | {_cell(finding.hint)} |"
        for code, finding in sorted(examples().items())
    ]
    head = HEAD.replace("{count}", str(len(rows())))
    return head + _table(lines) + FINDINGS + _table(found) + AT_RUN_TIME


def _table(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str) -> str:
    """Safe within a table; tags stay text."""
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    print(documentation(), end="")
