"""The token runtime: `engine.handle(graph, state, command, now, ids)` decides, `apply.apply` changes state. Pure."""
