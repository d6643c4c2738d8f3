"""The connector of the order fulfilment."""

from __future__ import annotations

from typing import Any

from connectors import BpmnError, Job, connector

DECLINED = "0002"
"""Cards that end so are declined, so that the error can be tried."""


@connector("charge-card")
def charge_card(job: Job) -> dict[str, Any]:
    """Charge `amount` to `card`. Nobody is really charged."""
    if str(job.variables["card"]).endswith(DECLINED):
        raise BpmnError("CARD_DECLINED", f"The bank refused to pay {job.variables['amount']}")
    return {"paymentReference": f"card-{job.idempotency_key}"}
