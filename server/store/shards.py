"""The outbox is cut into shards so that several relays work side by side and an instance's order still holds."""

SHARDS = 16


def shard_of(instance_id: int) -> int:
    """Shard of all public events of an instance."""
    return instance_id % SHARDS
