"""Ports: what the use cases need of store, bus and clock, as Protocols. Adapters: `server.store`, `server.bus`."""
