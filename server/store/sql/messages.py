"""Messages and who waits for them. Publishing and subscribing only insert; they meet here, under the name's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, delete, exists, func, or_, select, text

from server.ports.records import MessageKeyRow, MessageRow, MessageStartRow, MessageSubscriptionRow, RuleDocument
from server.ports.store import Carried, Value
from server.store.codec import encode
from server.store.sql import rows
from server.store.sql.arrays import Dialect
from server.store.sql.base import UnitBase
from server.store.sql.statements import insert_for, per_dialect
from server.store.sql.write import keep_message_key, message_key_params
from server.store.tables import (
    instance,
    message,
    message_key,
    message_rule,
    message_start,
    message_subscription,
    variable,
)
from server.store.values import equality_hash, hash_bytes, index_hash, same_value

_OPEN = text("message.state IN ('OPEN', 'BUFFERED')")
_NOW = bindparam("now", type_=message.c.expires_at.type)
_OPEN_MESSAGES = (
    select(*rows.message.columns)
    .where(
        message.c.tenant_id == bindparam("tenant_id"),
        message.c.name == bindparam("name"),
        _OPEN,
        # One that is not matched yet is matched once, however short its life is.
        or_(message.c.state == "OPEN", message.c.expires_at.is_(None), message.c.expires_at > _NOW),
        or_(
            message.c.target_instance_id.is_(None),
            message.c.target_instance_id == bindparam("instance_id", type_=message.c.target_instance_id.type),
        ),
        message.c.id > bindparam("after", type_=message.c.id.type),
    )
    .order_by(message.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_KEPT_MESSAGES = (
    select(*rows.message.columns)
    .where(
        message.c.tenant_id == bindparam("tenant_id"),
        message.c.name == bindparam("name"),
        _OPEN,
        message.c.id > bindparam("after", type_=message.c.id.type),
    )
    .order_by(message.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_SUBSCRIPTION = select(*rows.message_subscription.columns).where(
    message_subscription.c.instance_id == bindparam("instance_id"),
    message_subscription.c.id == bindparam("id"),
    message_subscription.c.tenant_id == bindparam("tenant_id"),
    message_subscription.c.name == bindparam("name"),
    message_subscription.c.claimed_by.is_(None),
)
_NEXT_RULE = (
    select(message_subscription.c.rule_hash, message_subscription.c.rule)
    .where(
        message_subscription.c.tenant_id == bindparam("tenant_id"),
        message_subscription.c.name == bindparam("name"),
        message_subscription.c.claimed_by.is_(None),
        message_subscription.c.rule_hash.is_not(None),
        message_subscription.c.rule_hash >= bindparam("from", type_=message_subscription.c.rule_hash.type),
    )
    .order_by(message_subscription.c.rule_hash)
    .limit(1)
)
_CORRELATED = (
    select(*rows.message_subscription.columns)
    .where(
        message_subscription.c.instance_id == bindparam("instance_id"),
        message_subscription.c.id > bindparam("after", type_=message_subscription.c.id.type),
        message_subscription.c.rule.is_not(None),
    )
    .order_by(message_subscription.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_LOWEST_HASH, _HIGHEST_HASH = -(2**63), 2**63 - 1
_ROOT_VALUES = select(variable.c.name, variable.c.value).where(
    variable.c.instance_id == bindparam("instance_id"),
    variable.c.scope_id == bindparam("instance_id"),
    variable.c.name.in_(bindparam("names", expanding=True)),
)
_LOOK_AHEAD = 100
"""Messages read at once where only a look at the instance's variables can tell whether they fit."""
_BY_ID = select(*rows.message.columns).where(message.c.id == bindparam("id"))
_BY_MESSAGE_ID = select(*rows.message.columns).where(
    message.c.tenant_id == bindparam("tenant_id"),
    message.c.name == bindparam("name"),
    message.c.message_id == bindparam("message_id"),
)
_STARTS = (
    select(*rows.message_start.columns)
    .where(message_start.c.tenant_id == bindparam("tenant_id"), message_start.c.message_name == bindparam("name"))
    .order_by(message_start.c.definition_key, message_start.c.element_id)
)
_RUNNING_WITH_KEY = (
    select(instance.c.id)
    .where(
        instance.c.tenant_id == bindparam("tenant_id"),
        instance.c.business_key == bindparam("business_key"),
        instance.c.definition_key == bindparam("definition_key"),
        instance.c.ended_at.is_(None),
    )
    .order_by(instance.c.id)
    .limit(1)
)
_EXPIRED = (
    select(message.c.id)
    .where(message.c.expires_at <= _NOW, message.c.state.not_in(["OPEN", "STARTING"]))
    .order_by(message.c.expires_at, message.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True)
)
_DELETE_MESSAGES = delete(message).where(message.c.id.in_(bindparam("ids", expanding=True)))
_DELETE_KEYS = delete(message_key).where(message_key.c.message_id.in_(bindparam("ids", expanding=True)))
_RULES = select(message_rule.c.rule).where(
    message_rule.c.tenant_id == bindparam("tenant_id"), message_rule.c.name == bindparam("name")
)
_RULE_IS_KNOWN = select(message_rule.c.rule_hash).where(
    message_rule.c.tenant_id == bindparam("tenant_id"),
    message_rule.c.name == bindparam("name"),
    message_rule.c.rule_hash == bindparam("rule_hash"),
)
_BY_VALUES = _OPEN_MESSAGES.where(
    message.c.id.in_(
        select(message_key.c.message_id).where(
            message_key.c.tenant_id == bindparam("tenant_id"),
            message_key.c.name == bindparam("name"),
            message_key.c.rule_hash == bindparam("rule_hash"),
            message_key.c.key_hash == bindparam("values_hash"),
        )
    )
)
_PORTION = 500
"""Messages looked through at once when a rule is new."""


