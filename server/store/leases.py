"""How long a node number of an id generator is held after it was last renewed."""

from datetime import timedelta

LEASE = timedelta(seconds=60)
