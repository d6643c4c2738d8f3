"""Deploying files: check them all, then store them, number the versions and swap the starts in one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bpmn.dmn.examine import Examined
from bpmn.dmn.model import Decision, DecisionService
from bpmn.findings import Finding, Severity, has_errors
from bpmn.model.definitions import Process
from bpmn.spec.graph import Graph
from server.errors import Invalid, InvalidModel
from server.ports.records import DecisionRow, DefinitionRow, DeploymentRow, ResourceRow
from server.ports.store import Conflict, SerializationFailure, Store, UnitOfWork
from server.usecases import idempotency as keys
from server.usecases.checking import Checked, Checker, kind_of, refusals
from server.usecases.decision_files import (
    DecisionFile,
    duplicate_decisions,
    missing_decisions,
    read_decision_files,
)
from server.usecases.requests import Idempotency, Principal, Replayed
from server.usecases.starts import StartPlanner

ATTEMPTS = 5
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class DeployedFile:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentResult:
    """`definitions` and `decisions` are those of the files as they are now: new versions, or the latest where nothing
    changed.
    A dry run has no id and stores nothing."""

    id: int | None
    tenant_id: str
    name: str
    deployed_at: datetime
    definitions: Sequence[DefinitionRow]
    decisions: Sequence[DecisionRow]
    forms: Sequence[str]
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    kind: str
    content: bytes
    content_hash: str
    """Of a DMN file, also of those that it imports."""
    checked: Checked | None
    decisions: Examined | None = None
    imports: tuple[str, ...] = ()
    """Names of the files of the deployment that a DMN file imports."""


class Deployer:
    def __init__(self, store: Store, check: Checker, plan_starts: StartPlanner, next_id: Callable[[], int]) -> None:
        self._store = store
        self._check = check
        self._plan_starts = plan_starts
        self._next_id = next_id

    def deploy(
        self,
        principal: Principal,
        files: Sequence[DeployedFile],
        *,
        name: str | None = None,
        dry_run: bool = False,
        make_executable: bool = False,
        idempotency: Idempotency | None = None,
        one_document: bool = False,
        only_key: str | None = None,
    ) -> DeploymentResult | Replayed:
        """All files or none. `make_executable` runs processes that say isExecutable="false". With
        `one_document` at least one process is expected, with `only_key` exactly one, of this key.

        Raises Invalid (no files, a name twice, another key than `only_key`), and InvalidModel with all findings where
        one of them is an ERROR; then nothing is stored.
        """
        _check_names(files)
        examined = read_decision_files(
            {file.name: file.content for file in files if kind_of(file.name, file.content) == "dmn"}
        )
        read = [self._read(file, make_executable, examined) for file in files]
        findings = [finding for file, extra in read for finding in (*extra, *_findings(file))]
        opened = [file for file, _ in read]
        findings += [
            *_duplicate_keys(opened),
            *duplicate_decisions({file.name: _decisions_of(file) for file in opened}, MAX_KEY),
        ]
        if has_errors(findings):
            worst = next(finding for finding in findings if finding.severity is Severity.ERROR)
            count = sum(finding.severity is Severity.ERROR for finding in findings)
            more = f" (and {count - 1} more)" if count > 1 else ""
            raise InvalidModel(f"{worst.message}{more}", findings)
        found = [process.id for file in opened for process in _processes(file)]
        if one_document and not found:
            raise Invalid("PROCESS_MISSING", "Expected a document with a process, but it has none")
        if only_key is not None and found != [only_key]:
            raise Invalid(
                "KEY_MISMATCH",
                f"Expected exactly one process with the key '{only_key}', "
                f"but the document has {', '.join(repr(key) for key in found) or 'none'}",
            )
        for attempt in range(ATTEMPTS):
            try:
                return self._store_all(
                    principal,
                    opened,
                    findings,
                    name=name,
                    dry_run=dry_run,
                    make_executable=make_executable,
                    idempotency=idempotency,
                )
            except (SerializationFailure, Conflict):
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _read(
        self, file: DeployedFile, make_executable: bool, decisions: Mapping[str, DecisionFile]
    ) -> tuple[_File, tuple[Finding, ...]]:
        kind = kind_of(file.name, file.content)
        if kind == "dmn":
            found = decisions[file.name]
            return _File(file.name, kind, file.content, found.digest, None, found.examined, found.imports), ()
        checked = self._check(file.content, file.name, make_executable) if kind == "bpmn" else None
        digest = hashlib.sha256(file.content).hexdigest()
        return _File(file.name, kind, file.content, digest, checked), refusals(file.name, kind)

    def _store_all(
        self,
        principal: Principal,
        files: Sequence[_File],
        findings: Sequence[Finding],
        *,
        name: str | None,
        dry_run: bool,
        make_executable: bool,
        idempotency: Idempotency | None,
    ) -> DeploymentResult | Replayed:
        tenant = principal.tenant_id
        with self._store.begin() as unit:
            if not dry_run and (replayed := keys.claim(unit, idempotency)):
                return replayed
            now = unit.now()
            deployment = DeploymentRow(
                id=self._next_id(),
                tenant_id=tenant,
                name=name or files[0].name,
                deployed_at=now,
                deployed_by=principal.name,
            )
            # Sorted, so that two deployments never wait for each other in a circle.
            for key in sorted({process.id for file in files for process in _processes(file)}):
                unit.lock_definition_key(tenant, key)
            resources: list[ResourceRow] = []
            current: list[DefinitionRow] = []
            decided: list[DecisionRow] = []
            new_decisions: list[DecisionRow] = []
            wanted: set[str] = set()
            added: list[tuple[DefinitionRow, Graph | None]] = []
            for file in files:
                new = [] if file.checked is None else self._versions(unit, deployment, file, make_executable, current)
                added += new
                newly_decided = self._decision_versions(unit, deployment, file, decided)
                new_decisions += newly_decided
                if newly_decided:
                    wanted.update((file.name, *file.imports))
                if new or file.kind == "form":
                    resources.append(
                        ResourceRow(
                            deployment_id=deployment.id,
                            tenant_id=tenant,
                            name=file.name,
                            kind=file.kind,
                            content=file.content,
                            content_hash=file.content_hash,
                        )
                    )
            resources += [
                ResourceRow(
                    deployment_id=deployment.id,
                    tenant_id=tenant,
                    name=file.name,
                    kind=file.kind,
                    content=file.content,
                    content_hash=file.content_hash,
                )
                for file in files
                if file.name in wanted
            ]
            processes = {file.name: _processes(file) for file in files}
            findings = [*findings, *missing_decisions(unit, tenant, processes, {row.key for row in decided})]
            result = DeploymentResult(
                id=None if dry_run else deployment.id,
                tenant_id=tenant,
                name=deployment.name,
                deployed_at=now,
                definitions=current,
                decisions=decided,
                forms=[file.name for file in files if file.kind == "form"],
                findings=findings,
            )
            if dry_run:
                return result
            unit.insert_deployment(deployment, resources)
            for definition, graph in added:
                unit.insert_definition(definition)
                starts = self._plan_starts(graph, definition, now, self._next_id)
                unit.replace_starts(tenant, definition.key, *starts)
            for decision in new_decisions:
                unit.insert_decision(decision)
            unit.insert_audit(
                tenant_id=tenant,
                id=self._next_id(),
                principal=principal.name,
                action="deployment.create",
                target=str(deployment.id),
                detail={"files": [file.name for file in files]},
            )
            keys.finish(unit, idempotency, result)
            unit.commit()
            return result

    def _decision_versions(
        self, unit: UnitOfWork, deployment: DeploymentRow, file: _File, current: list[DecisionRow]
    ) -> list[DecisionRow]:
        """As `_versions`, of a DMN file."""
        added: list[DecisionRow] = []
        for decision in _decisions_of(file):
            latest = unit.find_decision_by_key(deployment.tenant_id, decision.id)
            if latest is not None and latest.content_hash == file.content_hash:
                current.append(latest)
                continue
            row = DecisionRow(
                id=self._next_id(),
                tenant_id=deployment.tenant_id,
                key=decision.id,
                version=1 if latest is None else latest.version + 1,
                name=decision.name,
                version_tag=decision.version_tag if isinstance(decision, Decision) else None,
                deployment_id=deployment.id,
                resource_name=file.name,
                content_hash=file.content_hash,
                deployed_at=deployment.deployed_at,
            )
            added.append(row)
            current.append(row)
        return added

    def _versions(
        self,
        unit: UnitOfWork,
        deployment: DeploymentRow,
        file: _File,
        make_executable: bool,
        current: list[DefinitionRow],
    ) -> list[tuple[DefinitionRow, Graph | None]]:
        """The file's new versions; `current` gets every definition of the file, new or not."""
        added: list[tuple[DefinitionRow, Graph | None]] = []
        for process in _processes(file):
            forced = make_executable and process.is_executable is False
            executable = forced or process.is_executable is not False
            latest = unit.latest_definition(deployment.tenant_id, process.id)
            if (
                latest is not None
                and latest.content_hash == file.content_hash
                and latest.forced_executable == forced
                and latest.executable == executable
            ):
                current.append(latest)
                continue
            definition = DefinitionRow(
                id=self._next_id(),
                tenant_id=deployment.tenant_id,
                key=process.id,
                version=unit.next_definition_version(deployment.tenant_id, process.id),
                name=process.name,
                version_tag=process.version_tag,
                deployment_id=deployment.id,
                resource_name=file.name,
                content_hash=file.content_hash,
                executable=executable,
                forced_executable=forced,
                deployed_at=deployment.deployed_at,
                history_ttl=process.history_time_to_live,
            )
            graph = file.checked.graphs.get(process.id) if file.checked is not None and executable else None
            added.append((definition, graph))
            current.append(definition)
        return added


