"""The connector of the loan approval."""

from __future__ import annotations

from typing import Any

from connectors import Job, NonRetryable, connector


@connector("score-applicant", variables=("amount", "monthlyIncome"))
def score_applicant(job: Job) -> dict[str, Any]:
    """1,000 points, less 100 for every monthly income that the loan is worth."""
    amount, income = job.variables.get("amount"), job.variables.get("monthlyIncome")
    if not isinstance(amount, int | float) or not isinstance(income, int | float) or income <= 0:
        raise NonRetryable(f"Expected amount and monthlyIncome to be numbers, but got {amount!r} and {income!r}")
    return {"score": max(0, round(1000 - 100 * amount / income))}
