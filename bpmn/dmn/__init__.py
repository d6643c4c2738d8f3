"""Decisions: DMN 1.1 to 1.5 read, checked, compiled and evaluated, pure as the rest of `bpmn`.

`read` makes the `model` of a document, `compile` closures over FEEL scopes, `examine` both with what there is to say
about it; `evaluate` runs a decision and what it requires, each once.
"""
