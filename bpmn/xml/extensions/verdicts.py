"""What it means when a vendor's attribute or element is not read: nothing, a remark, or a model that cannot run."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.findings import Severity
from bpmn.xml.namespaces import Vendor


@dataclass(frozen=True, slots=True)
class Verdict:
    severity: Severity
    code: str
    reason: str
    hint: str


_UNKNOWN = Verdict(
    Severity.WARNING,
    "EXTENSION_UNSUPPORTED",
    "is not read",
    "Check whether the model depends on it; if not, nothing is to do.",
)
_NO_EFFECT = Verdict(
    Severity.INFO,
    "EXTENSION_WITHOUT_EFFECT",
    "has no effect here",
    "Nothing to do.",
)
_LISTENER = Verdict(
    Severity.ERROR,
    "LISTENER_UNSUPPORTED",
    "listens to events that elements of its kind do not have here",
    "Move what the listener does into a service or script task before or after the element, or remove the listener.",
)
_CONNECTOR = Verdict(
    Severity.ERROR,
    "CONNECTOR_UNSUPPORTED",
    "names a connector of Camunda, which bpmnd does not have",
    'Make it an external task (camunda:type="external") with one of bpmnd\'s connectors as topic, e.g. http.',
)


def _changes(what: str, hint: str) -> Verdict:
    return Verdict(Severity.ERROR, "EXTENSION_UNSUPPORTED", what, hint)


_CASE = _changes("calls a CMMN case, which bpmnd does not run", "Call a process instead (calledElement).")
_MAPPING_CLASS = _changes(
    "maps variables with Java code, which is not executed", "Write the mapping as camunda:in and camunda:out."
)
_SCRIPTS = _changes(
    "would have to run a script around the task, which is not supported yet", "Move the script into a script task."
)
_MESSAGE_DATA = _changes(
    "moves data with a message, which is not supported yet", "Move the data with a script task next to the event."
)
_RESOURCE = _changes(
    "takes its script from a file that is not part of the model", "Write the script into the model itself."
)

_ATTRIBUTES: dict[Vendor, dict[str, Verdict | None]] = {
    Vendor.CAMUNDA: {
        **dict.fromkeys(
            (
                "modelerTemplate",
                "modelerTemplateVersion",
                "modelerTemplateIcon",
                "diagramRelationId",
                "isStartableInTasklist",
                "formFieldValidation",
                "sourceDockerX",
                "sourceDockerY",
                "targetDockerX",
                "targetDockerY",
                "exclusive",
                "async",
                "asyncBefore",
                "asyncAfter",
                "formRefBinding",
                "formRefVersion",
                "errorMessage",
            )
        ),
        **dict.fromkeys(("historyTimeToLive", "taskPriority", "jobPriority", "doNotIncludeVariables"), _NO_EFFECT),
        **dict.fromkeys(("caseRef", "caseBinding", "caseVersion", "caseTenantId"), _CASE),
        **dict.fromkeys(("variableMappingClass", "variableMappingDelegateExpression"), _MAPPING_CLASS),
        "resource": _RESOURCE,
    },
    Vendor.ZEEBE: dict.fromkeys(("modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon")),
    Vendor.SPIFFWORKFLOW: {},
}

_ELEMENTS: dict[Vendor, dict[str, Verdict | None]] = {
    Vendor.CAMUNDA: {
        **dict.fromkeys(("executionListener", "taskListener", "eventListener"), _LISTENER),
        **dict.fromkeys(("localization", "work-form-field-validation", "validation", "properties")),
        "connector": _CONNECTOR,
        "errorEventDefinition": _changes(
            "turns failures of an external task into BPMN errors, which is not supported yet",
            "Let the worker report the BPMN error (POST /jobs/{id}/error).",
        ),
        "mapException": _changes(
            "turns Java exceptions into BPMN errors, and there are no Java exceptions here",
            "Let the connector raise the BPMN error.",
        ),
        "variableListenerEventDefinition": _changes(
            "makes it an event that waits for a variable, which is not supported yet", "Use a conditional event."
        ),
        "eventType": _changes(
            "subscribes to Flowable's event registry, which bpmnd does not have", "Use a message event."
        ),
        "variableAggregation": _changes(
            "collects results of a multi-instance, which is not supported yet", "Collect them in an output mapping."
        ),
        "failedJobRetryTimeCycle": _NO_EFFECT,
    },
    Vendor.ZEEBE: {
        **dict.fromkeys(("executionListeners", "taskListeners"), _LISTENER),
        "userTaskForm": None,
        "userTask": None,
        "properties": None,
    },
    Vendor.SPIFFWORKFLOW: {
        **dict.fromkeys(
            ("unitTests", "instructionsForEndUser", "guestConfirmation", "allowGuest", "scriptUnitTests", "properties")
        ),
        **dict.fromkeys(("preScript", "postScript"), _SCRIPTS),
        **dict.fromkeys(("messagePayload", "messageVariable", "processVariableCorrelation"), _MESSAGE_DATA),
    },
}
"""None: metadata of modeling tools, not worth a word. Names that are missing here are `_UNKNOWN`."""


def attribute(vendor: Vendor, name: str) -> Verdict | None:
    """Verdict on an attribute that no reader asked for; None where it does not matter."""
    return _ATTRIBUTES[vendor].get(name, _UNKNOWN)


def element(vendor: Vendor, name: str) -> Verdict | None:
    """Verdict on a child of `extensionElements` that no reader asked for; None where it does not matter."""
    return _ELEMENTS[vendor].get(name, _UNKNOWN)
