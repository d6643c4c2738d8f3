"""The executor: takes whatever commands wait, locks their instances, handles each, commits them together.

executor   the thread and its queue; group commit, retries, failing alone
batch      one transaction: claim, lock, load, handle, write, commit
session    one instance within a batch: its loaded state and what has changed
rows       state and effects as rows
requests   what each request or result means for an instance
messages   matching messages with who waits for them
publishing which public events a step tells
graphs     executable graphs, compiled once per definition version
"""

from server.usecases.executor.executor import Executor, ExecutorOptions

__all__ = ["Executor", "ExecutorOptions"]
