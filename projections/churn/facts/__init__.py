"""The facts of churn: what was bought, what else customers did, how far they have come, and by which terms."""

from projections.churn.facts.activity import CustomerActivity, customer_activity
from projections.churn.facts.lives import CustomerLife, customer_lives
from projections.churn.facts.purchases import Purchase, purchases
from projections.churn.facts.terms import ChurnTerms, churn_terms

__all__ = [
    "ChurnTerms",
    "CustomerActivity",
    "CustomerLife",
    "Purchase",
    "churn_terms",
    "customer_activity",
    "customer_lives",
    "purchases",
]
