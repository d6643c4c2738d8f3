"""Matching messages with who waits for them, under a lock on (tenant, name).

Publishing and subscribing each insert their row and a MATCH_MESSAGES command; whichever commits later has its match
run after both are visible, so none is missed. A match only claims: delivering is a command of the instance, and a
delivery that finds its subscription gone opens the message again.

A message meets those who wait for the values of correlation keys that it carries (BPMN 2.0.2, 8.4.2), else those who
wait for no values, else definitions that begin with it.

States of a message: OPEN (to be matched), BUFFERED (nobody waits yet), CORRELATED (claimed a subscription, delivered a
moment later), STARTING and STARTED (an instance), AMBIGUOUS, EXPIRED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from bpmn.runtime.commands import DeliverMessage, to_dict
from bpmn.runtime.key_values import Values, key_values
from bpmn.runtime.lookup import MappingLookup
from bpmn.spec.keys import as_rule, paths_of
from server.ports.records import (
    Changes,
    CommandRow,
    MessageKeyRow,
    MessageRow,
    MessageStartRow,
    MessageSubscriptionRow,
    RuleDocument,
)
from server.ports.store import UnitOfWork

KEEP_RESULT = timedelta(seconds=60)
"""How long a message that is done with stays, so that whoever published it can read what became of it."""
KEEP_MESSAGE_ID = timedelta(hours=24)
"""The same for a message with an id of its sender's: so long a repetition is known as DUPLICATE."""
MATCH_MESSAGES = "MATCH_MESSAGES"
START_BY_MESSAGE = "START_BY_MESSAGE"
THROWN = "bpmnd-thrown:"
"""Message ids of messages that processes throw begin so."""
PORTION = 200
"""Receivers that one match of a message to all claims; the rest is another match."""


def kept_until(message: MessageRow, now: datetime) -> datetime:
    """When a message that is done with may be forgotten."""
    known = message.message_id is not None and not _is_internal(message)
    return now + (KEEP_MESSAGE_ID if known else KEEP_RESULT)


class Matcher:
    """All matches of one transaction: what one of them decides is not stored yet when the next one looks."""

    def __init__(self, unit: UnitOfWork, ids: Callable[[], int]) -> None:
        self._unit = unit
        self._ids = ids
        self._claimed: set[int] = set()
        self._decided: set[int] = set()

    def lock(self, rows: Iterable[CommandRow]) -> None:
        """Lock the names of all MATCH_MESSAGES commands among the rows, in one order in every transaction."""
        names = {(row.tenant_id, row.payload["name"]) for row in rows if row.kind == MATCH_MESSAGES}
        for tenant_id, name in sorted(names):
            self._unit.lock_message_name(tenant_id, name)

    def match(self, row: CommandRow, changes: Changes) -> None:
        """Carry out a MATCH_MESSAGES command: match one message, or what one subscription may have waited for."""
        payload = row.payload
        message: MessageRow | None
        if "message_id" in payload:
            message = self._unit.find_message(payload["message_id"])
        else:
            message = self._message_for(row.tenant_id, payload)
        if message is not None and message.state in ("OPEN", "BUFFERED") and message.id not in self._decided:
            self._match(message, changes)

    def _message_for(self, tenant_id: str, payload: Mapping[str, Any]) -> MessageRow | None:
        if payload["subscription_id"] in self._claimed:
            return None
        found = self._unit.messages_for(
            tenant_id,
            payload["name"],
            payload["instance_id"],
            payload["subscription_id"],
            len(self._decided) + 1,
            self._carried,
        )
        return next((message for message in found if message.id not in self._decided), None)

    def _match(self, message: MessageRow, changes: Changes) -> None:
        now = self._unit.now()
        limit = (PORTION if message.to_all else 2) + len(self._claimed)
        found = self._waiting_for_its_values(message, limit)
        if message.to_all or not found:
            anyone = self._unclaimed(self._unit.matching_subscriptions(message, limit))
            if len(anyone) > 1 and message.state == "OPEN" and not _says_which(message):
                self._decide(message, "AMBIGUOUS", changes, kept_until(message, now))
                return
            found = sorted([*found, *anyone], key=attrgetter("id"))
        chosen = found[:PORTION] if message.to_all else found[:1]
        for subscription in chosen:
            self._claimed.add(subscription.id)
            changes.claimed_message_subscriptions.append((subscription.instance_id, subscription.id, message.id))
            changes.new_commands.append(_delivery(subscription, message, self._ids(), now))
            message.instance_ids = (*message.instance_ids, subscription.instance_id)
        if len(chosen) == PORTION:
            self._decide(message, "OPEN", changes, message.expires_at)
            changes.new_commands.append(
                match_command(self._unit, message.tenant_id, message.name, self._ids, message_id=message.id)
            )
            return
        if message.instance_ids:
            self._decide(message, "CORRELATED", changes, message.expires_at)
            return
        starts = self._starts(message)
        if starts:
            _start(message, starts if message.to_all else starts[:1], self._ids, changes, now)
            self._decide(message, "STARTING", changes, message.expires_at)
        elif message.expires_at is not None and message.expires_at > now:
            if message.state != "BUFFERED":
                self._decide(message, "BUFFERED", changes, message.expires_at)
                self._keep_values(message, changes)
        else:
            self._decide(message, "EXPIRED", changes, kept_until(message, now))

    def _waiting_for_its_values(self, message: MessageRow, limit: int) -> list[MessageSubscriptionRow]:
        """Who waits for the values of correlation keys that the message carries. Each distinct way to derive them is
        gone once, however many wait by it."""
        found: list[MessageSubscriptionRow] = []
        for rule in self._unit.correlation_rules(message.tenant_id, message.name):
            values = self._carried(message, rule)
            if values is not None:
                found += self._unit.matching_subscriptions(message, limit, rule=rule, values=values)
        return sorted(self._unclaimed(found), key=attrgetter("id"))

    def _keep_values(self, message: MessageRow, changes: Changes) -> None:
        """So that a subscription finds the message by them, however many are kept."""
        for rule in self._unit.kept_rules(message.tenant_id, message.name):
            values = self._carried(message, rule)
            if values is not None:
                changes.new_message_keys.append(
                    MessageKeyRow(
                        message_id=message.id,
                        tenant_id=message.tenant_id,
                        name=message.name,
                        rule=rule,
                        values=values,
                    )
                )

    def _carried(self, message: MessageRow, rule: RuleDocument) -> Values | None:
        return key_values(paths_of(as_rule(rule)), MappingLookup(message.variables), self._unit.now())

    def _unclaimed(self, found: list[MessageSubscriptionRow]) -> list[MessageSubscriptionRow]:
        return [subscription for subscription in found if subscription.id not in self._claimed]

    def _starts(self, message: MessageRow) -> list[MessageStartRow]:
        if message.target_instance_id is not None:
            return []
        starts = self._unit.message_starts(message.tenant_id, message.name)
        return [start for start in starts if not message.receivers or start.definition_key in message.receivers]

    def _decide(self, message: MessageRow, state: str, changes: Changes, expires_at: datetime | None) -> None:
        message.state, message.expires_at = state, expires_at
        self._decided.add(message.id)
        changes.updated_messages.append(message)


