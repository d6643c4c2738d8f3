"""Definitions: look at them, suspend them, choose the default version, delete them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from bpmn.model.definitions import Definitions
from server.errors import ConflictError, NotFound
from server.ports.queries import Listing, Page, Queries
from server.ports.records import DefinitionRow
from server.ports.store import Store, UnitOfWork
from server.usecases.checking import Checker
from server.usecases.requests import Principal
from server.usecases.starts import StartPlanner
from server.usecases.views import EMPTY, ProcessView, view_process

CACHED_VIEWS = 500
INSTANCES_PER_DELETION = 200

ModelReader = Callable[[bytes, str], Definitions | None]
"""(content, file name) -> the model, None where it cannot be read."""


class DefinitionService:
    """Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        queries: Queries,
        read_model: ModelReader,
        check: Checker,
        plan_starts: StartPlanner,
        next_id: Callable[[], int],
    ) -> None:
        self._store = store
        self._queries = queries
        self._read_model = read_model
        self._check = check
        self._plan_starts = plan_starts
        self._next_id = next_id
        self._views: OrderedDict[int, ProcessView] = OrderedDict()
        self._lock = Lock()

    def list(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DefinitionRow]:
        return self._queries.list_definitions(tenant_id, page, key=key, latest=latest, name=name)

    def get(self, tenant_id: str, definition_id: int) -> DefinitionRow:
        """Raises NotFound DEFINITION_UNKNOWN."""
        with self._store.read() as unit:
            return _existing(unit, tenant_id, definition_id)

    def xml(self, tenant_id: str, definition_id: int) -> tuple[DefinitionRow, bytes]:
        """The document as it was uploaded, byte for byte. Raises NotFound DEFINITION_UNKNOWN."""
        with self._store.read() as unit:
            row = _existing(unit, tenant_id, definition_id)
            return row, _content(unit, row)

    def view(self, row: DefinitionRow) -> ProcessView:
        """Tasks and transitions; kept for the definitions looked at last, for they never change."""
        with self._lock:
            if row.id in self._views:
                self._views.move_to_end(row.id)
                return self._views[row.id]
        with self._store.read() as unit:
            content = unit.resource(row.deployment_id, row.resource_name)
        view = EMPTY if content is None else self.preview(content, row.resource_name, row.key)
        with self._lock:
            self._views[row.id] = view
            if len(self._views) > CACHED_VIEWS:
                self._views.popitem(last=False)
        return view

    def elements(self, tenant_id: str, definition_id: int) -> Mapping[str, tuple[str, str | None]]:
        """(type, name) of the elements of a definition by id; nothing where the definition is gone."""
        with self._lock:
            if definition_id in self._views:
                return self._views[definition_id].elements
        try:
            return self.view(self.get(tenant_id, definition_id)).elements
        except NotFound:
            return {}

    def preview(self, content: bytes, name: str, key: str) -> ProcessView:
        """Tasks and transitions of a process in a document."""
        model = self._read_model(content, name)
        processes = () if model is None else model.processes
        return next((view_process(process) for process in processes if process.id == key), EMPTY)

    def change(
        self, principal: Principal, definition_id: int, *, suspended: bool | None = None, is_default: bool | None = None
    ) -> DefinitionRow:
        """At most one version of a key is the default. Raises NotFound DEFINITION_UNKNOWN."""
        with self._store.begin() as unit:
            row = _existing(unit, principal.tenant_id, definition_id)
            unit.lock_definition_key(row.tenant_id, row.key)
            if is_default:
                other = unit.find_definition_by_key(row.tenant_id, row.key)
                if other is not None and other.is_default and other.id != row.id:
                    other.is_default = False
                    unit.update_definition(other)
            if suspended is not None:
                row.suspended = suspended
            if is_default is not None:
                row.is_default = is_default
            unit.update_definition(row)
            unit.insert_audit(
                tenant_id=row.tenant_id,
                id=self._next_id(),
                principal=principal.name,
                action="definition.change",
                target=str(row.id),
                detail={"suspended": suspended, "isDefault": is_default},
            )
            unit.commit()
            return row

    def delete(self, principal: Principal, definition_id: int, *, cascade: bool = False) -> None:
        """Delete a version; the one before it gets its message, timer, signal and conditional
        starts back.

        Raises NotFound DEFINITION_UNKNOWN, and ConflictError INSTANCES_RUNNING unless `cascade` (which removes the
        instances with their history, some per transaction).
        """
        if cascade:
            self._delete_instances(principal, definition_id)
        with self._store.begin() as unit:
            row = _existing(unit, principal.tenant_id, definition_id)
            unit.lock_definition_key(row.tenant_id, row.key)
            running = unit.count_running_instances(row.tenant_id, row.id)
            if running:
                raise ConflictError(
                    "INSTANCES_RUNNING",
                    f"Expected no running instances of definition '{row.id}' "
                    f"('{row.key}' version {row.version}), but there are {running}; end them first, or "
                    "delete with ?cascade=true",
                )
            latest = unit.latest_definition(row.tenant_id, row.key)
            unit.delete_definition(row.tenant_id, row.id)
            if latest is not None and latest.id == row.id:
                self._restore_starts(unit, row)
            unit.insert_audit(
                tenant_id=row.tenant_id,
                id=self._next_id(),
                principal=principal.name,
                action="definition.delete",
                target=str(row.id),
                detail={"key": row.key, "version": row.version, "cascade": cascade},
            )
            unit.commit()
        with self._lock:
            self._views.pop(definition_id, None)

    def _delete_instances(self, principal: Principal, definition_id: int) -> None:
        while True:
            with self._store.begin() as unit:
                row = _existing(unit, principal.tenant_id, definition_id)
                deleted = unit.delete_instances_of_definition(row.tenant_id, row.id, INSTANCES_PER_DELETION)
                unit.commit()
            if not deleted:
                return

    def _restore_starts(self, unit: UnitOfWork, deleted: DefinitionRow) -> None:
        previous = unit.latest_definition(deleted.tenant_id, deleted.key)
        if previous is None:
            unit.replace_starts(deleted.tenant_id, deleted.key, (), ())
            return
        graph = None
        if previous.executable:
            checked = self._check(_content(unit, previous), previous.resource_name, previous.forced_executable)
            graph = checked.graphs.get(previous.key)
        starts = self._plan_starts(graph, previous, unit.now(), self._next_id)
        unit.replace_starts(previous.tenant_id, previous.key, *starts)


def _existing(unit: UnitOfWork, tenant_id: str, definition_id: int) -> DefinitionRow:
    row = unit.find_definition(tenant_id, definition_id)
    if row is None:
        raise NotFound("DEFINITION_UNKNOWN", f"Expected a definition with id '{definition_id}', but there is none")
    return row


def _content(unit: UnitOfWork, row: DefinitionRow) -> bytes:
    content = unit.resource(row.deployment_id, row.resource_name)
    if content is None:
        raise NotFound("RESOURCE_UNKNOWN", f"Expected the document of definition '{row.id}', but it is gone")
    return content
