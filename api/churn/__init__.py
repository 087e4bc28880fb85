"""Churn for people: one page that tells who stays, who is leaving, what they are worth, and by which model."""
