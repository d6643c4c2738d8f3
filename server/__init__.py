"""The server: use cases over ports, and the adapters (store, bus, HTTP) that fill them."""
