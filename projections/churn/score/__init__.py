"""A churn score: what is learned from how customers were, and whether they left after that."""