def _check_names(files: Sequence[DeployedFile]) -> None:
    if not files:
        raise Invalid("FILES_MISSING", "Expected at least one file in the multipart field 'files', but there is none")
    for file in files:
        if not _is_plain(file.name):
            raise Invalid(
                "FILE_NAME_INVALID",
                f"Expected file names of 1 to {MAX_KEY} printable characters that lead to no other place (no '..', no "
                f"backslash, no '/' in front), but got {file.name[:80]!r}",
            )
    name, count = Counter(file.name for file in files).most_common(1)[0]
    if count > 1:
        raise Invalid("FILE_TWICE", f"Expected every file name once, but '{name}' comes {count} times")


def _is_plain(name: str) -> bool:
    """Names are never paths here, but whoever downloads a document may take them for one."""
    harmless = name.isprintable() and "\\" not in name and ".." not in name.split("/") and not name.startswith("/")
    return 1 <= len(name) <= MAX_KEY and harmless


def _findings(file: _File) -> tuple[Finding, ...]:
    if file.decisions is not None:
        return file.decisions.findings
    return file.checked.findings if file.checked is not None else ()


def _decisions_of(file: _File) -> tuple[Decision | DecisionService, ...]:
    """What can be evaluated by its key: decisions, then decision services."""
    model = None if file.decisions is None else file.decisions.model
    return () if model is None else (*model.decisions, *model.services)


