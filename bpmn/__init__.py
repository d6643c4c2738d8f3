"""The engine: BPMN XML -> model -> findings or executable graph; command -> events and effects.

Pure: standard library, lxml and the expression engines. No SQL, HTTP, bus, clock, environment or global state.
Time, ids and randomness come in as arguments.
"""
