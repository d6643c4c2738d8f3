"""Use cases: load, handle, save, commit once. They own the transactions; API routes and workers hand commands over."""
