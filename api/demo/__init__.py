"""The demo: a company, a month of its history, and five things to try."""