def match_command(
    unit: UnitOfWork,
    tenant_id: str,
    name: str,
    ids: Callable[[], int],
    *,
    message_id: int | None = None,
    subscription: tuple[int, int] | None = None,
) -> CommandRow:
    """The command that matches a message just published, or for a subscription (instance, id) just made."""
    payload: dict[str, Any] = {"name": name}
    if message_id is not None:
        payload["message_id"] = message_id
    if subscription is not None:
        payload["instance_id"], payload["subscription_id"] = subscription
    return CommandRow(
        instance_id=0, id=ids(), tenant_id=tenant_id, kind=MATCH_MESSAGES, payload=payload, due_at=unit.now()
    )


def reopen(unit: UnitOfWork, message_id: int, ids: Callable[[], int], changes: Changes) -> None:
    """The delivery found nobody waiting any more: the message is matched again. One to all is not: it was for those
    who waited then."""
    message = unit.find_message(message_id)
    if message is None or message.to_all or message.state != "CORRELATED":
        return
    message.state, message.instance_ids = "OPEN", ()
    changes.updated_messages.append(message)
    changes.new_commands.append(match_command(unit, message.tenant_id, message.name, ids, message_id=message_id))


def _says_which(message: MessageRow) -> bool:
    """Whether it may go to the oldest of several receivers."""
    return (
        message.to_all
        or message.has_correlation_key
        or bool(message.correlation_keys)
        or message.business_key is not None
        or message.target_instance_id is not None
        or _is_internal(message)
    )


def _is_internal(message: MessageRow) -> bool:
    """Thrown by a process: there is nobody to ask which of several receivers was meant, the oldest gets it."""
    return message.message_id is not None and message.message_id.startswith(THROWN)


def _delivery(subscription: MessageSubscriptionRow, message: MessageRow, id: int, now: datetime) -> CommandRow:
    command = DeliverMessage(
        instance_id=subscription.instance_id,
        scope_id=subscription.scope_id,
        subscription_id=subscription.id,
        token_id=subscription.token_id,
        element_id=subscription.element_id,
        message_id=message.id,
        message_name=message.name,
        variables=message.variables,
    )
    return CommandRow(
        instance_id=subscription.instance_id,
        id=id,
        tenant_id=subscription.tenant_id,
        kind=DeliverMessage.kind,
        payload=to_dict(command),
        due_at=now,
    )


def _start(
    message: MessageRow, starts: list[MessageStartRow], ids: Callable[[], int], changes: Changes, now: datetime
) -> None:
    for start in starts:
        instance_id = ids()
        message.instance_ids = (*message.instance_ids, instance_id)
        changes.new_commands.append(
            CommandRow(
                instance_id=0,
                id=ids(),
                tenant_id=message.tenant_id,
                kind=START_BY_MESSAGE,
                payload={
                    "instance_id": instance_id,
                    "definition_id": start.definition_id,
                    "element_id": start.element_id,
                    "business_key": message.business_key,
                    "variables": dict(message.variables),
                    "message_name": message.name,
                    "message_id": message.id,
                },
                due_at=now,
            )
        )