def _subscriptions() -> Select[Any]:
    return select(*rows.message_subscription.columns).where(
        message_subscription.c.tenant_id == bindparam("tenant_id"),
        message_subscription.c.name == bindparam("name"),
        message_subscription.c.claimed_by.is_(None),
    )


def _open_messages_for(subscription: MessageSubscriptionRow) -> Select[Any]:
    """Open messages whose key and business key the subscription meets."""
    digest = equality_hash(_own_key(subscription))
    same_key = message.c.key_hash.is_(None) if digest is None else message.c.key_hash == digest
    any_business: ColumnElement[bool] = message.c.business_key.is_(None)
    if subscription.business_key is not None:
        any_business = or_(any_business, message.c.business_key == subscription.business_key)
    return _OPEN_MESSAGES.where(same_key, any_business)


def _own_key(subscription: MessageSubscriptionRow) -> Value | None:
    """The model's own correlation key, without the values of the standard's."""
    key: Value = subscription.correlation_key
    return key[0] if subscription.rule else key


def _root_variable_equals(name: str, value: Value) -> ColumnElement[bool]:
    """The subscription's instance has this value in its root scope: by hash, lists and maps by their bytes."""
    digest = index_hash(value)
    same = variable.c.value_hash == digest if digest is not None else variable.c.value == value
    return exists().where(
        variable.c.instance_id == message_subscription.c.instance_id,
        variable.c.scope_id == message_subscription.c.instance_id,
        variable.c.name == name,
        same,
    )


@per_dialect
def _keep_rule(dialect: Dialect) -> Any:
    return insert_for(dialect, message_rule).on_conflict_do_nothing()


