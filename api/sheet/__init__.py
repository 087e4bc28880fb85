"""Leads from a table that some other program has written: read as it is, and told where it cannot be."""
