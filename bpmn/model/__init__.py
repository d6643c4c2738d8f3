"""The typed, frozen model of a BPMN document. Imports nothing but itself; expressions are still text."""
