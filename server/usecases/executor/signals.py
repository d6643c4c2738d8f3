"""Broadcasting signals: everyone who waits gets one, in portions; definitions that begin with it are started.

A signal reaches those who wait when it is thrown, and nobody who comes to wait afterwards: not the receivers that go
round a loop, not the thrower itself that catches the same signal later on. Ids rise with time, so `up_to` tells them
apart; it covers what other processes have committed even where their clocks are ahead. Each portion is a
BROADCAST_SIGNAL command that writes one DeliverSignal per subscription and the command of the next portion behind
them, so that no transaction grows with the number of receivers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpmn.runtime.commands import DeliverSignal, to_dict
from server.ports.records import Changes, CommandRow, SignalStartRow, SignalSubscriptionRow
from server.ports.store import UnitOfWork

Value = Any
BROADCAST_SIGNAL = "BROADCAST_SIGNAL"
START_BY_SIGNAL = "START_BY_SIGNAL"
PORTION = 200
"""Receivers served by one command."""


def reach_of(unit: UnitOfWork, tenant_id: str, name: str, ids: Callable[[], int]) -> int:
    """The highest id of a subscription that a signal thrown now reaches."""
    return max(ids(), unit.last_signal_subscription(tenant_id, name) or 0)


def broadcast_command(
    unit: UnitOfWork,
    tenant_id: str,
    name: str,
    variables: Mapping[str, Value],
    ids: Callable[[], int],
    *,
    up_to: int,
    after: int = 0,
    except_for: tuple[int, ...] = (),
    starts: bool = True,
) -> CommandRow:
    """The command that serves the next portion. `except_for`: subscriptions made by the step that threw the signal,
    but after it. `starts`: the last portion also starts definitions."""
    return CommandRow(
        instance_id=0,
        id=ids(),
        tenant_id=tenant_id,
        kind=BROADCAST_SIGNAL,
        payload={
            "name": name,
            "variables": dict(variables),
            "after": after,
            "up_to": up_to,
            "except_for": list(except_for),
            "starts": starts,
        },
        due_at=unit.now(),
    )


def broadcast(unit: UnitOfWork, row: CommandRow, ids: Callable[[], int], changes: Changes) -> None:
    """Carry out a BROADCAST_SIGNAL command."""
    payload, tenant_id = row.payload, row.tenant_id
    name, variables, up_to = payload["name"], payload["variables"], payload["up_to"]
    portion = unit.signal_subscriptions(tenant_id, name, PORTION, payload["after"], up_to)
    left_out = frozenset(payload["except_for"])
    for subscription in portion:
        if subscription.id not in left_out:
            changes.new_commands.append(_delivery(unit, subscription, variables, ids()))
    if len(portion) == PORTION:
        changes.new_commands.append(
            broadcast_command(
                unit,
                tenant_id,
                name,
                variables,
                ids,
                up_to=up_to,
                after=portion[-1].id,
                except_for=tuple(payload["except_for"]),
                starts=payload["starts"],
            )
        )
    elif payload["starts"]:
        for start in unit.signal_starts(tenant_id, name):
            changes.new_commands.append(start_command(unit, start, variables, ids(), ids()))


def start_command(
    unit: UnitOfWork, start: SignalStartRow, variables: Mapping[str, Value], instance_id: int, id: int
) -> CommandRow:
    """The command that makes the instance of a signal start event; the instance has its id already."""
    return CommandRow(
        instance_id=0,
        id=id,
        tenant_id=start.tenant_id,
        kind=START_BY_SIGNAL,
        payload={
            "instance_id": instance_id,
            "definition_id": start.definition_id,
            "element_id": start.element_id,
            "variables": dict(variables),
            "signal_name": start.signal_name,
        },
        due_at=unit.now(),
    )


def _delivery(
    unit: UnitOfWork, subscription: SignalSubscriptionRow, variables: Mapping[str, Value], id: int
) -> CommandRow:
    command = DeliverSignal(
        instance_id=subscription.instance_id,
        scope_id=subscription.scope_id,
        subscription_id=subscription.id,
        token_id=subscription.token_id,
        element_id=subscription.element_id,
        signal_name=subscription.name,
        variables=variables,
    )
    return CommandRow(
        instance_id=subscription.instance_id,
        id=id,
        tenant_id=subscription.tenant_id,
        kind=DeliverSignal.kind,
        payload=to_dict(command),
        due_at=unit.now(),
    )
