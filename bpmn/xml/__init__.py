"""Reading BPMN XML: bytes -> typed model and findings (`read`)."""

from bpmn.xml.limits import Limits
from bpmn.xml.read import ReadResult, read

__all__ = ["Limits", "ReadResult", "read"]