class Messages(UnitBase):
    def lock_message_name(self, tenant_id: str, name: str) -> None:
        """Until the end of the transaction nobody else matches this name. SQLite has one writer anyway."""
        if self._dialect == "postgresql":
            self._execute(select(func.pg_advisory_xact_lock(hash_bytes(encode(["message", tenant_id, name])))))

    def find_message(self, id: int) -> MessageRow | None:
        """The message; None where it was delivered and deleted, or never was."""
        return self._one_message(_BY_ID, {"id": id})

    def find_message_by_message_id(self, tenant_id: str, name: str, message_id: str) -> MessageRow | None:
        """The message that the sender gave this id, while it is kept."""
        return self._one_message(_BY_MESSAGE_ID, {"tenant_id": tenant_id, "name": name, "message_id": message_id})

    def _one_message(self, statement: Any, params: Mapping[str, Any]) -> MessageRow | None:
        found = self._execute(statement, params).first()
        return None if found is None else rows.message.row(found)

    def messages_for(
        self,
        tenant_id: str,
        name: str,
        instance_id: int,
        subscription_id: int,
        limit: int,
        carried: Carried | None = None,
    ) -> list[MessageRow]:
        """Messages that the subscription could take: OPEN, or BUFFERED and not expired, in order of id."""
        names = {"tenant_id": tenant_id, "name": name, "instance_id": instance_id}
        found = self._execute(_SUBSCRIPTION, names | {"id": subscription_id}).first()
        if found is None:
            return []
        subscription = rows.message_subscription.row(found)
        params = names | {"now": self.now(), "limit": limit + _LOOK_AHEAD, "after": 0}
        statement: Select[Any] = _open_messages_for(subscription)
        if subscription.rule:
            if carried is not None:
                self._keep_by(tenant_id, name, subscription.rule, carried)
            statement = _BY_VALUES
            params["rule_hash"] = equality_hash(subscription.rule)
            expected: Value = subscription.correlation_key
            params["values_hash"] = equality_hash(expected[1:])
        fitting: list[MessageRow] = []
        while True:
            portion = rows.message.rows(self._execute(statement, params))
            fitting.extend(row for row in portion if self._fits(row, subscription, carried))
            if len(fitting) >= limit or len(portion) < limit + _LOOK_AHEAD:
                return fitting[:limit]
            params["after"] = portion[-1].id

    def _keep_by(self, tenant_id: str, name: str, rule: RuleDocument, carried: Carried) -> None:
        """Have the messages of the name found by this rule while they are kept; those that are there already are
        looked through once."""
        names = {"tenant_id": tenant_id, "name": name}
        digest = equality_hash(rule)
        if self._execute(_RULE_IS_KNOWN, names | {"rule_hash": digest}).first() is not None:
            return
        self._execute(_keep_rule(self._dialect), names | {"rule_hash": digest, "rule": rule})
        after = 0
        while True:
            params = names | {"limit": _PORTION, "after": after}
            portion = rows.message.rows(self._execute(_KEPT_MESSAGES, params))
            keys = [
                MessageKeyRow(message_id=row.id, tenant_id=tenant_id, name=name, rule=rule, values=values)
                for row in portion
                if (values := carried(row, rule)) is not None
            ]
            if keys:
                self._connection.execute(keep_message_key(self._dialect), [message_key_params(key) for key in keys])
            if len(portion) < _PORTION:
                return
            after = portion[-1].id

    def kept_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """Rules by which messages of the name are to be found while they are kept."""
        return [row.rule for row in self._execute(_RULES, {"tenant_id": tenant_id, "name": name})]

    def _fits(self, message: MessageRow, subscription: MessageSubscriptionRow, carried: Carried | None) -> bool:
        wanted: Value = message.correlation_key if message.has_correlation_key else None
        if subscription.rule:
            carries = None if carried is None else carried(message, subscription.rule)
            if carries is None:
                return False
            wanted = [wanted, *carries]
        if not same_value(subscription.correlation_key, wanted):  # the hash only narrows
            return False
        if message.receivers and subscription.definition_key not in message.receivers:
            return False
        if message.business_key is not None and subscription.business_key != message.business_key:
            return False
        if not message.correlation_keys:
            return True
        wanted = {"instance_id": subscription.instance_id, "names": list(message.correlation_keys)}
        values = {row.name: row.value for row in self._execute(_ROOT_VALUES, wanted)}
        return all(
            name in values and same_value(values[name], value) for name, value in message.correlation_keys.items()
        )

    def matching_subscriptions(
        self,
        message: MessageRow,
        limit: int,
        *,
        rule: RuleDocument | None = None,
        values: Sequence[Value] = (),
    ) -> list[MessageSubscriptionRow]:
        """Unclaimed subscriptions that meet every criterion the message gives, in order of id."""
        key: Value = message.correlation_key if message.has_correlation_key else None
        statement = _subscriptions()
        if rule is None:
            statement = statement.where(message_subscription.c.rule_hash.is_(None))
        else:
            key = [key, *values]
            statement = statement.where(message_subscription.c.rule_hash == equality_hash(rule))
        if message.receivers:
            statement = statement.where(message_subscription.c.definition_key.in_(message.receivers))
        digest = equality_hash(key)
        if digest is None:
            statement = statement.where(message_subscription.c.key_hash.is_(None))
        else:
            statement = statement.where(message_subscription.c.key_hash == digest)
        if message.business_key is not None:
            statement = statement.where(message_subscription.c.business_key == message.business_key)
        if message.target_instance_id is not None:
            statement = statement.where(message_subscription.c.instance_id == message.target_instance_id)
        for name, value in message.correlation_keys.items():
            statement = statement.where(_root_variable_equals(name, value))
        statement = statement.order_by(message_subscription.c.id).limit(limit)
        found = self._execute(statement, {"tenant_id": message.tenant_id, "name": message.name})
        # The hash only narrows; the value decides.
        return [row for row in rows.message_subscription.rows(found) if same_value(row.correlation_key, key)]

    def correlation_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """The distinct rules of unclaimed subscriptions to the name that wait for values: from one to the next in the
        index, so that it does not matter how many there are of each."""
        rules: list[RuleDocument] = []
        params = {"tenant_id": tenant_id, "name": name, "from": _LOWEST_HASH}
        while (found := self._execute(_NEXT_RULE, params).first()) is not None:
            rules.append(found.rule)
            if found.rule_hash == _HIGHEST_HASH:
                break
            params["from"] = found.rule_hash + 1
        return rules

    def correlated_subscriptions(self, instance_id: int, limit: int, after: int = 0) -> list[MessageSubscriptionRow]:
        """Subscriptions of the instance that a correlation key of the standard's concerns, by id."""
        params = {"instance_id": instance_id, "limit": limit, "after": after}
        return rows.message_subscription.rows(self._execute(_CORRELATED, params))

    def message_starts(self, tenant_id: str, name: str) -> list[MessageStartRow]:
        """Start events of the latest versions that wait for the message."""
        return rows.message_start.rows(self._execute(_STARTS, {"tenant_id": tenant_id, "name": name}))

    def running_instance_with_business_key(self, tenant_id: str, definition_key: str, business_key: str) -> int | None:
        """The oldest instance of the key with this business key that has not ended."""
        params = {"tenant_id": tenant_id, "definition_key": definition_key, "business_key": business_key}
        found: int | None = self._execute(_RUNNING_WITH_KEY, params).scalar()
        return found

    def delete_expired_messages(self, limit: int) -> int:
        """Remove messages past their time, but none that is still to be matched or starts an instance; returns how
        many."""
        ids = [row.id for row in self._execute(_EXPIRED, {"now": self.now(), "limit": limit})]
        if ids:
            self._execute(_DELETE_KEYS, {"ids": ids})
            self._execute(_DELETE_MESSAGES, {"ids": ids})
        return len(ids)
