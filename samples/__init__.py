"""The models that come with bpmnd, one folder each: `*.bpmn`, README, `demo.json`, connectors if it needs its own."""
