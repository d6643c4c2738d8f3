"""One file per change of the schema, named `NNNN_what_changes.py`."""
