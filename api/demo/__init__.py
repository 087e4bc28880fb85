"""The demo: a company, a year of its history, and five things to try."""