def _processes(file: _File) -> tuple[Process, ...]:
    return file.checked.model.processes if file.checked is not None and file.checked.model is not None else ()


def _duplicate_keys(files: Sequence[_File]) -> list[Finding]:
    """One deployment cannot have two versions of one key. Ids doubled within one file are found by the rules."""
    seen: dict[str, str] = {}
    found = []
    for file in files:
        for process in _processes(file):
            other = seen.setdefault(process.id, file.name)
            if other != file.name:
                found.append(
                    Finding(
                        severity=Severity.ERROR,
                        code="DUPLICATE_DEFINITION_KEY",
                        message=f"Expected every process key once in a deployment, but '{process.id}' is in '{other}' "
                        f"and in '{file.name}'",
                        hint="Give one of them another id, or deploy the files one after the other.",
                        element_id=process.id,
                        element_name=process.name,
                        line=process.line,
                        file=file.name,
                    )
                )
            if len(process.id) > MAX_KEY:
                found.append(
                    Finding(
                        severity=Severity.ERROR,
                        code="DEFINITION_KEY_TOO_LONG",
                        message=f"Expected process ids of at most {MAX_KEY} characters, but '{process.id[:40]}...' has "
                        f"{len(process.id)}",
                        hint="Give the process a shorter id.",
                        element_id=process.id,
                        line=process.line,
                        file=file.name,
                    )
                )
    return found
