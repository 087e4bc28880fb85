"""Churn and customer value: from what was bought to who is leaving, and what they are worth."""
