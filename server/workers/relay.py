"""The relay: hands due jobs and public events to the bus, after the commit that made them, never before.

Jobs: the row is its own outbox entry. It is locked, published with confirm, and becomes due again only after
`redispatch_seconds`, in case the message is lost. Types for which no queue exists stay due: they wait to be pulled.
Events: rows are deleted as they are published, per instance in order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from bpmn.runtime.commands import FailJob, to_dict
from connectors.messages import JobMessage
from server.ports.bus import Bus, BusUnavailable, Delivery
from server.ports.records import Changes, CommandRow, JobRow
from server.ports.store import Store, UnitOfWork
from server.store.codec import dump_api, to_json
from server.usecases.executor.publishing import published
from server.usecases.lost_workers import give_up, take_over

log = structlog.get_logger("bpmnd.relay")

LARGEST_MESSAGE = 64 * 1024
"""Bytes of variables that travel on the bus; more only over HTTP."""
UNROUTABLE_SECONDS = 1.0
"""How long a type without a queue is left alone before it is looked at again."""


class JobRelay:
    def __init__(
        self, store: Store, bus: Bus, *, redispatch_seconds: float = 300.0, batch: int = 200, lost_limit: int = 5
    ) -> None:
        self.store = store
        self.bus = bus
        self.redispatch = timedelta(seconds=redispatch_seconds)
        self.batch = batch
        self.lost_limit = lost_limit
        self._unroutable: dict[str, float] = {}
        self._failed = False
        self.published = 0

    def run_once(self) -> bool:
        """Publish one portion; True where it was a full one."""
        if self._failed:
            self.bus.check()
            self._failed = False
        now = time.monotonic()
        self._unroutable = {type: until for type, until in self._unroutable.items() if until > now}
        with self.store.begin() as unit:
            jobs = unit.claim_due_jobs(self.batch, tuple(self._unroutable))
            if not jobs:
                return False
            if self._take_over(unit, [job for job in jobs if job.locked_until is not None]):
                unit.commit()
                return True
            fitting, large = self._with_variables(unit, jobs)
            try:
                deliveries = self.bus.publish_jobs([message for _, message in fitting])
                routable = self.bus.routable({job.type for job, _ in large}) if large else set()
            except BusUnavailable:
                self._failed = True
                raise
            sent = [job for (job, _), d in zip(fitting, deliveries, strict=True) if d is Delivery.SENT]
            for job in sent:
                job.dispatched = True
                job.due_at = unit.now() + self.redispatch
            for (job, _), delivery in zip(fitting, deliveries, strict=True):
                if delivery is Delivery.UNROUTABLE:
                    self._unroutable[job.type] = now + UNROUTABLE_SECONDS
            changes = Changes()
            for job, size in large:
                if job.type in routable:
                    self._too_large(unit, job, size, changes)
                else:
                    self._unroutable[job.type] = now + UNROUTABLE_SECONDS
            unit.write(changes)
            unit.update_jobs(sent)
            unit.commit()
        self.published += len(sent)
        return len(jobs) == self.batch or bool(self._unroutable and sent)

    def _take_over(self, unit: UnitOfWork, overdue: Sequence[JobRow]) -> bool:
        """Jobs whose lease ran out become new attempts, so that whoever had them cannot report for whoever gets them.

        Committed before they are sent: a quick result must not come for an attempt that nobody knows yet. Where no
        worker listens to the bus, whoever had the job may still report late. One that too many workers were lost with
        goes to the dead letters and becomes an incident.
        """
        if not overdue:
            return False
        try:
            routable = self.bus.routable({job.type for job in overdue})
        except BusUnavailable:
            self._failed = True
            raise
        taken = [job for job in overdue if job.type in routable]
        lost = [job for job in taken if not take_over(job, self.lost_limit)]
        if lost:
            self._give_up(unit, lost)
        unit.update_jobs(taken)
        return bool(taken)

    def _give_up(self, unit: UnitOfWork, jobs: Sequence[JobRow]) -> None:
        fitting, _ = self._with_variables(unit, jobs)
        try:
            self.bus.bury_jobs([message for _, message in fitting])
        except BusUnavailable:
            self._failed = True
            raise
        unit.write(Changes(new_commands=[give_up(job, unit.now()) for job in jobs]))

    def _with_variables(
        self, unit: UnitOfWork, jobs: Sequence[JobRow]
    ) -> tuple[list[tuple[JobRow, JobMessage]], list[tuple[JobRow, int]]]:
        """Messages of the jobs; those too large for the bus with their size."""
        refs = [(job.instance_id, job.scope_id) for job in jobs]
        own = [(job.instance_id, job.scope_id) for job in jobs if job.mapped]
        variables = unit.visible_variables(refs, own_only=own)
        fitting: list[tuple[JobRow, JobMessage]] = []
        large: list[tuple[JobRow, int]] = []
        for job in jobs:
            values = variables.get((job.instance_id, job.scope_id), {})
            message = job_message(job, values)
            size = len(dump_api(message.variables))
            if size > LARGEST_MESSAGE:
                large.append((job, size))
            else:
                fitting.append((job, message))
        return fitting, large

    def _too_large(self, unit: UnitOfWork, job: JobRow, size: int, changes: Changes) -> None:
        """An incident by way of a command of the instance."""
        command = FailJob(
            instance_id=job.instance_id,
            scope_id=job.scope_id,
            job_id=job.id,
            token_id=job.token_id,
            message=f"Expected at most {LARGEST_MESSAGE} bytes of variables for a job on the bus, but job type "
            f"'{job.type}' would get {size}; map only what it needs (input parameters), or pull it over HTTP",
            attempt=job.attempt,
            retries=0,
        )
        changes.new_commands.append(
            CommandRow(
                instance_id=job.instance_id,
                id=job.id,
                tenant_id=job.tenant_id,
                kind=command.kind,
                payload=to_dict(command),
                due_at=unit.now(),
            )
        )
        job.due_at = unit.now() + self.redispatch
        changes.updated_jobs.append(job)


class EventRelay:
    def __init__(self, store: Store, bus: Bus, *, batch: int = 500) -> None:
        self.store = store
        self.bus = bus
        self.batch = batch
        self._failed = False
        self.published = 0

    def run_once(self) -> bool:
        if self._failed:
            self.bus.check()
            self._failed = False
        with self.store.begin() as unit:
            rows = unit.claim_outbox(self.batch)
            if not rows:
                return False
            events = [event for row in rows for event in published(row)]
            try:
                self.bus.publish_events(events)
            except BusUnavailable:
                self._failed = True
                raise
            unit.commit()
        self.published += len(events)
        return len(rows) == self.batch


def job_message(job: JobRow, variables: Mapping[str, Any]) -> JobMessage:
    return JobMessage(
        id=str(job.id),
        type=job.type,
        instance_id=str(job.instance_id),
        definition_key=job.definition_key,
        version=job.version,
        element_id=job.element_id,
        element_name=job.element_name,
        business_key=job.business_key,
        tenant_id=job.tenant_id,
        attempt=job.attempt,
        retries=job.retries,
        locked_until=None,
        repeated=job.dispatched or job.lost > 0,
        lost=job.lost,
        headers=to_json(job.headers),
        variables=to_json(variables),
    )
