"""Rules: model -> findings. One check per file; `registry.RULES` is their order, `supported` what the runtime runs."""

from bpmn.model.executable import runs
from bpmn.rules.registry import RULES, check
from bpmn.rules.supported import RUNTIME, Feature, Position, Supported

__all__ = ["RULES", "RUNTIME", "Feature", "Position", "Supported", "check", "runs"]
