"""Churn and customer value: who is leaving, what they are worth, and why we think so."""
