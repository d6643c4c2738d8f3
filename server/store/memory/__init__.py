"""The store in memory, for tests and demonstrations: dictionaries, one writer, nothing survives the process."""

from server.store.memory.queries import MemoryQueries
from server.store.memory.store import MemoryStore

__all__ = ["MemoryQueries", "MemoryStore"]
