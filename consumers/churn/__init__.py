"""Churn at the edge: facts as of a moment, in an engine; what the tables come to, in files."""
